"""The loops of conv_tiled over strips: sums over taps for tiles of output places.

The places are one run in the strip's copies, whose taps are read in place, and in the result: a tile's sums are written
where they belong, and nothing is computed for the ends of rows.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import copy_rows, multiply
from scratchnet.kernels.cpu.tiled.cutting import half_empty, part_of_rows, spread
from scratchnet.kernels.cpu.tiled.strips import Strips, fill_copies
from scratchnet.kernels.cpu.vectors import HOST

COLUMNS = HOST.columns


@kernel("contract")
def convolve_strips(
    x: Array, weights: Array, bias: Array, y: Array, taps: Array, phases: Array, sizes: Sizes, relu: bool, lanes: int,
    strip_parts: int, kernel_parts: int, block: int,
) -> None:  # fmt: skip
    """y[sample, k, place] = bias[k] + the sum over t of weights[k, t] * the pixel under tap t, by one image's strips.

    Cut into strip_parts times kernel_parts pieces; no bit depends on how many. `block` terms are added up before their
    sum is added to the others'.
    """
    g = Strips(*sizes)
    bias = spread(bias, lanes)
    strips = g.sets * g.groups * g.cuts
    for part in prange(strip_parts * kernel_parts):
        strip_part = part // kernel_parts
        _part(
            x, weights, bias, y, taps, phases, g, relu, lanes, strips * strip_part // strip_parts,
            strips * (strip_part + 1) // strip_parts, part % kernel_parts, kernel_parts, block,
        )  # fmt: skip


@separate
def _part(
    x: Array, weights: Array, bias: Array, y: Array, taps: Array, phases: Array, g: Strips, relu: bool, lanes: int,
    first_strip: int, end_strip: int, kernel_part: int, kernel_parts: int, block: int,
) -> None:  # fmt: skip
    k_first, k_end = part_of_rows(g.kernels, kernel_part, kernel_parts)
    width = lanes * COLUMNS  # of a tile
    copies = np.zeros(g.copies * g.copy + width, x.dtype)  # a last tile reads up to a vector beyond
    w_terms = np.arange(taps.size)
    sums = np.empty((k_end - k_first) * width, x.dtype)
    plane = g.rows * g.columns
    for strip in range(first_strip, end_strip):
        image = strip // g.cuts
        row = g.rows * (strip % g.cuts) // g.cuts
        places = (g.rows * (strip % g.cuts + 1) // g.cuts - row) * g.columns
        fill_copies(x, copies, image % g.groups, image // g.groups, row, phases, g)
        for first in range(0, places, width):
            count = min(width, places - first)
            start = (image * g.kernels + k_first) * plane + row * g.columns + first
            out, to, pitch = (y, start, plane) if count == width else (sums, 0, width)
            for t0 in range(0, taps.size, block):
                t1 = min(taps.size, t0 + block)
                w = image % g.groups * g.kernels + k_first
                if t0 == 0:
                    add, a, a_row, a_column = bias, w * lanes, lanes, 0
                else:
                    add, a, a_row, a_column = out, to, pitch, lanes
                multiply(
                    k_end - k_first, (count + lanes - 1) // lanes, half_empty(count, lanes), copies, first, taps,
                    weights, w * taps.size, taps.size, w_terms, t0, t1, add, a, a_row, a_column, out, to, pitch,
                    relu and t1 == taps.size,
                )  # fmt: skip
            if count < width:
                copy_rows(y, start, plane, sums, 0, width, k_end - k_first, count)
