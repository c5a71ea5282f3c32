"""The loops of max pooling."""

from typing import Any

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.pool_lanes import max_plane


@kernel()
def maxima(
    x: Array, y: Array, places: Array, least: Any, rows: Array, columns: Array, row_step: int, KW: int, sw: int,
    pw: int, dw: int,
) -> None:  # fmt: skip
    """The largest of each window and its place, by vectors of windows that start one or two columns apart."""
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for plane in prange(planes):
        start, to = plane * H * W, plane * OH * OW
        if max_plane(x, x.size, start, W, rows, row_step, KW, dw, sw, pw, OH, OW, to, least, y, places):
            _place_least(places, plane, rows, columns, W)


@inline
def _place_least(places: Array, plane: int, rows: Array, columns: Array, W: int) -> None:
    """Where nothing is larger than the least value there is, the place is the window's first tap in the image."""
    _, OH, OW = places.shape
    for oh in range(OH):
        for ow in range(OW):
            if places[plane, oh, ow] < 0 and rows[oh, 1] > 0 and columns[ow, 1] > 0:
                places[plane, oh, ow] = rows[oh, 0] * W + columns[ow, 0]


@kernel()
def maxima_one_by_one(
    x: Array, y: Array, places: Array, least: Any, rows: Array, columns: Array, dh: int, dw: int
) -> None:
    """The same for any dtype and stride."""
    for plane in prange(len(x)):
        _maxima_one_by_one(x, y, places, least, rows, columns, dh, dw, plane)


@inline
def _maxima_one_by_one(
    x: Array, y: Array, places: Array, least: Any, rows: Array, columns: Array, dh: int, dw: int, plane: int
) -> None:
    W = x.shape[2]
    _, OH, OW = y.shape
    for oh in range(OH):
        top, bottom = rows[oh, 0], rows[oh, 0] + rows[oh, 1] * dh
        for ow in range(OW):
            left, right = columns[ow, 0], columns[ow, 0] + columns[ow, 1] * dw
            best = least
            place = top * W + left if top < bottom and left < right else -1
            for h in range(top, bottom, dh):
                for w in range(left, right, dw):
                    v = x[plane, h, w]
                    # Nothing is larger than NaN, so it stays until another NaN. Selects, as branches are mispredicted.
                    better = (v > best) | (v != v)
                    best = v if better else best
                    place = h * W + w if better else place
            y[plane, oh, ow] = best
            places[plane, oh, ow] = place


@kernel()
def scatter(gy: Array, indices: Array, gx: Array) -> None:
    """Sums gy at the indices."""
    planes, size = gx.shape
    _, count = gy.shape
    zero = gx.dtype.type(0)
    for plane in prange(planes):
        for i in range(size):
            gx[plane, i] = zero
        for i in range(count):
            place = indices[plane, i]
            if 0 <= place < size:
                gx[plane, place] += gy[plane, i]


@kernel()
def gather(x: Array, indices: Array, y: Array) -> None:
    """Reads x at the indices."""
    planes, size = x.shape
    _, count = y.shape
    zero = x.dtype.type(0)
    for plane in prange(planes):
        for i in range(count):
            place = indices[plane, i]
            y[plane, i] = x[plane, place] if 0 <= place < size else zero
