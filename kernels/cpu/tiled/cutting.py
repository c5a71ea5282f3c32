"""How sums and work are cut: by shape alone, so that no bit depends on the number of threads."""

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu.jit import SMALL, inline
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.vectors import HOST

ROWS = HOST.rows
TAPS = 96  # at most of a convolution's sum that are added up before their sum is added to the others'


def evenly(total: int, most: int) -> int:
    """The length of pieces, as equal as can be, of at most so many each."""
    return -(-total // -(-total // most))


def block_length(terms: int, most: int) -> int:
    """How many terms of a float32 sum are added up before their sum is added to the others': equal blocks.

    Short sums are cut finer. Theirs are the errors that show: torch cuts the sums of few channels by channels or taps.
    """
    limit = min(most, 32 if terms <= 64 else 48 if terms <= 192 else 64 if terms <= 1024 else most)
    return evenly(max(terms, 1), limit)


def shares(work: int, pieces: int, kernels: int) -> tuple[int, int]:
    """In how many parts to compute so many pieces, and each piece's output channels: all threads get as much to do.

    A part brings images together for itself: where one thread does all of them, one does.
    """
    count = threads.count()
    if work < SMALL:
        return 1, 1
    parts = min(pieces, 4 * count)
    return parts, 1 if parts % count == 0 else min(-(-kernels // ROWS), count)


def whole_shares(work: int, pieces: int) -> tuple[int, bool]:
    """How many pieces are at work at once, and whether that is as many as threads, each of which takes whole ones."""
    count = 1 if work < SMALL else threads.count()
    apart = even(pieces, count)
    return (count if apart else pieces), apart


def even(pieces: int, count: int) -> bool:
    """Whether so many threads have about as much to do if they share whole pieces."""
    return pieces % count == 0 or pieces >= 8 * count


@inline
def part_of_rows(rows: int, part: int, parts: int) -> tuple[int, int]:
    """First and end of a part's rows, which are whole tiles of them."""
    tiles = (rows + ROWS - 1) // ROWS
    return tiles * part // parts * ROWS, min(rows, tiles * (part + 1) // parts * ROWS)


@inline
def half_empty(count: int, lanes: int) -> bool:
    """Whether the last of the vectors that so many numbers take has no more of them than half its lanes."""
    return 0 < count % lanes <= lanes // 2


def full_vectors(count: int, lanes: int) -> float:
    """How many vectors take as long as those of so many numbers: the last one is half where tiles can do that."""
    vectors = -(-count // lanes)
    half = HOST.by_halves and vectors % HOST.columns and half_empty.py_func(count, lanes)
    return vectors - 0.5 if half else vectors


@inline
def apart(numbers: int, lanes: int) -> int:
    """The distance of lists of so many numbers, whole vectors each, that are read or written side by side.

    An odd number of vectors: 4 KiB from each other, or a multiple, they would take the same few lines of the cache.
    """
    return (numbers // lanes | 1) * lanes


@inline
def spread(numbers: Array, lanes: int) -> Array:
    """Each number as often as a vector has lanes."""
    result = np.empty(numbers.size * lanes, numbers.dtype)
    for i in range(result.size):
        result[i] = numbers[i // lanes]
    return result
