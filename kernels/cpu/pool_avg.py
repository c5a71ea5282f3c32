"""The loops of average pooling and its adjoint.

`rows` and `columns` say where windows lie, see pool_windows; a window's divisor is its row's times its column's.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.pool_lanes import mean_plane


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
def shares(gy: Array, gx: Array, rows: Array, covers: Array, levels: int, divisors: Array) -> None:
    """Each gy by its divisor, added to gx wherever its window lies: shared out in a line first, then to its rows.

    Place w of a line lies in its row's windows from covers[0, w] up to covers[1, w], at most `levels`.
    """
    for plane in prange(len(gx)):
        _shares(gy, gx, rows, covers, levels, divisors, plane)


@inline
def _shares(gy: Array, gx: Array, rows: Array, covers: Array, levels: int, divisors: Array, plane: int) -> None:
    _, H, W = gx.shape
    _, count = gy.shape
    OW = count // len(rows)
    zero = gx.dtype.type(0)
    share, line = np.empty(count, gx.dtype), np.empty(W, gx.dtype)
    for i in range(count):  # all of the plane at once: vectors of quotients, however short the lines are
        share[i] = gy[plane, i] / divisors[i]
    for h in range(H):
        for w in range(W):
            gx[plane, h, w] = zero
    for oh in range(len(rows)):
        for w in range(W):
            line[w] = zero
        for level in range(levels):
            for w in range(W):
                ow = covers[0, w] + level
                line[w] += share[oh * OW + ow] if ow < covers[1, w] else zero
        for h in range(rows[oh, 0], rows[oh, 0] + rows[oh, 1]):
            for w in range(W):
                gx[plane, h, w] += line[w]
