"""Between any array and a kernel, which reads and writes C-contiguous memory only."""

from typing import Any

import numpy as np

from scratchnet.kernels.cuda import buffers, driver

Array = Any  # cupy.ndarray
Pair = tuple[int, int]
Shape = tuple[int, ...]


def plain(x: Array) -> Array:
    """x for reading, C-contiguous. A copy only if need be."""
    return driver.cupy().ascontiguousarray(x)


def optional(x: Array | None, dtype: np.dtype[Any]) -> tuple[Array, int]:
    """(x for reading as `dtype`, 1), or where there is none (an array without elements, 0)."""
    return (buffers.empty(0, dtype), 0) if x is None else (plain(x.astype(dtype, copy=False)), 1)


def compute_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that values of `dtype` are computed in: float32 for float16, else the same."""
    return np.dtype(np.float32) if dtype == np.float16 else dtype


def target(out: Array | None, shape: Shape, dtype: np.dtype[Any]) -> Array:
    """Where a kernel writes a result of `dtype`: `out` itself, or memory that `deliver` makes the result from."""
    if out is not None and out.dtype == dtype and out.flags.c_contiguous:
        return out
    return buffers.empty(shape, dtype)


def deliver(result: Array, out: Array | None, dtype: np.dtype[Any]) -> Array:
    """What the caller gets: `out` filled, or the result rounded to `dtype`."""
    if result is out:
        return out
    if out is None:
        return result if result.dtype == dtype else result.astype(dtype)
    out[...] = result
    return out
