"""What the kernels of curves.cu are run on, and the faults planted in them: see emulated_mutants.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Scenario = tuple[Callable[..., Any], tuple[Any, ...]]

# Each curve with its numbers.
CURVES: dict[str, tuple[float, ...]] = {
    "elu": (1.3, 1.1, 0.7),
    "gelu": (),
    "gelu_tanh": (),
    "hardsigmoid": (),
    "hardswish": (),
    "hardtanh": (-0.5, 1.5),
    "leaky_relu": (0.1,),
    "logsigmoid": (),
    "mish": (),
    "silu": (),
    "softplus": (2.0, 3.0),
}
FAULTS = [
    ("x < low ? low : x > high ? high : x", "x < low ? low : x"),
    ("x <= n.a || x >= n.b", "x < n.a || x > n.b"),
    ("x > V(0) ? gy : gy * n.a", "x >= V(0) ? gy : gy * n.a"),
    ("x > V(-3) && x < V(3) ?", "x >= V(-3) && x <= V(3) ?"),
    ("x <= V(-3) ? V(0) : x < V(3)", "x < V(-3) ? V(0) : x < V(3)"),
    ("expm1(x * n.c) * (n.a * n.b)", "expm1(x * n.c) * n.a"),
    ("(n.a * n.b * n.c) * exp(x * n.c)", "(n.a * n.b) * exp(x * n.c)"),
    ("x * (V(1) - s)))", "x * s))"),
    ("x * n.a > n.b ? gy", "x > n.b ? gy"),
    ("(t + x * logistic(x)", "(x * logistic(x)"),
    ("gy * logistic(-x)", "gy * logistic(x)"),
    ("half_and_half(x) + x * density", "half_and_half(x) + density"),
    ("V(3 * 0.044715) * x * x", "V(0.044715) * x * x"),
    ("static_cast<V>(b), static_cast<V>(c)};", "static_cast<V>(c), static_cast<V>(b)};"),
    ("wide(gy[i]), wide(x[i])", "wide(x[i]), wide(gy[i])"),
]
HIDDEN: dict[int, str] = {}


def scenarios(kernels: Any, rng: np.random.Generator) -> Iterator[Scenario]:
    corners = np.array([-3.0, -0.5, -0.0, 0.0, 1.5, 3.0, 40.0, -40.0, np.nan, np.inf])
    x, gy = np.concatenate([corners, 4 * rng.standard_normal(500)]), rng.standard_normal(510)
    for curve, numbers in CURVES.items():
        yield lambda x, c=curve, n=numbers: kernels.curves.value(c, x, *n), (x,)
        yield lambda gy, x, c=curve, n=numbers: kernels.curves.slope(c, gy, x, *n), (gy, x)
    yield lambda x: kernels.curves.value("hardtanh", x, -3.0, 4.0), (rng.integers(-9, 9, 300),)
