"""Memory for results, from CuPy's pool."""

from typing import Any

from numpy.typing import DTypeLike

from scratchnet.kernels.cuda import driver


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> Any:
    """cupy.empty: the values are whatever the memory held."""
    return driver.cupy().empty(shape, dtype)
