"""Images as strips: some rows of output places, and for each column of the kernel a copy of the pixels under them.

In a copy the pixels of neighbouring places are neighbours even over the border between two rows, and for another row of
the kernel they lie a constant distance away. So the places of a strip are one run without a gap, for every tap. Narrow
images are laid side by side: a row of the strip is then the same row of several images.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.jit import inline, separate
from scratchnet.kernels.cpu.layout import Array, Pair, Shape
from scratchnet.kernels.cpu.microkernel import copy_rows
from scratchnet.kernels.geometry import output_size

VECTORS = 64  # of places in a strip, about: four rows of them leave room in a first cache of 32 KiB


class Strips(NamedTuple):
    """All sizes in elements."""

    samples: int
    groups: int
    channels: int  # of a group
    kernels: int  # of a group
    height: int
    width: int
    rows: int  # of output places
    columns: int
    kernel_columns: int
    row_stride: int
    column_stride: int
    column_dilation: int
    top: int  # padding
    left: int
    alike: int  # from a column of the kernel to the next that sees the same pixels,
    apart: int  # so many places further
    images: int  # side by side
    sets: int  # of images
    cuts: int  # strips of a set
    copy_rows: int
    copy: int  # size of one
    copies: int  # of all channels, columns and phases


class StripPlan(NamedTuple):
    """The taps' distances in the copies, in the order of the weights, and the rows' phases that there are copies of."""

    strips: Strips
    taps: Array
    phases: Array


@lru_cache(1024)
def strip_plan(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> StripPlan:
    """Tap (c, r, s) lies in the copy of channel c, column s and phase r dh mod sh, r dh // sh rows down."""
    n, _, h, w = x_shape
    k, channels, kh, kw = w_shape
    oh, ow = output_size((h, w), (kh, kw), stride, padding, dilation)
    most = VECTORS * lanes
    sets = -(-n // max(1, most // (oh * ow)))
    images = -(-n // sets)
    cuts = min(oh, -(-oh * ow // most))
    rows = np.arange(kh) * dilation[0]
    phases = np.unique(rows % stride[0])
    copy_rows = -(-oh // cuts) + int(rows.max()) // stride[0]
    copy = copy_rows * images * ow
    c, s = np.arange(channels) * (kw * phases.size * copy), np.arange(kw) * (phases.size * copy)
    r = np.searchsorted(phases, rows % stride[0]) * copy + rows // stride[0] * (images * ow)
    common = math.gcd(stride[1], dilation[1])
    strips = Strips(
        samples=n, groups=groups, channels=channels, kernels=k // groups, height=h, width=w, rows=oh, columns=ow,
        kernel_columns=kw, row_stride=stride[0], column_stride=stride[1], column_dilation=dilation[1], top=padding[0],
        left=padding[1], alike=stride[1] // common, apart=dilation[1] // common, images=images, sets=sets, cuts=cuts,
        copy_rows=copy_rows, copy=copy, copies=channels * kw * phases.size,
    )  # fmt: skip
    return StripPlan(strips, (c[:, None, None] + r[:, None] + s).reshape(-1), phases)


@separate
def fill_copies(
    x: Array, copies: Array, group: int, first_image: int, first_row: int, phases: Array, g: Strips
) -> None:
    """The pixels under the strip from first_row on. Padding to the left and right is 0 already, and stays so."""
    pitch = g.images * g.columns
    to = 0
    for channel in range(g.channels):
        for s in range(g.kernel_columns):
            for phase in phases:
                top = first_row * g.row_stride + phase - g.top
                for image in range(g.images):
                    i0, i1 = _inside(top, g.row_stride, g.height, g.copy_rows)
                    if first_image + image >= g.samples:
                        i0, i1 = 0, 0
                    plane = ((first_image + image) * g.groups + group) * g.channels + channel
                    row = plane * g.height + i0 * g.row_stride + top
                    at = to + image * g.columns
                    if i0 < i1:
                        _fill_rows(x, copies, at + i0 * pitch, row, i1 - i0, s, phases.size, g)
                    for i in range(g.copy_rows):
                        if i < i0 or i >= i1:
                            copies[at + i * pitch : at + i * pitch + g.columns] = 0
                to += g.copy


@inline
def _fill_rows(x: Array, copies: Array, to: int, row: int, rows: int, s: int, phases: int, g: Strips) -> None:
    """One image's rows, all of them inside it, as the kernel's column s sees them."""
    pitch, x_pitch = g.images * g.columns, g.row_stride * g.width
    shift = s * g.column_dilation - g.left
    here = row * g.width + shift
    j0, j1 = _inside(shift, g.column_stride, g.width, g.columns)
    if g.column_stride == 1:
        copy_rows(copies, to + j0, pitch, x, here + j0, x_pitch, rows, j1 - j0)
    else:
        if s >= g.alike and g.columns > g.apart:  # what an earlier column sees some places further is brought together
            known = g.columns - g.apart
            copy_rows(copies, to, pitch, copies, to - g.alike * phases * g.copy + g.apart, pitch, rows, known)
            j0 = max(j0, known)
        for i in range(rows):
            for j in range(j0, j1):
                copies[to + i * pitch + j] = x[here + i * x_pitch + j * g.column_stride]


@inline
def _inside(shift: int, step: int, size: int, count: int) -> tuple[int, int]:
    """First and end of the i below count with 0 <= i step + shift < size."""
    first = min(count, max(0, (step - 1 - shift) // step))
    return first, max(first, min(count, (size - 1 - shift) // step + 1))


@separate
def fill_places(
    gy: Array, places: Array, pitch: int, group: int, first_image: int, first_row: int, rows: int, g: Strips
) -> None:
    """places[k pitch + place] = the upstream gradient of several images' strip, in the order of the copies' places."""
    row_pitch = g.images * g.columns
    for k in range(g.kernels):
        for image in range(g.images):
            to = k * pitch + image * g.columns
            if first_image + image < g.samples:
                plane = ((first_image + image) * g.groups + group) * g.kernels + k
                here = (plane * g.rows + first_row) * g.columns
                copy_rows(places, to, row_pitch, gy, here, g.columns, rows, g.columns)
            else:
                for i in range(rows):
                    places[to + i * row_pitch : to + i * row_pitch + g.columns] = 0
