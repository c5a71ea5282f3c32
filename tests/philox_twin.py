"""Philox 4x32-10 in NumPy, and what the kernels of random.cu make of its words: written apart, to compare with."""

from typing import Any

import numpy as np

Stream = tuple[int, int]
_LOW = np.uint64(0xFFFFFFFF)


def words(n: int, stream: Stream, start: int = 0) -> Any:
    """(n, 4) uint64 below 2 ** 32: the words of n counters from `start` on."""
    seed, offset = stream
    number = np.arange(n, dtype=np.uint64) + np.uint64(start)
    counter = [number & _LOW, number >> np.uint64(32)]
    counter += [np.full(n, word, np.uint64) for word in (offset & 0xFFFFFFFF, offset >> 32)]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        first, second = counter[0] * np.uint64(0xD2511F53), counter[2] * np.uint64(0xCD9E8D57)
        counter = [
            second >> np.uint64(32) ^ counter[1] ^ np.uint64(key[0]),
            second & _LOW,
            first >> np.uint64(32) ^ counter[3] ^ np.uint64(key[1]),
            first & _LOW,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.stack(counter, axis=1)


def pairs(n: int, stream: Stream, start: int = 0) -> Any:
    """(n,) uint64: two a counter, the second word the high half."""
    made = words(n // 2 + 1, stream, start)
    return (made[:, ::2] | made[:, 1::2] << np.uint64(32)).reshape(-1)[:n]


def units(n: int, stream: Stream, dtype: Any = np.float64) -> Any:
    """n numbers in [0, 1): 53 bits of a pair of words, in float32 24 bits of a word."""
    if dtype == np.float64:
        return (pairs(n, stream) >> np.uint64(11)) * 2.0**-53
    return ((words(n // 4 + 1, stream).reshape(-1)[:n] >> np.uint64(8)) * 2.0**-24).astype(dtype)


def normal(n: int, mean: float, std: float, stream: Stream) -> Any:
    """n float64 numbers by Box and Muller: a counter's two words make two."""
    unit = units(n + n % 2, stream).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(unit[:, 0] + 2.0**-53)), 2 * np.pi * unit[:, 1]
    made = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return made.reshape(-1)[:n] * std + mean


def exponential(n: int, rate: float, stream: Stream) -> Any:
    """n float64 numbers."""
    return -np.log((pairs(n, stream) >> np.uint64(12)) * 2.0**-52 + 2.0**-53) / rate


def keep(n: int, chance: float, stream: Stream) -> Any:
    """n bools: whether a word is below the chance's part of 2 ** 32."""
    return words(n // 4 + 1, stream).reshape(-1)[:n] < np.uint64(round(chance * 2**32))


def choose(weights: Any, samples: int, stream: Stream) -> Any:
    """Indices drawn by weights, with replacement."""
    sums = weights.astype(np.float64).cumsum(-1)
    parts = units(len(weights) * samples, stream).reshape(-1, samples) * sums[:, -1:]
    return np.array([np.searchsorted(row, part, side="right") for row, part in zip(sums, parts, strict=True)])
