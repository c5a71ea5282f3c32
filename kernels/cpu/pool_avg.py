"""The loops of average pooling and its adjoint.

`rows` and `columns` say where windows lie, see pool_windows; a window's divisor is its row's times its column's.
"""

from typing import Any

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import copy_rows
from scratchnet.kernels.cpu.pool_lanes import mean_plane

PARTS = 64  # of all planes


@kernel()
def means(x: Array, y: Array, rows: Array, row_divisors: Array, divisors: Array, KW: int, sw: int, pw: int) -> None:
    """The mean of each window, by vectors of windows that start one or two columns apart."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for plane in prange(planes):
        start, to = plane * H * W, plane * OH * OW
        mean_plane(x, x.size, start, W, rows, W, KW, 1, sw, pw, OH, OW, to, row_divisors, divisors, y)


@kernel()
def means_by_lines(x: Array, y: Array, rows: Array, columns: Array, row_divisors: Array, divisors: Array) -> None:
    """The mean of each window, wherever they lie: rows are added up first, then what each window sees of the sum."""
    for plane in prange(len(x)):
        _means_by_lines(x, y, rows, columns, row_divisors, divisors, plane)


@inline
def _means_by_lines(
    x: Array, y: Array, rows: Array, columns: Array, row_divisors: Array, divisors: Array, plane: int
) -> None:
    _, _, W = x.shape
    _, OH, OW = y.shape
    line = np.empty(W, np.float64)
    for oh in range(OH):
        for w in range(W):
            line[w] = 0.0
        for h in range(rows[oh, 0], rows[oh, 0] + rows[oh, 1]):
            for w in range(W):
                line[w] += x[plane, h, w]
        for ow in range(OW):
            total = 0.0
            for w in range(columns[ow, 0], columns[ow, 0] + columns[ow, 1]):
                total += line[w]
            y[plane, oh, ow] = total / (row_divisors[oh] * divisors[ow])


@kernel()
def spread(values: Array, gx: Array) -> None:
    """Each plane holds its value everywhere."""
    planes, size = gx.shape
    for plane in prange(planes):
        value = values[plane]
        for i in range(size):
            gx[plane, i] = value


@kernel()
def quarters(gy: Array, gx: Array, divisor: Any) -> None:
    """Of windows of 2x2 places side by side: each gy by the divisor, for all four."""
    planes = len(gy)
    parts = min(planes, PARTS)
    for part in prange(parts):
        lines = np.empty(2 * gy[0].size, gx.dtype)
        for plane in range(planes * part // parts, planes * (part + 1) // parts):
            _quarters(gy, gx, divisor, plane, lines)


@separate
def _quarters(gy: Array, gx: Array, divisor: Any, plane: int, lines: Array) -> None:
    _, height, width = gy.shape
    size, flat = height * width, gy.reshape(-1)
    for i in range(size):
        share = flat[plane * size + i] / divisor
        lines[2 * i] = share
        lines[2 * i + 1] = share
    for row in range(2):
        start = 4 * plane * size + row * 2 * width
        copy_rows(gx, start, 4 * width, lines, 0, 2 * width, height, 2 * width)


@kernel()
def shares(gy: Array, gx: Array, rows: Array, covers: Array, levels: int, divisors: Array) -> None:
    """Each gy by its divisor, added to gx wherever its window lies: shared out in a line first, then to its rows.

    Place w of a line lies in its row's windows from covers[0, w] up to covers[1, w], at most `levels`.
    """
    planes = len(gx)
    parts = min(planes, PARTS)
    for part in prange(parts):
        share, line = np.empty(gy.shape[1], gx.dtype), np.empty(gx.shape[2], gx.dtype)
        for plane in range(planes * part // parts, planes * (part + 1) // parts):
            _shares(gy, gx, rows, covers, levels, divisors, plane, share, line)


@separate
def _shares(
    gy: Array, gx: Array, rows: Array, covers: Array, levels: int, divisors: Array, plane: int, share: Array,
    line: Array,
) -> None:  # fmt: skip
    _, H, W = gx.shape
    OW = share.size // len(rows)
    zero = gx.dtype.type(0)
    for i in range(share.size):  # all of the plane at once: vectors of quotients, however short the lines are
        share[i] = gy[plane, i] / divisors[i]
    flat, start = gx.reshape(-1), plane * H * W
    done = 0  # rows
    for oh in range(len(rows)):
        if rows[oh, 1] == 0:  # it sees nothing of the image, and so lies nowhere
            continue
        for w in range(W):
            line[w] = share[oh * OW + covers[0, w]] if covers[0, w] < covers[1, w] else zero
        for level in range(1, levels):
            for w in range(W):
                ow = covers[0, w] + level
                line[w] += share[oh * OW + ow] if ow < covers[1, w] else zero
        first, end = rows[oh, 0], rows[oh, 0] + rows[oh, 1]
        gx[plane, done:first] = zero
        for h in range(first, min(done, end)):
            for w in range(W):
                gx[plane, h, w] += line[w]
        fresh = max(done, first)
        copy_rows(flat, start + fresh * W, W, line, 0, 0, end - fresh, W)
        done = max(fresh, end)
    gx[plane, done:] = zero
