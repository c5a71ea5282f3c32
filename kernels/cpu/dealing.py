"""Rows dealt out to the lanes of vectors, and collected again: what lies side by side is then one number of each row.

Rows are the images of a batch, or the channels of an image.
"""

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import transpose_lanes


@kernel()
def deal(x: Array, dealt: Array, rows: int, lanes: int) -> None:
    """(sets * rows, M) -> (sets, M, width): row r of a set lies at r of its width, whole vectors; the rest is 0.

    The last set may have fewer rows.
    """
    total, size = x.shape
    sets, _, width = dealt.shape
    blocks = (size + lanes - 1) // lanes
    for part in prange(sets * blocks):
        chosen = part // blocks
        m = part % blocks * lanes
        end = min(total, (chosen + 1) * rows)
        for lane in range(0, width, lanes):
            row = chosen * rows + lane
            count = max(0, min(lanes, end - row))
            to = (chosen * size + m) * width + lane
            transpose_lanes(dealt, to, width, x, row * size + m, size, count, min(lanes, size - m), lanes)


@kernel()
def collect(dealt: Array, y: Array, rows: int, lanes: int) -> None:
    """The way back: (sets, M, width) -> (sets * rows, M)."""
    total, size = y.shape
    sets, _, width = dealt.shape
    blocks = (size + lanes - 1) // lanes
    for part in prange(sets * blocks):
        chosen = part // blocks
        m = part % blocks * lanes
        end = min(total, (chosen + 1) * rows)
        for lane in range(0, width, lanes):
            row = chosen * rows + lane
            columns = min(lanes, end - row)
            if columns > 0:
                count = min(lanes, size - m)
                start = (chosen * size + m) * width + lane
                transpose_lanes(y, row * size + m, size, dealt, start, width, count, columns, count)
