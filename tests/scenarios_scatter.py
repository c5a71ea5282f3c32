"""What the kernels of scatter.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("0 <= place && place < rows &&", "0 <= place &&"),
    ("0 <= place && place < rows && (", "place < rows && ("),
    ("i == 0 || sorted[i - 1] != place", "i == 0"),
    ("sorted[i - 1] != place", "sorted[i - 1] >= 0"),
    ("i < n && sorted[i] == place", "sorted[i] == place"),
    ("V result = wide(out[place * width + column])", "V result = 0"),
    ("values[static_cast<I>(order[i]) * width + column])));", "values[i * width + column])));"),
    ("static_cast<unsigned long long>(a) * ", "static_cast<unsigned long long>(a) + "),
    (
        "t < n * width; t += step<I>()) {\n    I i = t / width, column = t % width;\n    if",
        "t < n; t += step<I>()) {\n    I i = t / width, column = t % width;\n    if",
    ),
    ("place < 0 || place >= rows ||", "place < 0 ||"),
    ("place < 0 || place >= rows ||", "place >= rows ||"),
    ("(i + 1 < n && sorted[i + 1] == place)", "(i > 0 && sorted[i - 1] == place)"),
    ("= values[static_cast<I>(order[i]) * width + column];", "= values[i * width + column];"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    on_cpu = kernels.__name__.endswith("cpu")

    def scattered(how: str) -> Callable[..., Any]:
        def run(out: Any, places: Any, values: Any) -> Any:
            out = out.copy()
            if on_cpu:  # a GPU leaves out what lies outside; NumPy would raise
                kept = (places >= 0) & (places < len(out))
                places, values = places[kept], values[kept]
            return getattr(kernels.scatter, how)(out, places, values)

        return run

    for rows, row, count in ((40, (), 700), (700, (3,), 299), (5, (2, 7), 129), (300, (), 1)):
        places = rng.integers(0, rows, count)
        beyond = places.copy()
        beyond[rng.random(count) < 0.2] = rows + 2
        beyond[rng.random(count) < 0.2] = -1
        for how in ("add", "multiply", "put"):
            for where in (places, beyond):
                yield scattered(how), (rng.standard_normal((rows, *row)), where, rng.uniform(0.5, 2, (count, *row)))
            whole = rng.integers(-5, 6, (rows, *row)), places, rng.integers(-3, 4, (count, *row))
            yield scattered(how), whole
            yield scattered(how), tuple(array.astype(np.int32) if i != 1 else array for i, array in enumerate(whole))
