"""torch.optim's optimizers."""

from scratchnet.optim.adam import Adam, AdamW
from scratchnet.optim.optimizer import Optimizer
from scratchnet.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
