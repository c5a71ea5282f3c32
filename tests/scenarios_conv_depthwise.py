"""What the kernels of conv_depthwise.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scenarios_conv_implicit import Scenario

FAULTS = [
    ("k / (K / C)) * H * W;", "k % C) * H * W;"),
    ("ow * sw - pw + s * dw;\n        if (0 <= v", "ow * sw - pw + s * dh;\n        if (0 <= v"),
    ("down % sh != 0 || ", ""),
    ("tap[m * KH * KW]", "tap[m * KW]"),
    ("smaller(start + chunk, N * OH * OW)", "start + chunk"),
    ("half = WARP / 2", "half = WARP / 4"),
    ("v < 0 || v >= W) continue;\n      V pixel", "v >= W) continue;\n      V pixel"),
    ("epilogue > 1 && total < V(0)", "epilogue > 1 && total > V(0)"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    algorithm = kernels.conv.algorithm("naive" if kernels.__name__.endswith("cpu") else "depthwise")
    for stride, padding, dilation, size in [((2, 3), (1, 2), (3, 1), (4, 5)), ((1, 1), (1, 0), (1, 2), (9, 11))]:
        given: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": 3}
        x, w, b = rng.standard_normal((4, 3, 9, 13)), rng.standard_normal((6, 1, 3, 2)), rng.standard_normal(6)
        gy = rng.standard_normal((4, 6, *size))
        yield lambda x, w, b, o=given: algorithm.forward(x, w, b, **o, epilogue="bias_relu"), (x, w, b)
        yield lambda gy, w, o=given: algorithm.grad_input(gy, w, (4, 3, 9, 13), **o), (gy, w)
        yield lambda gy, x, o=given: algorithm.grad_weight(gy, x, (6, 1, 3, 2), **o), (gy, x)
