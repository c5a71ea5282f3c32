"""torch.optim.lr_scheduler: learning rates that change from epoch to epoch, or from batch to batch."""

from scratchnet.optim.lr_base import LRScheduler
from scratchnet.optim.lr_cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from scratchnet.optim.lr_cyclic import CyclicLR, OneCycleLR
from scratchnet.optim.lr_factor import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from scratchnet.optim.lr_joined import ChainedScheduler, SequentialLR
from scratchnet.optim.lr_plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
