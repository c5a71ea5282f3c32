"""im2col and its adjoint col2im: every window of an image as a column of a matrix, and back."""

import itertools
from collections.abc import Iterator

import numpy as np

from scratchnet.kernels.geometry import output_size
from scratchnet.kernels.plain.buffers import Array, Pair, Shape, deliver


def taps(kernel_size: Shape, out_size: Shape, stride: Pair, dilation: Pair) -> Iterator[tuple[int, int, slice, slice]]:
    """For each tap (r, s) of the kernel the rows and the columns of the padded image that it meets, a position each."""
    for r, s in itertools.product(range(kernel_size[0]), range(kernel_size[1])):
        top, left = r * dilation[0], s * dilation[1]
        rows = slice(top, top + (out_size[0] - 1) * stride[0] + 1, stride[0])
        yield r, s, rows, slice(left, left + (out_size[1] - 1) * stride[1] + 1, stride[1])


def padded(x: Array, padding: Pair) -> Array:
    """x (N, C, H, W) with zeros around it."""
    n, c, h, w = x.shape
    out = np.zeros((n, c, h + 2 * padding[0], w + 2 * padding[1]), x.dtype)
    out[:, :, padding[0] : padding[0] + h, padding[1] : padding[1] + w] = x
    return out


def im2col(
    x: Array, kernel_size: Pair, *, stride: Pair, padding: Pair, dilation: Pair, out: Array | None = None
) -> Array:
    """torch.nn.functional.unfold: (N, C, H, W) -> (N, C * KH * KW, L), L = OH * OW. Padding counts as 0."""
    n, c = x.shape[:2]
    size = output_size(x.shape[2:], kernel_size, stride, padding, dilation)
    columns, image = np.zeros((n, c, *kernel_size, *size), x.dtype), padded(x, padding)
    for r, s, rows, cols in taps(kernel_size, size, stride, dilation):
        columns[:, :, r, s] = image[:, :, rows, cols]
    return deliver(columns.reshape(n, c * kernel_size[0] * kernel_size[1], size[0] * size[1]), out)


def col2im(
    columns: Array,
    image: Pair,
    kernel_size: Pair,
    *,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    out: Array | None = None,
) -> Array:
    """torch.nn.functional.fold, the adjoint of im2col: (N, C * KH * KW, L) -> (N, C, H, W).

    What falls on the padding is dropped.
    """
    n, c = columns.shape[0], columns.shape[1] // (kernel_size[0] * kernel_size[1])
    size = output_size(image, kernel_size, stride, padding, dilation)
    windows = columns.reshape(n, c, *kernel_size, *size)
    x = padded(np.zeros((n, c, *image), columns.dtype), padding)
    for r, s, rows, cols in taps(kernel_size, size, stride, dilation):
        x[:, :, rows, cols] += windows[:, :, r, s]
    (top, left), (height, width) = padding, image
    return deliver(np.ascontiguousarray(x[:, :, top : top + height, left : left + width]), out)
