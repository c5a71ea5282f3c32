"""The loops of Winograd's convolution: tiles of pixels to points, products point by point, and back to tiles of places.

The products of a point are those of two matrices, (tiles, channels) and (channels, output channels). So some tiles are
taken at a time, as many as their numbers at all points stay in the second cache, and the microkernel does the rest.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import multiply, transpose_lanes
from scratchnet.kernels.cpu.tiled.cutting import part_of_rows
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.cpu.winograd.tiles import Tiles, place
from scratchnet.kernels.cpu.winograd.transforms import transform_input, transform_products, transform_weight

ROWS, COLUMNS = HOST.rows, HOST.columns
TERMS = 16  # whose weights a thread transforms before it looks for the next ones


@kernel("contract")
def transform_weights(
    w: Array, w_group: int, w_row: int, w_term: int, order: Array, scheme: int, groups: int, rows: int, terms: int,
    points: int, panels: Array, weights: Array, lanes: int,
) -> None:  # fmt: skip
    """The taps at w[group w_group + k w_row + t w_term ...], k < rows, t < terms, in this order, at all points.

    weights: (groups, points, panels of vectors of rows, terms, vectors of the panel).
    """
    vectors = panels[-1]
    runs = (terms + TERMS - 1) // TERMS
    for part in prange(groups * vectors * runs):
        first = part % runs * TERMS
        _transform_taps(
            w, part // (vectors * runs) * w_group, w_row, w_term, order, scheme, rows, terms, points, panels, weights,
            part // (vectors * runs), part // runs % vectors, first, min(terms, first + TERMS), lanes,
        )  # fmt: skip


@separate
def _transform_taps(
    w: Array, start: int, w_row: int, w_term: int, order: Array, scheme: int, rows: int, terms: int, points: int,
    panels: Array, weights: Array, group: int, v: int, first: int, end: int, lanes: int,
) -> None:  # fmt: skip
    taps = np.empty(order.size * lanes, w.dtype)
    origin, to = order * lanes, np.arange(points) * (panels[-1] * lanes * terms)
    panel = 0
    while panels[panel + 1] <= v:
        panel += 1
    panel_start, columns = panels[panel], panels[panel + 1] - panels[panel]
    for t in range(first, end):
        here = start + v * lanes * w_row + t * w_term
        for tap in range(0, order.size, lanes):
            count = min(lanes, order.size - tap)
            transpose_lanes(taps, tap * lanes, lanes, w, here + tap, w_row, min(lanes, rows - v * lanes), count, lanes)
        goal = group * points * panels[-1] * terms + panel_start * terms + t * columns + v - panel_start
        transform_weight(scheme, taps, 0, origin, weights, goal * lanes, to)


@kernel("contract")
def convolve_tiles(
    source: Array, weights: Array, bias: Array, target: Array, work: Array, scheme: int, x_sizes: Sizes, y_sizes: Sizes,
    groups: int, channels: int, panels: Array, relu: bool, lanes: int, at_once: int, block: int,
) -> None:  # fmt: skip
    """target = the convolution of source plus bias, both with channels in lanes; at most `at_once` tiles at a time.

    work: memory for each of so many parts of all tiles. No bit depends on how many. `block` terms are added up before
    their sum is added to the others'.
    """
    x, y, parts = Tiles(*x_sizes), Tiles(*y_sizes), len(work)
    for part in prange(parts):
        _part(
            source, weights, bias, target, work[part], scheme, x, y, groups, channels, panels, relu, lanes, at_once,
            block, part, parts,
        )  # fmt: skip


@separate
def _part(
    source: Array, weights: Array, bias: Array, target: Array, work: Array, scheme: int, x: Tiles, y: Tiles,
    groups: int, channels: int, panels: Array, relu: bool, lanes: int, at_once: int, block: int, part: int, parts: int,
) -> None:  # fmt: skip
    points = x.size * x.size
    tiles_each = x.rows * x.columns
    tiles = x.images // groups * tiles_each
    pixels = work[: points * at_once * x.lanes]
    products = work[points * at_once * x.lanes :]
    origin = np.empty(points, np.int64)
    goal = np.empty(y.size * y.size, np.int64)
    rows = np.arange(ROWS) * x.lanes
    terms = np.arange(channels)
    zero = np.zeros(lanes, work.dtype)
    pixels_to = np.arange(points) * (at_once * x.lanes)
    done, end = part_of_rows(tiles * groups, part, parts)
    while done < end:
        group = done // tiles
        first = done % tiles
        count = min(at_once, tiles - first, end - done)
        done += count
        for p in range(count):
            place(origin, x, (first + p) // tiles_each * groups + group, (first + p) % tiles_each)
            for c in range(0, x.lanes, lanes):
                transform_input(scheme, source, c, origin, pixels, p * x.lanes + c, pixels_to)
        for panel in range(panels.size - 1):
            v = panels[panel]
            columns = panels[panel + 1] - v
            width = columns * lanes
            w_terms = terms * width
            for e in range(points):
                w = ((group * points + e) * panels[-1] + v) * lanes * channels
                for t in range(0, channels, block):
                    p = 0
                    while p < count:
                        to = (e * at_once + p) * width
                        if t == 0:
                            add, a, a_row, a_column = zero, 0, 0, 0
                        else:
                            add, a, a_row, a_column = products, to, width, lanes
                        p += multiply(
                            count - p, columns, weights, w, w_terms, pixels, (e * at_once + p) * x.lanes, rows, terms,
                            t, min(channels, t + block), add, a, a_row, a_column, products, to, width, False,
                        )  # fmt: skip
            products_at = np.arange(points) * (at_once * width)
            for p in range(count):
                place(goal, y, (first + p) // tiles_each * groups + group, (first + p) % tiles_each)
                for k in range(0, width, lanes):
                    transform_products(
                        scheme, products, p * width + k, products_at, target, v * lanes + k, goal, bias,
                        (group * panels[-1] + v) * lanes + k, relu,
                    )  # fmt: skip
