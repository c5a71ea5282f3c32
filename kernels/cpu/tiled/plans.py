"""A convolution and its input gradient as sums over taps: every tap an offset in planes of pixels."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.layout import Array, Pair, Shape
from scratchnet.kernels.cpu.tiled.cutting import TAPS, block_length
from scratchnet.kernels.cpu.tiled.planes import Grid
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.geometry import output_size

PANEL_COST = 16  # what bringing pixels together in a panel takes, in multiply-adds a pixel


class Plan(NamedTuple):
    """Offsets of the taps in the planes, and of their weights from an output channel's first; how work is cut."""

    grid: Grid
    taps: Array
    w_terms: Array
    row_phases: Array
    column_phases: Array
    tiles: int
    slots: int  # samples that a tile's places may lie in
    block: int  # terms that are added up before their sum is added to the others'
    work: int


@lru_cache(1024)
def forward_plan(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> Plan:
    """y[i, j] sums x[i sh + r dh - ph, j sw + s dw - pw]: tap r lies in plane r dh mod sh, r dh // sh rows down."""
    n, _, h, w = x_shape
    k, channels, kh, kw = w_shape
    (sh, sw), (ph, pw), (dh, dw) = stride, padding, dilation
    oh, ow = output_size((h, w), (kh, kw), stride, padding, dilation)
    rows, columns = np.arange(kh) * dh, np.arange(kw) * dw
    row_phases, column_phases = np.unique(rows % sh), np.unique(columns % sw)
    padded = padding != (0, 0) or stride != (1, 1)
    plane_rows, plane_columns = (oh + (kh - 1) * dh // sh, ow + (kw - 1) * dw // sw) if padded else (h, w)
    if padded and sw == 1:
        plane_columns = _shared_border(plane_columns, w, pw, ow)
    plane = plane_rows * plane_columns
    row_taps = np.searchsorted(row_phases, rows % sh) * (column_phases.size * plane) + rows // sh * plane_columns
    column_taps = np.searchsorted(column_phases, columns % sw) * plane + columns // sw
    channel_taps = np.arange(channels) * (row_phases.size * column_phases.size * plane)
    taps = (channel_taps[:, None, None] + row_taps[:, None] + column_taps).reshape(-1)
    grid = Grid(
        samples=n, groups=groups, channels=channels, kernels=k // groups, source_height=h, source_width=w,
        padded=int(padded), in_place=0, plane_rows=plane_rows, plane_columns=plane_columns, top=ph, left=pw,
        row_step=sh, column_step=sw, rows=oh, columns=ow, pitch=plane_columns, target_plane=oh * ow, target_start=0,
        target_row=ow, target_column=1, w_group=k // groups * taps.size, w_row=taps.size,
    )  # fmt: skip
    return _plan(grid, taps, np.arange(taps.size), row_phases, column_phases, lanes)


@lru_cache(1024)
def backward_plans(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> tuple[Plan, ...]:
    """The pixels h = i sh + a of gx sum gy[i + (a + ph - r dh) / sh] over the r for which that is a whole number."""
    plans = []
    for a in range(min(stride[0], x_shape[2])):
        for b in range(min(stride[1], x_shape[3])):
            plans.append(_phase_plan(x_shape, w_shape, stride, padding, dilation, groups, (a, b), lanes))
    return tuple(plans)


def _phase_plan(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, phase: Pair, lanes: int
) -> Plan:
    n, _, h, w = x_shape
    k, channels, kh, kw = w_shape
    oh, ow = output_size((h, w), (kh, kw), stride, padding, dilation)
    kernels = k // groups
    r, row_offsets, top = _meeting(kh, stride[0], padding[0], dilation[0], phase[0])
    s, column_offsets, left = _meeting(kw, stride[1], padding[1], dilation[1], phase[1])
    rows, columns = -(-(h - phase[0]) // stride[0]), -(-(w - phase[1]) // stride[1])
    plane_rows = rows + int(row_offsets.max(initial=0))
    plane_columns = _shared_border(columns + int(column_offsets.max(initial=0)), ow, left, columns)
    padded = (top, left, plane_rows, plane_columns) != (0, 0, oh, ow)
    channel_taps = np.arange(kernels) * (plane_rows * plane_columns)
    taps = (channel_taps[:, None, None] + row_offsets[:, None] * plane_columns + column_offsets).reshape(-1)
    w_terms = np.arange(kernels)[:, None, None] * (channels * kh * kw) + r[:, None] * kw + s
    grid = Grid(
        samples=n, groups=groups, channels=kernels, kernels=channels, source_height=oh, source_width=ow,
        padded=int(padded), in_place=0, plane_rows=plane_rows, plane_columns=plane_columns, top=top, left=left,
        row_step=1, column_step=1, rows=rows, columns=columns, pitch=plane_columns, target_plane=h * w,
        target_start=phase[0] * w + phase[1], target_row=stride[0] * w, target_column=stride[1],
        w_group=kernels * channels * kh * kw, w_row=kh * kw,
    )  # fmt: skip
    no_phase = np.zeros(1, np.int64)
    return _plan(grid, taps, w_terms.reshape(-1), no_phase, no_phase, lanes)


def _plan(grid: Grid, taps: Array, w_terms: Array, row_phases: Array, column_phases: Array, lanes: int) -> Plan:
    width, places = HOST.columns * lanes, grid.rows * grid.columns
    tiles = -(-grid.samples * places // width) * grid.groups
    slots = min(grid.samples, (width - 2) // max(1, places) + 2)
    work = grid.samples * grid.groups * grid.kernels * places * taps.size // AT_ONCE
    arrays = (taps, w_terms, row_phases, column_phases)
    return Plan(_with_mode(grid, lanes), *arrays, tiles, slots, block_length(taps.size, TAPS), work)


def _meeting(size: int, stride: int, padding: int, dilation: int, phase: int) -> tuple[Array, Array, int]:
    """The taps r that pixels of a phase meet, how far after the first of them each reads, and the border before gy."""
    taps = np.arange(size)
    shifts = phase + padding - taps * dilation
    taps, shifts = taps[shifts % stride == 0], shifts[shifts % stride == 0] // stride
    border = -int(shifts.min()) if taps.size else 0
    return taps, shifts + border, border


def _shared_border(columns: int, width: int, left: int, places: int) -> int:
    """Columns of a plane whose rows' right borders are the next rows' left borders, as far as they are as wide."""
    return max(left + width, columns - left, places) if left > 0 else columns


def _with_mode(grid: Grid, lanes: int) -> Grid:
    """The same, as one long row if possible, and read in place if few enough of the sums are for the rows' ends."""
    if grid.plane_columns == grid.columns and grid.target_row == grid.columns * grid.target_column:
        columns = grid.rows * grid.columns
        grid = grid._replace(rows=1, columns=columns, pitch=columns, target_row=columns * grid.target_column)
    length = (grid.rows - 1) * grid.pitch + grid.columns
    computed = -(-length // lanes) * lanes
    useful = grid.rows * grid.columns
    return grid._replace(in_place=int((computed - useful) * grid.kernels < PANEL_COST * useful))
