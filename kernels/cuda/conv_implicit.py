"""Convolution as a product with the matrix of im2col, which is never made: tiles of it are put together where needed.

Source: Chetlur, Woolley et al., cuDNN: Efficient Primitives for Deep Learning (2014), section 3.
"""

import math

import numpy as np

from scratchnet.kernels.cuda import buffers, tensor_conv, tf32
from scratchnet.kernels.cuda.epilogue import number
from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, Pair, Shape, compute_dtype, deliver, plain, target
from scratchnet.kernels.cuda.parts import add_parts
from scratchnet.kernels.geometry import output_size

TILES = {"large": (64, 128), "small": (32, 64)}  # rows and places of a block's: as at the end of conv_implicit.cu
BLOCKS = 132  # what a large GPU runs at a time, one on each multiprocessor: fewer large tiles than that leave some idle
PARTS = 4 * BLOCKS  # blocks wanted for the gradient of a weight
PART_TERMS = 1 << 10  # of its sums at least, or adding up the parts would cost more than they save

FUNCTIONS = ("forward", "grad_input", "grad_weight")
PROGRAM = Program("conv_implicit", {f"{name}_{tile}": FLOATS for name in FUNCTIONS for tile in TILES})

Grid = tuple[int, int, int]  # rows, places, and how often


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """Every case."""
    return True


def workspace_size(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> int:
    """Elements of the parts of the weight's gradient."""
    parts, _ = _parts(x_shape, w_shape, stride, padding, dilation, groups)
    return parts * math.prod(w_shape)


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
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (x.shape[0], w.shape[0], *size), x.dtype)
    if y.size:
        weight = plain(w)
        added = weight if bias is None else plain(bias)  # without a bias never read
        sizes = _sizes(x.shape, w.shape, size, stride, padding, dilation, groups)
        grid = (w.shape[0] // groups, x.shape[0] * size[0] * size[1], groups)
        _launch("forward", grid, (plain(x), weight, added, y), sizes, number(bias, epilogue))
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
        sizes = _sizes(x_shape, w.shape, gy.shape[2:], stride, padding, dilation, groups)
        (n, c, *image), (down, across) = x_shape, stride
        phases = min(down, image[0]) * min(across, image[1])
        grid = (c // groups, n * -(-image[0] // down) * -(-image[1] // across), groups * phases)
        _launch("grad_input", grid, (plain(gy), plain(w), gx), sizes)
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
    """torch.nn.grad.conv2d_weight: each tap collects gy times the pixel under it. -> (K, C / groups, KH, KW).

    The sum over samples and windows is cut into parts by shape alone, and these are added in order.
    """
    gw = target(out, w_shape, x.dtype)
    if gw.size:
        parts, chunk = _parts(x.shape, w_shape, stride, padding, dilation, groups)
        room = gw
        if parts > 1 or x.dtype == np.float16:
            room = buffers.empty(parts * gw.size, compute_dtype(x.dtype)) if workspace is None else workspace
        sizes = _sizes(x.shape, w_shape, gy.shape[2:], stride, padding, dilation, groups)
        grid = (w_shape[0] // groups, math.prod(w_shape[1:]), groups * parts)
        _launch("grad_weight", grid, (plain(gy), plain(x), room), sizes, chunk)
        if room is not gw:
            add_parts(room, parts, gw)
    return deliver(gw, out, x.dtype)


def _sizes(
    x_shape: Shape, w_shape: Shape, size: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[int, ...]:
    """As the kernels take them: N, C, H, W, K, OH, OW, KH, KW, ..."""
    return (*x_shape, w_shape[0], *size, *w_shape[2:], *stride, *padding, *dilation, groups)


def _launch(name: str, grid: Grid, arrays: tuple[Array, ...], sizes: tuple[int, ...], *more: int) -> None:
    """Run it with the tile that the grid is large enough for, on tensor cores where that is allowed."""
    kind, tile = arrays[0].dtype.name, "large" if _is_large(grid) else "small"
    program, tiles = PROGRAM, TILES
    if kind == "float32" and tf32.for_convolution():
        program, tiles = tensor_conv.PROGRAM, tensor_conv.TILES
    blocks = _blocks(grid, tiles[tile])
    _, _, h, w, _, oh, ow, kh, kw, *_, ph, pw, dh, dw, _ = sizes
    reach = (max(h, oh) + 2 * ph + dh * kh) * max(w, ow) + 2 * pw + dw * kw  # how far from the image a spot may lie
    program.launch(f"{name}_{tile}", (kind,), 0, *arrays, *sizes, *more, blocks=(blocks,), bound=reach)


def _is_large(grid: Grid) -> bool:
    tile = TILES["large"]
    return grid[0] > tile[0] // 2 and _blocks(grid, tile) >= BLOCKS


def _blocks(grid: Grid, tile: Pair) -> int:
    rows, places, layers = grid
    return _ceil(rows, tile[0]) * _ceil(places, tile[1]) * layers


def _parts(x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> tuple[int, int]:
    """Into how many parts the sums of the weight's gradient are cut, and of how many terms each."""
    oh, ow = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    terms = x_shape[0] * oh * ow
    tiles = _blocks((w_shape[0] // groups, math.prod(w_shape[1:]), groups), TILES["large"])
    parts = max(1, min(_ceil(terms, PART_TERMS), _ceil(PARTS, max(tiles, 1))))
    chunk = _ceil(max(terms, 1), parts)
    return _ceil(max(terms, 1), chunk), chunk


def _ceil(a: int, b: int) -> int:
    return -(-a // b)
