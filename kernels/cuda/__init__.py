"""The CUDA backend: CUDA C in <stem>.cu, launched through CuPy by <stem>.py. Modules are imported at first use.

The contract is in `scratchnet.kernels`; these are the stems that exist so far. CuPy is imported at the first launch.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scratchnet.kernels.cuda import activation as activation
    from scratchnet.kernels.cuda import arithmetic as arithmetic
    from scratchnet.kernels.cuda import buffers as buffers
    from scratchnet.kernels.cuda import columns as columns
    from scratchnet.kernels.cuda import conv as conv
    from scratchnet.kernels.cuda import curves as curves
    from scratchnet.kernels.cuda import division as division
    from scratchnet.kernels.cuda import dropout as dropout
    from scratchnet.kernels.cuda import extremes as extremes
    from scratchnet.kernels.cuda import functions as functions
    from scratchnet.kernels.cuda import indices as indices
    from scratchnet.kernels.cuda import join as join
    from scratchnet.kernels.cuda import launch as launch
    from scratchnet.kernels.cuda import loss as loss
    from scratchnet.kernels.cuda import matmul as matmul
    from scratchnet.kernels.cuda import norm as norm
    from scratchnet.kernels.cuda import optim as optim
    from scratchnet.kernels.cuda import optim_adaptive as optim_adaptive
    from scratchnet.kernels.cuda import pool as pool
    from scratchnet.kernels.cuda import random as random
    from scratchnet.kernels.cuda import reduce as reduce
    from scratchnet.kernels.cuda import scan as scan
    from scratchnet.kernels.cuda import scatter as scatter
    from scratchnet.kernels.cuda import softmax as softmax
    from scratchnet.kernels.cuda import targets as targets
    from scratchnet.kernels.cuda import tf32 as tf32


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_") or not (Path(__file__).parent / f"{name}.py").is_file():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
