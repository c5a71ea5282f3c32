"""Where the extremes are. Of several NaN CuPy names any; of equal numbers the first."""

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.layout import Array


def argmax(x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """np.argmax: the first NaN, or else the first of the largest numbers."""
    return _first_nan(x, x.argmax(axis=axis, keepdims=keepdims), axis, keepdims)


def argmin(x: Array, axis: int | None = None, *, keepdims: bool = False) -> Array:
    """np.argmin: the first NaN, or else the first of the least numbers."""
    return _first_nan(x, x.argmin(axis=axis, keepdims=keepdims), axis, keepdims)


def _first_nan(x: Array, found: Array, axis: int | None, keepdims: bool) -> Array:
    """`found` where a line has no NaN."""
    if x.dtype.kind != "f":
        return found
    cupy = driver.cupy()
    nan = cupy.isnan(x)
    return cupy.where(nan.any(axis=axis, keepdims=keepdims), nan.argmax(axis=axis, keepdims=keepdims), found)
