"""Convolution by kernels of one pixel: a plain product, for the image is its own column matrix.

With a stride only the pixels that are looked at take part.
"""

import numpy as np

from scratchnet.kernels.cuda import tf32
from scratchnet.kernels.cuda.epilogue import finish, room
from scratchnet.kernels.cuda.layout import Array, Pair, Shape, compute_dtype, deliver, plain, target
from scratchnet.kernels.cuda.matmul import long_product, product
from scratchnet.kernels.geometry import output_size


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """Kernels of one pixel, without padding."""
    return tuple(w_shape[2:]) == (1, 1) and tuple(padding) == (0, 0)


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
    """torch.nn.functional.conv2d: for each sample and group w (K, C) times x (C, OH OW)."""
    (n, _, *image), k = x.shape, w.shape[0]
    y = target(out, (n, k, *output_size(image, (1, 1), stride, padding, dilation)), x.dtype)
    if y.size:
        direct = room(y)
        into = None if direct is None else _split(direct, groups)
        sums = product(_matrix(w, groups), _split(_seen(x, stride), groups), into, tf32.convolution)
        finish(sums if direct is None else y, bias, epilogue, y)
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
    """torch.nn.grad.conv2d_input: w transposed (C, K) times gy (K, OH OW); pixels between the strides get 0."""
    gx = target(out, x_shape, gy.dtype)
    if gx.size:
        matrix, upstream = _matrix(w, groups).swapaxes(-1, -2), _split(_seen(gy, (1, 1)), groups)
        if tuple(stride) == (1, 1) and room(gx) is not None:
            product(matrix, upstream, _split(gx, groups), tf32.convolution)
        else:
            result = product(matrix, upstream, None, tf32.convolution)
            gx[...] = 0
            gx[:, :, :: stride[0], :: stride[1]] = result.reshape(*x_shape[:2], *gy.shape[2:])
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
    """torch.nn.grad.conv2d_weight: gy (K, N OH OW) times x transposed (N OH OW, C)."""
    gw = target(out, w_shape, x.dtype)
    if gw.size:
        upstream, pixels = _channels_first(gy, (1, 1), groups), _channels_first(x, stride, groups)
        gw[...] = long_product(upstream, pixels, tf32.convolution).reshape(w_shape)
    return deliver(gw, out, x.dtype)


def _seen(x: Array, stride: Pair) -> Array:
    """The pixels under the windows, of the dtype computed in."""
    pixels = x if tuple(stride) == (1, 1) else x[:, :, :: stride[0], :: stride[1]]
    return plain(pixels.astype(compute_dtype(x.dtype), copy=False))


def _matrix(w: Array, groups: int) -> Array:
    """(K, C / groups), with several groups (groups, K / groups, C / groups)."""
    wide = plain(w.astype(compute_dtype(w.dtype), copy=False))
    k, c = w.shape[:2]
    return wide.reshape(k, c) if groups == 1 else wide.reshape(groups, k // groups, c)


def _split(x: Array, groups: int) -> Array:
    """(N, C, H, W) -> (N, C, H W), with several groups (N, groups, C / groups, H W)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h * w) if groups == 1 else x.reshape(n, groups, c // groups, h * w)


def _channels_first(x: Array, stride: Pair, groups: int) -> Array:
    """(N, C, H, W) -> (groups, C / groups, N * the pixels seen)."""
    pixels = x[:, :, :: stride[0], :: stride[1]].swapaxes(0, 1)
    c, n, h, w = pixels.shape
    wide = plain(pixels.astype(compute_dtype(x.dtype), copy=False))
    return wide.reshape(groups, c // groups, n * h * w)
