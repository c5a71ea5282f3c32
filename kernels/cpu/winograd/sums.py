"""The loops of the gradient of Winograd's weight: at each point a product of matrices, summed over all tiles."""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import multiply, transpose_lanes
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.cpu.winograd.tiles import Tiles, place
from scratchnet.kernels.cpu.winograd.transforms import transform_input, transform_sums, transform_upstream

ROWS = HOST.rows
TOGETHER = 16  # tiles that a thread transforms before it looks for the next ones
CHANNELS = 8  # whose taps a thread writes together: they lie beside each other in gw


@kernel("contract")
def transform_tiles(
    source: Array, target: Array, scheme: int, upstream: bool, t: Tiles, groups: int, group: int, first: int,
    count: int, points: int, panels: Array, lanes: int,
) -> None:  # fmt: skip
    """The tiles of `count` images of a group, from the `first`, at all points.

    target: (points, panels of vectors of channels, tiles, vectors of the panel).
    """
    tiles = count * t.rows * t.columns
    for part in prange((tiles + TOGETHER - 1) // TOGETHER):
        _transform_some(
            source, target, scheme, upstream, t, groups, group, first, part * TOGETHER,
            min(tiles, (part + 1) * TOGETHER), tiles, points, panels, lanes,
        )  # fmt: skip


@inline
def _transform_some(
    source: Array, target: Array, scheme: int, upstream: bool, t: Tiles, groups: int, group: int, first: int,
    begin: int, end: int, tiles: int, points: int, panels: Array, lanes: int,
) -> None:  # fmt: skip
    origin = np.empty(t.size * t.size, np.int64)
    to = np.arange(points) * (tiles * t.lanes)
    tiles_each = t.rows * t.columns
    for p in range(begin, end):
        place(origin, t, (first + p // tiles_each) * groups + group, p % tiles_each)
        for panel in range(panels.size - 1):
            columns = panels[panel + 1] - panels[panel]
            for c in range(columns):
                start = (panels[panel] + c) * lanes
                goal = (panels[panel] * tiles + p * columns + c) * lanes
                if upstream:
                    transform_upstream(scheme, source, start, origin, target, goal, to)
                else:
                    transform_input(scheme, source, start, origin, target, goal, to)


@kernel("contract")
def add_products(
    pixels: Array, upstream: Array, sums: Array, x_lanes: int, channels: int, tiles: int, panels: Array, lanes: int,
    block: int,
) -> None:  # fmt: skip
    """sums[e, c, k] += the sum over tiles p of pixels[e, p, c] * upstream[e, p, k], k in panels.

    `block` tiles are added up before their sum is added to the others'.
    """
    points = len(sums)
    width = panels[-1] * lanes
    count = panels.size - 1
    for part in prange(points * count):
        _add_to_panel(
            pixels, part // count * tiles * x_lanes, upstream, part // count * tiles * width, sums.reshape(-1),
            part // count * channels * width, x_lanes, channels, tiles, panels[part % count],
            panels[part % count + 1], width, lanes, block,
        )  # fmt: skip


@inline
def _add_to_panel(
    pixels: Array, x: int, upstream: Array, y: int, sums: Array, to: int, x_lanes: int, channels: int, tiles: int,
    first: int, end: int, width: int, lanes: int, block: int,
) -> None:  # fmt: skip
    columns = end - first
    rows = np.arange(ROWS)
    x_terms = np.arange(tiles) * x_lanes
    y_terms = np.arange(tiles) * (columns * lanes)
    for p in range(0, tiles, block):
        c = 0
        while c < channels:
            place = to + c * width + first * lanes
            c += multiply(
                channels - c, columns, upstream, y + first * tiles * lanes, y_terms, pixels, x + c, rows, x_terms, p,
                min(tiles, p + block), sums, place, width, lanes, sums, place, width, False,
            )  # fmt: skip


@kernel("contract")
def transform_to_taps(
    sums: Array, gw: Array, scheme: int, kernels: int, channels: int, points: int, taps: int, lanes: int
) -> None:
    """gw[k, c, tap] of one group from sums[point, c, k]."""
    vectors = (kernels + lanes - 1) // lanes
    blocks = (channels + CHANNELS - 1) // CHANNELS
    for part in prange(vectors * blocks):
        first = part % blocks * CHANNELS
        _write_taps(
            sums, gw, scheme, kernels, channels, points, taps, part // blocks * lanes, first,
            min(channels, first + CHANNELS), vectors * lanes, lanes,
        )  # fmt: skip


@inline
def _write_taps(
    sums: Array, gw: Array, scheme: int, kernels: int, channels: int, points: int, taps: int, k: int, first: int,
    end: int, width: int, lanes: int,
) -> None:  # fmt: skip
    numbers = np.empty(CHANNELS * taps * lanes, gw.dtype)
    sums_at = np.arange(points) * (channels * width)
    to = np.arange(taps) * lanes
    for c in range(first, end):
        transform_sums(scheme, sums, c * width + k, sums_at, numbers, (c - first) * taps * lanes, to)
    size = (end - first) * taps
    for i in range(0, size, lanes):
        goal = (k * channels + first) * taps + i
        count = min(lanes, size - i)
        transpose_lanes(gw, goal, channels * taps, numbers, i * lanes, lanes, count, min(lanes, kernels - k), count)
