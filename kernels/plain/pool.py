"""Pooling over windows of (N, C, H, W), and its adjoints."""

import math
from typing import Any

import numpy as np

from scratchnet.kernels.plain.buffers import Array, Pair, deliver
from scratchnet.kernels.plain.matmul import matmul


def max_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    out_size: Pair,
    out: Array | None = None,
    indices: Array | None = None,
) -> tuple[Array, Array]:
    """torch.nn.functional.max_pool2d(return_indices=True): (N, C, H, W) -> (N, C, OH, OW) twice: values, places in
    the plane.

    Padding is never the place; a window wholly in it has index -1 and the dtype's least value. The first maximum of
    the real parts wins; of several NaN the last.
    """
    least = -np.inf if x.dtype.kind in "fc" else np.iinfo(x.dtype).min
    seen, place = _seen(x, kernel_size, stride, padding, dilation, out_size, least)
    value = seen.real
    best = np.where(place >= 0, value, least).argmax(axis=2)  # a tap on the image before one in the padding:
    best = np.where(place[best, *np.indices(out_size)] < 0, (place >= 0).argmax(axis=0), best)
    nan = np.isnan(value)
    best = np.where(nan.any(axis=2), nan.shape[2] - 1 - nan[:, :, ::-1].argmax(axis=2), best)
    y = np.take_along_axis(seen, best[:, :, None], axis=2)[:, :, 0]
    return deliver(y, out), deliver(place[best, *np.indices(out_size)], indices)


def _seen(
    x: Array, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, out_size: Pair, fill: Any
) -> tuple[Array, Array]:
    """What each tap of each window sees, (N, C, KH KW, OH, OW), and where that is in the plane, (KH KW, OH, OW).

    Outside the image it sees `fill`, and the place is -1.
    """
    h, w = x.shape[2:]
    r, s = (
        np.arange(n)[:, None] * step - p + np.arange(k) * d
        for n, step, p, k, d in zip(out_size, stride, padding, kernel_size, dilation, strict=True)
    )
    rows, columns = r.T[:, None, :, None], s.T[None, :, None, :]  # (KH, 1, OH, 1), (1, KW, 1, OW)
    inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
    place = np.where(inside, rows * w + columns, -1).reshape(-1, *out_size)
    flat = x.reshape(*x.shape[:2], h * w)
    return np.where(place >= 0, flat[:, :, np.maximum(place, 0)], fill), place


def scatter_planes(gy: Array, indices: Array, plane: Pair, out: Array | None = None) -> Array:
    """max pooling's gradient: (N, C, OH, OW) -> (N, C, *plane), each gy added where its index points."""
    n, c = gy.shape[:2]
    gx = np.zeros((n, c, math.prod(plane)), gy.dtype)
    inside = (indices >= 0) & (indices < gx.shape[2])
    sample, channel = np.nonzero(inside)[:2]
    np.add.at(gx, (sample, channel, indices[inside]), gy[inside])
    return deliver(gx.reshape(n, c, *plane), out)


def gather_planes(x: Array, indices: Array, out: Array | None = None) -> Array:
    """The adjoint of scatter_planes: (N, C, H, W) -> indices' shape, each plane read at its indices."""
    n, c, h, w = x.shape
    inside = (indices >= 0) & (indices < h * w)
    y = np.zeros(indices.shape, x.dtype)
    sample, channel = np.nonzero(inside)[:2]
    y[inside] = x.reshape(n, c, h * w)[sample, channel, indices[inside]]
    return deliver(y, out)


def avg_pool2d(
    x: Array,
    kernel_size: Pair,
    *,
    stride: Pair,
    padding: Pair,
    out_size: Pair,
    count_include_pad: bool,
    divisor_override: int | None,
    out: Array | None = None,
) -> Array:
    """torch.nn.functional.avg_pool2d: (N, C, H, W) -> (N, C, OH, OW).

    The divisor counts the padding only with count_include_pad, and never what ceil_mode adds beyond it.
    """
    seen, _ = _seen(x, kernel_size, stride, padding, (1, 1), out_size, 0)
    image = (x.shape[2], x.shape[3])
    rule = (kernel_size, stride, padding, count_include_pad, divisor_override)
    return deliver(seen.sum(axis=2) * _scale(image, out_size, *rule), out)


def avg_pool2d_grad(
    gy: Array,
    image: Pair,
    kernel_size: Pair,
    *,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool,
    divisor_override: int | None,
    out: Array | None = None,
) -> Array:
    """The adjoint of avg_pool2d: (N, C, OH, OW) -> (N, C, *image), each gy shared out over its window."""
    out_size = (gy.shape[2], gy.shape[3])
    shares = gy * _scale(image, out_size, kernel_size, stride, padding, count_include_pad, divisor_override)
    _, place = _seen(np.zeros((1, 1, *image)), kernel_size, stride, padding, (1, 1), out_size, 0)
    n, c, taps = *gy.shape[:2], len(place)
    spread = np.broadcast_to(shares[:, :, None], (n, c, taps, *out_size)).reshape(n, c, taps * out_size[0], out_size[1])
    where = np.broadcast_to(place.reshape(taps * out_size[0], out_size[1]), spread.shape)
    return scatter_planes(spread, where, image, out=out)


def _scale(
    image: Pair,
    out_size: Pair,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    include_pad: bool,
    override: int | None,
) -> Array:
    """(OH, OW): what the sum of each window is multiplied by; 0 where the window lies wholly in the padding."""
    sides = []
    for count, size, k, step, p in zip(out_size, image, kernel_size, stride, padding, strict=True):
        first = np.arange(count) * step - p
        last = np.minimum(first + k, size + p)
        sides.append((last - first, np.minimum(last, size) - np.maximum(first, 0)))
    (whole_h, inside_h), (whole_w, inside_w) = sides
    met = (inside_h[:, None] > 0) & (inside_w > 0)
    area = whole_h[:, None] * whole_w if include_pad else inside_h[:, None] * inside_w
    return np.where(met, 1 / (override or np.where(met, area, 1)), 0.0)


def adaptive_avg_pool2d(x: Array, out_size: Pair, out: Array | None = None) -> Array:
    """torch.nn.functional.adaptive_avg_pool2d: window i of n covers rows floor(i H / n) to ceil((i + 1) H / n)."""
    rows, columns = _shares(x.shape[2], out_size[0]), _shares(x.shape[3], out_size[1])
    return deliver(matmul(matmul(rows, x), columns.T), out)


def adaptive_avg_pool2d_grad(gy: Array, image: Pair, out: Array | None = None) -> Array:
    """The adjoint of adaptive_avg_pool2d: (N, C, OH, OW) -> (N, C, *image)."""
    rows, columns = _shares(image[0], gy.shape[2]), _shares(image[1], gy.shape[3])
    return deliver(matmul(matmul(rows.T, gy), columns), out)


def _shares(size: int, count: int) -> Array:
    """(count, size): row i holds 1 / length over the part of the line that window i covers."""
    shares = np.zeros((count, size))
    for i in range(count):
        first, last = i * size // count, -(-(i + 1) * size // count)
        shares[i, first:last] = 1 / (last - first)
    return shares
