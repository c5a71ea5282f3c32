"""Convolution by register tiles: the products of im2col without its matrix.

Each of the three functions is a sum over taps of pixels at fixed offsets. In tiled/, plans.py and sample_plans.py say
which, the files *sums.py and samples.py have the loops; microkernel.py has the multiply-adds.

Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures (2018).
"""

import math

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.dealing import collect, deal
from scratchnet.kernels.cpu.jit import SMALL
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.tiled.choice import by_samples, by_strips
from scratchnet.kernels.cpu.tiled.chunks import add_chunks, chunks_of
from scratchnet.kernels.cpu.tiled.cutting import block_length
from scratchnet.kernels.cpu.tiled.inside_sums import PLACES, inside_sums
from scratchnet.kernels.cpu.tiled.place_sums import place_sums
from scratchnet.kernels.cpu.tiled.planes import Geometry
from scratchnet.kernels.cpu.tiled.plans import Plan, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sample_plans import SamplePlan, sample_plan
from scratchnet.kernels.cpu.tiled.samples import convolve_samples
from scratchnet.kernels.cpu.tiled.strips import strip_plan
from scratchnet.kernels.cpu.tiled.sums import ROWS, TAPS, convolve
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.geometry import output_size


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
        case = (x.shape, w.shape, stride, padding, dilation, groups, HOST.lanes(y.dtype))
        added, relu = bias if epilogue != "none" else None, epilogue == "bias_relu"
        if by_samples(*case, backward=False):
            _convolve_samples(sample_plan(*case, backward=False), plain(x), plain(w), added, y, relu)
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
        case = (x_shape, w.shape, stride, padding, dilation, groups, HOST.lanes(gx.dtype))
        if by_samples(*case, backward=True):
            _convolve_samples(sample_plan(*case, backward=True), upstream, weights, None, gx, False)
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
    case = (x.shape, w_shape, stride, padding, dilation, groups)
    pixels, upstream = plain(x).reshape(-1), plain(gy).reshape(-1)
    if by_strips(*case, HOST.lanes(x.dtype)):
        sums = _place_sums(pixels, upstream, *case)
    else:
        sums = _inside_sums(pixels, upstream, gy.shape, *case)
    add_chunks(sums.size, sums, gw.reshape(groups, w_shape[0] // groups, -1))
    return deliver(gw, out, x.dtype)


def _inside_sums(
    x: Array, gy: Array, y_shape: Shape, x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair,
    groups: int,
) -> Array:  # fmt: skip
    """The weight gradient's sums by chunks of samples, tap by tap."""
    (k, *sizes), taps = w_shape, math.prod(w_shape[1:])
    geometry = Geometry(
        x_shape[0], groups, sizes[0], k // groups, x_shape[2], x_shape[3], y_shape[2], y_shape[3], sizes[1], sizes[2],
        stride[0], stride[1], padding[0], padding[1], dilation[0], dilation[1],
    )  # fmt: skip
    samples, places, vectors = x_shape[0], y_shape[2] * y_shape[3], -(-k // groups // HOST.lanes(x.dtype))
    width = vectors * HOST.lanes(x.dtype)
    chunks = chunks_of(min(samples, samples * places // PLACES), groups * taps * width)
    sums = buffers.empty((groups, chunks, taps, width), x.dtype)
    parts = 1 if chunks * groups >= threads.count() else min(threads.count(), vectors)
    block = block_length(samples * places, PLACES)
    inside_sums(gy.size * taps // AT_ONCE, x, gy, sums, geometry, HOST.lanes(x.dtype), parts, block)
    return sums


def _place_sums(
    x: Array, gy: Array, x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    """The same by chunks of strips, for all taps at once."""
    strips, taps, phases = strip_plan(x_shape, w_shape, stride, padding, dilation, groups, HOST.lanes(x.dtype))
    chunks = chunks_of(strips.sets * strips.cuts, w_shape[0] * taps.size)
    sums = buffers.empty((groups, chunks, taps.size, strips.kernels), x.dtype)
    parts = 1 if chunks * groups >= threads.count() else min(threads.count(), strips.kernels)
    place_sums(gy.size * taps.size // AT_ONCE, x, gy, sums, taps, phases, strips, HOST.lanes(x.dtype), parts)
    return sums


def _convolve(plan: Plan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """target = the plan's sums, plus bias; without terms the bias alone."""
    g = plan.grid
    lanes = HOST.lanes(y.dtype)
    width = HOST.columns * lanes
    work = y.size * plan.taps.size // AT_ONCE
    tiles = -(-g.samples * g.rows * g.columns // width) * g.groups
    # A part deals images out for itself: where one thread does all of them, one does.
    parts = 1 if work < SMALL else min(tiles, 4 * threads.count())
    kernel_parts = 1 if work < SMALL or parts >= threads.count() else min(-(-g.kernels // ROWS), threads.count())
    convolve(
        work, source.reshape(-1), w.reshape(-1), _added(bias, y), y.reshape(-1), plan.taps, plan.w_terms,
        plan.row_phases, plan.column_phases, g, relu, lanes, _slots(plan, width), parts, kernel_parts,
        block_length(plan.taps.size, TAPS),
    )  # fmt: skip


def _convolve_samples(plan: SamplePlan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """The same with a sample in each lane."""
    g, lanes = plan.grid, HOST.lanes(y.dtype)
    width = g.vectors * lanes
    dealt = buffers.empty((g.sets, source[0].size, width), y.dtype)
    result = buffers.empty((g.sets, y[0].size, width), y.dtype)
    deal(source.size, source.reshape(len(source), -1), dealt, width, lanes)
    convolve_samples(
        y.size * w[0].size // AT_ONCE, dealt.reshape(-1), w.reshape(-1), _added(bias, y), result.reshape(-1),
        plan.row_bases, plan.row_classes, plan.column_bases, plan.column_classes, plan.class_starts, plan.x_terms,
        plan.w_terms, g, relu, lanes, block_length(g.channels * w[0, 0].size, TAPS),
    )  # fmt: skip
    collect(y.size, result, y.reshape(len(y), -1), width, lanes)


def _added(bias: Array | None, y: Array) -> Array:
    """The bias, or zeros."""
    return np.zeros(y.shape[1], y.dtype) if bias is None else plain(bias)


def _slots(plan: Plan, places: int) -> int:
    """How many samples so many places may lie in."""
    return min(plan.grid.samples, (places - 2) // (plan.grid.rows * plan.grid.columns) + 2)
