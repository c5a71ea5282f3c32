"""Arrays joined, and parts of arrays copied out of them."""

from collections.abc import Sequence
from itertools import accumulate

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.layout import Array


def concatenate(arrays: Sequence[Array], axis: int) -> Array:
    """cupy.concatenate."""
    return driver.cupy().concatenate(arrays, axis=axis)


def split(x: Array, lengths: Sequence[int], axis: int) -> list[Array]:
    """Copies in C order of the parts of an axis, which are so long one after the other."""
    before, starts = (slice(None),) * axis, accumulate(lengths, initial=0)
    return [x[(*before, slice(start, start + n))].copy(order="C") for start, n in zip(starts, lengths, strict=False)]


def contiguous(x: Array) -> Array:
    """A copy in C order of what isn't."""
    return x.copy(order="C")
