"""Memory for results: NumPy's."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Pair = tuple[int, int]
Shape = tuple[int, ...]


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> Array:
    """np.empty."""
    return np.empty(shape, dtype)


def deliver(result: Array, out: Array | None) -> Array:
    """The result, written to `out` where that is given."""
    if out is None:
        return result
    np.copyto(out, result, casting="same_kind")
    return out
