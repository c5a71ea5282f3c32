"""softmax and log_softmax along one axis, and their gradients."""

import math

import numpy as np

from scratchnet.kernels.cpu.exponential import exp
from scratchnet.kernels.cpu.jit import Kernel, kernel, prange
from scratchnet.kernels.cpu.layout import Array, deliver, plain, target


def softmax(x: Array, axis: int, out: Array | None = None) -> Array:
    """torch.softmax: exp(x - max) over its sum along the axis. A NaN, or nothing but -inf, makes its whole row NaN."""
    return _along(_softmax, (x,), axis, out)


def log_softmax(x: Array, axis: int, out: Array | None = None) -> Array:
    """torch.log_softmax: x - max - log(sum(exp(x - max)))."""
    return _along(_log_softmax, (x,), axis, out)


def softmax_grad(gy: Array, y: Array, axis: int, out: Array | None = None) -> Array:
    """y (gy - sum(gy y)), y being the softmax."""
    return _along(_softmax_grad, (gy, y), axis, out)


def log_softmax_grad(gy: Array, y: Array, axis: int, out: Array | None = None) -> Array:
    """gy - exp(y) sum(gy), y being the log_softmax."""
    return _along(_log_softmax_grad, (gy, y), axis, out)


def _along(loop: Kernel, arrays: tuple[Array, ...], axis: int, out: Array | None) -> Array:
    """Run a loop over rows: the axis is moved to the end and back, which costs nothing where it is the last."""
    shape, dtype = arrays[0].shape, arrays[0].dtype
    if not arrays[0].size:
        return deliver(target(out, shape, dtype), out, dtype)
    if not shape:  # a number is its own row
        arrays, axis = tuple(a.reshape(1) for a in arrays), 0
    length = arrays[0].shape[axis]
    rows = [plain(np.moveaxis(a, axis, -1)).reshape(-1, length) for a in arrays]
    last = axis in (-1, len(shape) - 1) or not shape
    y = target(out if last else None, arrays[0].shape, dtype)
    loop(8 * y.size, *rows, y.reshape(-1, length))
    if last:
        return deliver(y.reshape(shape), out, dtype) if y is not out else y
    moved = np.moveaxis(arrays[0], axis, -1).shape
    back = np.moveaxis(y.reshape(moved), -1, axis)
    return deliver(np.ascontiguousarray(back) if out is None else back, out, dtype)


@kernel("contract", "reassoc", "nsz")
def _softmax(x: Array, y: Array) -> None:
    rows, size = x.shape
    for row in prange(rows):
        largest = x[row, 0]
        for i in range(1, size):
            largest = max(largest, x[row, i])
        total = 0.0
        for i in range(size):
            e = exp(x[row, i] - largest)
            y[row, i] = e
            total += e
        scale = x.dtype.type(1.0 / total)
        for i in range(size):
            y[row, i] *= scale


@kernel("contract", "reassoc", "nsz")
def _log_softmax(x: Array, y: Array) -> None:
    rows, size = x.shape
    for row in prange(rows):
        largest = x[row, 0]
        for i in range(1, size):
            largest = max(largest, x[row, i])
        total = 0.0
        for i in range(size):
            total += exp(x[row, i] - largest)
        shift = np.float64(largest) + math.log(total)  # in float64: a float32 sum would show where logits are large
        for i in range(size):
            y[row, i] = np.float64(x[row, i]) - shift


@kernel("contract", "reassoc", "nsz")
def _softmax_grad(gy: Array, y: Array, gx: Array) -> None:
    rows, size = y.shape
    for row in prange(rows):
        total = 0.0
        for i in range(size):
            total += np.float64(gy[row, i]) * y[row, i]
        inner = y.dtype.type(total)
        for i in range(size):
            gx[row, i] = y[row, i] * (gy[row, i] - inner)


@kernel("contract", "reassoc", "nsz")
def _log_softmax_grad(gy: Array, y: Array, gx: Array) -> None:
    rows, size = y.shape
    for row in prange(rows):
        total = 0.0
        for i in range(size):
            total += gy[row, i]
        inner = y.dtype.type(total)
        for i in range(size):
            gx[row, i] = gy[row, i] - exp(y[row, i]) * inner
