"""im2col and its adjoint col2im: every window of an image as a column of a matrix, and back."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, Pair, Shape, compute_dtype, deliver, plain, target
from scratchnet.kernels.geometry import output_size

PROGRAM = Program("columns", {"im2col": FLOATS, "col2im": FLOATS})


def im2col(
    x: Array, kernel_size: Pair, *, stride: Pair, padding: Pair, dilation: Pair, out: Array | None = None
) -> Array:
    """torch.nn.functional.unfold: (N, C, H, W) -> (N, C * KH * KW, L), L = OH * OW. Padding counts as 0."""
    n, c, *image = x.shape
    windows = output_size(image, kernel_size, stride, padding, dilation)
    y = target(out, (n, c * kernel_size[0] * kernel_size[1], windows[0] * windows[1]), x.dtype)
    fill_columns(plain(x), y, windows, kernel_size, stride, padding, dilation)
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
    windows = output_size(image, kernel_size, stride, padding, dilation)
    y = target(out, (n, rows // (kernel_size[0] * kernel_size[1]), *image), columns.dtype)
    sums = plain(columns.astype(compute_dtype(columns.dtype), copy=False))
    gather_columns(sums, y, windows, kernel_size, stride, padding, dilation)
    return deliver(y, out, columns.dtype)


def fill_columns(
    x: Array,
    columns: Array,
    windows: Shape,
    kernel_size: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    samples_last: bool = False,
) -> None:
    """im2col of plain x in the order (N, C, KH, KW, OH, OW), or with samples_last (C, KH, KW, N, OH, OW)."""
    if columns.size:
        numbers = _numbers(x.shape, windows, kernel_size, stride, padding, dilation, samples_last)
        reach = _reach(x.shape, kernel_size, padding, dilation)
        PROGRAM.launch("im2col", (x.dtype.name,), columns.size, x, columns, columns.size, *numbers, bound=reach)


def gather_columns(
    columns: Array,
    x: Array,
    windows: Shape,
    kernel_size: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    samples_last: bool = False,
) -> None:
    """col2im of plain columns, of the dtype computed in, into plain x (N, C, H, W)."""
    if x.size:
        numbers = _numbers(x.shape, windows, kernel_size, stride, padding, dilation, samples_last)
        reach = _reach(x.shape, kernel_size, padding, dilation)
        PROGRAM.launch("col2im", (x.dtype.name,), x.size, columns, x, x.size, *numbers, bound=reach)


def _numbers(
    shape: Shape, windows: Shape, kernel_size: Shape, stride: Pair, padding: Pair, dilation: Pair, samples_last: bool
) -> tuple[int, ...]:
    """As the kernels take them: C, H, W, OH, OW, ..., and the steps of samples, channels and taps."""
    n, c = shape[:2]
    taps, places = kernel_size[0] * kernel_size[1], windows[0] * windows[1]
    steps = (places, taps * n * places, n * places) if samples_last else (c * taps * places, taps * places, places)
    return (*shape[1:], *windows, *kernel_size, *stride, *padding, *dilation, *steps)


def _reach(shape: Shape, kernel_size: Shape, padding: Pair, dilation: Pair) -> int:
    """The largest row or column that a tap may be looked for in."""
    return max(n + 2 * p + d * k for n, p, d, k in zip(shape[2:], padding, dilation, kernel_size, strict=True))
