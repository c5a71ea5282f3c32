"""What the kernel of parts.cu is run on, and the faults planted in it: see emulated_mutants.py."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scenarios_conv_implicit import Scenario

FAULTS = [
    ("parts[part * n + i]", "parts[part * count + i]"),
    ("part = 0;", "part = 1;"),
    ("total += parts", "total = parts"),
    ("sums[i] = ", "sums[n - 1 - i] = "),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    def added(parts: Any) -> Any:
        if kernels.__name__.endswith("cpu"):
            return parts.sum(0)
        sums = kernels.buffers.empty(parts.shape[1:], parts.dtype)
        kernels.parts.add_parts(parts, len(parts), sums)
        return sums

    yield added, (rng.standard_normal((5, 300)),)
