"""Arrays joined, and parts of arrays copied out of them."""

import math
from collections.abc import Sequence

import numpy as np

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.arithmetic import LARGE
from scratchnet.kernels.cpu.layout import Array, copy_lines, is_ready, plain


def concatenate(arrays: Sequence[Array], axis: int) -> Array:
    """np.concatenate of arrays of one dtype."""
    kind, shape = arrays[0].dtype, list(arrays[0].shape)
    shape[axis] = sum(array.shape[axis] for array in arrays)
    if math.prod(shape) < LARGE or not axis or not all(is_ready(array) for array in arrays):
        return np.concatenate(arrays, axis=axis)
    out = buffers.empty(tuple(shape), kind)
    lines, start = out.reshape(math.prod(shape[:axis]), -1), 0
    for array in arrays:
        rows = array.reshape(len(lines), -1)
        copy_lines(array.size, rows, lines[:, start : start + rows.shape[1]])
        start += rows.shape[1]
    return out


def contiguous(x: Array) -> Array:
    """A copy in C order of what isn't."""
    return plain(x) if x.dtype.char in "fd" and x.size >= LARGE else x.copy(order="C")
