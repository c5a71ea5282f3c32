"""Arrays joined, and parts of arrays copied out of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def concatenate(arrays: Sequence[Any], axis: int) -> Any:
    """np.concatenate."""
    return np.concatenate(arrays, axis=axis)


def split(x: Any, lengths: Sequence[int], axis: int) -> list[Any]:
    """Copies in C order of the parts of an axis, which are so long one after the other."""
    return [part.copy(order="C") for part in np.split(x, np.cumsum(lengths)[:-1], axis)]


def contiguous(x: Any) -> Any:
    """A copy in C order of what isn't."""
    return x.copy(order="C")
