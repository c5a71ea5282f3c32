"""Random numbers as a function of a seed, an offset and their place: Philox 4x32-10, the same on any grid.

A stream is (seed, offset); whoever draws takes another offset each time. Source: Salmon et al., Parallel random
numbers: as easy as 1, 2, 3 (2011).
"""

import math
from typing import Any

import numpy as np

from scratchnet.kernels.cuda import buffers
from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, Shape, plain
from scratchnet.kernels.cuda.scan import cumsum

Stream = tuple[int, int]  # seed and offset, both below 2 ** 64

_ALL = ((),)
PROGRAM = Program(
    "random",
    {
        **dict.fromkeys(("pairs", "integers", "keep", "choose"), _ALL),
        **dict.fromkeys(("uniform", "normal", "exponential", "bernoulli"), FLOATS),
    },
)


def words(n: int, stream: Stream, start: int = 0) -> Array:
    """(n,) uint64: two a counter, from the counter `start` on."""
    return _filled("pairs", (n,), np.dtype(np.uint64), stream, (), more=(np.uint64(start),))


def integers(low: int, high: int, shape: Shape, stream: Stream) -> Array:
    """int64 numbers from low to high - 1: a word of 64 bits modulo their number."""
    bounds = np.int64(low), np.uint64((high - low) % (1 << 64))
    return _filled("integers", shape, np.dtype(np.int64), stream, bounds)


def uniform(shape: Shape, low: float, high: float, dtype: Any, stream: Stream) -> Array:
    """Numbers in [low, high), of 24 random bits, in float64 of 53."""
    return _filled("uniform", shape, np.dtype(dtype), stream, (np.float64(low), np.float64(high)))


def normal(shape: Shape, mean: float, std: float, dtype: Any, stream: Stream) -> Array:
    """Normal numbers. Source: Box and Muller (1958)."""
    return _filled("normal", shape, np.dtype(dtype), stream, (np.float64(mean), np.float64(std)))


def exponential(shape: Shape, rate: float, dtype: Any, stream: Stream) -> Array:
    """Numbers with the density rate * exp(-rate * x), none of them 0 unless rounded to it; computed in float64."""
    return _filled("exponential", shape, np.dtype(dtype), stream, (np.float64(rate),))


def bernoulli(chances: Array, stream: Stream) -> Array:
    """bool: True with the chance that is at its place."""
    kinds = (chances.dtype.name,)
    return _filled("bernoulli", chances.shape, np.dtype(np.bool_), stream, (plain(chances),), kinds)


def keep(shape: Shape, chance: float, stream: Stream) -> Array:
    """bool: True with a chance in [0, 1], in steps of 2 ** -32."""
    return _filled("keep", shape, np.dtype(np.bool_), stream, (threshold(chance),))


def threshold(chance: float) -> np.uint64:
    """Below how many of the 2 ** 32 words a chance lies."""
    return np.uint64(round(chance * (1 << 32)))


def permutation(n: int, stream: Stream) -> Array:
    """(n,) int64: 0 ... n - 1 in the order of random words; of equal ones the first comes first."""
    return words(n, stream).argsort()


def multinomial(weights: Array, samples: int, replacement: bool, stream: Stream) -> Array:
    """(C,) or (N, C) -> (samples,) or (N, samples) int64: drawn with chances that are as the weights.

    Without replacement: the largest of weight / exponential number.
    """
    *lines, columns = weights.shape
    if replacement:
        sums = cumsum(weights.astype(np.float64))
        sizes = (columns, samples)
        return _filled("choose", (*lines, samples), np.dtype(np.int64), stream, (sums,), sizes=sizes)
    keys = weights.astype(np.float64) / exponential(weights.shape, 1.0, np.float64, stream)
    return plain((-keys).argsort(axis=-1)[..., :samples])


def _filled(
    name: str,
    shape: Shape,
    dtype: np.dtype[Any],
    stream: Stream,
    arguments: tuple[Any, ...],
    types: tuple[str, ...] | None = None,
    sizes: tuple[int, ...] = (),
    more: tuple[Any, ...] = (),
) -> Array:
    """A new array that the kernel fills: its arguments, the stream, what else it takes, sizes, the array's size."""
    out = buffers.empty(shape, dtype)
    if types is None:
        types = (dtype.name,) if dtype.kind == "f" else ()
    if n := math.prod(shape):
        state = np.uint64(stream[0]), np.uint64(stream[1])
        PROGRAM.launch(name, types, n, out, *arguments, *state, *more, *sizes, n)
    return out
