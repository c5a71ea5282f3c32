"""Activation functions of each element and gy times their derivatives: one launch each."""

import numpy as np

from scratchnet.kernels.cuda.launch import FLOATS, INTEGERS, Program
from scratchnet.kernels.cuda.layout import Array, deliver, plain, target

_NAMES = "elu gelu gelu_tanh hardsigmoid hardswish hardtanh leaky_relu logsigmoid mish silu softplus".split()
PROGRAM = Program(
    "curves",
    dict.fromkeys((f"{kernel}<{curve}>" for curve in _NAMES for kernel in ("value", "slope")), FLOATS)
    | {"value<hardtanh>": (*FLOATS, *INTEGERS)},
)


def value(curve: str, x: Array, *numbers: float, out: Array | None = None) -> Array:
    """The curve at each element of x, any shape."""
    return _map("value", curve, (x,), numbers, out)


def slope(curve: str, gy: Array, x: Array, *numbers: float, out: Array | None = None) -> Array:
    """gy times the curve's derivative at each element of x; where that is 0 or 1 infinite gy does no harm."""
    return _map("slope", curve, (gy, x), numbers, out)


def _map(name: str, curve: str, arrays: tuple[Array, ...], numbers: tuple[float, ...], out: Array | None) -> Array:
    x = arrays[0]
    y = target(out, x.shape, x.dtype)
    if y.size:
        three = map(np.float64, (*numbers, *(0.0,) * (3 - len(numbers))))
        PROGRAM.launch(f"{name}<{curve}>", (x.dtype.name,), y.size, *map(plain, arrays), y, y.size, *three)
    return deliver(y, out, x.dtype)
