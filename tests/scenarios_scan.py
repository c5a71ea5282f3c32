"""What the kernels of scan.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("TILE][TILE + 1], factors", "TILE][TILE - 1], factors"),
    ("top + row >= lines || i >= length", "top + row >= lines"),
    ("top + row >= lines || i >= length", "i >= length"),
    ("end; ++k", "end - 1; ++k"),
    ("left == 0 && k == 0", "k == 0"),
    ("wide(factors[line][k])", "wide(factors[k][line])"),
    ("(top + row) * length + i] = added", "(top + row) * lines + i] = added"),
    ("double carried = 0;", "static double carried = 0;"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    for shape in ((3, 12, 70), (1, 5), (2, 33)):
        yield kernels.scan.linear_scan, (rng.standard_normal(shape), rng.standard_normal(shape))
