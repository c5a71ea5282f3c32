"""What the kernels of tensor_conv.cu are run on, and the faults planted in them: see emulated_mutants.py.

Small integers, which TF32 holds exactly.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scenarios_conv_implicit import Scenario, convolutions

from scratchnet.kernels.cuda import tf32

FAULTS = [
    ("    wait_for_copies();\n", ""),
    ("f % 2 * 8 * NARROW + f / 2 * 4", "f / 2 * 8 * NARROW + f % 2 * 4"),
    ("from[f * 4 * IMAGE_TERM]", "from[f * 4]"),
    ("t * 2 + f % 2", "t * 2 + f / 2"),
    ("warp % 4 * (PLACES / 4)", "warp / 4 * (PLACES / 4)"),
    ("own >= 0 && first_row + row < from.rows", "own >= 0"),
    ("const bool valid = from.inside(at, here);", "const bool valid = true;"),
    ("kept.tile.place + place >= kept.product.places.count) continue", "false) continue"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    for function, arrays in convolutions(kernels, rng, "implicit"):
        yield on_tensor_cores(function), arrays


def on_tensor_cores(function: Callable[..., Any]) -> Callable[..., Any]:
    def called(*arrays: Any) -> Any:
        before, tf32.convolution = tf32.convolution, True
        try:
            return function(*arrays)
        finally:
            tf32.convolution = before

    return called
