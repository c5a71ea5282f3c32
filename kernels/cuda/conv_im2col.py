"""Convolution as matrix products: the windows of some samples at a time become columns, and cuBLAS does the sums.

The samples lie beside each other in the columns (C KH KW, N OH OW), so that a small image makes no small product.

Source: Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks for Document Processing (2006),
section 3.
"""

import math
from collections.abc import Iterator

import numpy as np

from scratchnet.kernels.cuda import buffers, driver, tf32
from scratchnet.kernels.cuda.columns import fill_columns, gather_columns
from scratchnet.kernels.cuda.epilogue import finish
from scratchnet.kernels.cuda.layout import Array, Pair, Shape, compute_dtype, deliver, plain, target
from scratchnet.kernels.cuda.matmul import long_product, product
from scratchnet.kernels.geometry import chunk_samples, chunks, column_size, output_size

CHUNK = 1 << 24  # elements of the column matrix at a time, 64 MiB of float32: memory stays bounded


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """Every case."""
    return True


def workspace_size(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> int:
    """Elements of the column matrix of one chunk of samples."""
    one = column_size(x_shape, w_shape, stride, padding, dilation)
    return one * chunk_samples(x_shape[0], one, CHUNK)


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
    """torch.nn.functional.conv2d: for each group w (K, C KH KW) times the columns (C KH KW, N OH OW)."""
    k = w.shape[0]
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (x.shape[0], k, *size), x.dtype)
    if y.size:
        x_, matrix = _wide(x), _wide(w).reshape(groups, k // groups, math.prod(w.shape[1:]))
        for lo, hi, columns in _chunks(x.shape, w.shape, x_.dtype, stride, padding, dilation, workspace):
            fill_columns(x_[lo:hi], columns, size, w.shape[2:], stride, padding, dilation, samples_last=True)
            sums = product(
                matrix, columns.reshape(groups, matrix.shape[2], (hi - lo) * size[0] * size[1]), None, tf32.convolution
            )
            finish(sums, bias, epilogue, y[lo:hi], channels_first=True)
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
    """torch.nn.grad.conv2d_input: w transposed times gy is the gradient of the columns; col2im adds it up."""
    gx = target(out, x_shape, gy.dtype)
    if gx.size:
        k, kind = w.shape[0], compute_dtype(gy.dtype)
        matrix = _wide(w).reshape(groups, k // groups, math.prod(w.shape[1:])).swapaxes(1, 2)
        for lo, hi, columns in _chunks(x_shape, w.shape, kind, stride, padding, dilation, workspace):
            upstream = _channels_first(gy[lo:hi], groups)
            product(matrix, upstream, columns.reshape(groups, matrix.shape[1], upstream.shape[2]), tf32.convolution)
            gather_columns(columns, gx[lo:hi], gy.shape[2:], w.shape[2:], stride, padding, dilation, samples_last=True)
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
    """torch.nn.grad.conv2d_weight: gy (K, N OH OW) times the columns transposed, summed over the chunks."""
    gw = target(out, w_shape, x.dtype)
    if gw.size:
        x_, rows = _wide(x), math.prod(w_shape[1:])
        total = driver.cupy().zeros((groups, w_shape[0] // groups, rows), np.float64)
        for lo, hi, columns in _chunks(x.shape, w_shape, x_.dtype, stride, padding, dilation, workspace):
            fill_columns(x_[lo:hi], columns, gy.shape[2:], w_shape[2:], stride, padding, dilation, samples_last=True)
            upstream = _channels_first(gy[lo:hi], groups)
            total += long_product(upstream, columns.reshape(groups, rows, upstream.shape[2]), tf32.convolution)
        gw[...] = total.reshape(w_shape)
    return deliver(gw, out, x.dtype)


def _wide(x: Array) -> Array:
    """x for reading, of the dtype computed in."""
    return plain(x.astype(compute_dtype(x.dtype), copy=False))


def _channels_first(gy: Array, groups: int) -> Array:
    """(N, K, OH, OW) -> (groups, K / groups, N OH OW)."""
    n, k, oh, ow = gy.shape
    return _wide(gy.swapaxes(0, 1)).reshape(groups, k // groups, n * oh * ow)


def _chunks(
    x_shape: Shape,
    w_shape: Shape,
    dtype: np.dtype,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    workspace: Array | None,
) -> Iterator[tuple[int, int, Array]]:
    """Runs of samples, cut by shape alone, each with room for its columns."""
    one = column_size(x_shape, w_shape, stride, padding, dilation)
    at_a_time = chunk_samples(x_shape[0], one, CHUNK)
    if workspace is None:
        workspace = buffers.empty(one * at_a_time, dtype)
    for lo, hi in chunks(x_shape[0], at_a_time):
        yield lo, hi, workspace[: one * (hi - lo)]
