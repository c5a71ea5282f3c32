"""The plain backend: short NumPy, for real arrays and for the complex ones of a complex step. For reading, not speed.

The contract is in `scratchnet.kernels`; all its stems but `optim` and `optim_adaptive`. And for complex arrays:

- The real part is the value, the imaginary part a derivative times a step so small (1e-20) that its square vanishes
  beside the value. So f(a + ib) = f(a) + i b f'(a), exact to rounding.
- Choices (a maximum, the sign in a ReLU) are made by the real part. Nothing is ever conjugated: a square is x * x.
- The two parts of a product of matrices are computed apart, so that no BLAS can mix numbers of such different size.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scratchnet.kernels.plain import activation as activation
    from scratchnet.kernels.plain import arithmetic as arithmetic
    from scratchnet.kernels.plain import buffers as buffers
    from scratchnet.kernels.plain import columns as columns
    from scratchnet.kernels.plain import conv as conv
    from scratchnet.kernels.plain import curves as curves
    from scratchnet.kernels.plain import dropout as dropout
    from scratchnet.kernels.plain import functions as functions
    from scratchnet.kernels.plain import indices as indices
    from scratchnet.kernels.plain import join as join
    from scratchnet.kernels.plain import largest as largest
    from scratchnet.kernels.plain import loss as loss
    from scratchnet.kernels.plain import matmul as matmul
    from scratchnet.kernels.plain import norm as norm
    from scratchnet.kernels.plain import pool as pool
    from scratchnet.kernels.plain import reduce as reduce
    from scratchnet.kernels.plain import scan as scan
    from scratchnet.kernels.plain import scatter as scatter
    from scratchnet.kernels.plain import softmax as softmax
    from scratchnet.kernels.plain import targets as targets


def __getattr__(name: str) -> ModuleType:
    if name.startswith("_") or not (Path(__file__).parent / f"{name}.py").is_file():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
