"""Batch normalisation. Each plane of a sample is summed by itself; the sums are merged in order, all in float64.

Source: Ioffe and Szegedy, Batch Normalization (2015); Chan, Golub, LeVeque, Updating Formulae (1979), for the merging.
"""

import math

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, compute_dtype, deliver, plain, target


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) * weight + bias by the batch's own statistics: (N, C, *S) -> y, mean (C,), invstd
    (C,).

    torch.native_batch_norm(training=True). var is the biased variance, 1 / invstd ** 2 - eps.
    """
    kind = compute_dtype(x.dtype)
    x_ = _planes(x)
    n, c, size = x_.shape
    means, squares = np.zeros((2, n, c), np.float64)
    if x.size:
        _moments(2 * x.size, x_.reshape(n * c, size), means.reshape(-1), squares.reshape(-1))
    with np.errstate(all="ignore"):
        mean = means.mean(axis=0) if n else np.full(c, np.nan)
        deviation = means - mean
        var = (squares.sum(axis=0) + size * (deviation * deviation).sum(axis=0)) / max(n * size, 1)
        invstd = 1.0 / np.sqrt(var + eps)
    y = _normalise(x, x_, mean, invstd, weight, bias, out)
    with np.errstate(all="ignore"):
        return y, mean.astype(kind), invstd.astype(kind)


def batch_norm_eval(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float,
    out: Array | None = None,
) -> Array:
    """The same by given statistics: torch.nn.functional.batch_norm(training=False)."""
    with np.errstate(all="ignore"):
        invstd = 1.0 / np.sqrt(var.astype(np.float64) + eps)
    return _normalise(x, _planes(x), mean, invstd, weight, bias, out)


def batch_norm_grad(
    gy: Array, x: Array, weight: Array | None, mean: Array, invstd: Array, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """By channel: gx = weight invstd (gy - mean(gy) - xhat mean(gy xhat)), gweight = sum(gy xhat), gbias = sum(gy)."""
    x_, gy_ = _planes(x), _planes(gy)
    n, c, size = x_.shape
    sums, products = np.zeros((2, n, c), np.float64)
    mean_, invstd_ = mean.astype(np.float64), invstd.astype(np.float64)
    if x.size:
        flat = (n * c, size)
        _grad_sums(4 * x.size, gy_.reshape(flat), x_.reshape(flat), mean_, sums.reshape(-1), products.reshape(-1))
    with np.errstate(all="ignore"):
        gbias = sums.sum(axis=0)
        gweight = products.sum(axis=0) * invstd_
        scale = invstd_ if weight is None else invstd_ * weight
        gx = target(out, x.shape, x.dtype)
        if x.size:
            count = n * size
            constants = (scale, scale * gweight * invstd_ / count, gbias / count)
            _grad(4 * x.size, gy_.reshape(flat), x_.reshape(flat), mean_, *constants, gx.reshape(flat))
        kind = x.dtype if weight is None else weight.dtype
        return deliver(gx, out, x.dtype), gweight.astype(kind), gbias.astype(kind)


def _planes(x: Array) -> Array:
    """(N, C, *S) -> (N, C, L)."""
    n, c = x.shape[:2]
    return plain(x).reshape(n, c, math.prod(x.shape[2:]))


def _normalise(
    x: Array, x_: Array, mean: Array, invstd: Array, weight: Array | None, bias: Array | None, out: Array | None
) -> Array:
    n, c, size = x_.shape
    y = target(out, x.shape, x.dtype)
    if x.size:
        with np.errstate(all="ignore"):
            scale = invstd if weight is None else invstd * weight
            shift = np.zeros(c) if bias is None else bias.astype(np.float64)
        flat = (n * c, size)
        _scale(2 * x.size, x_.reshape(flat), mean.astype(np.float64), scale, shift, y.reshape(flat))
    return deliver(y, out, x.dtype)


@kernel("contract", "reassoc", "nsz")
def _moments(x: Array, means: Array, squares: Array) -> None:
    planes, size = x.shape
    for plane in prange(planes):
        total = 0.0
        for i in range(size):
            total += x[plane, i]
        mean = total / size
        square = 0.0
        for i in range(size):
            v = x[plane, i] - mean
            square += v * v
        means[plane] = mean
        squares[plane] = square


@kernel("contract")
def _scale(x: Array, mean: Array, scale: Array, shift: Array, y: Array) -> None:
    planes, size = x.shape
    C = mean.size
    for plane in prange(planes):
        m = mean[plane % C]
        a = scale[plane % C]
        b = shift[plane % C]
        for i in range(size):
            y[plane, i] = (x[plane, i] - m) * a + b


@kernel("contract", "reassoc", "nsz")
def _grad_sums(gy: Array, x: Array, mean: Array, sums: Array, products: Array) -> None:
    planes, size = x.shape
    C = mean.size
    for plane in prange(planes):
        m = mean[plane % C]
        total = 0.0
        product = 0.0
        for i in range(size):
            g = np.float64(gy[plane, i])
            total += g
            product += g * (x[plane, i] - m)
        sums[plane] = total
        products[plane] = product


@kernel("contract")
def _grad(gy: Array, x: Array, mean: Array, scale: Array, slope: Array, shift: Array, gx: Array) -> None:
    planes, size = x.shape
    C = mean.size
    for plane in prange(planes):
        m = mean[plane % C]
        a = scale[plane % C]
        b = slope[plane % C]
        s = shift[plane % C]
        for i in range(size):
            gx[plane, i] = (gy[plane, i] - s) * a - (x[plane, i] - m) * b
