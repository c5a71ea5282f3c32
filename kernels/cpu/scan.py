"""Linear recurrences along lines, running sums and products."""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, deliver, plain, target


def linear_scan(g: Array, a: Array, out: Array | None = None) -> Array:
    """h_i = g_i + a_i h_(i-1) along the last axis, h_(-1) = 0; carried in float64."""
    h = target(out, g.shape, g.dtype)
    if h.size:
        lines = (-1, g.shape[-1])
        _linear_scan(2 * h.size, plain(g).reshape(lines), plain(a).reshape(lines), h.reshape(lines))
    return deliver(h, out, g.dtype)


def cumsum(x: Array, out: Array | None = None) -> Array:
    """np.cumsum along the last axis, added up in float64."""
    return deliver(np.cumsum(x, -1, np.float64), out, x.dtype)


def cumprod(x: Array, out: Array | None = None) -> Array:
    """np.cumprod along the last axis, multiplied in float64."""
    return deliver(np.cumprod(x, -1, np.float64), out, x.dtype)


@kernel()
def _linear_scan(g: Array, a: Array, h: Array) -> None:
    for line in prange(g.shape[0]):
        carried = 0.0
        for i in range(g.shape[1]):
            carried = g[line, i] + (a[line, i] * carried if i else 0.0)
            h[line, i] = carried
