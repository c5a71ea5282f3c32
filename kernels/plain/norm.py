"""Batch normalisation. The variance is the mean of (x - mean) * (x - mean), of complex numbers too."""

import numpy as np

from scratchnet.kernels.plain.buffers import Array, deliver


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) * weight + bias by the batch's own statistics: (N, C, *S) -> y, mean (C,), invstd
    (C,).

    torch.native_batch_norm(training=True). var is the biased variance.
    """
    axes = (0, *range(2, x.ndim))
    count = max(x.size // max(x.shape[1], 1), 1)
    mean = x.sum(axis=axes) / count
    centred = x - _wide(mean, x)
    var = (centred * centred).sum(axis=axes) / count
    invstd = 1 / np.sqrt(var + eps)
    return deliver(_affine(centred * _wide(invstd, x), weight, bias), out), mean, invstd


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
    xhat = (x - _wide(mean, x)) * _wide(1 / np.sqrt(var + eps), x)
    return deliver(_affine(xhat, weight, bias), out)


def batch_norm_grad(
    gy: Array, x: Array, weight: Array | None, mean: Array, invstd: Array, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """By channel: gx = weight invstd (gy - mean(gy) - xhat mean(gy xhat)), gweight = sum(gy xhat), gbias = sum(gy)."""
    axes = (0, *range(2, x.ndim))
    count = max(x.size // max(x.shape[1], 1), 1)
    xhat = (x - _wide(mean, x)) * _wide(invstd, x)
    gbias, gweight = gy.sum(axis=axes), (gy * xhat).sum(axis=axes)
    scale = invstd if weight is None else invstd * weight
    gx = _wide(scale, x) * (gy - _wide(gbias / count, x) - xhat * _wide(gweight / count, x))
    return deliver(gx, out), gweight, gbias


def _wide(value: Array, x: Array) -> Array:
    """(C,) as (C, 1, ...), to broadcast over (N, C, ...)."""
    return value.reshape((-1,) + (1,) * (x.ndim - 2))


def _affine(xhat: Array, weight: Array | None, bias: Array | None) -> Array:
    y = xhat if weight is None else xhat * _wide(weight, xhat)
    return y if bias is None else y + _wide(bias, xhat)
