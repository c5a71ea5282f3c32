"""What the kernels of columns.cu are run on, and the faults planted in them: see test_emulation_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("0 <= h && h < H", "0 <= h && h <= H"),
    ("h + ph - r * dh", "h + ph - r"),
    ("down % sh != 0 || ", ""),
    ("oh * sh - ph + r * dh, w = ow * sw", "oh * sw - ph + r * dh, w = ow * sw"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    for stride, places in (((2, 3), 16), ((1, 2), 35)):
        options: Any = {"stride": stride, "padding": (2, 1), "dilation": (2, 1)}
        yield lambda x, o=options: kernels.columns.im2col(x, (3, 2), **o), (rng.standard_normal((2, 3, 7, 9)),)
        yield (
            lambda x, o=options: kernels.columns.col2im(x, (7, 9), (3, 2), **o),
            (rng.standard_normal((2, 18, places)),),
        )
