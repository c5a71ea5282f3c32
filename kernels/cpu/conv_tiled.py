"""Convolution by register tiles: the products of im2col without its matrix.

Each of the three functions is a sum over taps of pixels at fixed offsets. In tiled/, plans.py and sample_plans.py say
which, the files *sums.py and samples.py have the loops; microkernel.py has the multiply-adds.

Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures (2018).
"""

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.dealing import collect, deal
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.tiled.chunks import add_chunks
from scratchnet.kernels.cpu.tiled.cutting import TAPS, block_length, shares
from scratchnet.kernels.cpu.tiled.inside_sums import inside_sums
from scratchnet.kernels.cpu.tiled.place_sums import place_sums
from scratchnet.kernels.cpu.tiled.plans import Plan
from scratchnet.kernels.cpu.tiled.sample_plans import SamplePlan
from scratchnet.kernels.cpu.tiled.samples import convolve_samples
from scratchnet.kernels.cpu.tiled.strip_sums import convolve_strips
from scratchnet.kernels.cpu.tiled.strips import StripPlan
from scratchnet.kernels.cpu.tiled.sums import convolve
from scratchnet.kernels.cpu.tiled.ways import PlaceSums, convolution_way, result_size, sums_way
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST


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
    size = result_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (x.shape[0], w.shape[0], *size), x.dtype)
    if y.size:
        way = convolution_way(x.shape, w.shape, stride, padding, dilation, groups, HOST.lanes(y.dtype), False)
        _run(way, plain(x), plain(w), bias if epilogue != "none" else None, y, epilogue == "bias_relu")
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
        way = convolution_way(x_shape, w.shape, stride, padding, dilation, groups, HOST.lanes(gx.dtype), True)
        weights = _mirrored(plain(w), groups) if isinstance(way, StripPlan) else plain(w)
        _run(way, plain(gy), weights, None, gx, False)
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
    lanes = HOST.lanes(gw.dtype)
    way = sums_way(x.shape, w_shape, stride, padding, dilation, groups, lanes)
    sums = buffers.empty(way.sums, gw.dtype)
    chunks = way.sums[0] * way.sums[1]
    parts = 1 if chunks >= threads.count() else min(threads.count(), way.most_parts)
    pixels, upstream = plain(x).reshape(-1), plain(gy).reshape(-1)
    if isinstance(way, PlaceSums):
        place_sums(way.work, pixels, upstream, sums, way.taps, way.phases, tuple(way.strips), lanes, parts)
    else:
        inside_sums(way.work, pixels, upstream, sums, tuple(way.geometry), lanes, parts, way.block)
    add_chunks(sums.size, sums.reshape(-1), gw.reshape(-1), *way.sums[:3], w_shape[0] // groups, way.sums[3], lanes)
    return deliver(gw, out, x.dtype)


def _run(
    way: SamplePlan | StripPlan | tuple[Plan, ...], source: Array, w: Array, bias: Array | None, y: Array, relu: bool
) -> None:
    """y = the sums, plus bias."""
    if isinstance(way, SamplePlan):
        _convolve_samples(way, source, w, bias, y, relu)
    elif isinstance(way, StripPlan):
        _convolve_strips(way, source, w, bias, y, relu)
    else:
        for plan in way:
            _convolve(plan, source, w, bias, y, relu)


def _convolve(plan: Plan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """By places; without terms the bias alone."""
    parts, kernel_parts = shares(plan.work, plan.tiles, plan.grid.kernels)
    convolve(
        plan.work, source.reshape(-1), w.reshape(-1), _added(bias, y), y.reshape(-1), plan.taps, plan.w_terms,
        plan.row_phases, plan.column_phases, tuple(plan.grid), relu, HOST.lanes(y.dtype), plan.slots, parts,
        kernel_parts, plan.block,
    )  # fmt: skip


def _convolve_strips(plan: StripPlan, x: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """The same by strips."""
    g, taps, phases = plan
    work = y.size * taps.size // AT_ONCE
    parts, kernel_parts = shares(work, g.sets * g.groups * g.cuts, g.kernels)
    convolve_strips(
        work, x.reshape(-1), w.reshape(-1), _added(bias, y), y.reshape(-1), taps, phases, tuple(g), relu,
        HOST.lanes(y.dtype), parts, kernel_parts, block_length(taps.size, TAPS),
    )  # fmt: skip


def _mirrored(w: Array, groups: int) -> Array:
    """(K, C / groups, KH, KW) -> (C, K / groups, KH, KW) with rows and columns reversed."""
    grouped = w.reshape(groups, -1, *w.shape[1:])[..., ::-1, ::-1].swapaxes(1, 2)
    return np.ascontiguousarray(grouped.reshape(groups * w.shape[1], -1, *w.shape[2:]))


def _convolve_samples(plan: SamplePlan, source: Array, w: Array, bias: Array | None, y: Array, relu: bool) -> None:
    """With a sample in each lane."""
    g, lanes = plan.grid, HOST.lanes(y.dtype)
    width = g.vectors * lanes
    dealt = buffers.empty((g.sets, source[0].size, width), y.dtype)
    result = buffers.empty((g.sets, y[0].size, width), y.dtype)
    deal(source.size, source.reshape(len(source), -1), dealt, width, lanes)
    work = y.size * w[0].size // AT_ONCE
    convolve_samples(
        work, dealt.reshape(-1), w.reshape(-1), _added(bias, y), result.reshape(-1),
        plan.row_bases, plan.row_classes, plan.column_bases, plan.column_classes, plan.class_starts, plan.x_terms,
        plan.w_terms, tuple(g), relu, lanes, block_length(g.channels * w[0, 0].size, TAPS),
        shares(work, g.sets * g.groups * g.rows, g.kernels)[1],
    )  # fmt: skip
    collect(y.size, result, y.reshape(len(y), -1), width, lanes)


def _added(bias: Array | None, y: Array) -> Array:
    """The bias, or zeros."""
    return np.zeros(y.shape[1], y.dtype) if bias is None else plain(bias)
