"""Integers within bounds, permutations, and the seeds that samplers draw."""

from array import array
from typing import Any

import numpy as np

from scratchnet.random.checks import Shape, check_count, check_order, element_count
from scratchnet.random.default import default_generator
from scratchnet.random.generator import Generator
from scratchnet.shapes import message

_DIGITS = {np.dtype("float16"): 11, np.dtype("float32"): 24, np.dtype("float64"): 53}  # bits of the mantissa


def permutation(n: int, generator: Generator | None = None) -> np.ndarray:
    """torch.randperm: 0 .. n-1 shuffled (n,) int64, Fisher and Yates, a word a swap. Raises RuntimeError for n < 0."""
    check_count(n)
    g = generator or default_generator
    if n < (1 << 32) // 20:
        words: np.ndarray = g.words32(max(n - 1, 0))
    else:
        words = g.words64(n - 1)
    order = array("q", range(n))  # a list of a million ints is three times slower to shuffle
    swaps = words % np.arange(n, 1, -1, dtype=words.dtype) + np.arange(max(n - 1, 0), dtype=words.dtype)
    for i, j in enumerate(swaps.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)


def integers(low: int, high: int, shape: Shape, generator: Generator | None = None) -> np.ndarray:
    """torch.randint: int64 numbers in [low, high), a word modulo the range; two words from a range of 2**28 on.

    Raises RuntimeError unless low < high.
    """
    sizes, n = element_count("randint", shape)
    check_order("randint", low, high)
    g, span = generator or default_generator, high - low
    offset = (g.words32(n) % np.uint32(span)).astype(np.uint64) if span < 1 << 28 else g.words64(n) % np.uint64(span)
    return (offset + np.uint64(low % (1 << 64))).view(np.int64).reshape(sizes)  # wraps round as torch's addition does


def integers_within(
    op: str, low: int, high: int | None, shape: Shape, dtype: Any, generator: Generator | None = None
) -> np.ndarray:
    """torch's random_(low, high) and randint in a dtype: integers in [low, high), high=None: up to its largest.

    Floating-point dtypes: bounds that the dtype can't hold move inwards, and None means 2 ** (bits of the mantissa).
    Raises RuntimeError unless low < high and both low and high - 1 fit the dtype.
    """
    low, high = bounds_within(op, low, high, np.dtype(dtype))
    if high - low == 1 << 64:
        sizes, n = element_count(op, shape)
        return (generator or default_generator).words64(n).view(np.int64).reshape(sizes)
    return integers(low, high, shape, generator).astype(dtype)


def bounds_within(op: str, low: int, high: int | None, kind: "np.dtype[Any]") -> tuple[int, int]:
    """The bounds that integers_within draws from."""
    digits = _DIGITS.get(kind)
    if high is not None:
        check_order(op, low, high)
    if digits is not None:
        least, largest = -int(np.finfo(kind).max), int(np.finfo(kind).max)
        low = -_inwards(-low, kind, digits)
        high = (1 << digits) + 1 if high is None else _inwards(high, kind, digits)
    elif kind == np.bool_:
        least, largest = 0, 1
    else:
        least, largest = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    high = largest + 1 if high is None else high
    for name, value in (("low", low), ("high - 1", high - 1)):
        if not least <= value <= largest:
            what = "from is" if name == "low" else "to - 1 is"
            rule = f"must be in [{least}, {largest}]: {what} out of bounds for {kind.name}"
            raise RuntimeError(message(op, name, value, rule, "use a wider dtype"))
    return low, high


def _inwards(high: int, kind: "np.dtype[Any]", digits: int) -> int:
    """An upper bound as torch moves it down, where the number below it rounds up to it."""
    last = high - 1
    if abs(last) > float(np.finfo(kind).max) or (rounded := int(kind.type(last))) < high:
        return high
    return rounded - (1 << (abs(last).bit_length() - digits))


def full_range(shape: Shape, dtype: Any, generator: Generator | None = None) -> np.ndarray:
    """Tensor.random_(): integers from 0 to the dtype's largest; floating point: to 2 ** (bits of the mantissa)."""
    kind: np.dtype[Any] = np.dtype(dtype)
    sizes, n = element_count("random_", shape)
    last = largest_drawn(kind)
    g = generator or default_generator
    words = g.words64(n) % np.uint64(last + 1) if kind.itemsize == 8 else g.words32(n) % np.uint32(last + 1)
    return words.astype(kind).reshape(sizes)


def largest_drawn(kind: "np.dtype[Any]") -> int:
    """The largest number of full_range."""
    digits = _DIGITS.get(kind)
    return 1 << digits if digits else 1 if kind == np.bool_ else int(np.iinfo(kind).max)


def random_seed64(generator: Generator | None = None) -> int:
    """torch.empty((), dtype=torch.int64).random_().item(): 63 random bits, the seed that samplers and loaders draw."""
    return int((generator or default_generator).words64(1)[0]) & ((1 << 63) - 1)
