"""Convolution by register tiles: the products of im2col without its matrix.

Each of the three functions is a sum over taps of pixels at fixed offsets; tiled/plans.py says which, tiled/sums.py and
tiled/weight_sums.py have the loops, microkernel.py the multiply-adds.

Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures (2018).
"""

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.tiled.plans import Plan, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sums import ROWS, convolve
from scratchnet.kernels.cpu.tiled.weight_sums import add_chunks, weight_sums
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.geometry import output_size

CHUNK_SUMS = 1 << 20  # elements of all the weight gradients that chunks of samples add up to apart


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
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (x.shape[0], w.shape[0], *size), x.dtype)
    if y.size:
        plan = forward_plan(x.shape, w.shape, stride, padding, dilation, groups, _lanes(y))
        _convolve(plan, plain(x), plain(w), bias if epilogue != "none" else None, y, epilogue == "bias_relu")
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
    """torch.nn.grad.conv2d_input: for each phase of the stride a convolution of gy with the taps that meet it."""
    gx = target(out, x_shape, gy.dtype)
    if gx.size:
        upstream, weights = plain(gy), plain(w)
        for plan in backward_plans(x_shape, w.shape, stride, padding, dilation, groups, _lanes(gx)):
            _convolve(plan, upstream, weights, None, gx, False)
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
    """torch.nn.grad.conv2d_weight: for each tap the products of gy and the pixels under it, summed over the samples."""
    gw = target(out, w_shape, x.dtype)
    if not gw.size or not gy.size or not x.size:
        gw[...] = 0
        return deliver(gw, out, x.dtype)
    plan = forward_plan(x.shape, w_shape, stride, padding, dilation, groups, _lanes(gw))
    g, lanes = plan.grid, _lanes(gw)
    taps = np.zeros(-(-plan.taps.size // ROWS) * ROWS, np.int64)
    taps[: plan.taps.size] = plan.taps
    vectors = -(-g.kernels // lanes)
    chunks = max(1, min(g.samples, 16, CHUNK_SUMS // (taps.size * vectors * lanes * groups)))
    parts = 1 if chunks * groups >= threads.count() else min(threads.count(), vectors)
    sums = buffers.empty((groups, chunks, taps.size, vectors * lanes), gw.dtype)
    weight_sums(
        gy.size * plan.taps.size, plain(x).reshape(-1), plain(gy).reshape(-1), sums, taps, plan.row_phases,
        plan.column_phases, g, lanes, _slots(plan, 128), parts,
    )  # fmt: skip
    add_chunks(sums.size, sums, gw.reshape(groups, g.kernels, plan.taps.size))
    return deliver(gw, out, x.dtype)


def _convolve(plan: Plan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """target = the plan's sums, plus bias; without terms the bias alone."""
    g = plan.grid
    lanes = _lanes(y)
    width = HOST.columns * lanes
    added = np.zeros(g.groups * g.kernels * lanes, y.dtype) if bias is None else np.repeat(plain(bias), lanes)
    tiles = -(-g.samples * g.rows * g.columns // width) * g.groups
    parts = min(tiles, 4 * threads.count())
    kernel_parts = 1 if parts >= threads.count() else min(-(-g.kernels // ROWS), threads.count())
    convolve(
        y.size * plan.taps.size, source.reshape(-1), w.reshape(-1), added, y.reshape(-1), plan.taps, plan.w_terms,
        plan.row_phases, plan.column_phases, g, relu, lanes, _slots(plan, width), parts, kernel_parts,
    )  # fmt: skip


def _slots(plan: Plan, places: int) -> int:
    """How many samples so many places may lie in."""
    return min(plan.grid.samples, (places - 2) // (plan.grid.rows * plan.grid.columns) + 2)


def _lanes(x: Array) -> int:
    """How many numbers of the array's dtype a vector has."""
    return HOST.size // x.dtype.itemsize
