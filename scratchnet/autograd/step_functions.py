"""NumPy's functions of complex numbers whose imaginary part is a derivative times a tiny step.

Each function is one of four kinds: analytic, and NumPy's complex version is right; a choice, made by the real part; a
question or a staircase, whose derivative is 0; or not analytic at all, and refused by name.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any
ADVICE = "the complex step needs an analytic operation; use method='central'"

# Complex in NumPy, analytic, and safe with a tiny imaginary part.
PASSED = set("add subtract negative positive".split())
# The same, but of numbers outside the real domain they are NaN here too, and their value is that of the real function.
ANALYTIC = set(
    "square reciprocal exp exp2 expm1 log log2 log10 log1p sqrt power float_power sin cos tan sinh cosh tanh "
    "arcsin arccos arctan arcsinh arccosh arctanh".split()
)
# Their answer is no number with a derivative: the real parts are asked.
QUESTIONS = set(
    "equal not_equal less less_equal greater greater_equal isnan isinf isfinite signbit "
    "logical_and logical_or logical_xor logical_not".split()
)
# Constant between jumps: the derivative is 0.
STEPS = set("floor ceil trunc rint sign floor_divide heaviside".split())


class NotAnalyticError(RuntimeError):
    """An operation inside autograd.complex_step that has no analytic definition; the text names it."""

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(f"{name}: {reason + ': ' if reason else ''}{ADVICE}")
        self.name = name


def is_complex(x: Any) -> bool:
    """Whether it is an array or NumPy scalar of complex numbers."""
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind == "c"


def is_floating(dtype: Any) -> bool:
    """Whether it names one of NumPy's float types."""
    return dtype is not None and np.dtype(dtype).kind == "f"


def real(x: Any) -> Any:
    """The real part of complex numbers; anything else as it is."""
    return x.real if is_complex(x) else x


def apply(ufunc: Any, method: str, arrays: list[Any], options: dict[str, Any]) -> Any:
    """The ufunc's method on NumPy arrays some of which are complex."""
    name = ufunc.__name__
    if is_floating(options.get("dtype")):
        options["dtype"] = np.dtype(np.complex128)
    if name in PASSED or (method != "__call__" and name in ("multiply", "maximum", "minimum")):
        return getattr(ufunc, method)(*arrays, **options)
    if name in QUESTIONS:
        return getattr(ufunc, method)(*[real(a) for a in arrays], **options)
    if method != "__call__":
        raise NotAnalyticError(f"{name}.{method}")
    out = options.pop("out", (None,))[0]
    where = options.pop("where", True)
    if name in STEPS:
        result = ufunc(*[real(a) for a in arrays]).astype(np.complex128)
    elif name in ANALYTIC:
        result = _analytic(ufunc, arrays)
    elif name in REPLACED:
        result = REPLACED[name](*arrays)
    else:
        raise NotAnalyticError(name)
    if out is None:
        if where is not True:
            raise NotAnalyticError(name, "where= without out=")
        return result
    np.copyto(out, result, where=where)
    return out


def _analytic(ufunc: Any, arrays: list[Any]) -> Array:
    """The imaginary part is the complex function's; the real part, and NaN outside the domain, the real function's."""
    value = np.asarray(ufunc(*[real(a) for a in arrays]))
    result = _composed(value, ufunc(*arrays).imag)
    outside = np.isnan(value)
    if ufunc.__name__ in ("power", "float_power") and is_complex(arrays[1]):
        base, exponent = arrays
        outside = outside | (real(base) < 0) & (exponent.imag != 0)  # only whole powers of those exist
        result.imag[(base == 0) & (exponent.real > 0)] = 0
    result.imag[outside] = np.nan
    return result


def multilinear(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Array:
    """func of the values, and for each complex array func with that one's imaginary part in its place, added up.

    The arrays are NumPy's own. The parts are computed apart, so that no BLAS can mix numbers of such different size.
    """
    first = int(isinstance(args[0], str))  # einsum's subscripts go before
    last = len(args) if first else 2
    head, factors, tail = args[:first], args[first:last], args[last:]
    options = {k: v for k, v in kwargs.items() if k not in ("out", "dtype")}
    values = [np.array(f.real) if is_complex(f) else f for f in factors]  # BLAS is quick on neighbours in memory
    result = np.array(func(*head, *values, *tail, **options), np.complex128)
    for i, factor in enumerate(factors):
        if is_complex(factor):
            result.imag += func(*head, *values[:i], np.array(factor.imag), *values[i + 1 :], *tail, **options)
    return result


def _where(condition: Any, x: Any, y: Any) -> Array:
    return np.where(condition, np.asarray(x, np.complex128), np.asarray(y, np.complex128))


def _multiply(x: Any, y: Any) -> Array:
    """A real factor scales both parts: as a complex number it would make NaN of infinities."""
    if is_complex(x) and is_complex(y):
        slope = (x * y).imag
    else:
        slope = x.imag * y if is_complex(x) else x * y.imag
    return _composed(real(x) * real(y), slope)


def _divide(x: Any, y: Any) -> Array:
    slope = (x / y).imag if is_complex(y) else x.imag / y
    return _composed(real(x) / real(y), slope)


def _composed(value: Any, slope: Any) -> Array:
    """The two parts put together, laid out in memory as the value is."""
    result = np.asarray(value).astype(np.complex128)
    result.imag = slope
    return result


def _above(x: Any, y: Any) -> Any:
    """Whether x is the larger one. Equal values are told apart by where the step goes.

    So a kink's derivative is the one-sided one in the step's direction, and two kinks that cancel out, as in
    min(x, 0) - log(1 + exp(-|x|)), do so at 0 too.
    """
    return (real(x) > real(y)) | (real(x) == real(y)) & (np.imag(x) >= np.imag(y))


def _absolute(x: Any) -> Array:
    return _where(_above(x, 0.0) | np.isnan(x.real), x, -x)


def _maximum(x: Any, y: Any) -> Array:
    return _where(_above(x, y) | np.isnan(real(x)), x, y)


def _minimum(x: Any, y: Any) -> Array:
    return _where(_above(y, x) | np.isnan(real(x)), x, y)


def _fmax(x: Any, y: Any) -> Array:
    return _where(_above(x, y) | np.isnan(real(y)), x, y)


def _fmin(x: Any, y: Any) -> Array:
    return _where(_above(y, x) | np.isnan(real(y)), x, y)


def _remainder(x: Any, y: Any) -> Array:
    a, b = real(x), real(y)
    return _composed(np.remainder(a, b), np.imag(x) - np.imag(y) * np.floor_divide(a, b))


def _fmod(x: Any, y: Any) -> Array:
    a, b = real(x), real(y)
    return _composed(np.fmod(a, b), np.imag(x) - np.imag(y) * np.trunc(a / b))


def _arctan2(y: Any, x: Any) -> Array:
    """The angle, and its first order in the step: (x dy - y dx) / (x² + y²)."""
    a, b = real(y), real(x)
    return _composed(np.arctan2(a, b), (b * np.imag(y) - a * np.imag(x)) / (a * a + b * b))


def _hypot(x: Any, y: Any) -> Array:
    return _composed(np.hypot(real(x), real(y)), np.sqrt(x * x + y * y).imag)


def _logaddexp(x: Any, y: Any) -> Array:
    largest = np.maximum(real(x), real(y))
    return np.asarray(largest + np.log(np.exp(x - largest) + np.exp(y - largest)))


def _copysign(x: Any, y: Any) -> Array:
    x = np.asarray(x, np.complex128)
    return _where(np.signbit(x.real) == np.signbit(real(y)), x, -x)


def _clip(x: Any, low: Any, high: Any) -> Array:
    return _minimum(_maximum(x, low), high)


def _matmul(x: Any, y: Any) -> Array:
    return multilinear(np.matmul, (x, y), {})


REPLACED: dict[str, Callable[..., Array]] = {
    "multiply": _multiply,
    "divide": _divide,
    "true_divide": _divide,
    "absolute": _absolute,
    "fabs": _absolute,
    "maximum": _maximum,
    "minimum": _minimum,
    "fmax": _fmax,
    "fmin": _fmin,
    "clip": _clip,
    "remainder": _remainder,
    "fmod": _fmod,
    "arctan2": _arctan2,
    "hypot": _hypot,
    "logaddexp": _logaddexp,
    "copysign": _copysign,
    "matmul": _matmul,
    "vecdot": lambda x, y: multilinear(np.vecdot, (x, y), {}),
}
