"""Where the tiles of Winograd's convolution lie in images with their channels in the lanes."""

from typing import NamedTuple

from scratchnet.kernels.cpu.jit import inline
from scratchnet.kernels.cpu.layout import Array


class Tiles(NamedTuple):
    """Images whose pixels are vectors of channels, and the squares that are cut from them, tile after tile.

    After the last image comes one pixel more: what is beyond an image is read there, where zeros are, or written there.
    """

    images: int
    height: int
    width: int
    lanes: int  # channels of a pixel, in whole vectors
    rows: int  # of tiles
    columns: int
    size: int  # of a tile
    step: int  # from a tile to the next
    top: int  # rows of the first tile that are above the image
    left: int


@inline
def place(origin: Array, t: Tiles, image: int, tile: int) -> None:
    """origin[i] = where the tile's place i lies."""
    beyond = t.images * t.height * t.width * t.lanes
    first_row = tile // t.columns * t.step - t.top
    first_column = tile % t.columns * t.step - t.left
    for i in range(t.size):
        row = first_row + i
        for j in range(t.size):
            column = first_column + j
            inside = 0 <= row < t.height and 0 <= column < t.width
            pixel = (image * t.height + row) * t.width + column
            origin[i * t.size + j] = pixel * t.lanes if inside else beyond
