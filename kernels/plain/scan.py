"""Linear recurrences along lines, running sums and products."""

import numpy as np

from scratchnet.kernels.plain.buffers import Array, deliver


def linear_scan(g: Array, a: Array, out: Array | None = None) -> Array:
    """h_i = g_i + a_i h_(i-1) along the last axis, h_(-1) = 0."""
    h = np.empty(g.shape, np.result_type(g, a))
    for i in range(g.shape[-1]):
        h[..., i] = g[..., i] + (a[..., i] * h[..., i - 1] if i else 0)
    return deliver(h, out)


def cumsum(x: Array, out: Array | None = None) -> Array:
    """np.cumsum along the last axis."""
    return deliver(np.cumsum(x, -1), out)


def cumprod(x: Array, out: Array | None = None) -> Array:
    """np.cumprod along the last axis."""
    return deliver(np.cumprod(x, -1), out)
