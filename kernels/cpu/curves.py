"""Activation functions of each element and gy times their derivatives, by NumPy. float16 is computed in float32."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet.kernels.cpu.functions import erf
from scratchnet.kernels.cpu.layout import Array, deliver

Formula = Callable[..., Any]

GELU_SCALE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715


def value(curve: str, x: Array, *numbers: float, out: Array | None = None) -> Array:
    """The curve at each element of x, any shape."""
    return _rounded(VALUES[curve], (x, *numbers), x.dtype, out)


def slope(curve: str, gy: Array, x: Array, *numbers: float, out: Array | None = None) -> Array:
    """gy times the curve's derivative at each element of x; where that is 0 or 1 infinite gy does no harm."""
    return _rounded(SLOPES[curve], (gy, x, *numbers), gy.dtype, out)


def _rounded(formula: Formula, arguments: tuple[Any, ...], dtype: np.dtype[Any], out: Array | None) -> Array:
    wide = [a.astype(np.float32) if dtype == np.float16 and isinstance(a, np.ndarray) else a for a in arguments]
    with np.errstate(all="ignore"):
        return deliver(np.asanyarray(formula(*wide)), out, dtype)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def _softplus(x: Array, beta: float, threshold: float) -> Array:
    return np.where(x * beta > threshold, x, np.log1p(np.exp(x * beta)) / beta)


def _hardtanh(x: Array, low: float, high: float) -> Array:
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))


def _elu(x: Array, alpha: float, scale: float, inner: float) -> Array:
    return np.where(x <= 0, np.expm1(np.minimum(x, 0) * inner) * (alpha * scale), x * scale)


def _elu_slope(gy: Array, x: Array, alpha: float, scale: float, inner: float) -> Array:
    below = np.minimum(x, 0)  # exp of a large x would make inf * 0
    return np.where(x <= 0, gy * (alpha * scale * inner) * np.exp(below * inner), gy * scale)


def _gelu(x: Array) -> Array:
    return 0.5 * x * (1 + erf(np.asanyarray(x * math.sqrt(0.5))))


def _gelu_slope(gy: Array, x: Array) -> Array:
    density = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return gy * (0.5 * (1 + erf(np.asanyarray(x * math.sqrt(0.5)))) + x * density)


def _gelu_tanh(x: Array) -> Array:
    return 0.5 * x * (1 + np.tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x)))


def _gelu_tanh_slope(gy: Array, x: Array) -> Array:
    t = np.tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x))
    inner = GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x)
    return gy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * inner)


def _silu_slope(gy: Array, x: Array) -> Array:
    s = _sigmoid(x)
    return gy * (s * (1 + x * (1 - s)))


def _mish_slope(gy: Array, x: Array) -> Array:
    t = np.tanh(_softplus(x, 1.0, 20.0 if x.dtype.itemsize < 8 else 50.0))
    return gy * (t + x * _sigmoid(x) * (1 - t * t))


def _hardswish_slope(gy: Array, x: Array) -> Array:
    inside = np.where((x > -3) & (x < 3), x, 0)  # infinities would make NaN of the dropped branch
    return np.where(x <= -3, 0, np.where(x < 3, gy * (inside / 3 + 0.5), gy))


VALUES: dict[str, Formula] = {
    "elu": _elu,
    "gelu": _gelu,
    "gelu_tanh": _gelu_tanh,
    "hardsigmoid": lambda x: np.minimum(np.maximum(x + 3, 0), 6) / 6,
    "hardswish": lambda x: x * np.minimum(np.maximum(x + 3, 0), 6) / 6,
    "hardtanh": _hardtanh,
    "leaky_relu": lambda x, negative: np.where(x > 0, x, x * negative),
    "logsigmoid": lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "softplus": _softplus,
}
SLOPES: dict[str, Formula] = {
    "elu": _elu_slope,
    "gelu": _gelu_slope,
    "gelu_tanh": _gelu_tanh_slope,
    "hardsigmoid": lambda gy, x: np.where((x > -3) & (x < 3), gy / 6, 0),
    "hardswish": _hardswish_slope,
    "hardtanh": lambda gy, x, low, high: np.where((x <= low) | (x >= high), 0, gy),
    "leaky_relu": lambda gy, x, negative: np.where(x > 0, gy, gy * negative),
    "logsigmoid": lambda gy, x: gy * _sigmoid(-x),
    "mish": _mish_slope,
    "silu": _silu_slope,
    "softplus": lambda gy, x, beta, threshold: np.where(x * beta > threshold, gy, gy * _sigmoid(x * beta)),
}
