"""softmax and log_softmax along one axis, and their gradients."""

import math

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, deliver, plain, target
from scratchnet.kernels.cuda.teams import team_size

PROGRAM = Program("softmax", dict.fromkeys(("softmax", "log_softmax", "softmax_grad", "log_softmax_grad"), FLOATS))


def softmax(x: Array, axis: int, out: Array | None = None) -> Array:
    """torch.softmax: exp(x - max) over its sum along the axis. A NaN, or nothing but -inf, makes its whole row NaN."""
    return _along("softmax", (x,), axis, out)


def log_softmax(x: Array, axis: int, out: Array | None = None) -> Array:
    """torch.log_softmax: x - max - log(sum(exp(x - max)))."""
    return _along("log_softmax", (x,), axis, out)


def softmax_grad(gy: Array, y: Array, axis: int, out: Array | None = None) -> Array:
    """y (gy - sum(gy y)), y being the softmax."""
    return _along("softmax_grad", (gy, y), axis, out)


def log_softmax_grad(gy: Array, y: Array, axis: int, out: Array | None = None) -> Array:
    """gy - exp(y) sum(gy), y being the log_softmax."""
    return _along("log_softmax_grad", (gy, y), axis, out)


def _along(name: str, arrays: tuple[Array, ...], axis: int, out: Array | None) -> Array:
    """Rows are read where they lie: the axis splits the shape into (outer, length, inner)."""
    shape, dtype = arrays[0].shape or (1,), arrays[0].dtype
    y = target(out, arrays[0].shape, dtype)
    if y.size:
        axis %= len(shape)
        length, inner = shape[axis], math.prod(shape[axis + 1 :])
        rows = y.size // length
        team = team_size(rows, length, inner)
        PROGRAM.launch(name, (dtype.name,), rows * team, *map(plain, arrays), y, rows, length, inner, team)
    return deliver(y, out, dtype)
