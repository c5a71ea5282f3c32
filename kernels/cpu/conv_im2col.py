"""Convolution as matrix products: the windows of a few samples at a time become columns, and BLAS does the sums.

Source: Chellapilla, Puri, Simard, High Performance Convolutional Neural Networks for Document Processing (2006),
section 3.
"""

import math
from collections.abc import Iterator

import numpy as np

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.blas import one_thread
from scratchnet.kernels.cpu.columns import fill_columns, gather_columns
from scratchnet.kernels.cpu.epilogue import finish
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.matmul import product
from scratchnet.kernels.geometry import chunk_samples, chunks, column_size, output_size

CHUNK = (
    1 << 21
)  # elements of the column matrix at a time, 16 MiB of float64: it stays near the cache and memory stays bounded
TERMS = 128  # BLAS adds up so many products, and float64 the sums: the gradient of a weight has very long ones


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
    """torch.nn.functional.conv2d: for each sample and group w (K, C KH KW) times the columns (C KH KW, OH OW)."""
    n, k = x.shape[0], w.shape[0]
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (n, k, *size), x.dtype)
    if y.size:
        if w.size:
            _products(plain(x), plain(w), y, stride, padding, dilation, groups, workspace)
        else:
            y[...] = 0
        finish(y, bias, epilogue)
    return deliver(y, out, x.dtype)


def _products(
    x: Array, w: Array, y: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int, workspace: Array | None
) -> None:
    k, rows = w.shape[0], w[0].size  # rows: C / groups * KH * KW
    matrix = w.reshape(groups, k // groups, rows)
    if _is_pointwise(w.shape, stride, padding):
        with one_thread, np.errstate(all="ignore"):
            product(matrix, x.reshape(len(x), groups, rows, -1), y.reshape(len(y), groups, k // groups, -1))
        return
    for lo, hi, columns in _chunks(x.shape, w.shape, x.dtype, stride, padding, dilation, workspace):
        fill_columns(x[lo:hi], columns, y.shape[2:], w.shape[2:], stride, padding, dilation)
        with one_thread, np.errstate(all="ignore"):
            part = y[lo:hi].reshape(hi - lo, groups, k // groups, -1)
            product(matrix, columns.reshape(hi - lo, groups, rows, -1), part)


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
    if not gy.size or not gx.size or not w.size:
        gx[...] = 0
        return deliver(gx, out, gy.dtype)
    gy_, w_ = plain(gy), plain(w)
    k, rows = w.shape[0], w_[0].size
    matrix = w_.reshape(groups, k // groups, rows).transpose(0, 2, 1)
    upstream = gy_.reshape(len(gy_), groups, k // groups, -1)
    if _is_pointwise(w.shape, stride, padding):
        with one_thread, np.errstate(all="ignore"):
            product(matrix, upstream, gx.reshape(len(gx), groups, rows, -1))
        return deliver(gx, out, gy.dtype)
    for lo, hi, columns in _chunks(x_shape, w.shape, gx.dtype, stride, padding, dilation, workspace):
        with one_thread, np.errstate(all="ignore"):
            product(matrix, upstream[lo:hi], columns.reshape(hi - lo, groups, rows, -1))
        gather_columns(columns, gx[lo:hi], gy.shape[2:], w.shape[2:], stride, padding, dilation)
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
    """torch.nn.grad.conv2d_weight: gy (K, OH OW) times the columns transposed, summed over the samples."""
    gw = target(out, w_shape, x.dtype)
    if not gy.size or not gw.size:
        gw[...] = 0
        return deliver(gw, out, x.dtype)
    x_, gy_ = plain(x), plain(gy)
    k, rows, places = w_shape[0], math.prod(w_shape[1:]), gy.shape[2] * gy.shape[3]
    total = np.zeros((groups, k // groups, rows), np.float64)
    part = buffers.empty(total.shape, gw.dtype)
    for lo, hi, columns in _chunks(x.shape, w_shape, x_.dtype, stride, padding, dilation, workspace):
        # With the samples beside the places both are terms of one sum, which may be cut anywhere.
        fill_columns(x_[lo:hi], columns, gy.shape[2:], w_shape[2:], stride, padding, dilation, samples_last=True)
        matrix = columns.reshape(groups, rows, (hi - lo) * places).transpose(0, 2, 1)
        upstream = np.ascontiguousarray(gy_[lo:hi].reshape(hi - lo, k, places).transpose(1, 0, 2))
        upstream = upstream.reshape(groups, k // groups, (hi - lo) * places)
        with one_thread, np.errstate(all="ignore"):
            for start in range(0, upstream.shape[2], TERMS):
                np.matmul(upstream[..., start : start + TERMS], matrix[:, start : start + TERMS], out=part)
                total += part
    with np.errstate(over="ignore", invalid="ignore"):
        gw[...] = total.reshape(w_shape)
    return deliver(gw, out, x.dtype)


def _is_pointwise(w_shape: Shape, stride: Pair, padding: Pair) -> bool:
    """Whether the image is its own column matrix."""
    return w_shape[2:] == (1, 1) and stride == (1, 1) and padding == (0, 0)


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
