"""The loops of conv_tiled's weight gradient tap by tap: only places whose tap lies inside the image are summed over.

The microkernel is the forward one's. Its vectors lie along the output channels, so the upstream gradient is transposed,
some places at a time; its factors are one tap's pixels of several channels, read where they lie in the image.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import multiply, transpose_lanes
from scratchnet.kernels.cpu.tiled.chunks import add_up, blocks_of
from scratchnet.kernels.cpu.tiled.cutting import half_empty
from scratchnet.kernels.cpu.tiled.planes import Geometry
from scratchnet.kernels.cpu.vectors import HOST

COLUMNS = HOST.columns
PLACES = 144  # at most of a panel: they are terms of one float32 sum before it is added to the others


@kernel("contract")
def inside_sums(
    x: Array, gy: Array, gw: Array, gb: Array, sums: Array, sizes: Sizes, lanes: int, kernel_parts: int, block: int
) -> None:
    """gw by way of sums[group, chunk, t, k]: over a chunk of samples of gy[.., k, place] times the pixel under tap t.

    t counts channels, then the kernel's rows and columns. Rows k beyond the channels are of no use. If gb isn't empty,
    it gets the sums of gy over all but its channels.
    """
    g = Geometry(*sizes)
    groups, chunks, _, _ = sums.shape
    for part in prange(groups * chunks * kernel_parts):
        group = part // (chunks * kernel_parts)
        chunk = part // kernel_parts % chunks
        _part(
            x, gy, sums[group, chunk], g, lanes, group, g.samples * chunk // chunks,
            g.samples * (chunk + 1) // chunks, part % kernel_parts, kernel_parts, block,
        )  # fmt: skip
    upstream = gy.reshape(g.samples, -1, g.rows * g.columns)
    parts = max(blocks_of(sums, lanes), gb.size)
    for part in prange(parts):
        add_up(gw, gb, sums, upstream, g.kernels, lanes, part, parts)


@separate
def _part(
    x: Array, gy: Array, sums: Array, g: Geometry, lanes: int, group: int, first_sample: int, end_sample: int,
    kernel_part: int, kernel_parts: int, block: int,
) -> None:  # fmt: skip
    places = g.rows * g.columns
    taps = g.kernel_rows * g.kernel_columns
    plane = g.height * g.width
    vectors = (g.kernels + lanes - 1) // lanes
    v_first, v_end = vectors * kernel_part // kernel_parts, vectors * (kernel_part + 1) // kernel_parts
    width = lanes * COLUMNS
    zero = np.zeros(lanes, x.dtype)
    panel = np.zeros(block * width, x.dtype)
    x_terms = np.empty((taps, block), np.int64)  # for each tap the pixels that it meets in this block
    p_terms = np.empty((taps, block), np.int64)  # and the rows of the panel that belong to them
    counts = np.empty(taps, np.int64)
    goal = sums.reshape(-1)
    pitch = sums.shape[1]
    first = first_sample * places
    while first < end_sample * places:
        count = min(block, end_sample * places - first)
        _meet(x_terms, p_terms, counts, g, group, first, count, width)
        v = v_first
        while v < v_end:
            columns = panel_width(v_end - v)
            half = v + columns == vectors and half_empty(g.kernels, lanes)
            transpose_places(gy, panel, g.groups, group, g.kernels, places, first, count, v, columns, width, lanes)
            for tap in range(taps):
                to = tap * pitch + v * lanes
                if first == first_sample * places:
                    add, a, a_row, a_column = zero, 0, 0, 0
                else:
                    add, a, a_row, a_column = goal, to, taps * pitch, lanes
                if counts[tap] > 0:
                    multiply(
                        g.channels, columns, half, panel, 0, p_terms[tap], x, 0, plane, x_terms[tap], 0, counts[tap],
                        add, a, a_row, a_column, goal, to, taps * pitch, False,
                    )  # fmt: skip
                elif first == first_sample * places:
                    for c in range(g.channels):
                        for k in range(v * lanes, (v + columns) * lanes):
                            sums[c * taps + tap, k] = 0
            v += columns
        first += count


@inline
def _meet(
    x_terms: Array, p_terms: Array, counts: Array, g: Geometry, group: int, first: int, count: int, width: int
) -> None:
    """Lists for each tap the places of a block at which it meets the image, and the pixel there."""
    places = g.rows * g.columns
    counts[:] = 0
    done = 0
    while done < count:  # a row of places at a time
        sample = (first + done) // places
        row = (first + done) % places // g.columns
        column = (first + done) % places % g.columns
        length = min(g.columns - column, count - done)
        image = (sample * g.groups + group) * g.channels * g.height * g.width
        for r in range(g.kernel_rows):
            h = row * g.row_stride + r * g.row_dilation - g.top
            if 0 <= h < g.height:
                for s in range(g.kernel_columns):
                    shift = s * g.column_dilation - g.left
                    # places j with 0 <= j column_stride + shift < width
                    j0 = max(column, (g.column_stride - 1 - shift) // g.column_stride)
                    j1 = min(column + length, (g.width - 1 - shift) // g.column_stride + 1)
                    tap = r * g.kernel_columns + s
                    at = counts[tap]
                    for j in range(j0, j1):
                        x_terms[tap, at + j - j0] = image + h * g.width + j * g.column_stride + shift
                        p_terms[tap, at + j - j0] = (done + j - column) * width
                    counts[tap] = at + max(0, j1 - j0)
        done += length


@inline
def panel_width(vectors_left: int) -> int:
    """How many of the vectors left make a panel: as many as a tile is wide, but of 4 only 2 and not 3 and 1."""
    panels = (vectors_left + COLUMNS - 1) // COLUMNS
    return (vectors_left + panels - 1) // panels


@separate
def transpose_places(
    gy: Array, panel: Array, groups: int, group: int, kernels: int, places: int, first: int, count: int, v: int,
    columns: int, width: int, lanes: int,
) -> None:  # fmt: skip
    """panel[p, k] = gy at the place first + p (of all samples' places) for the output channels of `columns` vectors."""
    done = 0
    while done < count:  # of one sample, a vector at a time
        sample = (first + done) // places
        place = (first + done) % places
        length = min(lanes, places - place, count - done)
        for k in range(v * lanes, (v + columns) * lanes, lanes):
            start = ((sample * groups + group) * kernels + k) * places + place
            to = done * width + k - v * lanes
            rows = min(lanes, kernels - k)
            transpose_lanes(panel, to, width, gy, start, places, rows, length, rows)
        done += length
