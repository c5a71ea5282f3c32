"""Activation functions of any shape, and their gradients from the result y."""

import numpy as np

from scratchnet.kernels.plain.buffers import Array, deliver


def relu(x: Array, out: Array | None = None) -> Array:
    """torch.relu: max(x, 0); NaN stays NaN."""
    return deliver(np.maximum(x, 0), out)


def relu_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy where y > 0, else 0; where y is NaN, gy."""
    return deliver(np.where(y.real <= 0, 0, gy), out)


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """torch.sigmoid: 1 / (1 + exp(-x)), by exp of a number that isn't positive."""
    below = x.real < 0
    e = np.exp(np.where(below, x, -x))
    return deliver(np.where(below, e, 1) / (1 + e), out)


def sigmoid_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy (1 - y) y."""
    return deliver(gy * (1 - y) * y, out)


def tanh(x: Array, out: Array | None = None) -> Array:
    """torch.tanh."""
    return deliver(np.tanh(x), out)


def tanh_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy (1 - y y)."""
    return deliver(gy * (1 - y * y), out)
