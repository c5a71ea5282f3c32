"""Advanced indices on arrays: masks as numbers, the shape that an index picks, the rows in memory that it means."""

import math
from typing import Any

import numpy as np

from scratchnet.device import array_module, is_array

Parts = tuple[Any, ...]  # whole slices and arrays of ints, for the first dimensions of an array or all of them
Shape = tuple[int, ...]


def is_mask(part: Any) -> bool:
    """Whether a part of an index is an array of bools."""
    return is_array(part) and part.dtype.kind == "b"


def numbered(index: Parts) -> Parts:
    """The index with the numbers of the places where its masks hold. How many they are waits for the GPU."""
    parts: list[Any] = []
    for part in index:
        parts += part.nonzero() if is_mask(part) else [part]
    return tuple(parts)


def picked_shape(index: Parts, shape: Shape) -> Shape:
    """The shape of x[index] for an x of that shape; the index has no masks."""
    before, common, after = _layout(index, shape)
    return (*before, *common, *after, *shape[_end(index) :])


def rows(index: Parts, shape: Shape) -> tuple[Any, int, Shape]:
    """Which rows of an x of that shape x[index] picks: their numbers (flat, in order), how many x has, a row's shape.

    Rows are what the dimensions behind the last array hold. Negative numbers count from the end.
    """
    xp = array_module(next(part for part in index if not isinstance(part, slice)))
    end = _end(index)
    before, common, after = _layout(index, shape)
    rank, at, total = len(before) + len(common) + len(after), 0 if before else len(common), xp.zeros((), np.int64)
    for axis, part in enumerate(index[:end]):
        size, stride = shape[axis], math.prod(shape[axis + 1 : end])
        if isinstance(part, slice):
            number, at, behind = xp.arange(size), at + 1, rank - at - 1
        else:
            number, behind = xp.where(part < 0, part + size, part), len(after)
        total = total + (number * stride).reshape(number.shape + (1,) * behind)
    numbers = xp.broadcast_to(total, (*before, *common, *after)).reshape(-1)
    return numbers, math.prod(shape[:end]), shape[end:]


def put_along(out: Any, indices: Any, values: Any, axis: int) -> None:
    """np.put_along_axis, which CuPy has from version 14 on. No place may occur twice."""
    arange, rank = array_module(out).arange, out.ndim
    places = [arange(n).reshape(-1, *(1,) * (rank - 1 - at)) for at, n in enumerate(out.shape)]
    places[axis] = indices
    out[tuple(places)] = values


def _end(index: Parts) -> int:
    """Behind the last array."""
    return max(axis for axis, part in enumerate(index) if not isinstance(part, slice)) + 1


def _layout(index: Parts, shape: Shape) -> tuple[Shape, Shape, Shape]:
    """The sizes up to the last array as NumPy orders them: before, common to the arrays, after.

    Arrays side by side leave the slices where they are; arrays apart come first.
    """
    arrays = [axis for axis, part in enumerate(index) if not isinstance(part, slice)]
    slices = tuple(shape[axis] for axis in range(arrays[-1]) if axis not in arrays)
    common = np.broadcast_shapes(*(index[axis].shape for axis in arrays))
    together = arrays[-1] - arrays[0] + 1 == len(arrays)
    return (slices, common, ()) if together else ((), common, slices)
