"""Sums over all but the channels."""

from scratchnet.kernels.plain.buffers import Array, deliver


def channel_sum(x: Array, out: Array | None = None) -> Array:
    """x.sum of torch over every dimension but the second: (N, K, *S) -> (K,), the gradient of a bias."""
    return deliver(x.sum(axis=(0, *range(2, x.ndim))), out)
