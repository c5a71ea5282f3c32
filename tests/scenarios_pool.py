"""What the kernels of pool.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("v > best", "v >= best"),
    (" || v != v", ""),
    ("place = h * W + w", "place = h * H + w"),
    ("lowest && other >= lane", "lowest && other > lane"),
    ("if (its_place != place) continue;", ""),
    ("i / count * size", "i / count * count"),
    ("larger((h + ph - KH + sh) / sh, I(0))", "larger((h + ph - KH) / sh, I(0))"),
    ("smaller(top + KH, H + ph)", "smaller(top + KH, H)"),
    ("((oh + 1) * H + OH - 1) / OH;\n    I left", "((oh + 1) * H) / OH;\n    I left"),
    ("((h + 1) * OH + H - 1) / H", "(h + 1) * OH / H"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    x = rng.choice([np.nan, 0.0, 1.0, 2.0, 3.0], (3, 3, 7, 9))
    options: Any = {"stride": (2, 1), "padding": (1, 1)}
    rules = [{**options, "count_include_pad": flag, "divisor_override": None} for flag in (False, True)]
    window = {**options, "dilation": (1, 2), "out_size": (4, 7)}
    yield lambda x: kernels.pool.max_pool2d(x, (3, 3), **window)[0], (x,)
    yield lambda x: kernels.pool.max_pool2d(x, (3, 3), **window)[1], (x,)
    y, indices = rng.standard_normal((3, 3, 10, 9)), rng.integers(-1, 40, (3, 3, 10, 9))
    yield lambda y, i: kernels.pool.scatter_planes(y, i, (7, 9)), (y, indices)
    yield kernels.pool.gather_planes, (rng.standard_normal(x.shape), indices)
    for rule in rules:
        yield lambda y, r=rule: kernels.pool.avg_pool2d(y, (3, 3), **r, out_size=(5, 9)), (y[:, :, :8],)
        yield lambda y, r=rule: kernels.pool.avg_pool2d_grad(y, (8, 9), (3, 3), **r), (y[:, :, :5],)
    yield lambda y: kernels.pool.adaptive_avg_pool2d(y, (4, 5)), (y,)
    yield lambda y: kernels.pool.adaptive_avg_pool2d_grad(y, (7, 7)), (y,)
