"""Where windows lie along one axis of an image: the same for all planes and lines, so it is computed beforehand."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, NamedTuple, TypeVar

import numpy as np

from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.vectors import HOST

ROOM = HOST.lanes(np.dtype(np.float32))  # behind the last divisor, for whole vectors of numbers
REMEMBERED = 4096  # windows and places; longer axes are computed at each call rather than kept

Result = TypeVar("Result")


def _remembered(function: Callable[..., Result]) -> Callable[..., Result]:
    """Keeps the results for short axes. Nobody writes to them."""
    kept = lru_cache(maxsize=256)(function)

    @wraps(function)
    def call(count: int, size: int, *rule: Any) -> Result:
        return (kept if count + size <= REMEMBERED else function)(count, size, *rule)

    return call


class Axis(NamedTuple):
    """The windows of averages along one axis."""

    spans: Array  # (windows, 2): the first place in the image that it sees, and how many it sees
    divisors: Array  # (windows + ROOM,): what the sum is divided by is the row's divisor times the column's
    covers: Array  # (2, size): the first window that sees a place, and the one after the last
    levels: int  # how many windows see the same place, at most


@_remembered
def spans(count: int, size: int, stride: int, padding: int, dilation: int, taps: int) -> Array:
    """(count, 2): the first place in an image of `size` that each window sees, and how many of its taps are inside."""
    start = np.arange(count, dtype=np.int64) * stride - padding
    first = np.maximum(0, -(start // dilation))  # taps before it are in the padding
    end = np.clip(-((start - size) // dilation), 0, taps)
    return np.stack([start + first * dilation, np.maximum(0, end - first)], axis=1)


@_remembered
def axis(count: int, size: int, stride: int, padding: int, taps: int, include_pad: bool, override: int) -> Axis:
    """avg_pool2d's windows; override: the divisor along this axis, 0 for none.

    A window that ceil_mode lets reach beyond the padding is counted up to there. The divisor of one that sees nothing
    is infinity, so that its mean is 0.
    """
    windows = spans(count, size, stride, padding, 1, taps)
    start = np.arange(count, dtype=np.int64) * stride - padding
    taken = np.minimum(start + taps, size + padding) - start if include_pad else windows[:, 1]
    return _axis(windows, np.where(windows[:, 1] > 0, override or taken, np.inf), size)


@_remembered
def adaptive_axis(count: int, size: int) -> Axis:
    """adaptive_avg_pool2d's windows: i of `count` sees floor(i size / count) to ceil((i + 1) size / count)."""
    i = np.arange(count, dtype=np.int64)
    first = i * size // count
    windows = np.stack([first, -(-(i + 1) * size // count) - first], axis=1)
    return _axis(windows, windows[:, 1], size)


def _axis(windows: Array, divisors: Array, size: int) -> Axis:
    first, end = windows[:, 0], windows.sum(axis=1)  # neither ever falls
    places = np.arange(size)
    # Windows before the first end at the place or before it, those from the other on begin behind it.
    covers = np.stack([np.searchsorted(end, places, side="right"), np.searchsorted(first, places, side="right")])
    levels = int((covers[1] - covers[0]).max(initial=0))
    return Axis(windows, np.append(divisors.astype(np.float64), np.ones(ROOM)), covers, levels)
