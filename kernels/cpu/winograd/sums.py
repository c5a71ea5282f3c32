"""The loops of the gradient of Winograd's weight: at each point a product of matrices, summed over all tiles."""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import add_lanes, multiply, transpose_lanes
from scratchnet.kernels.cpu.reduce import sum_channel
from scratchnet.kernels.cpu.tiled.cutting import apart, half_empty, part_of_rows
from scratchnet.kernels.cpu.tiled.inside_sums import panel_width
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.cpu.winograd.tiles import (
    Tiles,
    clear_beyond,
    deal_strip,
    find_places,
    look_up,
    new_table,
    strip_tiles,
    strips_of,
)
from scratchnet.kernels.cpu.winograd.transforms import transform_input, transform_sums, transform_upstream

COLUMNS = HOST.columns
CHANNELS = 8  # whose taps a thread writes together: they lie beside each other in gw


class SumsCut(NamedTuple):
    """How the sums are cut, and what is taken at a time."""

    groups: int
    channels: int  # of a group
    kernels: int
    channel_parts: int
    tiles: int  # a multiple of the block
    strips: int
    block: int  # tiles that are added up before their sum is added to the others'
    pixels: int  # of a strip, at most, and the one beyond
    places: int


@kernel("contract")
def sum_tiles(
    source: Array, upstream: Array, gw: Array, gb: Array, sums: Array, work: Array, scheme: int, x_sizes: Sizes,
    y_sizes: Sizes, cut: Sizes, group: int, vectors: Array, taps: int, lanes: int,
) -> None:  # fmt: skip
    """gw of a group, by way of sums[chunk, e, c, k]: the sum over the tiles of a chunk of images of source's channel c
    times upstream's channel k, both at point e. If gb isn't empty, it gets upstream's sums over all but its channels.

    Cut into parts of output channels, the vectors between two numbers of `vectors`, times channel_parts of channels; no
    bit depends on how many. Each part deals out and transforms what it needs by itself: that would take longer to come
    from another core than from the image. work: memory for each thread.
    """
    x, y = Tiles(*x_sizes), Tiles(*y_sizes)
    g, chunks, threads = SumsCut(*cut), len(sums), len(work)
    kernel_parts = vectors.size - 1
    parts = chunks * g.channel_parts * kernel_parts
    images = x.images // g.groups
    for thread in prange(threads):
        for part in range(parts * thread // threads, parts * (thread + 1) // threads):
            chunk = part // (g.channel_parts * kernel_parts)
            k = part % kernel_parts
            _part(
                source, upstream, sums[chunk].reshape(-1), work[thread], scheme, x, y, g, group,
                images * chunk // chunks, images * (chunk + 1) // chunks, vectors[k], vectors[k + 1],
                part // kernel_parts % g.channel_parts, lanes,
            )  # fmt: skip
    channels = upstream.reshape(images, -1, y.height * y.width)
    ends = max(_blocks(g, lanes), gb.size)
    for part in prange(ends):
        _add_up(sums, gw, gb, channels, group, scheme, g, x.size * x.size, taps, lanes, part, ends)


@separate
def _part(
    source: Array, upstream: Array, sums: Array, work: Array, scheme: int, x: Tiles, y: Tiles, g: SumsCut, group: int,
    first_image: int, end_image: int, v_first: int, v_end: int, channel_part: int, lanes: int,
) -> None:  # fmt: skip
    points = x.size * x.size
    of_image = strips_of(x)
    c_first, c_end = part_of_rows(g.channels, channel_part, g.channel_parts)
    start = c_first // lanes * lanes
    width = (c_end - start + lanes - 1) // lanes * lanes  # of what is held of a pixel, and of a place
    height = (v_end - v_first) * lanes
    pixels = work[: points * apart(g.tiles * width, lanes)]
    places = work[pixels.size : pixels.size + points * apart(g.tiles * COLUMNS * lanes, lanes)]
    held = work[pixels.size + places.size :]
    held_places = held[g.strips * g.pixels * width :]
    clear_beyond(held, g.strips, g.pixels * width, width)
    clear_beyond(held_places, g.strips, g.places * height, height)
    origins, place_origins = new_table(x, g.strips), new_table(y, g.strips)
    starts = np.zeros(g.strips + 1, np.int64)  # of each strip's tiles
    begin, end = first_image * of_image, end_image * of_image
    for first_strip in range(begin, end, g.strips):
        count = min(g.strips, end - first_strip)
        for s in range(count):
            image, strip = (first_strip + s) // of_image * g.groups + group, (first_strip + s) % of_image
            deal_strip(held, s * g.pixels * width, width, source, x, image, strip, g.channels, start, lanes)
            deal_strip(
                held_places, s * g.places * height, height, upstream, y, image, strip, g.kernels, v_first * lanes, lanes
            )
            starts[s + 1] = starts[s] + strip_tiles(x, strip)
            if of_image > 1 or first_strip + s == begin:
                find_places(origins, starts[s], x, width, (g.pixels - 1) * width, strip)
                find_places(place_origins, starts[s], y, height, (g.places - 1) * height, strip)
        _add_tiles(
            held, held_places, sums, pixels, places, origins, place_origins, starts[: count + 1], scheme, x, y, g,
            c_first, c_end, v_first, v_end, width, height, first_strip == begin, lanes,
        )  # fmt: skip


@inline
def _add_tiles(
    held: Array, held_places: Array, sums: Array, pixels: Array, places: Array, origins: Array, place_origins: Array,
    starts: Array, scheme: int, x: Tiles, y: Tiles, g: SumsCut, c_first: int, c_end: int, v_first: int, v_end: int,
    width: int, height: int, fresh: bool, lanes: int,
) -> None:  # fmt: skip
    """Adds the tiles of the strips that are held to the sums; `fresh`: there are none yet."""
    points = x.size * x.size
    zero = np.zeros(lanes, sums.dtype)
    start = c_first // lanes * lanes
    point = np.arange(points)
    pixels_to = point * apart(g.tiles * width, lanes)
    sums_at = point * apart(g.channels * y.lanes, lanes)
    x_terms = np.arange(g.tiles) * width
    strip_of = np.empty(g.tiles, np.int64)  # of those that are held
    tile_of = np.empty(g.tiles, np.int64)  # of the tables'
    for first in range(0, starts[-1], g.tiles):
        count = min(g.tiles, starts[-1] - first)
        look_up(strip_of, tile_of, x, starts, first, count)
        for p in range(count):
            transform_input(
                scheme, width, held, strip_of[p] * g.pixels * width, origins, tile_of[p] * points, pixels, p * width,
                pixels_to, 0,
            )  # fmt: skip
        v = v_first
        while v < v_end:
            columns = panel_width(v_end - v)
            half = (v + columns) * lanes == y.lanes and half_empty(g.kernels, lanes)
            places_to = point * apart(g.tiles * columns * lanes, lanes)
            y_terms = np.arange(g.tiles) * (columns * lanes)
            for p in range(count):
                transform_upstream(
                    scheme, columns * lanes, held_places, strip_of[p] * g.places * height + (v - v_first) * lanes,
                    place_origins, tile_of[p] * y.size * y.size, places, p * columns * lanes, places_to, 0,
                )  # fmt: skip
            for e in range(points):
                to = sums_at[e] + c_first * y.lanes + v * lanes
                for p in range(0, count, g.block):
                    if fresh and first + p == 0:
                        add, a, a_row, a_column = zero, 0, 0, 0
                    else:
                        add, a, a_row, a_column = sums, to, y.lanes, lanes
                    multiply(
                        c_end - c_first, columns, half, places, places_to[e], y_terms, pixels,
                        pixels_to[e] + c_first - start, 1, x_terms, p, min(count, p + g.block), add, a, a_row, a_column,
                        sums, to, y.lanes, False,
                    )  # fmt: skip
            v += columns


@inline
def _blocks(g: SumsCut, lanes: int) -> int:
    """Of the gradient, each a vector of output channels by some channels."""
    return (g.kernels + lanes - 1) // lanes * ((g.channels + CHANNELS - 1) // CHANNELS)


@separate
def _add_up(
    sums: Array, gw: Array, gb: Array, upstream: Array, group: int, scheme: int, g: SumsCut, points: int, taps: int,
    lanes: int, part: int, parts: int,
) -> None:  # fmt: skip
    """One of the parts of a group's gw and of gb: one parallel loop over both, as in tiled/chunks.py."""
    start, across = group * g.kernels * g.channels * taps, (g.channels + CHANNELS - 1) // CHANNELS
    blocks = _blocks(g, lanes)
    for block in range(blocks * part // parts, blocks * (part + 1) // parts):
        k, c = block // across * lanes, block % across * CHANNELS
        _write_taps(sums, gw, start, scheme, g, points, taps, k, c, lanes)
    for k in range(gb.size * part // parts, gb.size * (part + 1) // parts):
        sum_channel(upstream, gb, k)


@inline
def _write_taps(
    sums: Array, gw: Array, start: int, scheme: int, g: SumsCut, points: int, taps: int, k: int, first: int, lanes: int
) -> None:
    """gw[start + k, c, tap] for a vector of k and some c, from the sums of all chunks added up."""
    width = (g.kernels + lanes - 1) // lanes * lanes
    distance = apart(g.channels * width, lanes)  # of the points
    size = points * distance  # of a chunk
    all_sums = sums.reshape(-1)
    point = np.arange(points) * distance
    numbers = np.empty(CHANNELS * taps * lanes, gw.dtype)
    to = np.arange(taps) * lanes
    end = min(g.channels, first + CHANNELS)
    for c in range(first, end):
        here = c * width + k
        for chunk in range(1, len(sums)):
            for e in range(points):
                add_lanes(all_sums, here + point[e], all_sums, chunk * size + here + point[e])
        transform_sums(scheme, lanes, all_sums, here, point, 0, numbers, (c - first) * taps * lanes, to, 0)
    count_of_taps = (end - first) * taps
    for i in range(0, count_of_taps, lanes):
        goal = start + (k * g.channels + first) * taps + i
        count = min(lanes, count_of_taps - i)
        transpose_lanes(gw, goal, g.channels * taps, numbers, i * lanes, lanes, count, min(lanes, g.kernels - k), count)
