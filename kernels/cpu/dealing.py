"""Rows dealt out to the lanes of vectors, and collected again: what lies side by side is then one number of each row.

Rows are the images of a batch, or the channels of an image. The way there and the way back are both a transposition.
"""

from scratchnet.kernels.cpu.jit import separate
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import transpose_lanes


@separate
def transpose(
    to: Array, to_start: int, to_row: int, source: Array, start: int, row: int, rows: int, columns: int, written: int,
    lanes: int,
) -> None:  # fmt: skip
    """to[to_start + j to_row + i] = source[start + i row + j] for i < rows, j < columns; 0 for rows <= i < written."""
    for j in range(0, columns, lanes):
        width = min(lanes, columns - j)
        for i in range(0, written, lanes):
            transpose_lanes(
                to, to_start + j * to_row + i, to_row, source, start + i * row + j, row, max(0, min(lanes, rows - i)),
                width, min(lanes, written - i),
            )  # fmt: skip
