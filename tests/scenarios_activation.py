"""What the kernels of activation.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("v < V(0) ? V(0) : v", "v > V(0) ? v : V(0)"),
    ("wide(y[i]) <= V(0)", "wide(y[i]) < V(0)"),
    ("exp(-wide(x[i]))", "exp(wide(x[i]))"),
    ("wide(gy[i]) * (V(1) - v * v)", "wide(gy[i]) * (V(1) - v)"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    x = rng.choice([np.nan, 0.0, *rng.standard_normal(20)], 600)
    for name in ("relu", "sigmoid", "tanh"):
        yield getattr(kernels.activation, name), (x,)
        yield getattr(kernels.activation, f"{name}_grad"), (rng.standard_normal(600), x)
