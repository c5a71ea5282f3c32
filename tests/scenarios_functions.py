"""What the kernels of functions.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("erf(wide(x[i]))", "erf(-wide(x[i]))"),
    ("first<I>(); i < n", "first<I>() + 1; i < n"),
    ("y[i] = ", "y[n - 1 - i] = "),
    ("first<I>(); i < n;", "first<I>(); i < n - 1;"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    yield kernels.functions.erf, (rng.standard_normal(700),)
