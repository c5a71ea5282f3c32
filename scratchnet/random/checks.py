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


def check_range(low: float, high: float, kind: "np.dtype[Any]") -> None:
    """Raises RuntimeError where no uniform numbers lie between low and high, or the dtype can't hold the difference."""
    if not low <= high:
        raise RuntimeError(message("uniform_", "from", low, f"expects to return a [from, to) range, but to is {high}"))
    if high - low > float(np.finfo(kind).max):
        raise RuntimeError(message("uniform_", "to", high, f"is too far above from (={low}): to - from must be finite"))


def check_deviation(std: float) -> None:
    """Raises RuntimeError for a negative deviation."""
    if not std >= 0:
        raise RuntimeError(message("normal", "std", std, "must be at least 0: normal expects std >= 0.0"))


def check_exponential(lambd: float, kind: "np.dtype[Any]") -> None:
    """Raises RuntimeError for another dtype than a floating-point one, and unless lambd > 0."""
    if kind.kind != "f":
        rule = "must be a floating point: Exponential distribution is a continuous probability distribution"
        raise RuntimeError(message("exponential_", "dtype", kind.name, rule, "use float32"))
    if not lambd > 0:
        rule = f"must be positive: exponential_ expects lambda > 0.0, but found lambda={lambd}"
        raise RuntimeError(message("exponential_", "lambd", lambd, rule))


def check_chance(p: float) -> None:
    """Raises RuntimeError outside [0, 1]."""
    if not 0 <= p <= 1:
        raise RuntimeError(message("bernoulli_", "p", p, "must be in [0, 1]"))


def bad_chance(*_: int) -> RuntimeError:
    """What is raised where an array of chances has one outside [0, 1]."""
    rule = "must be in [0, 1]: Expected p_in >= 0 && p_in <= 1"
    return RuntimeError(message("bernoulli", "p", "a number outside", rule))


def check_order(op: str, low: int, high: int) -> None:
    """Raises RuntimeError unless low < high."""
    if not low < high:
        rule = f"must be less than high (={high}): random_ expects 'from' to be less than 'to'"
        raise RuntimeError(message(op, "low", low, rule))


def check_count(n: int) -> None:
    """Raises RuntimeError for a negative number of things to shuffle."""
    if n < 0:
        rule = "must be non-negative: Trying to create tensor with negative dimension"
        raise RuntimeError(message("randperm", "n", n, rule))


def memory_order(array: np.ndarray) -> list[int]:
    """The axes from the widest stride to the narrowest: the order in which torch fills an array with numbers."""
    axes = list(range(array.ndim))
    if array.flags.c_contiguous or 0 in array.strides:
        return axes
    return sorted(axes, key=lambda axis: -array.strides[axis])
