"""The CPU backend: NumPy, and loops compiled by Numba. Modules are imported at first use.

The contract is in `scratchnet.kernels`.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scratchnet.kernels.cpu import activation as activation
    from scratchnet.kernels.cpu import arithmetic as arithmetic
    from scratchnet.kernels.cpu import blas as blas
    from scratchnet.kernels.cpu import buffers as buffers
    from scratchnet.kernels.cpu import columns as columns
    from scratchnet.kernels.cpu import conv as conv
    from scratchnet.kernels.cpu import curves as curves
    from scratchnet.kernels.cpu import division as division
    from scratchnet.kernels.cpu import dropout as dropout
    from scratchnet.kernels.cpu import extremes as extremes
    from scratchnet.kernels.cpu import functions as functions
    from scratchnet.kernels.cpu import indices as indices
    from scratchnet.kernels.cpu import join as join
    from scratchnet.kernels.cpu import largest as largest
    from scratchnet.kernels.cpu import loss as loss
    from scratchnet.kernels.cpu import matmul as matmul
    from scratchnet.kernels.cpu import norm as norm
    from scratchnet.kernels.cpu import optim as optim
    from scratchnet.kernels.cpu import optim_adaptive as optim_adaptive
    from scratchnet.kernels.cpu import pool as pool
    from scratchnet.kernels.cpu import reduce as reduce
    from scratchnet.kernels.cpu import scan as scan
    from scratchnet.kernels.cpu import scatter as scatter
    from scratchnet.kernels.cpu import softmax as softmax
    from scratchnet.kernels.cpu import targets as targets


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_") or not (Path(__file__).parent / f"{name}.py").is_file():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
