"""What the kernels of random.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import philox_twin as twin

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("round < 10", "round < 9"),
    ("low += 0x9E3779B9u", "low += 0xBB67AE85u"),
    ("^ b ^ low", "^ d ^ low"),
    ("word[2 * half + 1]) << 32 | word[2 * half]", "word[2 * half]) << 32 | word[2 * half + 1]"),
    ("words.pair(i) >> 11) *", "words.pair(i) >> 10) *"),
    ("philox(seed, offset, static_cast<Word64>(counter))", "philox(offset, seed, static_cast<Word64>(counter))"),
    ("n / COUNT + (n % COUNT != 0)", "n / COUNT"),
    ("i < COUNT && counter * COUNT + i < n", "i < COUNT"),
    ("static_cast<Word64>(i) / 2", "static_cast<Word64>(i)"),
    ("static_cast<Word64>(low) + value", "value"),
    ("static_cast<V>(high - low)", "static_cast<V>(high)"),
    ("i % 2 ? sin(angle) : cos(angle)", "i % 2 ? cos(angle) : sin(angle)"),
    ("static_cast<V>(deviation) + static_cast<V>(mean)", "static_cast<V>(mean) + static_cast<V>(deviation)"),
    ("+ half) / rate", "+ half) * rate"),
    ("< wide(chances[place])", "< wide(chances[i])"),
    ("words.word[i] < threshold", "words.word[i] > threshold"),
    ("place / samples * columns", "place / columns * columns"),
    ("row[middle] > part", "row[middle] >= 0.9 * part"),
    ("low = middle + 1", "low = middle + 2"),
]
HIDDEN: dict[int, str] = {}

STREAM = (2**63 + 12345, 2**40 + 8)


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    if kernels.__name__.endswith("cpu"):
        yield from _expected(rng)
        return
    draw = kernels.random
    for n in (701, 3):
        yield lambda n=n: draw.words(n, STREAM, 2**32 - 5).view(np.int64), ()
        yield lambda n=n: draw.integers(-7, 93, (n,), STREAM), ()
        yield lambda n=n: draw.integers(-(2**63), 2**63, (n,), STREAM), ()
        yield lambda n=n: draw.uniform((n,), -2.0, 5.0, np.float64, STREAM), ()
        yield lambda n=n: draw.normal((n,), 1.5, 3.0, np.float64, STREAM), ()
        yield lambda n=n: draw.exponential((n,), 2.5, np.float64, STREAM), ()
        yield lambda n=n: draw.keep((n,), 0.3, STREAM), ()
        yield lambda n=n: draw.permutation(n, STREAM), ()
        yield lambda p: draw.bernoulli(p, STREAM), (rng.random(n),)
    weights = rng.random((6, 7)) * (rng.random((6, 7)) < 0.7) + 1e-3
    yield lambda w: draw.multinomial(w, 101, True, STREAM), (weights,)
    yield lambda w: draw.multinomial(w, 4, False, STREAM), (weights,)


def _expected(rng: np.random.Generator) -> Iterator[Scenario]:
    for n in (701, 3):
        words = twin.pairs(n, STREAM)
        yield lambda n=n: twin.pairs(n, STREAM, 2**32 - 5).view(np.int64), ()
        yield lambda w=words: (w % np.uint64(100)).astype(np.int64) - 7, ()
        yield lambda w=words: (w + np.uint64(2**63)).view(np.int64), ()
        yield lambda n=n: twin.units(n, STREAM) * 7.0 - 2.0, ()
        yield lambda n=n: twin.normal(n, 1.5, 3.0, STREAM), ()
        yield lambda n=n: twin.exponential(n, 2.5, STREAM), ()
        yield lambda n=n: twin.keep(n, 0.3, STREAM), ()
        yield lambda w=words: np.argsort(w, kind="stable"), ()
        yield lambda p: twin.units(p.size, STREAM) < p, (rng.random(n),)
    weights = rng.random((6, 7)) * (rng.random((6, 7)) < 0.7) + 1e-3
    keys = weights / twin.exponential(weights.size, 1.0, STREAM).reshape(weights.shape)
    yield lambda w: twin.choose(w, 101, STREAM), (weights,)
    yield lambda w: np.argsort(-keys, axis=-1, kind="stable")[:, :4], (weights,)
