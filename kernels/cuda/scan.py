"""Linear recurrences along lines. CuPy's running sums cut a line anew in each run, which moves their last bits."""

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.launch import FLOATS, THREADS, Program
from scratchnet.kernels.cuda.layout import Array, deliver, plain, target

TILE = 32  # lines of a block

PROGRAM = Program("scan", {"linear_scan": FLOATS})


def linear_scan(g: Array, a: Array, out: Array | None = None) -> Array:
    """h_i = g_i + a_i h_(i-1) along the last axis, h_(-1) = 0; carried in float64."""
    h = target(out, g.shape, g.dtype)
    if h.size:
        length = g.shape[-1]
        lines = h.size // length
        blocks = -(-lines // TILE)
        PROGRAM.launch("linear_scan", (g.dtype.name,), blocks * THREADS, plain(g), plain(a), h, lines, length)
    return deliver(h, out, g.dtype)


def cumsum(x: Array, out: Array | None = None) -> Array:
    """np.cumsum along the last axis, added up in float64."""
    return linear_scan(x, driver.cupy().ones(x.shape, x.dtype), out)


def cumprod(x: Array, out: Array | None = None) -> Array:
    """np.cumprod along the last axis, multiplied in float64."""
    first = driver.cupy().full(x.shape, -0.0, x.dtype)  # which changes no number that it is added to
    first[..., :1] = x[..., :1]
    return linear_scan(first, x, out)
