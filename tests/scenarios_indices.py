"""What the kernels of indices.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("value < low ||", "value <= low ||"),
    ("|| value >= high", "|| value > high"),
    ("!(ignores && value == ignored)", "!ignores"),
    ("value == ignored", "value == low"),
    ("static_cast<Place>(i);\n      break;", "static_cast<Place>(i);"),
    ("if (noted[0] == 0)", "if (noted[0] >= 0)"),
    ("noted[1] = index[place]", "noted[1] = place"),
    ("half = THREADS / 2", "half = THREADS / 4"),
    ("places[blockIdx.x] = place", "places[0] = place"),
    ("block < blocks", "block < 1"),
    ("i < n; i += step<I>()", "i + 1 < n; i += step<I>()"),
]
HIDDEN: dict[int, str] = {}

RANGE = 100


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    def found(*arrays: Any, ignored: int | None = None) -> Any:
        """The number that the checks of these arrays raise an error with, the first check's first; -1 for none."""
        wrong = []
        try:
            for index in arrays:
                kernels.indices.check(index, 0, RANGE, lambda number: wrong.append(number) or IndexError(), ignored)
            if hasattr(kernels.indices, "raise_pending"):
                kernels.indices.raise_pending()
        except IndexError:
            pass
        return np.array(wrong or [-1])

    for size in (700, 5001):  # one block, many blocks
        fine = rng.integers(0, RANGE, size)
        fine[:2] = 0, RANGE - 1
        yield found, (fine,)
        for where in ([size - 1], [257, 300], [size - 2, 3]):
            for kind in (np.int64, np.int32):
                index = fine.astype(kind)
                index[where] = rng.choice([-1, RANGE], len(where)) * rng.integers(1, 50, len(where)).astype(kind)
                yield found, (index,)
                yield found, (fine, index, np.full(3, RANGE))
        yield found, (np.arange(RANGE, RANGE + size),)
        ignored = fine.copy()
        ignored[5:90] = -7
        yield lambda index: found(index, ignored=-7), (ignored,)
        late = ignored.copy()
        late[400] = -8
        yield lambda index: found(index, ignored=-7), (late,)
