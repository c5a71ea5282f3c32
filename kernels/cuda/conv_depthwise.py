"""Convolution with a group for each channel, directly: one thread an element, no matrices."""

import math

import numpy as np

from scratchnet.kernels.cuda import buffers
from scratchnet.kernels.cuda.epilogue import number
from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, Pair, Shape, compute_dtype, deliver, plain, target
from scratchnet.kernels.cuda.parts import add_parts
from scratchnet.kernels.geometry import output_size

CHUNK = 1 << 12  # windows that a warp adds up for the gradient of a weight
WARP = 32

PROGRAM = Program("conv_depthwise", dict.fromkeys(("forward", "grad_input", "grad_weight"), FLOATS))


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """As many groups as channels."""
    return x_shape[1] == groups


def workspace_size(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> int:
    """Elements of the parts of the weight's gradient."""
    oh, ow = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    return _parts(x_shape[0] * oh * ow) * math.prod(w_shape)


def forward(
    x: Array,
    w: Array,
    bias: Array | None,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    epilogue: str = "none",
    out: Array | None = None,
    workspace: Array | None = None,
) -> Array:
    """torch.nn.functional.conv2d: (N, C, H, W) * (K, 1, KH, KW) + (K,) -> (N, K, OH, OW)."""
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (x.shape[0], w.shape[0], *size), x.dtype)
    if y.size:
        weight = plain(w)
        added = weight if bias is None else plain(bias)  # without a bias never read
        numbers = _numbers(x.shape, w.shape, size, stride, padding, dilation)
        _launch("forward", y.size, (plain(x), weight, added, y), (y.size, *numbers), number(bias, epilogue))
    return deliver(y, out, x.dtype)


def grad_input(
    gy: Array,
    w: Array,
    x_shape: Shape,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    out: Array | None = None,
    workspace: Array | None = None,
) -> Array:
    """torch.nn.grad.conv2d_input: each pixel collects gy from every window that saw it. -> (N, C, H, W)."""
    gx = target(out, x_shape, gy.dtype)
    if gx.size:
        numbers = _numbers(x_shape, w.shape, gy.shape[2:], stride, padding, dilation)
        _launch("grad_input", gx.size, (plain(gy), plain(w), gx), (gx.size, *numbers))
    return deliver(gx, out, gy.dtype)


def grad_weight(
    gy: Array,
    x: Array,
    w_shape: Shape,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    out: Array | None = None,
    workspace: Array | None = None,
) -> Array:
    """torch.nn.grad.conv2d_weight: each tap collects gy times the pixel under it. -> (K, 1, KH, KW)."""
    gw = target(out, w_shape, x.dtype)
    if gw.size:
        n, parts = x.shape[0], _parts(gy.size // w_shape[0])
        room = gw
        if parts > 1 or x.dtype == np.float16:
            room = buffers.empty(parts * gw.size, compute_dtype(x.dtype)) if workspace is None else workspace
        numbers = _numbers(x.shape, w_shape, gy.shape[2:], stride, padding, dilation)
        count = parts * gw.size
        _launch("grad_weight", count * WARP, (plain(gy), plain(x), room), (count, n, *numbers), CHUNK)
        if room is not gw:
            add_parts(room, parts, gw)
    return deliver(gw, out, x.dtype)


def _parts(windows: int) -> int:
    return max(1, -(-windows // CHUNK))


def _numbers(
    x_shape: Shape, w_shape: Shape, size: Shape, stride: Pair, padding: Pair, dilation: Pair
) -> tuple[int, ...]:
    """As the kernels take them: C, H, W, K, OH, OW, KH, KW, ..."""
    return (*x_shape[1:], w_shape[0], *size, *w_shape[2:], *stride, *padding, *dilation)


def _launch(name: str, threads: int, arrays: tuple[Array, ...], numbers: tuple[int, ...], *more: int) -> None:
    h, w, _, _, _, kh, kw, _, _, ph, pw, dh, dw = numbers[-13:]
    reach = max(h + 2 * ph + dh * kh, w + 2 * pw + dw * kw)  # the largest row or column that a tap is looked for in
    PROGRAM.launch(name, (arrays[0].dtype.name,), threads, *arrays, *numbers, *more, bound=reach)
