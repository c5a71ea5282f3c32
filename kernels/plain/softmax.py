"""softmax and log_softmax along one axis, and their gradients. The largest value, of the real parts, is taken out."""

import numpy as np

from scratchnet.kernels.plain.buffers import Array, deliver


def softmax(x: Array, axis: int, out: Array | None = None) -> Array:
    """torch.softmax: exp(x - max) over its sum along the axis. A NaN, or nothing but -inf, makes its whole row NaN."""
    if not x.size:
        return deliver(x.copy(), out)
    e = np.exp(x - x.real.max(axis=axis, keepdims=True))
    return deliver(e / e.sum(axis=axis, keepdims=True), out)


def log_softmax(x: Array, axis: int, out: Array | None = None) -> Array:
    """torch.log_softmax: x - max - log(sum(exp(x - max)))."""
    if not x.size:
        return deliver(x.copy(), out)
    shifted = x - x.real.max(axis=axis, keepdims=True)
    return deliver(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)), out)


def softmax_grad(gy: Array, y: Array, axis: int, out: Array | None = None) -> Array:
    """y (gy - sum(gy y)), y being the softmax."""
    return deliver(y * (gy - (gy * y).sum(axis=axis, keepdims=True)), out)


def log_softmax_grad(gy: Array, y: Array, axis: int, out: Array | None = None) -> Array:
    """gy - exp(y) sum(gy), y being the log_softmax."""
    return deliver(gy - np.exp(y) * gy.sum(axis=axis, keepdims=True), out)
