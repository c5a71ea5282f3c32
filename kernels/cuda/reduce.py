"""Sums over all but the channels."""

import math

import numpy as np

from scratchnet.kernels.cuda import buffers
from scratchnet.kernels.cuda.launch import Program
from scratchnet.kernels.cuda.layout import Array, deliver, plain, target

CHUNK = 1 << 14  # numbers that a block adds
MAX_CHUNKS = 65535  # what the second dimension of a grid can hold

_WIDE = "float64"
PROGRAM = Program(
    "reduce",
    {
        "channel_sum": (
            *((name, _WIDE) for name in ("float16", "float32")),
            *((_WIDE, name) for name in ("float16", "float32")),
            *((name, name) for name in ("float16", "float32", _WIDE)),
        )
    },
)


def channel_sum(x: Array, out: Array | None = None) -> Array:
    """x.sum of torch over every dimension but the second: (N, K, *S) -> (K,), the gradient of a bias.

    Added in float64, in chunks cut by shape, then the chunks' sums.
    """
    n, k, *rest = x.shape
    size = math.prod(rest)
    y = target(out, (k,), x.dtype)
    kind = x.dtype.name
    chunk = max(CHUNK, -(-n * size // MAX_CHUNKS))
    chunks = -(-n * size // chunk)
    if not n * size:
        y[...] = 0
    elif k and chunks == 1:
        PROGRAM.launch("channel_sum", (kind, kind), 0, plain(x), y, n, k, size, chunk, blocks=(k, 1))
    elif k:
        sums = buffers.empty((k, chunks), np.float64)
        PROGRAM.launch("channel_sum", (kind, _WIDE), 0, plain(x), sums, n, k, size, chunk, blocks=(k, chunks))
        PROGRAM.launch("channel_sum", (_WIDE, kind), 0, sums, y, 1, k, chunks, chunks, blocks=(k, 1))
    return deliver(y, out, x.dtype)
