"""What the kernels of dropout.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import philox_twin as twin

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("n / 4 + (n % 4 != 0)", "n / 4"),
    ("i < 4 && counter * 4 + i < n", "i < 4"),
    ("words.word[i] < threshold", "words.word[0] < threshold"),
    ("kept[place] = keep", "kept[place] = !keep"),
    ("(keep ? static_cast<V>(scale) : V(0))", "(keep ? static_cast<V>(scale) : V(1))"),
    ("(kept[i] ? static_cast<V>(scale) : V(0))", "(kept[i] ? V(1) : V(0))"),
    ("philox(seed, offset,", "philox(seed, seed,"),
]
HIDDEN: dict[int, str] = {}

STREAM = (2**63 + 12345, 2**40 + 8)


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    def drawn(x: Any) -> Any:
        if not kernels.__name__.endswith("cpu"):
            return kernels.dropout.dropout(x, 0.7, 1.5, STREAM)
        kept = twin.keep(x.size, 0.7, STREAM).reshape(x.shape)
        return x * np.where(kept, 1.5, 0), kept

    for shape in ((1031,), (3, 100), (1,)):
        x = np.where(rng.random(shape) < 0.1, np.nan, rng.standard_normal(shape))
        yield drawn, (x,)
        yield lambda x, kept: kernels.dropout.scaled(x, kept, 2.5), (x, rng.random(shape) < 0.5)
