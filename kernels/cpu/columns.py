"""im2col and its adjoint col2im: every window of an image as a column of a matrix, and back."""

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.geometry import output_size


def im2col(
    x: Array, kernel_size: Pair, *, stride: Pair, padding: Pair, dilation: Pair, out: Array | None = None
) -> Array:
    """torch.nn.functional.unfold: (N, C, H, W) -> (N, C * KH * KW, L), L = OH * OW. Padding counts as 0."""
    n, c, h, w = x.shape
    oh, ow = output_size((h, w), kernel_size, stride, padding, dilation)
    rows = c * kernel_size[0] * kernel_size[1]
    y = target(out, (n, rows, oh * ow), x.dtype)
    if y.size:
        fill_columns(plain(x), y, (oh, ow), kernel_size, stride, padding, dilation)
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
    kh, kw = kernel_size
    n, rows, _ = columns.shape
    c = rows // (kh * kw)
    y = target(out, (n, c, *image), columns.dtype)
    if y.size:
        oh_ow = output_size(image, kernel_size, stride, padding, dilation)
        gather_columns(plain(columns), y, oh_ow, kernel_size, stride, padding, dilation)
    return deliver(y, out, columns.dtype)


def fill_columns(
    x: Array,
    columns: Array,
    out_size: Shape,
    kernel_size: Shape,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    samples_last: bool = False,
) -> None:
    """im2col of plain x in the order (N, C, KH, KW, OH, OW), or with samples_last (C, KH, KW, N, OH, OW)."""
    n, c = x.shape[:2]
    taps, places = kernel_size[0] * kernel_size[1], out_size[0] * out_size[1]
    steps = (places, taps * n * places, n * places) if samples_last else (c * taps * places, taps * places, places)
    geometry = (*out_size, *kernel_size, *stride, *padding, *dilation)
    _im2col(columns.size, x, columns.reshape(-1), *steps, *geometry)


def gather_columns(
    columns: Array, x: Array, out_size: Shape, kernel_size: Shape, stride: Pair, padding: Pair, dilation: Pair
) -> None:
    """col2im of plain arrays into `x` (N, C, H, W)."""
    n, c, h, w = x.shape
    _col2im(
        columns.size + x.size,
        columns.reshape(n * c, kernel_size[0], kernel_size[1], out_size[0], out_size[1]),
        x.reshape(n * c, h, w),
        *(*stride, *padding, *dilation),
    )


@inline
def first_inside(offset: int, stride: int) -> int:
    """The first output position o >= 0 with o * stride + offset >= 0."""
    return 0 if offset >= 0 else (stride - 1 - offset) // stride


@inline
def end_inside(offset: int, stride: int, size: int, positions: int) -> int:
    """One past the last output position o < positions with o * stride + offset < size."""
    return min(positions, max(0, (size - offset + stride - 1) // stride))


@kernel()
def _im2col(
    x: Array,
    y: Array,
    sample_step: int,
    channel_step: int,
    tap_step: int,
    OH: int,
    OW: int,
    KH: int,
    KW: int,
    sh: int,
    sw: int,
    ph: int,
    pw: int,
    dh: int,
    dw: int,
) -> None:
    N, C, H, W = x.shape
    zero = x.dtype.type(0)
    for nc in prange(N * C):
        n = nc // C
        c = nc % C
        for r in range(KH):
            for s in range(KW):
                offset = s * dw - pw
                # Between these two the window's column s lies in the image, left and right of them in the padding.
                first = min(first_inside(offset, sw), OW)
                end = max(first, end_inside(offset, sw, W, OW))
                for oh in range(OH):
                    row = n * sample_step + c * channel_step + (r * KW + s) * tap_step + oh * OW
                    h = oh * sh - ph + r * dh
                    if h < 0 or h >= H:
                        for ow in range(OW):
                            y[row + ow] = zero
                        continue
                    for ow in range(first):
                        y[row + ow] = zero
                    if sw == 1:
                        for ow in range(first, end):
                            y[row + ow] = x[n, c, h, ow + offset]
                    else:
                        for ow in range(first, end):
                            y[row + ow] = x[n, c, h, ow * sw + offset]
                    for ow in range(end, OW):
                        y[row + ow] = zero


@kernel()
def _col2im(columns: Array, x: Array, sh: int, sw: int, ph: int, pw: int, dh: int, dw: int) -> None:
    planes, KH, KW, OH, OW = columns.shape
    _, H, W = x.shape
    zero = x.dtype.type(0)
    for plane in prange(planes):
        for h in range(H):
            for w in range(W):
                x[plane, h, w] = zero
            # Each row gathers what its pixels gave to the windows: nobody else writes to it, no atomics are needed.
            for r in range(KH):
                distance = h + ph - r * dh
                if distance < 0 or distance % sh != 0 or distance // sh >= OH:
                    continue
                oh = distance // sh
                for s in range(KW):
                    offset = s * dw - pw
                    first = first_inside(offset, sw)
                    end = end_inside(offset, sw, W, OW)
                    if sw == 1:
                        for ow in range(first, end):
                            x[plane, h, ow + offset] += columns[plane, r, s, oh, ow]
                    else:
                        for ow in range(first, end):
                            x[plane, h, ow * sw + offset] += columns[plane, r, s, oh, ow]
