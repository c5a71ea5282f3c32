"""Pooling over windows of (N, C, H, W), and its adjoints."""

from typing import Any

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array, Pair, deliver, plain, target


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
        flat = (n * c, *out_size)
        _max_pool(
            y.size * kernel_size[0] * kernel_size[1],
            plain(x).reshape(n * c, h, w),
            y.reshape(flat),
            places.reshape(flat),
            y.dtype.type(-np.inf) if y.dtype.kind == "f" else y.dtype.type(np.iinfo(y.dtype).min),
            *(*kernel_size, *stride, *padding, *dilation),
        )
    return deliver(y, out, x.dtype), deliver(places, indices, places.dtype)


def scatter_planes(gy: Array, indices: Array, plane: Pair, out: Array | None = None) -> Array:
    """max pooling's gradient: (N, C, OH, OW) -> (N, C, *plane), each gy added where its index points."""
    n, c = gy.shape[:2]
    gx = target(out, (n, c, *plane), gy.dtype)
    if gx.size:
        _scatter(
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
        _gather(y.size, plain(x).reshape(n * c, x.shape[2] * x.shape[3]), plain(indices).reshape(flat), y.reshape(flat))
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
        _avg_pool(
            y.size * kernel_size[0] * kernel_size[1],
            plain(x).reshape(n * c, h, w),
            y.reshape(n * c, *out_size),
            *(*kernel_size, *stride, *padding, bool(count_include_pad), divisor_override or 0),
        )
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
    n, c, oh, ow = gy.shape
    gx = target(out, (n, c, *image), gy.dtype)
    if gx.size:
        gx[...] = 0
        if gy.size:
            _avg_pool_grad(
                gy.size * kernel_size[0] * kernel_size[1],
                plain(gy).reshape(n * c, oh, ow),
                gx.reshape(n * c, *image),
                *(*kernel_size, *stride, *padding, bool(count_include_pad), divisor_override or 0),
            )
    return deliver(gx, out, gy.dtype)


def adaptive_avg_pool2d(x: Array, out_size: Pair, out: Array | None = None) -> Array:
    """torch.nn.functional.adaptive_avg_pool2d: window i of n covers rows floor(i H / n) to ceil((i + 1) H / n)."""
    n, c, h, w = x.shape
    y = target(out, (n, c, *out_size), x.dtype)
    if y.size:
        _adaptive(x.size + y.size, plain(x).reshape(n * c, h, w), y.reshape(n * c, *out_size))
    return deliver(y, out, x.dtype)


def adaptive_avg_pool2d_grad(gy: Array, image: Pair, out: Array | None = None) -> Array:
    """The adjoint of adaptive_avg_pool2d: (N, C, OH, OW) -> (N, C, *image)."""
    n, c, oh, ow = gy.shape
    gx = target(out, (n, c, *image), gy.dtype)
    if gx.size:
        gx[...] = 0
        if gy.size:
            _adaptive_grad(gx.size + gy.size, plain(gy).reshape(n * c, oh, ow), gx.reshape(n * c, *image))
    return deliver(gx, out, gy.dtype)


@kernel()
def _max_pool(
    x: Array,
    y: Array,
    indices: Array,
    least: Any,
    KH: int,
    KW: int,
    sh: int,
    sw: int,
    ph: int,
    pw: int,
    dh: int,
    dw: int,
) -> None:
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for plane in prange(planes):
        for oh in range(OH):
            top = oh * sh - ph
            # Taps in the padding are skipped: r from the first with top + r * dh >= 0 up to the last below H.
            r0 = 0 if top >= 0 else (dh - 1 - top) // dh
            r1 = min(KH, max(0, (H - top + dh - 1) // dh))
            for ow in range(OW):
                left = ow * sw - pw
                s0 = 0 if left >= 0 else (dw - 1 - left) // dw
                s1 = min(KW, max(0, (W - left + dw - 1) // dw))
                best = least
                place = -1
                if r0 < r1 and s0 < s1:
                    place = (top + r0 * dh) * W + left + s0 * dw
                for r in range(r0, r1):
                    h = top + r * dh
                    for s in range(s0, s1):
                        w = left + s * dw
                        v = x[plane, h, w]
                        if v > best or v != v:  # nothing is larger than NaN, so it stays until another NaN
                            best = v
                            place = h * W + w
                y[plane, oh, ow] = best
                indices[plane, oh, ow] = place


@kernel()
def _scatter(gy: Array, indices: Array, gx: Array) -> None:
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
def _gather(x: Array, indices: Array, y: Array) -> None:
    planes, size = x.shape
    _, count = y.shape
    zero = x.dtype.type(0)
    for plane in prange(planes):
        for i in range(count):
            place = indices[plane, i]
            y[plane, i] = x[plane, place] if 0 <= place < size else zero


@inline
def _divisor(
    top: int, left: int, KH: int, KW: int, H: int, W: int, ph: int, pw: int, include_pad: bool, override: int
) -> int:
    """By how much avg_pool2d divides the sum of the window at (top, left)."""
    bottom = min(top + KH, H + ph)
    right = min(left + KW, W + pw)
    if override != 0:
        return override
    if include_pad:
        return (bottom - top) * (right - left)
    return (min(bottom, H) - max(top, 0)) * (min(right, W) - max(left, 0))


@kernel()
def _avg_pool(
    x: Array, y: Array, KH: int, KW: int, sh: int, sw: int, ph: int, pw: int, include_pad: bool, override: int
) -> None:
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for plane in prange(planes):
        for oh in range(OH):
            top = oh * sh - ph
            for ow in range(OW):
                left = ow * sw - pw
                total = 0.0
                for h in range(max(top, 0), min(top + KH, H)):
                    for w in range(max(left, 0), min(left + KW, W)):
                        total += x[plane, h, w]
                if min(top + KH, H) <= max(top, 0) or min(left + KW, W) <= max(left, 0):
                    y[plane, oh, ow] = 0.0  # a window wholly in the padding
                else:
                    y[plane, oh, ow] = total / _divisor(top, left, KH, KW, H, W, ph, pw, include_pad, override)


@kernel()
def _avg_pool_grad(
    gy: Array, gx: Array, KH: int, KW: int, sh: int, sw: int, ph: int, pw: int, include_pad: bool, override: int
) -> None:
    planes, H, W = gx.shape
    _, OH, OW = gy.shape
    for plane in prange(planes):
        for oh in range(OH):
            top = oh * sh - ph
            for ow in range(OW):
                left = ow * sw - pw
                divisor = _divisor(top, left, KH, KW, H, W, ph, pw, include_pad, override)
                share = gx.dtype.type(gy[plane, oh, ow] / divisor)
                for h in range(max(top, 0), min(top + KH, H)):
                    for w in range(max(left, 0), min(left + KW, W)):
                        gx[plane, h, w] += share


@kernel()
def _adaptive(x: Array, y: Array) -> None:
    planes, H, W = x.shape
    _, OH, OW = y.shape
    for plane in prange(planes):
        for oh in range(OH):
            top = oh * H // OH
            bottom = ((oh + 1) * H + OH - 1) // OH
            for ow in range(OW):
                left = ow * W // OW
                right = ((ow + 1) * W + OW - 1) // OW
                total = 0.0
                for h in range(top, bottom):
                    for w in range(left, right):
                        total += x[plane, h, w]
                y[plane, oh, ow] = total / ((bottom - top) * (right - left))


@kernel()
def _adaptive_grad(gy: Array, gx: Array) -> None:
    planes, H, W = gx.shape
    _, OH, OW = gy.shape
    for plane in prange(planes):
        for oh in range(OH):
            top = oh * H // OH
            bottom = ((oh + 1) * H + OH - 1) // OH
            for ow in range(OW):
                left = ow * W // OW
                right = ((ow + 1) * W + OW - 1) // OW
                share = gx.dtype.type(gy[plane, oh, ow] / ((bottom - top) * (right - left)))
                for h in range(top, bottom):
                    for w in range(left, right):
                        gx[plane, h, w] += share
