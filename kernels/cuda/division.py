"""Division rounded down, and what division leaves, where CuPy's own functions are wrong.

CuPy takes the floor of x / y, which is rounded before: 1 // 0.1 would be 10, 1 % 0.1 less than 0, and -1 // inf and
1 % inf wrong too. Its fmod of integers is computed in float64, which can't hold the larger ones.
"""

from typing import Any

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.layout import Array


def floor_divide(x: Any, y: Any) -> Array:
    """np.floor_divide of arrays and NumPy's numbers of one dtype; integers not by 0."""
    cupy = driver.cupy()
    if x.dtype.kind != "f":
        return cupy.floor_divide(x, y)
    left = cupy.fmod(x, y)
    whole = cupy.rint((x - left) / y - _opposite(left, y))
    return cupy.where(cupy.equal(y, 0), x / y, whole)


def remainder(x: Any, y: Any) -> Array:
    """np.remainder: what floor_divide leaves, with the sign of y."""
    cupy = driver.cupy()
    if x.dtype.kind != "f":
        return cupy.remainder(x, y)
    left = cupy.fmod(x, y)
    return cupy.where(_opposite(left, y), left + y, left)


def fmod(x: Any, y: Any) -> Array:
    """np.fmod: what division rounded towards 0 leaves, with the sign of x."""
    cupy = driver.cupy()
    if x.dtype.kind == "f":
        return cupy.fmod(x, y)
    left = cupy.remainder(x, y)
    return cupy.where((left != 0) & (cupy.less(x, 0) != cupy.less(y, 0)), left - y, left)


def _opposite(left: Array, y: Any) -> Array:
    """Where C's remainder, which is exact, has not the sign of y."""
    cupy = driver.cupy()
    return (left != 0) & (cupy.less(left, 0) != cupy.less(y, 0))
