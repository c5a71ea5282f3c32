"""What Winograd's convolution of some shapes needs to know: where tiles lie, how work is cut, how much memory it takes.

It follows from shapes and the number of threads alone, and is computed once for each.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.layout import Array, Pair, Shape
from scratchnet.kernels.cpu.tiled.cutting import block_length, evenly
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.cpu.winograd.products import COLUMNS, ROWS
from scratchnet.kernels.cpu.winograd.schemes import SCHEMES
from scratchnet.kernels.cpu.winograd.tiles import Tiles

CHUNKS = 16  # of images, at most, whose weight gradients are added up apart
TERMS = 96  # of a float32 sum at most, that are added up before their sum is added to the others'
CACHE = 640 << 10  # bytes of the second cache that a thread's tiles may take at all points


class Shared(NamedTuple):
    """Of the convolution and of the sums."""

    scheme: int
    pixels: Tiles
    places: Tiles
    channels: int  # of a group
    kernels: int
    lanes: int
    points: int


class ConvolutionCase(NamedTuple):
    """One layer's forward function, or its input gradient, which is the same with weights in another order."""

    shared: Shared
    panels: Array  # where panels of vectors, as even as can be, begin and end
    order: Array  # of the taps
    w_group: int  # how far apart weights lie: of groups, of output channels, of channels
    w_row: int
    w_term: int
    weights: int  # numbers that the transformed weights are
    at_once: int  # tiles
    parts: int
    room: int  # numbers of a part's memory
    block: int
    work: int


class SumsCase(NamedTuple):
    """One layer's weight gradient."""

    shared: Shared
    sums: Shape
    vectors: Array  # where parts of output channels begin and end
    channel_parts: int
    at_once: int  # tiles
    parts: int
    room: int
    block: int
    work: int


def scheme_number(outputs: int, taps: int) -> int | None:
    """The kernels' number for the scheme of so many outputs and taps a side."""
    fitting = (i for i, s in enumerate(SCHEMES) if (s.outputs, s.taps) == (outputs, taps))
    return next(fitting, None)


@lru_cache(1024)
def convolution_case(
    outputs: int, x_shape: Shape, w_shape: Shape, y_shape: Shape, padding: Pair, groups: int, itemsize: int,
    backward: bool, threads: int,
) -> ConvolutionCase:  # fmt: skip
    """x is what is read and y what is written; backward: gy and gx."""
    shared = _shared(outputs, x_shape, w_shape, y_shape, padding, groups, itemsize)
    _, pixels, places, channels, kernels, lanes, points = shared
    taps = w_shape[2] * w_shape[3]
    order, w_row, w_term = np.arange(taps), channels * taps, taps
    if backward:
        order, w_row, w_term = order[::-1].copy(), taps, kernels * taps
    tile_size = points * (pixels.lanes + COLUMNS * lanes)
    row_tiles = -(-groups * x_shape[0] * places.rows * places.columns // ROWS)
    parts = min(threads, row_tiles)
    at_once = _tiles_at_once(-(-row_tiles // parts), tile_size * itemsize)
    return ConvolutionCase(
        shared, _even_panels(places.lanes // lanes), order, channels * kernels * taps, w_row, w_term,
        groups * points * places.lanes * channels, at_once, parts, at_once * tile_size, block_length(channels, TERMS),
        x_shape[0] * y_shape[1] * y_shape[2] * y_shape[3] * channels * taps // AT_ONCE,
    )  # fmt: skip


@lru_cache(1024)
def sums_case(
    outputs: int, x_shape: Shape, w_shape: Shape, y_shape: Shape, padding: Pair, groups: int, itemsize: int,
    threads: int,
) -> SumsCase:  # fmt: skip
    """The weight gradient, of shape w_shape, from pixels x and upstream gradients y."""
    shared = _shared(outputs, x_shape, w_shape, y_shape, padding, groups, itemsize)
    _, pixels, places, channels, _, lanes, points = shared
    images, vectors = x_shape[0], places.lanes // lanes
    size = points * channels * places.lanes
    data = (pixels.height * pixels.width * pixels.lanes + places.height * places.width * places.lanes) * images
    chunks = _chunks(images, data, size)
    kernel_parts, channel_parts = _parts_of_sums(-(-threads // chunks), vectors, channels)
    block = block_length(images * places.rows * places.columns, TERMS)
    # As many tiles as a part has output channels: then tiles and sums are as often read again as each other.
    at_once = block * max(1, places.lanes // kernel_parts // block)
    return SumsCase(
        shared, (chunks, points, channels, places.lanes), np.arange(kernel_parts + 1) * vectors // kernel_parts,
        channel_parts, at_once, min(threads, chunks * kernel_parts * channel_parts),
        points * at_once * (pixels.lanes + COLUMNS * lanes), block,
        images * y_shape[1] * y_shape[2] * y_shape[3] // groups * channels * w_shape[2] * w_shape[3] // AT_ONCE,
    )  # fmt: skip


def _shared(
    outputs: int, x_shape: Shape, w_shape: Shape, y_shape: Shape, padding: Pair, groups: int, itemsize: int
) -> Shared:
    scheme = scheme_number(outputs, w_shape[2])
    assert scheme is not None  # supports said so
    lanes, side = HOST.size // itemsize, outputs + w_shape[2] - 1
    channels, kernels = x_shape[1] // groups, y_shape[1] // groups
    rows, columns = -(-y_shape[2] // outputs), -(-y_shape[3] // outputs)
    cut = {"images": x_shape[0] * groups, "rows": rows, "columns": columns, "step": outputs}
    pixels = Tiles(
        height=x_shape[2], width=x_shape[3], lanes=-(-channels // lanes) * lanes, size=side, top=padding[0],
        left=padding[1], **cut,
    )  # fmt: skip
    places = Tiles(
        height=y_shape[2], width=y_shape[3], lanes=-(-kernels // lanes) * lanes, size=outputs, top=0, left=0, **cut
    )
    return Shared(scheme, pixels, places, channels, kernels, lanes, side * side)


def _chunks(images: int, data: int, sums: int) -> int:
    """Of images, whose sums are added up apart, so that each core works on its own: as long as sums are few numbers."""
    most = max(1, min(images, CHUNKS, data // (4 * sums)))
    return 1 << (most.bit_length() - 1)


def _parts_of_sums(count: int, vectors: int, channels: int) -> tuple[int, int]:
    """In how many parts of output channels, and of channels, to compute a chunk's sums: about `count` together."""
    even = vectors % count == 0 or vectors >= 4 * count
    kernel_parts = count if even and vectors >= count else 1
    return kernel_parts, min(count // kernel_parts, -(-channels // ROWS))


def _tiles_at_once(rows: int, size: int) -> int:
    """As many as the cache holds, of so many whole rows of the microkernel: always about the same."""
    return evenly(rows, max(1, CACHE // size // ROWS)) * ROWS


def _even_panels(vectors: int) -> Array:
    count = -(-vectors // COLUMNS)
    return np.arange(count + 1) * vectors // count
