"""Arithmetic of whole arrays."""

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, is_ready

LARGE = 1 << 15  # elements from which memory from the pool and all threads are worth their overhead


def add(x: Array, y: Array) -> Array:
    """x + y: gradients that meet, and what goes around a block of layers."""
    if (
        type(x) is type(y)
        and x.size >= LARGE
        and x.shape == y.shape
        and x.dtype == y.dtype
        and is_ready(x)
        and is_ready(y)
    ):
        out = buffers.empty(x.shape, x.dtype)
        _add(x.size, x.reshape(-1), y.reshape(-1), out.reshape(-1))
        return out
    return x + y


@kernel()
def _add(x: Array, y: Array, out: Array) -> None:
    for i in prange(x.size):
        out[i] = x[i] + y[i]
