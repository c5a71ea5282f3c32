"""Arrays joined, and parts of arrays copied out of them."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np


def concatenate(arrays: Sequence[Any], axis: int) -> Any:
    """np.concatenate."""
    return np.concatenate(arrays, axis=axis)


def split(x: Any, lengths: Sequence[int], axis: int) -> list[Any]:
    """Copies in C order of the parts of an axis, which are so long one after the other."""
    before, starts = (slice(None),) * axis, accumulate(lengths, initial=0)
    return [x[(*before, slice(start, start + n))].copy(order="C") for start, n in zip(starts, lengths, strict=False)]


def contiguous(x: Any) -> Any:
    """A copy in C order of what isn't."""
    return x.copy(order="C")
