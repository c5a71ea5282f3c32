"""What the rules of drawing share: sizes, dtypes, and the order in which an array is filled."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.shapes import message

Shape = int | Sequence[int]


def element_count(op: str, shape: Shape) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple and its number of elements. Raises RuntimeError for a negative size."""
    sizes = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes):
        rule = f"must not be negative: Trying to create tensor with negative dimension {min(sizes)}"
        raise RuntimeError(message(op, "size", list(sizes), rule))
    return sizes, math.prod(sizes)


def floating_dtype(op: str, dtype: Any) -> np.dtype[Any]:
    """The dtype as NumPy's. Raises NotImplementedError unless it is float16, float32 or float64."""
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind not in (np.float16, np.float32, np.float64):
        raise NotImplementedError(
            message(op, "dtype", kind.name, "is not implemented", "use float16, float32 or float64")
        )
    return kind


def memory_order(array: np.ndarray) -> list[int]:
    """The axes from the widest stride to the narrowest: the order in which torch fills an array with numbers."""
    axes = list(range(array.ndim))
    if array.flags.c_contiguous or 0 in array.strides:
        return axes
    return sorted(axes, key=lambda axis: -array.strides[axis])
