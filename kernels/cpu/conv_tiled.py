"""Convolution by register tiles: the products of im2col without its matrix.

Each of the three functions is a sum over taps of pixels at fixed offsets; tiled/plans.py says which, tiled/sums.py and
tiled/weight_sums.py have the loops, microkernel.py the multiply-adds.

Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures (2018).
"""

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.tiled.choice import by_samples
from scratchnet.kernels.cpu.tiled.inside_sums import inside_sums
from scratchnet.kernels.cpu.tiled.planes import Geometry, block_length
from scratchnet.kernels.cpu.tiled.plans import Plan, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sample_plans import SamplePlan, backward_samples, forward_samples
from scratchnet.kernels.cpu.tiled.samples import collect, convolve_samples, deal
from scratchnet.kernels.cpu.tiled.sums import ROWS, TAPS, convolve
from scratchnet.kernels.cpu.tiled.weight_sums import PLACES, add_chunks, weight_sums
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.geometry import output_size

CHANNELS = 16  # of a group, from which the weight gradient goes tap by tap: a tile is of one tap's channels
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
        case = (x.shape, w.shape, stride, padding, dilation, groups, _lanes(y))
        added, relu = bias if epilogue != "none" else None, epilogue == "bias_relu"
        if by_samples(*case, backward=False):
            _convolve_samples(forward_samples(*case), plain(x), plain(w), added, y, relu)
        else:
            _convolve(forward_plan(*case), plain(x), plain(w), added, y, relu)
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
        case = (x_shape, w.shape, stride, padding, dilation, groups, _lanes(gx))
        if by_samples(*case, backward=True):
            _convolve_samples(backward_samples(*case), upstream, weights, None, gx, False)
        else:
            for plan in backward_plans(*case):
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
    lanes, inside = _lanes(gw), w_shape[1] >= CHANNELS
    plan = forward_plan(x.shape, w_shape, stride, padding, dilation, groups, lanes)
    g, (k, channels, kh, kw) = plan.grid, w_shape
    taps = plan.taps
    if not inside:  # whole tiles of taps
        taps = np.zeros(-(-taps.size // ROWS) * ROWS, np.int64)
        taps[: plan.taps.size] = plan.taps
    vectors = -(-g.kernels // lanes)
    chunks = max(1, min(g.samples, 16, CHUNK_SUMS // (taps.size * vectors * lanes * groups)))
    parts = 1 if chunks * groups >= threads.count() else min(threads.count(), vectors)
    sums = buffers.empty((groups, chunks, taps.size, vectors * lanes), gw.dtype)
    block = block_length(x.shape[0] * gy.shape[2] * gy.shape[3], PLACES)
    work, pixels, upstream = gy.size * taps.size // AT_ONCE, plain(x).reshape(-1), plain(gy).reshape(-1)
    if inside:
        sizes = (x.shape[0], groups, channels, k // groups, *x.shape[2:], *gy.shape[2:], kh, kw)
        geometry = Geometry._make((*sizes, *stride, *padding, *dilation))
        inside_sums(work, pixels, upstream, sums, geometry, lanes, parts, block)
    else:
        phases = plan.row_phases, plan.column_phases
        weight_sums(work, pixels, upstream, sums, taps, *phases, g, lanes, _slots(plan, block), parts, block)
    add_chunks(sums.size, sums, gw.reshape(groups, g.kernels, plan.taps.size))
    return deliver(gw, out, x.dtype)


def _convolve(plan: Plan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """target = the plan's sums, plus bias; without terms the bias alone."""
    g = plan.grid
    lanes = _lanes(y)
    width = HOST.columns * lanes
    added = _spread(bias, g.groups * g.kernels, y)
    tiles = -(-g.samples * g.rows * g.columns // width) * g.groups
    parts = min(tiles, 4 * threads.count())
    kernel_parts = 1 if parts >= threads.count() else min(-(-g.kernels // ROWS), threads.count())
    work = y.size * plan.taps.size // AT_ONCE
    convolve(
        work, source.reshape(-1), w.reshape(-1), added, y.reshape(-1), plan.taps, plan.w_terms, plan.row_phases,
        plan.column_phases, g, relu, lanes, _slots(plan, width), parts, kernel_parts,
        block_length(plan.taps.size, TAPS),
    )  # fmt: skip


def _convolve_samples(plan: SamplePlan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """The same with a sample in each lane."""
    g, lanes = plan.grid, _lanes(y)
    width = g.vectors * lanes
    dealt = buffers.empty((g.sets, source[0].size, width), y.dtype)
    result = buffers.empty((g.sets, y[0].size, width), y.dtype)
    deal(source.size, source.reshape(len(source), -1), dealt, lanes)
    added = _spread(bias, g.groups * g.kernels, y)
    convolve_samples(
        y.size * w[0].size // AT_ONCE, dealt.reshape(-1), w.reshape(-1), added, result.reshape(-1), plan.row_bases,
        plan.row_classes, plan.column_bases, plan.column_classes, plan.class_starts, plan.x_terms, plan.w_terms, g,
        relu, lanes, 1, block_length(g.channels * w[0, 0].size, TAPS),
    )  # fmt: skip
    collect(y.size, result, y.reshape(len(y), -1), lanes)


def _spread(bias: Array | None, kernels: int, y: Array) -> Array:
    """The bias, or zeros, each as often as a vector has lanes."""
    lanes = _lanes(y)
    return np.zeros(kernels * lanes, y.dtype) if bias is None else np.repeat(plain(bias), lanes)


def _slots(plan: Plan, places: int) -> int:
    """How many samples so many places may lie in."""
    return min(plan.grid.samples, (places - 2) // (plan.grid.rows * plan.grid.columns) + 2)


def _lanes(x: Array) -> int:
    """How many numbers of the array's dtype a vector has."""
    return HOST.size // x.dtype.itemsize
