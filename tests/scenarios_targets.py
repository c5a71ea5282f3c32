"""What the kernels of targets.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("t == ignore_index || ", ""),
    ("has_weight ? weight[c] : V(1)", "V(1)"),
    ("(i / D * C + c) * D + i % D", "(i / D * C + c) * D + i / D"),
    ("-wide(x[", "wide(x["),
    ("place = row / C * D + i % D", "place = row / C * D"),
    ("c == row % C", "c == row / C"),
    ("smaller(start + chunk, n)", "start + chunk"),
    ("sums[2 * threadIdx.x + 1]", "sums[2 * threadIdx.x]"),
    ("sums[2 * blockIdx.x] = sum", "sums[2 * blockIdx.x] = weights"),
    ("weights += c < 0 ? V(0) : ", "weights += c < 0 ? V(1) : "),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    x, gy, weight = rng.standard_normal((7, 5, 60)), rng.standard_normal((7, 60)), rng.random(5) + 0.5
    target = rng.integers(0, 5, (7, 60))
    yield lambda x, t, w: kernels.targets.nll(x, t, w, 2), (x, target, weight)
    yield lambda x, t: kernels.targets.nll(x, t, None, -1), (x, target)
    yield lambda gy, t, w: kernels.targets.nll_grad(gy, t, w, 2, 5), (gy, target, weight)
    for m, d in ((7, 60), (100, 99)):  # one chunk and two
        losses, classes = rng.random((m, d)), rng.integers(0, 5, (m, d))
        yield lambda losses, t, w: kernels.targets.mean(losses, t, w, 2), (losses, classes, weight)
        yield lambda losses, t: kernels.targets.mean(losses, t, None, 3), (losses, classes)
