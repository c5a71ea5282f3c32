"""torch.optim's optimizers, `lr_scheduler` and `swa_utils`."""

from scratchnet.optim import lr_scheduler, swa_utils
from scratchnet.optim.adadelta import Adadelta
from scratchnet.optim.adagrad import Adagrad
from scratchnet.optim.adam import Adam, AdamW
from scratchnet.optim.adamax import Adamax
from scratchnet.optim.lbfgs import LBFGS
from scratchnet.optim.nadam import NAdam
from scratchnet.optim.optimizer import Optimizer
from scratchnet.optim.radam import RAdam
from scratchnet.optim.rmsprop import RMSprop
from scratchnet.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
    "swa_utils",
]
