"""What the kernel of epilogue.cu is run on, and the faults planted in it: see emulated_mutants.py."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scenarios_conv_implicit import Scenario, convolutions

FAULTS = [
    ("sample * sample_step + k * channel_step", "sample * channel_step + k * sample_step"),
    ("k = i / L % K", "k = i / L / K"),
    ("wide(bias[k])", "wide(bias[sample])"),
    ("if (epilogue > 1 && v < V(0)) v = V(0);", ""),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    yield from convolutions(kernels, rng, "im2col")
