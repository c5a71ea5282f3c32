"""The way that a convolution of some shapes goes in conv_tiled, and what it needs to know: computed once for each."""

import math
from functools import lru_cache
from typing import NamedTuple

from scratchnet.kernels.cpu.layout import Array, Pair, Shape
from scratchnet.kernels.cpu.tiled.choice import fastest, mirrored, sums_by_strips
from scratchnet.kernels.cpu.tiled.chunks import chunks_of
from scratchnet.kernels.cpu.tiled.cutting import block_length, evenly
from scratchnet.kernels.cpu.tiled.inside_sums import PLACES
from scratchnet.kernels.cpu.tiled.planes import Geometry
from scratchnet.kernels.cpu.tiled.plans import Plan, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sample_plans import SamplePlan, sample_plan
from scratchnet.kernels.cpu.tiled.strips import StripPlan, Strips, strip_plan
from scratchnet.kernels.cpu.vectors import AT_ONCE
from scratchnet.kernels.geometry import output_size

result_size = lru_cache(1024)(output_size)


class InsideSums(NamedTuple):
    """The weight gradient tap by tap."""

    sums: Shape  # (groups, chunks of samples, taps, output channels in whole vectors)
    most_parts: int  # of output channels
    work: int
    geometry: Geometry
    block: int


class PlaceSums(NamedTuple):
    """The weight gradient by strips, for all taps at once."""

    sums: Shape  # (groups, chunks of strips, taps, output channels)
    most_parts: int
    work: int
    strips: Strips
    taps: Array
    phases: Array


@lru_cache(1024)
def convolution_way(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int, backward: bool
) -> SamplePlan | StripPlan | tuple[Plan, ...]:
    """Of the forward function or, backward, of the input gradient, which by places has a plan for each phase."""
    case = (x_shape, w_shape, stride, padding, dilation, groups, lanes)
    way = fastest(*case, backward)
    if way == "samples":
        return sample_plan(*case, backward)
    if way == "strips":
        return strip_plan(*(mirrored(*case) if backward else case))
    return backward_plans(*case) if backward else (forward_plan(*case),)


@lru_cache(1024)
def sums_way(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> InsideSums | PlaceSums:
    """Of the weight gradient."""
    case = (x_shape, w_shape, stride, padding, dilation, groups, lanes)
    samples, (rows, columns) = x_shape[0], output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    taps, kernels = math.prod(w_shape[1:]), w_shape[0] // groups
    work = samples * w_shape[0] * rows * columns * taps // AT_ONCE
    if sums_by_strips(*case):
        strips, places, phases = strip_plan(*case)
        chunks = chunks_of(strips.sets * strips.cuts, w_shape[0] * taps)
        return PlaceSums((groups, chunks, taps, kernels), kernels, work, strips, places, phases)
    geometry = Geometry(
        samples, groups, w_shape[1], kernels, x_shape[2], x_shape[3], rows, columns, w_shape[2], w_shape[3], *stride,
        *padding, *dilation,
    )  # fmt: skip
    vectors = -(-kernels // lanes)
    chunks = chunks_of(min(samples, samples * rows * columns // PLACES), groups * taps * vectors * lanes)
    own = -(-samples // chunks) * rows * columns
    block = evenly(own, block_length(samples * rows * columns, PLACES))
    return InsideSums((groups, chunks, taps, vectors * lanes), vectors, work, geometry, block)
