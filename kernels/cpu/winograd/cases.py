"""What Winograd's convolution of some shapes needs to know: where tiles lie, how work is cut, how much memory it takes.

It follows from shapes and the number of threads alone, and is computed once for each. What kernels take are plain
tuples (layout.Sizes).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.layout import Array, Pair, Shape, Sizes
from scratchnet.kernels.cpu.tiled.cutting import apart, block_length, even, evenly
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.cpu.winograd.products import COLUMNS, ROWS, Cut
from scratchnet.kernels.cpu.winograd.schemes import SCHEMES
from scratchnet.kernels.cpu.winograd.sums import SumsCut
from scratchnet.kernels.cpu.winograd.tiles import Tiles, strip_pixels
from scratchnet.kernels.cpu.winograd.weights import Weights

CHUNKS = 16  # of images, at most, whose weight gradients are added up apart
TERMS = 96  # of a float32 sum at most, that are added up before their sum is added to the others'
CACHE = 640 << 10  # bytes of the second cache that a thread's tiles may take at all points
HELD = 256 << 10  # bytes of strips, of both kinds, that a thread holds

_apart = apart.py_func  # kernels have it compiled


class ConvolutionCase(NamedTuple):
    """One layer's forward function, or its input gradient, which is the same with weights in another order."""

    scheme: int
    pixels: Sizes  # Tiles
    places: Sizes
    layout: Sizes  # Weights
    cut: Sizes  # Cut
    order: Array  # of the taps
    panels: Array  # where panels of vectors, as even as can be, begin and end
    lanes: int
    weights: int  # numbers that the transformed weights are
    memory: Shape  # (parts, numbers)
    no_bias: Array
    work: int


class SumsCase(NamedTuple):
    """One layer's weight gradient."""

    scheme: int
    pixels: Sizes  # Tiles
    places: Sizes
    cut: Sizes  # SumsCut
    vectors: Array  # where parts of output channels begin and end
    lanes: int
    sums: Shape
    memory: Shape  # (threads, numbers)
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
    scheme, lanes = _scheme(outputs, w_shape), HOST.size // itemsize
    pixels, places = _tiles(outputs, x_shape, w_shape, y_shape, padding, groups, lanes)
    images, rows = pixels.images, pixels.rows
    if not even(images, threads):
        rows = -(-rows // threads)
    pixels, places = _with_strips(pixels, places, rows, itemsize)
    channels, kernels, taps = x_shape[1] // groups, y_shape[1] // groups, w_shape[2] * w_shape[3]
    points, vectors = pixels.size**2, places.lanes // lanes
    weights = Weights(channels * kernels * taps, channels * taps, taps, groups, kernels, channels, points)
    order = np.arange(taps)
    if backward:
        order, weights = order[::-1].copy(), weights._replace(kernel=taps, channel=kernels * taps)
    tile_size = points * (pixels.lanes + COLUMNS * lanes)
    strips = images * -(-pixels.rows // pixels.strip_rows)
    parts = min(threads, strips)
    tiles_of_strip = pixels.strip_rows * pixels.columns
    most = max(1, CACHE // (tile_size * itemsize) // ROWS)
    strip_size = _strip_size(pixels, places)
    at_once = max(1, HELD // (strip_size * itemsize), most * ROWS // tiles_of_strip)
    at_once = evenly(-(-strips // parts), at_once)
    tiles = evenly(-(-at_once * tiles_of_strip // ROWS), most) * ROWS
    room = _room(points, tiles, pixels.lanes, lanes)
    cut = Cut(
        tiles, at_once, block_length(channels, TERMS), room, (strip_pixels(pixels) + 1) * pixels.lanes,
        (strip_pixels(places) + 1) * places.lanes,
    )  # fmt: skip
    return ConvolutionCase(
        scheme, tuple(pixels), tuple(places), tuple(weights), tuple(cut), order, _even_panels(vectors), lanes,
        groups * points * _apart(places.lanes * channels, lanes),
        (parts, room + at_once * (strip_size + pixels.lanes + places.lanes)),
        np.zeros(groups * places.lanes, f"f{itemsize}"),
        x_shape[0] * y_shape[1] * y_shape[2] * y_shape[3] * channels * taps // AT_ONCE,
    )  # fmt: skip


@lru_cache(1024)
def sums_case(
    outputs: int, x_shape: Shape, w_shape: Shape, y_shape: Shape, padding: Pair, groups: int, itemsize: int,
    threads: int,
) -> SumsCase:  # fmt: skip
    """The weight gradient, of shape w_shape, from pixels x and upstream gradients y."""
    scheme, lanes = _scheme(outputs, w_shape), HOST.size // itemsize
    pixels, places = _tiles(outputs, x_shape, w_shape, y_shape, padding, groups, lanes)
    pixels, places = _with_strips(pixels, places, pixels.rows, itemsize)
    channels, kernels, points = x_shape[1] // groups, y_shape[1] // groups, pixels.size**2
    images, vectors = x_shape[0], places.lanes // lanes
    data = (pixels.height * pixels.width * pixels.lanes + places.height * places.width * places.lanes) * images
    chunks = _chunks(images, data, points * channels * places.lanes)
    kernel_parts, channel_parts = _parts_of_sums(-(-threads // chunks), vectors, channels)
    # Sums are cut by shape alone: by strips that are held at once, and those into blocks.
    tiles_of_strip = pixels.strip_rows * pixels.columns
    held = _strip_size(pixels, places)
    strips = -(-images // chunks) * -(-pixels.rows // pixels.strip_rows)
    strips = evenly(strips, max(1, HELD // (held * itemsize), TERMS // tiles_of_strip))
    block = evenly(strips * tiles_of_strip, block_length(images * places.rows * places.columns, TERMS))
    # As many tiles as a part has output channels: then tiles and sums are as often read again as each other.
    tiles = block * max(1, min(places.lanes // kernel_parts, strips * tiles_of_strip) // block)
    cut = SumsCut(
        groups, channels, kernels, channel_parts, tiles, strips, block, strip_pixels(pixels) + 1,
        strip_pixels(places) + 1,
    )  # fmt: skip
    room = _room(points, tiles, pixels.lanes, lanes) + strips * (held + pixels.lanes + places.lanes)
    return SumsCase(
        scheme, tuple(pixels), tuple(places), tuple(cut), np.arange(kernel_parts + 1) * vectors // kernel_parts, lanes,
        (chunks, points, _apart(channels * places.lanes, lanes)),
        (min(threads, chunks * kernel_parts * channel_parts), room),
        images * y_shape[1] * y_shape[2] * y_shape[3] * channels * w_shape[2] * w_shape[3] // groups // AT_ONCE,
    )  # fmt: skip


def _room(points: int, tiles: int, channels: int, lanes: int) -> int:
    """Numbers that so many tiles take at all points: of channels that are read, and of a panel of those written."""
    return points * (_apart(tiles * channels, lanes) + _apart(tiles * COLUMNS * lanes, lanes))


def _scheme(outputs: int, w_shape: Shape) -> int:
    scheme = scheme_number(outputs, w_shape[2])
    assert scheme is not None  # supports said so
    return scheme


def _tiles(
    outputs: int, x_shape: Shape, w_shape: Shape, y_shape: Shape, padding: Pair, groups: int, lanes: int
) -> tuple[Tiles, Tiles]:
    """Of pixels and of places."""
    rows, columns = -(-y_shape[2] // outputs), -(-y_shape[3] // outputs)
    cut = {"images": x_shape[0] * groups, "rows": rows, "columns": columns, "step": outputs, "strip_rows": rows}
    pixels = Tiles(
        height=x_shape[2], width=x_shape[3], lanes=-(-x_shape[1] // groups // lanes) * lanes,
        size=outputs + w_shape[2] - 1, top=padding[0], left=padding[1], **cut,
    )  # fmt: skip
    places = Tiles(
        height=y_shape[2], width=y_shape[3], lanes=-(-y_shape[1] // groups // lanes) * lanes, size=outputs, top=0,
        left=0, **cut,
    )  # fmt: skip
    return pixels, places


def _with_strips(pixels: Tiles, places: Tiles, most: int, itemsize: int) -> tuple[Tiles, Tiles]:
    """With strips of at most so many rows of tiles, even ones, that fit into the cache if they can."""
    for rows in range(most, 0, -1):
        pixels, places = pixels._replace(strip_rows=rows), places._replace(strip_rows=rows)
        if _strip_size(pixels, places) * itemsize <= HELD:
            break
    rows = evenly(pixels.rows, pixels.strip_rows)
    return pixels._replace(strip_rows=rows), places._replace(strip_rows=rows)


def _strip_size(pixels: Tiles, places: Tiles) -> int:
    """Numbers of both kinds that a strip has."""
    return strip_pixels(pixels) * pixels.lanes + strip_pixels(places) * places.lanes


def _chunks(images: int, data: int, sums: int) -> int:
    """Of images, whose sums are added up apart, so that each core works on its own: as long as sums are few numbers."""
    most = max(1, min(images, CHUNKS, data // (4 * sums)))
    return 1 << (most.bit_length() - 1)


def _parts_of_sums(count: int, vectors: int, channels: int) -> tuple[int, int]:
    """In how many parts of output channels, and of channels, to compute a chunk's sums: about `count` together."""
    even = vectors % count == 0 or vectors >= 4 * count
    kernel_parts = count if even and vectors >= count else 1
    return kernel_parts, min(count // kernel_parts, -(-channels // ROWS))


def _even_panels(vectors: int) -> Array:
    count = -(-vectors // COLUMNS)
    return -(-np.arange(count + 1) * vectors // count)
