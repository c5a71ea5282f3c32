"""Ranges of indices."""

from collections.abc import Callable

from scratchnet.kernels.cpu.layout import Array


def check(index: Array, low: int, high: int, error: Callable[[int], Exception], ignored: int | None = None) -> None:
    """Raise error(i) for the first i of `index` outside low ... high - 1; `ignored` may be anywhere."""
    if not index.size or (low <= index.min() and index.max() < high):
        return
    wrong = (index < low) | (index >= high)
    if ignored is not None:
        wrong &= index != ignored
    if wrong.any():
        raise error(int(index[wrong][0]))
