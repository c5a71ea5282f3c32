"""Where the tiles of Winograd's convolution lie, in images and in the strips of them that a core has at hand."""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.dealing import transpose
from scratchnet.kernels.cpu.jit import inline
from scratchnet.kernels.cpu.layout import Array


class Tiles(NamedTuple):
    """Images, and the squares that are cut from them, tile after tile.

    A strip of an image is some rows of its tiles. A core holds the pixels of a few strips, each a vector of channels;
    after each strip's comes one pixel more: what is beyond the image is read there, where zeros are, or written there.
    """

    images: int  # times groups
    height: int
    width: int
    lanes: int  # channels of a pixel, in whole vectors
    rows: int  # of tiles
    columns: int
    size: int  # of a tile
    step: int  # from a tile to the next
    top: int  # rows of the first tile that are above the image
    left: int
    strip_rows: int  # of tiles; an image's last strip may have fewer


def strip_pixels(t: Tiles) -> int:
    """How many a strip has at most."""
    return min(t.height, (t.strip_rows - 1) * t.step + t.size) * t.width


@inline
def strips_of(t: Tiles) -> int:
    """How many an image has."""
    return (t.rows + t.strip_rows - 1) // t.strip_rows


@inline
def strip_tiles(t: Tiles, strip: int) -> int:
    """How many an image's strip has."""
    return (min(t.rows, (strip + 1) * t.strip_rows) - strip * t.strip_rows) * t.columns


@inline
def strip_lines(t: Tiles, strip: int) -> tuple[int, int]:
    """First and end of the rows of pixels that an image's strip lies on."""
    first = max(0, strip * t.strip_rows * t.step - t.top)
    last_tile = min(t.rows, (strip + 1) * t.strip_rows) - 1
    return first, max(first, min(t.height, last_tile * t.step - t.top + t.size))


@inline
def deal_strip(
    held: Array, start: int, width: int, images: Array, t: Tiles, image: int, strip: int, channels: int, first: int,
    lanes: int,
) -> None:  # fmt: skip
    """The strip's pixels to held[start ...], vectors of `width` of the image's channels from the first on."""
    line, end = strip_lines(t, strip)
    plane = t.height * t.width
    transpose(
        held, start, width, images, (image * channels + first) * plane + line * t.width, plane, channels - first,
        (end - line) * t.width, width, lanes,
    )  # fmt: skip


@inline
def collect_strip(
    images: Array, held: Array, start: int, t: Tiles, image: int, strip: int, channels: int, lanes: int
) -> None:
    """The way back, all of the image's channels."""
    line, end = strip_lines(t, strip)
    plane, pixels = t.height * t.width, (end - line) * t.width
    transpose(
        images, image * channels * plane + line * t.width, plane, held, start, t.lanes, pixels, channels, pixels, lanes
    )


@inline
def clear_beyond(held: Array, strips: int, distance: int, width: int) -> None:
    """The pixels after those of each strip become 0; strips are so far apart."""
    for end in range(distance, strips * distance + 1, distance):
        held[end - width : end] = 0


@inline
def new_table(t: Tiles, strips: int) -> Array:
    """Memory for the places of the tiles of so many strips; whole images have theirs all at the same places."""
    return np.empty((1 if strips_of(t) == 1 else strips) * t.strip_rows * t.columns * t.size * t.size, np.int64)


@inline
def find_places(table: Array, first: int, t: Tiles, width: int, beyond: int, strip: int) -> None:
    """The table's tiles from the first on = where an image's strip has the places of its own, size * size for each.

    Counted from the strip's first pixel, if pixels are `width` apart; `beyond` is the one that is beyond the image.
    """
    first_tile = strip * t.strip_rows * t.columns
    top = max(0, strip * t.strip_rows * t.step - t.top)
    at = first * t.size * t.size
    for tile in range(first_tile, first_tile + strip_tiles(t, strip)):
        first_row, first_column = tile // t.columns * t.step - t.top, tile % t.columns * t.step - t.left
        for i in range(t.size):
            row = first_row + i
            for j in range(t.size):
                column = first_column + j
                inside = 0 <= row < t.height and 0 <= column < t.width
                table[at] = ((row - top) * t.width + column) * width if inside else beyond
                at += 1


@inline
def look_up(strip_of: Array, tile_of: Array, t: Tiles, starts: Array, first: int, count: int) -> None:
    """For so many tiles of the strips that are held: which of these each belongs to, and which of the table's it is.

    starts: the tiles before each strip's own.
    """
    strip = 0
    for p in range(count):
        while starts[strip + 1] <= first + p:
            strip += 1
        strip_of[p] = strip
        tile_of[p] = first + p - (starts[strip] if strips_of(t) == 1 else 0)
