"""Sizes of convolution and pooling: one int per axis, output sizes, and the padding that keeps a size."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Literal, TypeVar

from scratchnet.shapes import message

R = TypeVar("R")

Pair = tuple[int, int]
Sizes = tuple[int, ...]
AXES = {1: "length", 2: "height, width", 3: "depth, height, width"}
LAYOUTS = {1: "N, C, L", 2: "N, C, H, W", 3: "N, C, D, H, W"}


def pair(value: Any, op: str, argument: str) -> Pair:
    """`3` or `[3]` as (3, 3), `(2, 3)` as it is: (height, width). Raises TypeError, RuntimeError for another count."""
    if type(value) is int:
        return value, value
    if type(value) is tuple and len(value) == 2 and type(value[0]) is int and type(value[1]) is int:
        return value
    height, width = each(value, 2, op, argument)
    return height, width


def each(value: Any, n: int, op: str, argument: str) -> Sizes:
    """One int for each of n axes: `3` or `[3]` as (3, ..., 3). Raises TypeError, RuntimeError for another count."""
    items = list(value) if isinstance(value, (tuple, list)) else [value]
    if isinstance(value, str) or any(isinstance(item, bool) or not hasattr(item, "__index__") for item in items):
        rule = "must be an int or a tuple of ints"
        raise TypeError(message(op, argument, repr(value), rule, f"use {argument}=1 or {argument}={(1,) * n}"))
    ints = [int(item.__index__()) for item in items]
    if len(ints) not in (1, n):
        count = {1: "one int", 2: "two ints", 3: "three ints"}[n]
        rule = f"must be a single int or a tuple of {count} ({AXES[n]}), but has {len(ints)}"
        raise RuntimeError(message(op, argument, value, rule, f"use {argument}={tuple([*ints, 1, 1, 1][:n])}"))
    return tuple(ints) if len(ints) == n else tuple(ints) * n


def remembered(check: Callable[..., R]) -> Callable[..., R]:
    """Keeps what `check(case, *numbers)` gives, a function of these alone, for calls with ints and tuples of them.

    Nothing else is kept, nor looked up: True is equal to 1, but is refused. What raises does so each time.
    """
    kept = lru_cache(1024)(check)

    @wraps(check)
    def call(case: tuple[Any, ...], *numbers: Any) -> R:
        for number in numbers:
            kind = type(number)
            if kind is tuple:
                for one in number:
                    if type(one) is not int:
                        return check(case, *numbers)
            elif kind is not int and kind is not str and number is not None:
                return check(case, *numbers)
        return kept(case, *numbers)

    return call


def check_at_least(op: str, argument: str, value: Sizes, least: int, phrase: str) -> None:
    """Raises RuntimeError, with torch's phrase, where one of the numbers is below `least`."""
    if min(value) < least:
        raise RuntimeError(
            message(
                op, argument, value, f"must be at least {least}: {phrase}", f"use {argument}={max(least, min(value))}"
            )
        )


def conv_size(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Positions of the kernel along one axis: floor((size + 2 padding - dilation (kernel - 1) - 1) / stride) + 1.

    Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), section 2 and relationship
    15.
    """
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def conv_transpose_size(size: int, kernel: int, stride: int, padding: int, dilation: int, output_padding: int) -> int:
    """An image of which `size` is the conv_size.

    (size - 1) stride - 2 padding + dilation (kernel - 1) + output_padding + 1.

    Source: Dumoulin and Visin (2016), section 4: stride > 1 leaves several images, output_padding picks one.
    """
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def pool_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """As conv_size; with ceil_mode rounded up, yet no window may start beyond the image and its left padding."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    if not ceil_mode:
        return span // stride + 1
    count = -(-span // stride) + 1
    return count - 1 if (count - 1) * stride >= size + padding else count


def same_padding(kernel: Sizes, dilation: Sizes) -> tuple[Sizes, Sizes]:
    """What padding='same' adds before and after each axis. An odd total puts one more after."""
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple([total // 2 for total in totals]), tuple([total - total // 2 for total in totals])


def resolve_padding(padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes, op: str) -> tuple[Sizes, Sizes]:
    """`padding` before and after each axis; ints, 'valid' or 'same' (stride 1). Raises TypeError, RuntimeError."""
    if not isinstance(padding, str):
        symmetric = each(padding, len(kernel), op, "padding")
        check_at_least(op, "padding", symmetric, 0, "negative padding is not supported")
        return symmetric, symmetric
    name: Literal["same", "valid"] | str = padding
    if name == "valid":
        return (0,) * len(kernel), (0,) * len(kernel)
    if name != "same":
        raise RuntimeError(
            message(op, "padding", repr(padding), "Invalid padding string: must be 'same' or 'valid'", "or give ints")
        )
    if max(stride) != 1:
        rule = f"needs stride 1, not {stride}: padding='same' is not supported for strided convolutions"
        raise RuntimeError(message(op, "padding", "'same'", rule, "use stride=1 or give the padding as ints"))
    return same_padding(kernel, dilation)
