"""The ways that a convolution of some shapes can go in conv_tiled: each knows all of a call but the arrays.

They follow from shapes and the number of threads alone, and are computed once for each case.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, Sizes, compute_dtype
from scratchnet.kernels.cpu.tiled.choice import fastest, mirrored, sums_by_strips
from scratchnet.kernels.cpu.tiled.chunks import chunks_of
from scratchnet.kernels.cpu.tiled.cutting import TAPS, block_length, evenly, shares, whole_shares
from scratchnet.kernels.cpu.tiled.inside_sums import PLACES, inside_sums
from scratchnet.kernels.cpu.tiled.place_sums import place_sums
from scratchnet.kernels.cpu.tiled.planes import Geometry
from scratchnet.kernels.cpu.tiled.plans import Plan, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sample_plans import SamplePlan, sample_plan
from scratchnet.kernels.cpu.tiled.samples import convolve_samples
from scratchnet.kernels.cpu.tiled.strip_sums import convolve_strips
from scratchnet.kernels.cpu.tiled.strips import StripPlan, strip_plan
from scratchnet.kernels.cpu.tiled.sums import convolve
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.geometry import output_size


class Places(NamedTuple):
    """With a place in each lane; backward by a plan for each phase of the stride."""

    result: Shape  # as in the other ways, and no_bias: zeros for its channels
    plans: tuple[Plan, ...]
    sizes: tuple[Sizes, ...]
    parts: tuple[Pair, ...]
    lanes: int
    no_bias: Array

    def run(self, source: Array, w: Array, bias: Array, y: Array, relu: bool) -> None:
        """y, of the shape `result`, = the sums plus bias, without terms the bias alone; then ReLU, if asked."""
        source, w, y = source.reshape(-1), w.reshape(-1), y.reshape(-1)
        for plan, sizes, parts in zip(self.plans, self.sizes, self.parts, strict=True):
            convolve(
                plan.work, source, w, bias, y, plan.taps, plan.w_terms, plan.row_phases, plan.column_phases, sizes,
                relu, self.lanes, plan.slots, *parts, plan.block,
            )  # fmt: skip


class PlacesOfStrips(NamedTuple):
    """The same by strips; backward a convolution with the weights mirrored, of so many groups."""

    result: Shape
    plan: StripPlan
    sizes: Sizes
    parts: Pair
    mirrored_groups: int
    lanes: int
    block: int
    work: int
    no_bias: Array

    def run(self, source: Array, w: Array, bias: Array, y: Array, relu: bool) -> None:
        """As Places.run."""
        weights = _mirrored(w, self.mirrored_groups) if self.mirrored_groups else w
        convolve_strips(
            self.work, source.reshape(-1), weights.reshape(-1), bias,
            y.reshape(-1), self.plan.taps, self.plan.phases, self.sizes, relu, self.lanes, *self.parts, self.block,
        )  # fmt: skip


class Samples(NamedTuple):
    """With a sample in each lane."""

    result: Shape
    plan: SamplePlan
    sizes: Sizes
    dealt: Shape
    collected: Shape
    kernel_parts: int
    apart: bool  # whether threads do whole sets by themselves
    lanes: int
    block: int
    work: int
    no_bias: Array

    def run(self, source: Array, w: Array, bias: Array, y: Array, relu: bool) -> None:
        """As Places.run."""
        convolve_samples(
            self.work, source.reshape(-1), w.reshape(-1), bias, y.reshape(-1),
            buffers.empty(self.dealt, y.dtype), buffers.empty(self.collected, y.dtype), *self.plan[1:], self.sizes,
            relu, self.lanes, self.block, self.kernel_parts, self.apart,
        )  # fmt: skip


Way = Places | PlacesOfStrips | Samples


@lru_cache(1024)
def convolution_way(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, dtype: np.dtype,
    threads: int, backward: bool,
) -> Way:  # fmt: skip
    """Of the forward function or, backward, of the input gradient. `threads` is the number that is set now."""
    kind = compute_dtype(dtype)
    case = (x_shape, w_shape, stride, padding, dilation, groups, HOST.lanes(kind))
    size = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    result = x_shape if backward else (x_shape[0], w_shape[0], *size)
    no_bias = np.zeros(result[1], kind)
    if 0 in result:
        return Places(result, (), (), (), HOST.lanes(kind), no_bias)
    way = fastest(*case, backward)
    if way == "samples":
        return _by_samples(result, sample_plan(*case, backward), math.prod(w_shape[2:]), no_bias)
    if way == "strips":
        plan = strip_plan(*(mirrored(*case) if backward else case))
        return _by_strips(result, plan, groups if backward else 0, no_bias)
    plans = backward_plans(*case) if backward else (forward_plan(*case),)
    parts = tuple(shares(plan.work, plan.tiles, plan.grid.kernels) for plan in plans)
    return Places(result, plans, tuple(tuple(plan.grid) for plan in plans), parts, HOST.lanes(kind), no_bias)


def _by_samples(result: Shape, plan: SamplePlan, taps: int, no_bias: Array) -> Samples:
    g, lanes = plan.grid, HOST.lanes(no_bias.dtype)
    terms, width = g.channels * taps, g.vectors * lanes
    sets, work = g.sets * g.groups, math.prod(result) * terms // AT_ONCE
    memories, apart = whole_shares(work, sets)
    return Samples(
        result, plan, tuple(g), (memories, g.channels * g.source_plane * width),
        (memories, g.kernels * g.rows * g.columns * width),
        shares(work, sets * g.rows, g.kernels)[1], apart, lanes, block_length(terms, TAPS), work, no_bias,
    )  # fmt: skip


def _by_strips(result: Shape, plan: StripPlan, mirrored_groups: int, no_bias: Array) -> PlacesOfStrips:
    g, terms, lanes = plan.strips, plan.taps.size, HOST.lanes(no_bias.dtype)
    work = math.prod(result) * terms // AT_ONCE
    parts = shares(work, g.sets * g.groups * g.cuts, g.kernels)
    return PlacesOfStrips(
        result, plan, tuple(g), parts, mirrored_groups, lanes, block_length(terms, TAPS), work, no_bias
    )


def _mirrored(w: Array, groups: int) -> Array:
    """(K, C / groups, KH, KW) -> (C, K / groups, KH, KW) with rows and columns reversed."""
    grouped = w.reshape(groups, -1, *w.shape[1:])[..., ::-1, ::-1].swapaxes(1, 2)
    return np.ascontiguousarray(grouped.reshape(groups * w.shape[1], -1, *w.shape[2:]))


class InsideSums(NamedTuple):
    """The weight gradient tap by tap."""

    sums: Shape  # (groups, chunks of samples, taps, output channels in whole vectors)
    parts: int
    work: int
    geometry: Sizes
    lanes: int
    block: int

    def run(self, gy: Array, x: Array, gw: Array, gb: Array) -> None:
        """gw = the sums; gb, unless it is empty, = those of gy over all but its channels."""
        sums = buffers.empty(self.sums, gw.dtype)
        inside_sums(
            self.work, x.reshape(-1), gy.reshape(-1), gw.reshape(-1), gb, sums, self.geometry, self.lanes, self.parts,
            self.block,
        )  # fmt: skip


class PlaceSums(NamedTuple):
    """The weight gradient by strips, for all taps at once."""

    sums: Shape  # (groups, chunks of strips, taps, output channels)
    parts: int
    work: int
    strips: Sizes
    taps: Array
    phases: Array
    lanes: int

    def run(self, gy: Array, x: Array, gw: Array, gb: Array) -> None:
        """As InsideSums.run."""
        sums = buffers.empty(self.sums, gw.dtype)
        place_sums(
            self.work, x.reshape(-1), gy.reshape(-1), gw.reshape(-1), gb, sums, self.taps, self.phases, self.strips,
            self.lanes, self.parts,
        )  # fmt: skip


@lru_cache(1024)
def sums_way(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, dtype: np.dtype,
    threads: int,
) -> InsideSums | PlaceSums:  # fmt: skip
    """Of the weight gradient."""
    lanes = HOST.lanes(compute_dtype(dtype))
    case = (x_shape, w_shape, stride, padding, dilation, groups, lanes)
    samples, (rows, columns) = x_shape[0], output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    taps, kernels = math.prod(w_shape[1:]), w_shape[0] // groups
    work = samples * w_shape[0] * rows * columns * taps // AT_ONCE
    if sums_by_strips(*case):
        strips, places, phases = strip_plan(*case)
        chunks = chunks_of(strips.sets * strips.cuts, w_shape[0] * taps)
        parts = _parts(groups * chunks, kernels, threads)
        return PlaceSums((groups, chunks, taps, kernels), parts, work, tuple(strips), places, phases, lanes)
    geometry = Geometry(
        samples, groups, w_shape[1], kernels, x_shape[2], x_shape[3], rows, columns, w_shape[2], w_shape[3], *stride,
        *padding, *dilation,
    )  # fmt: skip
    vectors = -(-kernels // lanes)
    chunks = chunks_of(min(samples, samples * rows * columns // PLACES), groups * taps * vectors * lanes)
    own = -(-samples // chunks) * rows * columns
    block = evenly(own, block_length(samples * rows * columns, PLACES))
    parts = _parts(groups * chunks, vectors, threads)
    return InsideSums((groups, chunks, taps, vectors * lanes), parts, work, tuple(geometry), lanes, block)


def _parts(chunks: int, most: int, threads: int) -> int:
    """Of output channels: enough that every thread has some."""
    return 1 if chunks >= threads else min(threads, most)
