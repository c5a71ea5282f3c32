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
    """to[to_start + j to_row + i] = source[start + i row + j] for i < rows, j < columns; 0 for rows <= i < written.

    Along the longer side first: memory is read, or written, in runs.
    """
    along_rows = columns >= written
    for a in range(0, written if along_rows else columns, lanes):
        for b in range(0, columns if along_rows else written, lanes):
            i, j = (a, b) if along_rows else (b, a)
            transpose_lanes(
                to, to_start + j * to_row + i, to_row, source, start + i * row + j, row, max(0, min(lanes, rows - i)),
                min(lanes, columns - j), min(lanes, written - i),
            )  # fmt: skip
