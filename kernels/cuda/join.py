"""Arrays joined, and parts of arrays copied out of them."""

from collections.abc import Sequence

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.layout import Array


def concatenate(arrays: Sequence[Array], axis: int) -> Array:
    """cupy.concatenate."""
    return driver.cupy().concatenate(arrays, axis=axis)


def contiguous(x: Array) -> Array:
    """A copy in C order of what isn't."""
    return x.copy(order="C")
