"""Arrays joined, and parts of arrays copied out of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def concatenate(arrays: Sequence[Any], axis: int) -> Any:
    """np.concatenate."""
    return np.concatenate(arrays, axis=axis)


def contiguous(x: Any) -> Any:
    """A copy in C order of what isn't."""
    return x.copy(order="C")
