"""What the kernels of softmax.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

# What a team shares: a thread has a row of 3 among 14, a warp one of 50, a block one of 1300.
SHAPES = (((2, 3, 14), 1), ((9, 50), -1), ((3, 1300), -1), ((70, 5, 2), 0))

FAULTS = [
    ("start + i * inner", "start + i"),
    ("row / inner_ * length * inner_", "row / inner_ * length"),
    ("mask = WARP / 2", "mask = WARP / 4"),
    ("warp = threadIdx.x / WARP", "warp = threadIdx.x % WARP"),
    ("other < BLOCK / WARP; ++other", "other < BLOCK / WARP - 1; ++other"),
    ("static_cast<I>(blockIdx.x) * BLOCK", "static_cast<I>(blockIdx.x) * WARP"),
    ("exp(wide(x[row.at(i)]) - top)", "exp(wide(x[row.at(i)]) + top)"),
    ("b > a ? b : a", "b < a ? b : a"),
    ("+ static_cast<double>(largest)", "- static_cast<double>(largest)"),
    ("(wide(gy[row.at(i)]) - mean)", "(wide(gy[row.at(i)]) + mean)"),
    ("exp(wide(y[row.at(i)])) * summed", "wide(y[row.at(i)]) * summed"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    for shape, axis in SHAPES:
        x, gy, y = 400 * rng.standard_normal(shape) + 300, rng.standard_normal(shape), -rng.random(shape)
        for name in ("softmax", "log_softmax"):
            yield lambda x, n=name, a=axis: getattr(kernels.softmax, n)(x, a), (x,)
            yield lambda gy, y, n=name, a=axis: getattr(kernels.softmax, f"{n}_grad")(gy, y, a), (gy, y)
