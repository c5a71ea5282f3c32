"""Matrix products on the microkernel, by all threads: NumPy's BLAS has threads of its own, which would fight ours."""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import copy_lanes, multiply, transpose_lanes
from scratchnet.kernels.cpu.tiled.cutting import half_empty, part_of_rows
from scratchnet.kernels.cpu.vectors import HOST

COLUMNS = HOST.columns


@kernel("contract")
def multiply_matrices(
    a: Array,
    a_row: int,
    a_term: int,
    b: Array,
    b_term: int,
    b_column: int,
    out: Array,
    rows: int,
    terms: int,
    columns: int,
    transposed: bool,
    lanes: int,
    block: int,
    strip: int,
    row_parts: int,
) -> None:
    """out[i, j] = the sum over t of a[i a_row + t a_term] * b[t b_term + j b_column]; transposed: out[j, i].

    One of b's steps is 1. Cut into strips, of so many tiles of columns, times row_parts pieces; no bit depends on how
    many.
    """
    width = lanes * COLUMNS
    strips = (columns + width * strip - 1) // (width * strip)
    for part in prange(strips * row_parts):
        _strip(
            a, a_row, a_term, b, b_term, b_column, out, rows, terms, columns, transposed, lanes, block,
            part // row_parts * strip, strip, part % row_parts, row_parts,
        )  # fmt: skip


@separate
def _strip(
    a: Array, a_row: int, a_term: int, b: Array, b_term: int, b_column: int, out: Array, rows: int, terms: int,
    columns: int, transposed: bool, lanes: int, block: int, first_tile: int, strip: int, row_part: int,
    row_parts: int,
) -> None:  # fmt: skip
    width = lanes * COLUMNS
    i_first, i_end = part_of_rows(rows, row_part, row_parts)
    j_first = first_tile * width
    j_end = min(columns, j_first + strip * width)
    tiles = (j_end - j_first + width - 1) // width
    panels = np.empty(tiles * block * width, out.dtype)
    sums = np.empty((i_end - i_first) * tiles * width, out.dtype)  # tile after tile, each row after row
    zero = np.zeros(lanes, out.dtype)
    p_terms = np.arange(block) * width
    a_terms = np.arange(block) * a_term
    for t0 in range(0, terms, block):
        count = min(block, terms - t0)
        _fill(b, b_term, b_column, panels, t0, count, j_first, j_end, block, lanes, width)
        for tile in range(tiles):
            j = j_first + tile * width
            length = min(width, j_end - j)
            direct = not transposed and length == width
            if direct:
                goal, to, pitch = out, i_first * columns + j, columns
            else:
                goal, to, pitch = sums, tile * (i_end - i_first) * width, width
            if t0 == 0:
                add, start, add_row, add_column = zero, 0, 0, 0
            else:
                add, start, add_row, add_column = goal, to, pitch, lanes
            multiply(
                i_end - i_first, (length + lanes - 1) // lanes, half_empty(length, lanes), panels, tile * block * width,
                p_terms, a, i_first * a_row + t0 * a_term, a_row, a_terms, 0, count, add, start, add_row, add_column,
                goal, to, pitch, False,
            )  # fmt: skip
    for tile in range(tiles):
        j = j_first + tile * width
        length = min(width, j_end - j)
        if transposed:
            for i in range(i_first, i_end, lanes):
                start = (tile * (i_end - i_first) + i - i_first) * width
                for v in range(0, length, lanes):
                    to = (j + v) * rows + i
                    count = min(lanes, i_end - i)
                    transpose_lanes(out, to, rows, sums, start + v, width, count, min(lanes, length - v), count)
        elif length < width:
            for i in range(i_first, i_end):
                start = (tile * (i_end - i_first) + i - i_first) * width
                for v in range(0, length, lanes):
                    copy_lanes(out, i * columns + j + v, sums, start + v, min(lanes, length - v))


@inline
def _fill(
    b: Array, b_term: int, b_column: int, panels: Array, t0: int, count: int, j_first: int, j_end: int, block: int,
    lanes: int, width: int,
) -> None:  # fmt: skip
    """The strip's part of b as panels: of each tile of columns row after row."""
    if b_column == 1:
        for t in range(count):
            for j in range(j_first, j_end, lanes):
                tile = (j - j_first) // width
                to = (tile * block + t) * width + (j - j_first) % width
                copy_lanes(panels, to, b, (t0 + t) * b_term + j, min(lanes, j_end - j))
    else:
        for j in range(j_first, j_end, lanes):
            tile = (j - j_first) // width
            for t in range(0, count, lanes):
                to = (tile * block + t) * width + (j - j_first) % width
                start = (t0 + t) * b_term + j * b_column
                rows = min(lanes, j_end - j)
                transpose_lanes(panels, to, width, b, start, b_column, rows, min(lanes, count - t), rows)
