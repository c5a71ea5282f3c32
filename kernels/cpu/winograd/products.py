"""The loops of Winograd's convolution: tiles of pixels to points, products point by point, and back to tiles of places.

The products of a point are those of two matrices, (tiles, channels) and (channels, output channels). So some tiles are
taken at a time, as many as their numbers at all points stay in the second cache, and the microkernel does the rest.
What a core needs of the images it deals out for itself, and what it has computed it collects while it is at hand.
"""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import multiply
from scratchnet.kernels.cpu.tiled.cutting import apart, half_empty
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.cpu.winograd.tiles import (
    Tiles,
    clear_beyond,
    collect_strip,
    deal_strip,
    find_places,
    look_up,
    new_table,
    strip_tiles,
    strips_of,
)
from scratchnet.kernels.cpu.winograd.transforms import transform_input, transform_products
from scratchnet.kernels.cpu.winograd.weights import TERMS, Weights, transform_taps

ROWS, COLUMNS = HOST.rows, HOST.columns


class Cut(NamedTuple):
    """What is taken at a time, and how much memory a part has for it: in numbers, but for the first three."""

    tiles: int  # a multiple of ROWS
    strips: int
    block: int  # terms that are added up before their sum is added to the others'
    products: int  # at all points
    pixels: int  # of a strip, at most, and the one beyond
    places: int


@kernel("contract")
def convolve_tiles(
    source: Array, w: Array, bias: Array, target: Array, weights: Array, work: Array, scheme: int, x_sizes: Sizes,
    y_sizes: Sizes, w_sizes: Sizes, cut: Sizes, order: Array, panels: Array, relu: bool, lanes: int,
) -> None:  # fmt: skip
    """target = the convolution of source plus bias. `weights`: memory for all of them at all points.

    work: memory for each of so many parts of all strips. No bit depends on how many, nor on how long a strip is.
    """
    x, y = Tiles(*x_sizes), Tiles(*y_sizes)
    g, c = Weights(*w_sizes), Cut(*cut)
    for run in prange(g.groups * panels[-1] * ((g.channels + TERMS - 1) // TERMS)):
        transform_taps(w, weights, g, order, panels, scheme, run, lanes)
    parts = len(work)
    strips = x.images * strips_of(x)
    for part in prange(parts):
        _part(
            source, weights, bias, target, work[part], scheme, x, y, g, c, panels, relu, lanes, strips * part // parts,
            strips * (part + 1) // parts,
        )  # fmt: skip


@separate
def _part(
    source: Array, weights: Array, bias: Array, target: Array, work: Array, scheme: int, x: Tiles, y: Tiles, g: Weights,
    c: Cut, panels: Array, relu: bool, lanes: int, first_strip: int, end_strip: int,
) -> None:  # fmt: skip
    """The strips of the part, counted group by group, image by image."""
    of_image = strips_of(x)
    of_group = x.images // g.groups * of_image
    pixels = work[: g.points * apart(c.tiles * x.lanes, lanes)]
    products = work[pixels.size : c.products]
    held = work[c.products : c.products + c.strips * c.pixels]
    results = work[c.products + held.size :]
    clear_beyond(held, c.strips, c.pixels, x.lanes)
    origins, goals = new_table(x, c.strips), new_table(y, c.strips)
    starts = np.zeros(c.strips + 1, np.int64)  # of each strip's tiles
    done = first_strip
    while done < end_strip:
        group, first = done // of_group, done % of_group
        count = min(c.strips, of_group - first, end_strip - done)
        for s in range(count):
            image, strip = (first + s) // of_image * g.groups + group, (first + s) % of_image
            deal_strip(held, s * c.pixels, x.lanes, source, x, image, strip, g.channels, 0, lanes)
            starts[s + 1] = starts[s] + strip_tiles(x, strip)
            if of_image > 1 or done + s == first_strip:
                find_places(origins, starts[s], x, x.lanes, c.pixels - x.lanes, strip)
                find_places(goals, starts[s], y, y.lanes, c.places - y.lanes, strip)
        _tiles(
            held, weights, bias, results, pixels, products, origins, goals, starts[: count + 1], scheme, x, y, g, c,
            panels, relu, lanes, group,
        )  # fmt: skip
        for s in range(count):
            image, strip = (first + s) // of_image * g.groups + group, (first + s) % of_image
            collect_strip(target, results, s * c.places, y, image, strip, g.kernels, lanes)
        done += count


@inline
def _tiles(
    held: Array, weights: Array, bias: Array, results: Array, pixels: Array, products: Array, origins: Array,
    goals: Array, starts: Array, scheme: int, x: Tiles, y: Tiles, g: Weights, c: Cut, panels: Array, relu: bool,
    lanes: int, group: int,
) -> None:  # fmt: skip
    """The tiles of the strips that are held."""
    terms = np.arange(g.channels)
    zero = np.zeros(lanes, held.dtype)
    pixels_to = np.arange(g.points) * apart(c.tiles * x.lanes, lanes)
    w_point = apart(panels[-1] * lanes * g.channels, lanes)
    strip_of = np.empty(c.tiles, np.int64)  # of those that are held
    tile_of = np.empty(c.tiles, np.int64)  # of the tables'
    for first in range(0, starts[-1], c.tiles):
        count = min(c.tiles, starts[-1] - first)
        look_up(strip_of, tile_of, x, starts, first, count)
        for p in range(count):
            transform_input(
                scheme, x.lanes, held, strip_of[p] * c.pixels, origins, tile_of[p] * g.points, pixels, p * x.lanes,
                pixels_to, 0,
            )  # fmt: skip
        for panel in range(panels.size - 1):
            v = panels[panel]
            columns = panels[panel + 1] - v
            half = panel == panels.size - 2 and half_empty(g.kernels, lanes)
            width = columns * lanes
            w_terms = terms * width
            products_at = np.arange(g.points) * apart(c.tiles * width, lanes)
            for e in range(g.points):
                w, to = (group * g.points + e) * w_point + v * lanes * g.channels, products_at[e]
                for t in range(0, g.channels, c.block):
                    if t == 0:
                        add, a, a_row, a_column = zero, 0, 0, 0
                    else:
                        add, a, a_row, a_column = products, to, width, lanes
                    multiply(
                        count, columns, half, weights, w, w_terms, pixels, pixels_to[e], x.lanes, terms, t,
                        min(g.channels, t + c.block), add, a, a_row, a_column, products, to, width, False,
                    )  # fmt: skip
            for p in range(count):
                transform_products(
                    scheme, width, products, p * width, products_at, 0, results, strip_of[p] * c.places + v * lanes,
                    goals, tile_of[p] * y.size * y.size, bias, (group * panels[-1] + v) * lanes, relu,
                )  # fmt: skip
