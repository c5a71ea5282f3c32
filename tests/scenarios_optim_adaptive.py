"""What the kernels of optim_adaptive.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scenarios_optim
from scenarios_optim import Scenario

FAULTS = [
    ("decays ? g + weight_decay * p : g", "decays ? p + weight_decay * g : g"),
    ("if (maximize) g = -g;", ""),
    ("end - (end - start) * rest", "end + (end - start) * rest"),
    ("average * keep + rest * value * value", "average * rest + keep * value * value"),
    ("fabs(g) + eps", "g + eps"),
    ("before >= now || before != before ? before : now", "now"),
    ("p = p * shrink;", ""),
    ("rate_next * average / root", "rate_next * g / root"),
    ("sqrt(square / correction) + eps", "sqrt(square) + eps"),
    ("average / correction1 * lr", "average * lr"),
    ("(sqrt(square) + eps)) * rectification", "(sqrt(square) + eps))"),
    ("v = v - average * average", "v = v - average"),
    ("if (!moves)", "if (moves)"),
    ("total = total + g * g", "total = total + g"),
    ("sqrt(deltas + eps) / sqrt(square + eps)", "sqrt(square + eps) / sqrt(deltas + eps)"),
    ("decayed(deltas, rho, rest, delta)", "decayed(deltas, rho, rest, g)"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    yield from scenarios_optim.scenarios(kernels, rng, "optim_adaptive")
