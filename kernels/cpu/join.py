"""Arrays joined, and parts of arrays copied out of them."""

import math
from collections.abc import Sequence
from ctypes import addressof
from itertools import accumulate

import numpy as np

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.arithmetic import LARGE
from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, is_ready, plain
from scratchnet.kernels.cpu.many import memory_at, memory_of
from scratchnet.kernels.cpu.microkernel import copy_rows


def concatenate(arrays: Sequence[Array], axis: int) -> Array:
    """np.concatenate of arrays of one dtype."""
    kind, shape = arrays[0].dtype, list(arrays[0].shape)
    shape[axis] = sum(array.shape[axis] for array in arrays)
    if math.prod(shape) < LARGE or not axis or not all(is_ready(array) for array in arrays):
        return np.concatenate(arrays, axis=axis)
    whole = buffers.empty(tuple(shape), kind)
    _copy(whole, arrays, axis, joined=True)
    return whole


def split(x: Array, lengths: Sequence[int], axis: int) -> list[Array]:
    """Copies in C order of the parts of an axis, which are so long one after the other."""
    if x.size < LARGE or not is_ready(x):
        return [part.copy() for part in np.split(x, np.cumsum(lengths)[:-1], axis)]
    parts = [buffers.empty((*x.shape[:axis], length, *x.shape[axis + 1 :]), x.dtype) for length in lengths]
    _copy(x, parts, axis, joined=False)
    return parts


def _copy(whole: Array, parts: Sequence[Array], axis: int, joined: bool) -> None:
    lines = math.prod(whole.shape[:axis])
    starts = accumulate([part.size // max(1, lines) for part in parts], initial=0)
    addresses = [addressof(memory_of(part)) if part.size else 0 for part in parts]
    copy_parts(whole.size, whole.reshape(-1), np.array(addresses), np.array(list(starts)), lines, joined)


@kernel()
def copy_parts(whole: Array, addresses: Array, starts: Array, lines: int, joined: bool) -> None:
    """Each line of the whole holds one line of each part, which begins at starts[part]: written there, or read."""
    parts = addresses.size
    for n in prange(lines * parts):
        line, part = n // parts, n % parts
        length, at = starts[part + 1] - starts[part], line * starts[parts] + starts[part]
        own = memory_at(addresses[part], line * length, length, whole[0])
        if joined:
            copy_rows(whole, at, 0, own, 0, 0, 1, length)
        else:
            copy_rows(own, 0, 0, whole, at, 0, 1, length)


def contiguous(x: Array) -> Array:
    """A copy in C order of what isn't."""
    return plain(x) if x.dtype.char in "fd" and x.size >= LARGE else x.copy(order="C")
