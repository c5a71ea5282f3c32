"""Where the parts of a tiled convolution lie, and how images are dealt out to planes with borders."""

from typing import NamedTuple

from scratchnet.kernels.cpu.jit import separate
from scratchnet.kernels.cpu.layout import Array


class Grid(NamedTuple):
    """All sizes and offsets in elements. Source is what is read, target what is written."""

    samples: int
    groups: int
    channels: int  # of a group, read
    kernels: int  # channels of a group, written
    source_height: int
    source_width: int
    padded: int  # 1: the planes are copies with borders, 0: the source itself
    in_place: int  # 1: a tile reads the planes where they are, 0: its pixels are brought together in a panel
    plane_rows: int
    plane_columns: int
    top: int  # rows of border
    left: int
    row_step: int  # of the source, from a plane's row to the next
    column_step: int
    rows: int  # of output places
    columns: int
    pitch: int  # in a plane, from a row of places to the next
    target_plane: int  # size of a channel written
    target_start: int
    target_row: int  # from a row of places to the next
    target_column: int
    w_group: int  # from a group's weights to the next's
    w_row: int  # from an output channel's weights to the next's


class Geometry(NamedTuple):
    """A convolution's sizes, as its arguments have them."""

    samples: int
    groups: int
    channels: int  # of a group
    kernels: int  # of a group
    height: int
    width: int
    rows: int  # of output places
    columns: int
    kernel_rows: int
    kernel_columns: int
    row_stride: int
    column_stride: int
    top: int  # padding
    left: int
    row_dilation: int
    column_dilation: int


@separate
def fill(
    source: Array, planes: Array, start: int, image: int, row_phases: Array, column_phases: Array, g: Grid
) -> None:
    """Deals an image of the group out to planes; what lies beyond the image is 0 already."""
    to = start
    for channel in range(g.channels):
        origin = (image * g.channels + channel) * g.source_height * g.source_width
        for row_phase in row_phases:
            for column_phase in column_phases:
                # plane's column j is the image's column j * column_step + shift, from the first that is inside
                shift = column_phase - g.left
                j0 = max(0, (g.column_step - 1 - shift) // g.column_step)
                j1 = min(g.plane_columns, (g.source_width - 1 - shift) // g.column_step + 1)
                for i in range(g.plane_rows):
                    row = i * g.row_step + row_phase - g.top
                    if 0 <= row < g.source_height:
                        here = origin + row * g.source_width + shift
                        if g.column_step == 1:
                            for j in range(j0, j1):
                                planes[to + j] = source[here + j]
                        else:
                            for j in range(j0, j1):
                                planes[to + j] = source[here + j * g.column_step]
                    to += g.plane_columns
