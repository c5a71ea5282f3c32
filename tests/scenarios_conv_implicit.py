"""What the kernels of conv_implicit.cu are run on, and the faults planted in them: see emulated_mutants.py.

float32 of small integers: sums are exact, and long ones go through the totals that float64 hasn't.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

FAULTS = [
    ("{KH * KW, KW, I(1)}, H * W, I(0), dh", "{KH * KW, KW, I(1)}, H * W, I(0), dw"),
    ("C * H * W, -ph, sh, -pw, sw}", "C * H * W, -pw, sh, -ph, sw}"),
    ("const I g = tile.layer;", "const I g = I(0);"),
    ("step = stride / a;", "step = stride;"),
    ("down = dilation / a;", "down = dilation;"),
    ("(taps - first + step - 1) / step", "(taps - first) / step"),
    ("(H - top + sh - 1) / sh", "(H + sh - 1) / sh"),
    ("smaller(start + chunk, terms.count)", "start + chunk"),
    ("if (at.inner >= inners) {", "if (at.inner > inners) {"),
    ("I(0) <= column && column < W", "column < W"),
    ("place < product.places.count", "place <= product.places.count"),
    ("own >= 0 && row < product.rows", "own >= 0"),
    ("total[i][j] += sum[i][j];", "total[i][j] = sum[i][j];"),
    ("epilogue > 1 && sum < V(0)", "epilogue > 1 && sum > V(0)"),
]
HIDDEN: dict[int, str] = {}


def convolutions(kernels: Any, rng: np.random.Generator, name: str) -> Iterator[Scenario]:
    """All three functions by the algorithm `name`, on the CPU by the naive one.

    Strides and dilations have a common divisor, then rows are no multiple of the tile's, then a weight's sums come in
    parts of which each has more than two spans.
    """
    algorithm = kernels.conv.algorithm("naive" if kernels.__name__.endswith("cpu") else name)
    for x_shape, w_shape, stride, padding, dilation, groups in [
        ((2, 4, 11, 11), (6, 2, 3, 2), (4, 3), (1, 2), (2, 1), 2),
        ((1, 34, 5, 13), (33, 34, 3, 3), (1, 1), (1, 0), (1, 2), 1),
        ((1, 1, 34, 36), (3, 1, 2, 2), (1, 1), (0, 0), (1, 1), 1),
    ]:
        sizes = zip(x_shape[2:], w_shape[2:], stride, padding, dilation, strict=True)
        y_shape = (x_shape[0], w_shape[0], *((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes))
        x, w, gy, b = (
            rng.integers(-3, 4, shape).astype(np.float32) for shape in (x_shape, w_shape, y_shape, w_shape[:1])
        )
        given: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        yield lambda x, w, b, o=given: algorithm.forward(x, w, b, **o, epilogue="bias_relu"), (x, w, b)
        yield lambda gy, w, o=given, s=x_shape: algorithm.grad_input(gy, w, s, **o), (gy, w)
        yield lambda gy, x, o=given, s=w_shape: algorithm.grad_weight(gy, x, s, **o), (gy, x)


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    yield from convolutions(kernels, rng, "implicit")
