"""The loops of the gradient of Winograd's weight: at each point a product of matrices, summed over all tiles."""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import add_lanes, multiply, transpose_lanes
from scratchnet.kernels.cpu.tiled.cutting import part_of_rows
from scratchnet.kernels.cpu.tiled.inside_sums import panel_width
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.cpu.winograd.tiles import Tiles, place
from scratchnet.kernels.cpu.winograd.transforms import transform_input, transform_sums, transform_upstream

ROWS = HOST.rows
CHANNELS = 8  # whose taps a thread writes together: they lie beside each other in gw


@kernel("contract")
def sum_tiles(
    source: Array, upstream: Array, sums: Array, work: Array, scheme: int, x_sizes: Sizes, y_sizes: Sizes, groups: int,
    group: int, channels: int, vectors: Array, channel_parts: int, lanes: int, at_once: int, block: int,
) -> None:  # fmt: skip
    """sums[chunk, e, c, k] = the sum over the tiles of a chunk of a group's images of source's channel c times
    upstream's channel k, both at point e.

    Cut into parts of output channels, the vectors between two numbers of `vectors`, times channel_parts of channels; no
    bit depends on how many. Each part transforms the tiles that it needs by itself: they would take longer to come from
    another core than from the image. work: memory for each thread, for `at_once` tiles, a multiple of `block`; that
    many are added up before their sum is added to the others'.
    """
    x, y, chunks = Tiles(*x_sizes), Tiles(*y_sizes), len(sums)
    kernel_parts = vectors.size - 1
    parts = chunks * channel_parts * kernel_parts
    for thread in prange(len(work)):
        for part in range(parts * thread // len(work), parts * (thread + 1) // len(work)):
            chunk = part // (channel_parts * kernel_parts)
            k = part % kernel_parts
            _part(
                source, upstream, sums[chunk].reshape(-1), work[thread], scheme, x, y, groups, group, channels,
                x.images // groups * chunk // chunks, x.images // groups * (chunk + 1) // chunks, vectors[k],
                vectors[k + 1], part // kernel_parts % channel_parts, channel_parts, lanes, at_once, block,
            )  # fmt: skip


@separate
def _part(
    source: Array, upstream: Array, sums: Array, work: Array, scheme: int, x: Tiles, y: Tiles, groups: int, group: int,
    channels: int, first_image: int, end_image: int, v_first: int, v_end: int, channel_part: int, channel_parts: int,
    lanes: int, at_once: int, block: int,
) -> None:  # fmt: skip
    points = x.size * x.size
    tiles_each = x.rows * x.columns
    end = end_image * tiles_each
    c_first, c_end = part_of_rows(channels, channel_part, channel_parts)
    start = c_first // lanes * lanes
    width = (c_end - start + lanes - 1) // lanes * lanes
    pixels = work[: points * at_once * width]
    places = work[points * at_once * width :]
    for e in range(points):
        for c in range(c_first, c_end):
            sums[(e * channels + c) * y.lanes + v_first * lanes : (e * channels + c) * y.lanes + v_end * lanes] = 0
    origin = np.empty(points, np.int64)
    rows = np.arange(ROWS)
    point = np.arange(points) * at_once
    pixels_to = point * width
    x_terms = np.arange(at_once) * width
    for first in range(first_image * tiles_each, end, at_once):
        count = min(at_once, end - first)
        for p in range(count):
            place(origin, x, (first + p) // tiles_each * groups + group, (first + p) % tiles_each)
            for c in range(0, width, lanes):
                transform_input(scheme, source, start + c, origin, pixels, p * width + c, pixels_to)
        v = v_first
        while v < v_end:
            columns = panel_width(v_end - v)
            places_to = point * (columns * lanes)
            y_terms = np.arange(at_once) * (columns * lanes)
            for p in range(count):
                place(origin, y, (first + p) // tiles_each * groups + group, (first + p) % tiles_each)
                for k in range(0, columns * lanes, lanes):
                    transform_upstream(
                        scheme, upstream, v * lanes + k, origin, places, p * columns * lanes + k, places_to
                    )
            for e in range(points):
                c = c_first
                while c < c_end:
                    to = (e * channels + c) * y.lanes + v * lanes
                    taken = 0
                    for p in range(0, count, block):
                        taken = multiply(
                            c_end - c, columns, places, places_to[e], y_terms, pixels,
                            pixels_to[e] + c - start, rows, x_terms, p, min(count, p + block), sums, to, y.lanes,
                            lanes, sums, to, y.lanes, False,
                        )  # fmt: skip
                    c += taken
            v += columns


@kernel("contract")
def transform_to_taps(
    sums: Array, gw: Array, scheme: int, kernels: int, channels: int, points: int, taps: int, lanes: int
) -> None:
    """gw[k, c, tap] of one group from sums[chunk, point, c, k], of which the chunks are added up."""
    vectors = (kernels + lanes - 1) // lanes
    blocks = (channels + CHANNELS - 1) // CHANNELS
    for part in prange(vectors * blocks):
        first = part % blocks * CHANNELS
        _write_taps(
            sums, gw, scheme, kernels, channels, points, taps, part // blocks * lanes, first,
            min(channels, first + CHANNELS), lanes,
        )  # fmt: skip


@separate
def _write_taps(
    sums: Array, gw: Array, scheme: int, kernels: int, channels: int, points: int, taps: int, k: int, first: int,
    end: int, lanes: int,
) -> None:  # fmt: skip
    width = (kernels + lanes - 1) // lanes * lanes
    size = points * channels * width  # of a chunk
    all_sums = sums.reshape(-1)
    point = np.arange(points) * (channels * width)
    numbers = np.empty(CHANNELS * taps * lanes, gw.dtype)
    to = np.arange(taps) * lanes
    for c in range(first, end):
        start = c * width + k
        for chunk in range(1, len(sums)):
            for e in range(points):
                add_lanes(all_sums, start + point[e], all_sums, chunk * size + start + point[e])
        transform_sums(scheme, all_sums, start, point, numbers, (c - first) * taps * lanes, to)
    count_of_taps = (end - first) * taps
    for i in range(0, count_of_taps, lanes):
        goal = (k * channels + first) * taps + i
        count = min(lanes, count_of_taps - i)
        transpose_lanes(gw, goal, channels * taps, numbers, i * lanes, lanes, count, min(lanes, kernels - k), count)
