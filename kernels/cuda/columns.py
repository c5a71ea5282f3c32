"""im2col and its adjoint col2im: every window of an image as a column of a matrix, and back."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, Pair, Shape, deliver, plain, target

PROGRAM = Program("columns", {"im2col": FLOATS, "col2im": FLOATS})


def output_size(image: Shape, kernel_size: Shape, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    """(OH, OW) = (size + 2 padding - dilation (kernel - 1) - 1) // stride + 1."""
    oh, ow = (
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, k, s, p, d in zip(image, kernel_size, stride, padding, dilation, strict=True)
    )
    return oh, ow


def im2col(
    x: Array, kernel_size: Pair, *, stride: Pair, padding: Pair, dilation: Pair, out: Array | None = None
) -> Array:
    """torch.nn.functional.unfold: (N, C, H, W) -> (N, C * KH * KW, L), L = OH * OW. Padding counts as 0."""
    n, c, *image = x.shape
    oh, ow = output_size(image, kernel_size, stride, padding, dilation)
    y = target(out, (n, c * kernel_size[0] * kernel_size[1], oh * ow), x.dtype)
    if y.size:
        geometry = (*image, oh, ow, *kernel_size, *stride, *padding, *dilation)
        PROGRAM.launch("im2col", (x.dtype.name,), y.size, plain(x), y, y.size, *geometry)
    return deliver(y, out, x.dtype)


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
    n, rows, _ = columns.shape
    oh, ow = output_size(image, kernel_size, stride, padding, dilation)
    y = target(out, (n, rows // (kernel_size[0] * kernel_size[1]), *image), columns.dtype)
    if y.size:
        geometry = (*image, oh, ow, *kernel_size, *stride, *padding, *dilation)
        PROGRAM.launch("col2im", (y.dtype.name,), y.size, plain(columns), y, y.size, *geometry)
    return deliver(y, out, columns.dtype)
