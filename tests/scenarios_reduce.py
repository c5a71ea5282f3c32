"""What the kernels of reduce.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("smaller(start + chunk, N * S)", "start + chunk"),
    ("k * static_cast<I>(gridDim.y)", "k * static_cast<I>(gridDim.x)"),
    ("half = THREADS / 2", "half = THREADS / 4"),
    ("(i / S * K + k) * S + i % S", "(i / S * K + k) * S + i / N"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    yield kernels.reduce.channel_sum, (rng.standard_normal((3, 4, 300)),)
