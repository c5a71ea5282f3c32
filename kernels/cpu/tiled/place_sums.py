"""The loops of conv_tiled's weight gradient for few channels: sums over output places, with the places in the lanes."""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.tiled.chunks import add_up, blocks_of
from scratchnet.kernels.cpu.tiled.dot_products import COLUMNS, ROWS, add_dot_products
from scratchnet.kernels.cpu.tiled.strips import VECTORS, Strips, fill_copies, fill_places


@kernel("contract")
def place_sums(
    x: Array, gy: Array, gw: Array, gb: Array, sums: Array, taps: Array, phases: Array, sizes: Sizes, lanes: int,
    kernel_parts: int,
) -> None:  # fmt: skip
    """gw by way of sums[group, chunk, t, k]: over a chunk of strips of gy[.., k, place] times the pixel under tap t.

    If gb isn't empty, it gets the sums of gy over all but its channels.
    """
    g = Strips(*sizes)
    groups, chunks, _, _ = sums.shape
    for part in prange(groups * chunks * kernel_parts):
        group = part // (chunks * kernel_parts)
        chunk = part // kernel_parts % chunks
        _part(
            x, gy, sums[group, chunk], taps, phases, g, lanes, group, g.sets * g.cuts * chunk // chunks,
            g.sets * g.cuts * (chunk + 1) // chunks, part % kernel_parts, kernel_parts,
        )  # fmt: skip
    upstream = gy.reshape(g.samples, -1, g.rows * g.columns)
    parts = max(blocks_of(sums, lanes), gb.size)
    for part in prange(parts):
        add_up(gw, gb, sums, upstream, g.kernels, lanes, part, parts)


@separate
def _part(
    x: Array, gy: Array, sums: Array, taps: Array, phases: Array, g: Strips, lanes: int, group: int, first_strip: int,
    end_strip: int, kernel_part: int, kernel_parts: int,
) -> None:  # fmt: skip
    k_first = g.kernels * kernel_part // kernel_parts
    k_end = g.kernels * (kernel_part + 1) // kernel_parts
    sums[:, k_first:k_end] = 0
    goal = sums.reshape(-1)
    copies = np.zeros(g.copies * g.copy, x.dtype)
    plane = g.rows * g.columns
    # One image's upstream gradient is read where it lies. A panel's rows are an odd number of vectors apart, which
    # spreads them over the first cache.
    pitch = ((g.rows * g.images * g.columns + lanes - 1) // lanes | 1) * lanes if g.images > 1 else plane
    panel = np.empty(g.kernels * pitch if g.images > 1 else 0, x.dtype)
    upstream = panel if g.images > 1 else gy
    for strip in range(first_strip, end_strip):
        image = strip // g.cuts * g.images
        row = g.rows * (strip % g.cuts) // g.cuts
        rows = g.rows * (strip % g.cuts + 1) // g.cuts - row
        fill_copies(x, copies, group, image, row, phases, g)
        start = (image * g.groups + group) * g.kernels * plane + row * g.columns
        if g.images > 1:
            fill_places(gy, panel, pitch, group, image, row, rows, g)
            start = 0
        places = rows * g.images * g.columns
        for first in range(0, places, VECTORS * lanes):
            _tiles(
                upstream, start + first, pitch, copies, first, taps, min(VECTORS * lanes, places - first), goal,
                k_first, k_end, g.kernels,
            )  # fmt: skip


@inline
def _tiles(
    upstream: Array, start: int, pitch: int, copies: Array, first: int, taps: Array, places: int, goal: Array,
    k_first: int, k_end: int, kernels: int,
) -> None:  # fmt: skip
    """Adds the sums over some places, cut into tiles of about the same size."""
    row_tiles = (k_end - k_first + ROWS - 1) // ROWS
    column_tiles = (taps.size + COLUMNS - 1) // COLUMNS
    for i in range(row_tiles):
        k = k_first + (k_end - k_first) * i // row_tiles
        rows = k_first + (k_end - k_first) * (i + 1) // row_tiles - k
        for j in range(column_tiles):
            t = taps.size * j // column_tiles
            columns = taps.size * (j + 1) // column_tiles - t
            add_dot_products(
                rows, columns, upstream, start + k * pitch, pitch, copies, first, taps, t, places, goal,
                t * kernels + k, kernels,
            )  # fmt: skip
