"""What the kernels of norm.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

# (N, C, *S): a channel to a thread, a warp, a block, and to two blocks.
SHAPES = ((5, 40), (3, 4, 5, 7), (3, 2, 19, 23), (3, 2, 2800))

FAULTS = [
    ("(start / S * C + c) * S + column", "(start / S * C + c) * S"),
    ("next_column = size % S", "next_column = 0"),
    ("next_plane = (C - 1) * S", "next_plane = C * S"),
    ("shift(wide(x_[c * S]))", "shift(0)"),
    ("*product += d * d;", "*product += d;"),
    ("- mean);\n  }\n};", ");\n  }\n};"),
    ("2 * (c * chunks + team.member)", "2 * (c * chunks)"),
    ("smaller(start + chunk, count), team", "start + chunk, team"),
    ("sums + 2 * (c * static_cast<I>(gridDim.y) + static_cast<I>(blockIdx.y))", "sums + 2 * c"),
    ("- mean) * scale + shift;", "- mean) * (scale + shift);"),
    ("count) - distance * distance", "count)"),
    ("deviations.shift + distance", "distance"),
    ("/ sqrt(static_cast<double>(wide(var[c])) + eps)", "/ (static_cast<double>(wide(var[c])) + eps)"),
    ("product *= inverse;", ""),
    ("by_x = scale * product", "by_x = product"),
    ("- average) * scale", ") * scale"),
    ("given ? static_cast<double>(wide(values[c])) : otherwise", "otherwise"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    for shape in SHAPES:
        channels = shape[1]
        x, gy = rng.standard_normal(shape) + 3, rng.standard_normal(shape)
        weight, bias, mean = rng.standard_normal((3, channels))
        spread = rng.random(channels) + 0.5
        yield lambda x, w, b: kernels.norm.batch_norm(x, w, b, 0.1), (x, weight, bias)
        yield lambda x, *p: kernels.norm.batch_norm_eval(x, *p, 0.1), (x, mean, spread, weight, bias)
        yield kernels.norm.batch_norm_grad, (gy, x, weight, mean, spread)
    yield lambda x: kernels.norm.batch_norm(x, None, None, 0.1), (x,)
    # Far from 0 the plain mean square would lose all digits. Of one sample, since the CPU loses some between samples.
    yield lambda x: kernels.norm.batch_norm(x, None, None, 0.1)[2], (np.round(64 * x[:1]) / 64 + 2.0**24,)
