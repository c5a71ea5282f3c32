"""A convolution and its input gradient place by place: which taps meet the image there, and at what pixels."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.layout import Array, Pair, Shape
from scratchnet.kernels.cpu.tiled.samples import SampleGrid
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.geometry import output_size

# A place's first pixel, and the taps that meet the image there: (tap, pixels from the first one).
Line = tuple[int, tuple[tuple[int, int], ...]]


class SamplePlan(NamedTuple):
    """Places are of one class if they have the same taps at the same distances; a class is a run of terms."""

    grid: SampleGrid
    row_bases: Array
    row_classes: Array  # times the number of column classes
    column_bases: Array
    column_classes: Array
    class_starts: Array
    x_terms: Array
    w_terms: Array


@lru_cache(1024)
def sample_plan(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int, backward: bool
) -> SamplePlan:
    """The plan of the convolution or, backward, of its input gradient."""
    size = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    rows, columns = lines(x_shape, w_shape, stride, padding, dilation, backward)
    kernels, (channels, kh, kw) = w_shape[0] // groups, w_shape[1:]
    if backward:
        grid = _grid(x_shape[0], groups, kernels, channels, size, x_shape[2:], lanes)
        w_row, channel_weights = kh * kw, channels * kh * kw
    else:
        grid = _grid(x_shape[0], groups, channels, kernels, x_shape[2:], size, lanes)
        w_row, channel_weights = channels * kh * kw, kh * kw
    grid = grid._replace(w_group=kernels * channels * kh * kw, w_row=w_row)
    return _plan(grid, rows, columns, kw, channel_weights, lanes)


@lru_cache(1024)
def lines(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, backward: bool
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Of all rows and of all columns of y or, backward, of x."""
    size = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    places, pixels, line = (x_shape[2:], size, _backward_line) if backward else (size, x_shape[2:], _forward_line)
    rows, columns = (
        tuple(line(i, n, *rule) for i in range(count))
        for count, n, *rule in zip(places, pixels, w_shape[2:], stride, padding, dilation, strict=True)
    )
    return rows, columns


def _forward_line(i: int, n: int, taps: int, s: int, p: int, d: int) -> Line:
    """y[i] sums x[i s + r d - p] over the r for which that is a pixel."""
    return i * s, tuple((r, r * d - p) for r in range(taps) if 0 <= i * s + r * d - p < n)


def _backward_line(h: int, n: int, taps: int, s: int, p: int, d: int) -> Line:
    """gx[h] sums gy[(h + p - r d) / s] over the r for which that is a whole number and a place of gy."""
    met = ((r, h + p - r * d) for r in range(taps))
    return h // s, tuple((r, at // s - h // s) for r, at in met if at % s == 0 and 0 <= at // s < n)


def _grid(n: int, groups: int, channels: int, kernels: int, source: Shape, target: Shape, lanes: int) -> SampleGrid:
    blocks = -(-n // lanes)
    # As few empty vectors as possible, then as many vectors to a set: each number loaded serves them all.
    vectors = min(range(HOST.columns, 0, -1), key=lambda v: -(-blocks // v) * v)
    return SampleGrid(
        samples=n, sets=-(-blocks // vectors), vectors=vectors, groups=groups, channels=channels, kernels=kernels,
        source_plane=source[0] * source[1], source_width=source[1], rows=target[0], columns=target[1], w_group=0,
        w_row=0,
    )  # fmt: skip


def _plan(
    grid: SampleGrid, rows: tuple[Line, ...], columns: tuple[Line, ...], kw: int, channel_weights: int, lanes: int
) -> SamplePlan:
    row_kinds, column_kinds = list(dict.fromkeys(row[1] for row in rows)), list(dict.fromkeys(c[1] for c in columns))
    starts, x_terms, w_terms = [0], [], []
    channel = np.arange(grid.channels)[:, None, None]
    for row_kind in row_kinds:
        for column_kind in column_kinds:
            r, down = (np.array([pair[i] for pair in row_kind], np.int64)[:, None] for i in (0, 1))
            s, right = (np.array([pair[i] for pair in column_kind], np.int64) for i in (0, 1))
            pixels = channel * grid.source_plane + down * grid.source_width + right
            x_terms.append(pixels.reshape(-1) * (grid.vectors * lanes))
            w_terms.append((channel * channel_weights + r * kw + s).reshape(-1))
            starts.append(starts[-1] + x_terms[-1].size)
    order = {kind: i * len(column_kinds) for i, kind in enumerate(row_kinds)}
    return SamplePlan(
        grid,
        np.array([base for base, _ in rows]),
        np.array([order[kind] for _, kind in rows]),
        np.array([base for base, _ in columns]),
        np.array([column_kinds.index(kind) for _, kind in columns]),
        np.array(starts),
        np.concatenate(x_terms),
        np.concatenate(w_terms),
    )
