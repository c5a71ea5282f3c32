"""Activation functions of each element and gy times their derivatives: the CPU's formulas, with erf's complex step."""

import math

import numpy as np

from scratchnet.kernels.cpu import curves
from scratchnet.kernels.plain.buffers import Array, deliver
from scratchnet.kernels.plain.functions import erf


def value(curve: str, x: Array, *numbers: float, out: Array | None = None) -> Array:
    """The curve at each element of x, any shape."""
    formula = _gelu if curve == "gelu" else curves.VALUES[curve]
    return deliver(np.asanyarray(formula(x, *numbers)), out)


def slope(curve: str, gy: Array, x: Array, *numbers: float, out: Array | None = None) -> Array:
    """gy times the curve's derivative at each element of x."""
    formula = _gelu_slope if curve == "gelu" else curves.SLOPES[curve]
    return deliver(np.asanyarray(formula(gy, x, *numbers)), out)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1 + erf(np.asanyarray(x * math.sqrt(0.5))))


def _gelu_slope(gy: Array, x: Array) -> Array:
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return gy * (0.5 * (1 + erf(np.asanyarray(x * math.sqrt(0.5)))) + x * density)
