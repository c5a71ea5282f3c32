"""Pooling over windows of (N, C, H, W), and its adjoints."""

import numpy as np

from scratchnet.kernels.cuda.launch import FLOATS, INTEGERS, THREADS, Program
from scratchnet.kernels.cuda.layout import Array, Pair, deliver, plain, target

WARP = 32

PROGRAM = Program(
    "pool",
    {
        "max_pool2d": (*FLOATS, *INTEGERS),
        "scatter_planes": (("float32",), ("float64",)),
        "gather_planes": FLOATS,
        "avg_pool2d": FLOATS,
        "avg_pool2d_grad": FLOATS,
        "adaptive_avg_pool2d": FLOATS,
        "adaptive_avg_pool2d_grad": FLOATS,
    },
)


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
    kind, long = x.dtype, np.dtype(np.int64)
    y = target(out, (n, c, *out_size), kind)
    places = target(indices, y.shape, long)
    if y.size:
        least = kind.type(-np.inf if kind.kind == "f" else np.iinfo(kind).min)
        geometry = (h, w, *out_size, *kernel_size, *stride, *padding, *dilation)
        PROGRAM.launch("max_pool2d", (kind.name,), y.size, plain(x), y, places, least, y.size, *geometry)
    return deliver(y, out, kind), deliver(places, indices, long)


def scatter_planes(gy: Array, indices: Array, plane: Pair, out: Array | None = None) -> Array:
    """max pooling's gradient: (N, C, OH, OW) -> (N, C, *plane), each gy added where its index points.

    Added in the order of gy, without atomics.
    """
    n, c, *windows = gy.shape
    kind = np.dtype(np.float32) if gy.dtype == np.float16 else gy.dtype
    gx = target(out, (n, c, *plane), kind)
    if gx.size:
        arrays = (plain(gy.astype(kind, copy=False)), plain(indices), gx)
        sizes = (n * c, windows[0] * windows[1], plane[0] * plane[1])
        blocks = -(-n * c * WARP // THREADS)
        PROGRAM.launch("scatter_planes", (kind.name,), n * c * WARP, *arrays, *sizes, blocks=(blocks,))
    return deliver(gx, out, gy.dtype)


def gather_planes(x: Array, indices: Array, out: Array | None = None) -> Array:
    """The adjoint of scatter_planes: (N, C, H, W) -> indices' shape, each plane read at its indices."""
    n, c, h, w = x.shape
    y = target(out, indices.shape, x.dtype)
    if y.size:
        sizes = (y.size // (n * c), h * w)
        PROGRAM.launch("gather_planes", (x.dtype.name,), y.size, plain(x), plain(indices), y, y.size, *sizes)
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
        geometry = (h, w, *out_size, *kernel_size, *stride, *padding, int(count_include_pad), divisor_override or 0)
        PROGRAM.launch("avg_pool2d", (x.dtype.name,), y.size, plain(x), y, y.size, *geometry)
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
    n, c, *windows = gy.shape
    gx = target(out, (n, c, *image), gy.dtype)
    if gx.size:
        geometry = (*image, *windows, *kernel_size, *stride, *padding, int(count_include_pad), divisor_override or 0)
        PROGRAM.launch("avg_pool2d_grad", (gy.dtype.name,), gx.size, plain(gy), gx, gx.size, *geometry)
    return deliver(gx, out, gy.dtype)


def adaptive_avg_pool2d(x: Array, out_size: Pair, out: Array | None = None) -> Array:
    """torch.nn.functional.adaptive_avg_pool2d: window i of n covers rows floor(i H / n) to ceil((i + 1) H / n)."""
    n, c, h, w = x.shape
    y = target(out, (n, c, *out_size), x.dtype)
    if y.size:
        sizes, bound = (h, w, *out_size), _product((h, w), out_size)
        PROGRAM.launch("adaptive_avg_pool2d", (x.dtype.name,), y.size, plain(x), y, y.size, *sizes, bound=bound)
    return deliver(y, out, x.dtype)


def adaptive_avg_pool2d_grad(gy: Array, image: Pair, out: Array | None = None) -> Array:
    """The adjoint of adaptive_avg_pool2d: (N, C, OH, OW) -> (N, C, *image)."""
    n, c, oh, ow = gy.shape
    gx = target(out, (n, c, *image), gy.dtype)
    if gx.size:
        sizes, bound = (*image, oh, ow), _product(image, (oh, ow))
        PROGRAM.launch(
            "adaptive_avg_pool2d_grad", (gy.dtype.name,), gx.size, plain(gy), gx, gx.size, *sizes, bound=bound
        )
    return deliver(gx, out, gy.dtype)


def _product(image: Pair, windows: Pair) -> int:
    """The largest product that the borders of adaptive windows are divided from."""
    return max((size + 1) * (count + 1) for size, count in zip(image, windows, strict=True))
