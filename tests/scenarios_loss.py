"""What the kernels of loss.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

# (M, C, D): what a thread, a warp and a block have to themselves.
SHAPES = ((2, 3, 14), (9, 50, 1), (3, 1300, 1))

FAULTS = [
    ("t != ignore_index && ", ""),
    ("if (t == ignore_index || t < 0 || t >= C) {", "if (t < 0 || t >= C) {"),
    ("smoothing / static_cast<double>(classes) * of(c)", "smoothing * of(c)"),
    ("given ? static_cast<double>(weight[c]) : 1.0", "1.0"),
    ("* weights.spread(c);", "* smoothing;"),
    ("* weights.of(c)) + spread", "* weights.of(c)) - spread"),
    ("logsumexp[r] = static_cast<V>(log_total + ", "logsumexp[r] = static_cast<V>(log_total - "),
    ("(c == t ? asked : 0.0)", "(c == t ? 0.0 : asked)"),
    ("(asked + mass) / total", "asked / total"),
    ("double upstream = gy[r];", "double upstream = gy[row.at(0)];"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    for m, c, d in SHAPES:
        x, gy, weight = 5 * rng.standard_normal((m, c, d)), rng.standard_normal((m, d)), rng.random(c) + 0.5
        target = rng.integers(0, c, (m, d))
        target[0, 0] = 2  # which is ignored, a class though it is
        for smoothing in (0.0, 0.3):
            options: Any = {"ignore_index": 2, "label_smoothing": smoothing}
            yield lambda x, t, w, o=options: kernels.loss.cross_entropy(x, t, w, **o), (x, target, weight)
            yield lambda x, t, o=options: kernels.loss.cross_entropy(x, t, None, **o), (x, target)
            yield (
                lambda gy, x, t, w, o=options: kernels.loss.cross_entropy_grad(gy, x, None, t, w, **o),
                (gy, x, target, weight),
            )
