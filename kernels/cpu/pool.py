"""Pooling over windows of (N, C, H, W), and its adjoints."""

import math

import numpy as np

from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.pool_avg import means, means_by_lines, quarters, shares, spread
from scratchnet.kernels.cpu.pool_max import gather, maxima, maxima_one_by_one, scatter
from scratchnet.kernels.cpu.pool_windows import Axis, adaptive_axis, axis, spans
from scratchnet.kernels.cpu.reduce import plane_sums


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

    Padding counts as the dtype's least value and is never the place. The first maximum wins; of several NaN the last.
    Integers stay integers.
    """
    n, c, h, w = x.shape
    y = target(out, (n, c, *out_size), x.dtype)
    places = target(indices, y.shape, np.dtype(np.int64))
    if y.size:
        (KH, KW), (dh, dw), flat, work = kernel_size, dilation, (n * c, *out_size), y.size * math.prod(kernel_size)
        real = y.dtype.kind == "f"
        least = y.dtype.type(-np.inf if real else np.iinfo(y.dtype).min)
        rows = spans(out_size[0], h, stride[0], padding[0], dh, KH)
        columns = spans(out_size[1], w, stride[1], padding[1], dw, KW)
        arguments = (work, plain(x).reshape(n * c, h, w), y.reshape(flat), places.reshape(flat), least, rows, columns)
        if real and _in_vectors(x.shape, out_size, stride):
            maxima(*arguments, dh * w, KW, stride[1], padding[1], dw)
        else:
            maxima_one_by_one(*arguments, dh, dw)
    return deliver(y, out, x.dtype), deliver(places, indices, places.dtype)


def scatter_planes(gy: Array, indices: Array, plane: Pair, out: Array | None = None) -> Array:
    """max pooling's gradient: (N, C, OH, OW) -> (N, C, *plane), each gy added where its index points."""
    n, c = gy.shape[:2]
    gx = target(out, (n, c, *plane), gy.dtype)
    if gx.size:
        scatter(
            gx.size + gy.size,
            plain(gy).reshape(n * c, -1) if gy.size else np.empty((n * c, 0), gx.dtype),
            plain(indices).reshape(n * c, -1) if gy.size else np.empty((n * c, 0), np.int64),
            gx.reshape(n * c, -1),
        )
    return deliver(gx, out, gy.dtype)


def gather_planes(x: Array, indices: Array, out: Array | None = None) -> Array:
    """The adjoint of scatter_planes: (N, C, H, W) -> indices' shape, each plane read at its indices."""
    n, c = x.shape[:2]
    y = target(out, indices.shape, x.dtype)
    if y.size:
        flat = (n * c, -1)
        gather(y.size, plain(x).reshape(n * c, x.shape[2] * x.shape[3]), plain(indices).reshape(flat), y.reshape(flat))
    return deliver(y, out, x.dtype)


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
    n, c, h, w = x.shape
    y = target(out, (n, c, *out_size), x.dtype)
    if y.size:
        rows, columns = _axes((h, w), out_size, kernel_size, stride, padding, count_include_pad, divisor_override)
        if _in_vectors(x.shape, out_size, stride):
            work, planes = y.size * math.prod(kernel_size), (plain(x).reshape(n * c, h, w), y.reshape(n * c, *out_size))
            numbers = (kernel_size[1], stride[1], padding[1])
            means(work, *planes, rows.spans, rows.divisors, columns.divisors, *numbers)
        else:
            _means(x, y, rows, columns)
    return deliver(y, out, x.dtype)


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
    by = divisor_override or math.prod(kernel_size)
    around = (kernel_size[0] - 1 - padding[0], kernel_size[1] - 1 - padding[1])
    if stride == (1, 1) and (count_include_pad or divisor_override or padding == (0, 0)) and min(around) >= 0:
        # Every divisor is the same: a place gets the mean of what its windows got.
        return avg_pool2d(
            gy, kernel_size, stride=stride, padding=around, out_size=image, count_include_pad=True, divisor_override=by,
            out=out,
        )  # fmt: skip
    gx = target(out, (*gy.shape[:2], *image), gy.dtype)
    if kernel_size == stride == (2, 2) and image == (2 * gy.shape[2], 2 * gy.shape[3]) and gx.size:
        n, c, *size = gy.shape
        quarters(gx.size, plain(gy).reshape(n * c, *size), gx.reshape(-1), gx.dtype.type(by))
        return deliver(gx, out, gy.dtype)
    axes = _axes(image, gy.shape[2:], kernel_size, stride, padding, count_include_pad, divisor_override)
    return deliver(_shared(gy, gx, *axes), out, gy.dtype)


def adaptive_avg_pool2d(x: Array, out_size: Pair, out: Array | None = None) -> Array:
    """torch.nn.functional.adaptive_avg_pool2d: window i of n covers rows floor(i H / n) to ceil((i + 1) H / n)."""
    y = target(out, (*x.shape[:2], *out_size), x.dtype)
    if y.size:
        _means(x, y, *map(adaptive_axis, out_size, x.shape[2:]))
    return deliver(y, out, x.dtype)


def adaptive_avg_pool2d_grad(gy: Array, image: Pair, out: Array | None = None) -> Array:
    """The adjoint of adaptive_avg_pool2d: (N, C, OH, OW) -> (N, C, *image)."""
    gx = target(out, (*gy.shape[:2], *image), gy.dtype)
    return deliver(_shared(gy, gx, *map(adaptive_axis, gy.shape[2:], image)), out, gy.dtype)


def _axes(
    image: Shape,
    out_size: Shape,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    count_include_pad: bool,
    divisor_override: int | None,
) -> list[Axis]:
    """The windows' rows and their columns."""
    override, include = divisor_override or 0, bool(count_include_pad)
    geometry = zip(out_size, image, stride, padding, kernel_size, (override and 1, override), strict=True)
    return [axis(count, size, step, p, taps, include, by) for count, size, step, p, taps, by in geometry]


def _in_vectors(x_shape: Shape, out_size: Pair, stride: Pair) -> bool:
    """Whether windows are taken by vectors: they start one or two columns apart, and 32 bits hold a place."""
    return stride[1] <= 2 and out_size[1] > 1 and x_shape[2] * x_shape[3] < 1 << 31


def _whole(windows: Axis) -> bool:
    """Whether there is one window, which sees all."""
    return len(windows.spans) == 1 and windows.spans[0, 1] == windows.covers.shape[1]


def _means(x: Array, y: Array, rows: Axis, columns: Axis) -> None:
    n, c, h, w = x.shape
    if _whole(rows) and _whole(columns):
        sums = np.empty(n * c)
        plane_sums(x.size, plain(x).reshape(n * c, h * w), sums)
        with np.errstate(all="ignore"):
            np.divide(sums, rows.divisors[0] * columns.divisors[0], out=y.reshape(-1), casting="same_kind")
    else:
        planes = (plain(x).reshape(n * c, h, w), y.reshape(n * c, *y.shape[2:]))
        means_by_lines(x.size + y.size, *planes, rows.spans, columns.spans, rows.divisors, columns.divisors)


def _shared(gy: Array, gx: Array, rows: Axis, columns: Axis) -> Array:
    """gx, where each gy is shared out over its window."""
    n, c, h, w = gx.shape
    if not gx.size or not gy.size:
        gx[...] = 0
    elif _whole(rows) and _whole(columns):
        with np.errstate(all="ignore"):
            values = np.divide(plain(gy).reshape(-1), rows.divisors[0] * columns.divisors[0])
        spread(gx.size, values.astype(gx.dtype), gx.reshape(n * c, h * w))
    else:
        oh, ow = gy.shape[2:]
        by = np.multiply.outer(rows.divisors[:oh], columns.divisors[:ow]).reshape(-1)
        if by.max(initial=0) < 1 << 24:  # exact in float32, and then so is the quotient, rounded once
            by = by.astype(gx.dtype)
        planes = (plain(gy).reshape(n * c, oh * ow), gx.reshape(n * c, h, w))
        shares(gx.size + gy.size, *planes, rows.spans, columns.covers, columns.levels, by)
    return gx
