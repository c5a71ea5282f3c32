"""Convolution and its two gradients as three products of the windows, the weight and the output's gradient.

y[n, k, p] = sum over c, t of w[k, c, t] x[n, c, t, p]: k in one of the groups, c its channels, t a tap, p a position
"""

import numpy as np

from scratchnet.kernels.geometry import output_size
from scratchnet.kernels.plain.buffers import Array, Pair, Shape, deliver
from scratchnet.kernels.plain.columns import col2im, im2col
from scratchnet.kernels.plain.matmul import matmul


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """Every case."""
    return True


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
    """torch.nn.functional.conv2d: (N, C, H, W) * (K, C / groups, KH, KW) + (K,) -> (N, K, OH, OW)."""
    n, k = x.shape[0], w.shape[0]
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    columns = _windows(x, w.shape, stride, padding, dilation, groups)
    y = matmul(_matrix(w, groups), columns).reshape(n, k, *size)
    if epilogue != "none" and bias is not None:
        y = y + bias.reshape(-1, 1, 1)
    if epilogue == "bias_relu":
        y = np.maximum(y, 0)
    return deliver(y, out)


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
    """torch.nn.grad.conv2d_input: w transposed times gy is the gradient of the windows; col2im adds it up."""
    n, c = x_shape[:2]
    upstream = gy.reshape(n, groups, w.shape[0] // groups, gy.shape[2] * gy.shape[3])
    windows = matmul(_matrix(w, groups).swapaxes(1, 2), upstream)
    columns = windows.reshape(n, c * w.shape[2] * w.shape[3], gy.shape[2] * gy.shape[3])
    image, kernel_size = (x_shape[2], x_shape[3]), (w.shape[2], w.shape[3])
    return col2im(columns, image, kernel_size, stride=stride, padding=padding, dilation=dilation, out=out)


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
    """torch.nn.grad.conv2d_weight: gy times the windows transposed, summed over the samples."""
    upstream = gy.reshape(gy.shape[0], groups, w_shape[0] // groups, gy.shape[2] * gy.shape[3])
    columns = _windows(x, w_shape, stride, padding, dilation, groups)
    return deliver(matmul(upstream, columns.swapaxes(2, 3)).sum(axis=0).reshape(w_shape), out)


def _matrix(w: Array, groups: int) -> Array:
    """(K, C / groups, KH, KW) -> (groups, K / groups, C / groups * KH * KW)."""
    return w.reshape(groups, w.shape[0] // groups, w.shape[1] * w.shape[2] * w.shape[3])


def _windows(x: Array, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    """(N, C, H, W) -> (N, groups, C / groups * KH * KW, OH * OW)."""
    columns = im2col(x, (w_shape[2], w_shape[3]), stride=stride, padding=padding, dilation=dilation)
    return columns.reshape(x.shape[0], groups, w_shape[1] * w_shape[2] * w_shape[3], columns.shape[2])
