"""Dropout: the mask drawn and applied in one pass, and a mask applied again."""

import numpy as np

from scratchnet.kernels.cuda import buffers, random
from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, deliver, plain, target

PROGRAM = Program("dropout", {"dropout": FLOATS, "scaled": FLOATS})


def dropout(x: Array, chance: float, scale: float, stream: random.Stream) -> tuple[Array, Array]:
    """x * scale where kept, with that chance, else x * 0; and where: a bool mask, random.keep's of the same stream."""
    y, kept = buffers.empty(x.shape, x.dtype), buffers.empty(x.shape, np.bool_)
    if y.size:
        drawn = random.threshold(chance), *map(np.uint64, stream)
        PROGRAM.launch("dropout", (x.dtype.name,), y.size, y, kept, plain(x), np.float64(scale), *drawn, y.size)
    return y, kept


def scaled(x: Array, kept: Array, scale: float, out: Array | None = None) -> Array:
    """x * scale where kept, else x * 0."""
    y = target(out, x.shape, x.dtype)
    if y.size:
        PROGRAM.launch("scaled", (x.dtype.name,), y.size, y, plain(x), plain(kept), np.float64(scale), y.size)
    return deliver(y, out, x.dtype)
