"""Between any array and a compiled loop, which reads and writes C-contiguous float32 or float64 only."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.microkernel import copy_rows

Array = NDArray[Any]
Pair = tuple[int, int]
Shape = tuple[int, ...]
Sizes = tuple[int, ...]  # the fields of a NamedTuple, which Numba takes three times as long to accept

_HALF = np.dtype(np.float16)
_SINGLE = np.dtype(np.float32)


def compute_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that values of `dtype` are computed in: float32 for float16, else the same."""
    return _SINGLE if dtype == _HALF else dtype


def is_ready(x: Array) -> bool:
    """Whether a loop over floats can read and write the array as it is."""
    return x.dtype.char in "fd" and x.flags.carray


def plain(x: Array, dtype: np.dtype[Any] | None = None) -> Array:
    """x for reading: C-contiguous, of the dtype computed in, of a type that Numba knows. A copy only if need be."""
    wanted, flags = compute_dtype(x.dtype) if dtype is None else dtype, x.flags
    if flags.carray and x.dtype == wanted:  # C-contiguous, writeable and aligned
        return x
    if x.dtype == wanted and flags.c_contiguous and flags.aligned:
        # Numba compiles anew for read-only arrays. Kernels don't write here: they see the memory as writeable.
        return _thaw(x)
    copy = buffers.empty(x.shape, wanted)
    rows_are_runs = x.ndim > 1 and x.size > 0 and flags.writeable and flags.aligned and x[0].flags.c_contiguous
    if rows_are_runs and x.dtype == wanted and wanted.char in "fd":
        copy_lines(x.size, x.reshape(len(x), -1), copy.reshape(len(x), -1))  # channels of images, say
    else:
        np.copyto(copy, x)
    return copy


@kernel()
def copy_lines(x: Array, copy: Array) -> None:
    """copy = x, of two dimensions, of which the last lies element after element in both."""
    here, there = x.strides[0] // x.itemsize, copy.strides[0] // copy.itemsize
    for row in prange(len(x)):
        copy_rows(copy, row * there, there, x, row * here, here, 1, x.shape[1])


class _Thawed:
    """The memory of a read-only array, whose kernels are known not to write."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, owner: Array) -> None:
        self.owner = owner
        self.__array_interface__ = {**owner.__array_interface__, "data": (owner.ctypes.data, False)}


def _thaw(x: Array) -> Array:
    return np.asarray(_Thawed(x))


def target(out: Array | None, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Where a loop writes a result of `dtype`: `out` itself, or memory that `deliver` makes the result from."""
    kind = compute_dtype(dtype)
    if out is not None and out.dtype == kind and out.flags.c_contiguous and out.flags.aligned:
        return out
    return buffers.empty(shape, kind)


def deliver(result: Array, out: Array | None, dtype: np.dtype[Any]) -> Array:
    """What the caller gets: `out` filled, or the result rounded to `dtype`."""
    if result is out:
        return out
    if out is None:
        if result.dtype == dtype:
            return result
        out = buffers.empty(result.shape, dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # beyond float16's range lies infinity, as in torch
        np.copyto(out, result, casting="same_kind")
    return out
