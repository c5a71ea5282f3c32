"""Functions of each element that NumPy lacks."""

import math

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, deliver, plain, target


def erf(x: Array, out: Array | None = None) -> Array:
    """torch.erf, by the C library in float64, rounded once."""
    y = target(out, x.shape, x.dtype)
    if y.size:
        _erf(8 * y.size, plain(x).reshape(-1), y.reshape(-1))
    return deliver(y, out, x.dtype)


@kernel()
def _erf(x: Array, y: Array) -> None:
    for i in prange(x.size):
        y[i] = math.erf(np.float64(x[i]))
