"""What a lane of conv_tiled's vectors holds: neighbouring places of one sample, or one place of neighbouring samples.

The rule is a cost for each way, in multiply-adds done for each one wanted, with constants that were measured:

- Places: 1, and more for the ends of rows that are computed and thrown away, or for bringing pixels into panels; for
  results that are written in two steps, and for borders.
- Strips, whose places are one run: 1, and more for copying pixels.
- Samples: less than 1 where taps beyond the image are left out, times what a last, partly empty vector of samples
  wastes; and MOVING for each pixel read or written, which is dealt out to lanes and collected again.
"""

import math
from functools import lru_cache
from typing import NamedTuple

from scratchnet.kernels.cpu.layout import Pair, Shape
from scratchnet.kernels.cpu.rates import RATES
from scratchnet.kernels.cpu.tiled.chunks import chunks_of
from scratchnet.kernels.cpu.tiled.cutting import full_vectors
from scratchnet.kernels.cpu.tiled.inside_sums import PLACES
from scratchnet.kernels.cpu.tiled.planes import Grid
from scratchnet.kernels.cpu.tiled.plans import PANEL_COST, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sample_plans import lines
from scratchnet.kernels.cpu.tiled.strips import strip_plan
from scratchnet.kernels.geometry import output_size

FEW = 32  # channels, at most, for the weight gradient by strips: copies of more don't stay in the second cache
COPYING = 8  # of vectors' multiply-adds, a row of an image
WRITING = 2  # of multiply-adds, a result in two steps
TILING = 20  # of multiply-adds, all results of a place: finding where a tile's rows begin and end
BORDERED = 0.2  # what planes with borders cost more
MOVING = 0.8  # of a vector's multiply-add, a pixel
STRIDED = 0.3  # what the input gradient of a stride costs more by places, whose results are scattered
MOST_TERMS = 1 << 22  # of the samples' plan, which has a list for each kind of place


class Costs(NamedTuple):
    """Of each way."""

    places: float
    samples: float
    strips: float


@lru_cache(1024)
def fastest(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int, backward: bool
) -> str:
    """The fastest way, one of Costs' names, for the forward function or for the input gradient."""
    case = (x_shape, w_shape, stride, padding, dilation, groups, lanes)
    plan = backward_plans(*case)[0] if backward else forward_plan(*case)
    found = costs(*case, backward)
    if plan.grid.rows > 1 or plan.grid.padded:
        account = (WRITING + TILING / max(1, plan.grid.kernels)) / max(1, plan.taps.size)
        found = found._replace(places=found.places + account + BORDERED * plan.grid.padded)
    return Costs._fields[found.index(min(found))]


@lru_cache(1024)
def costs(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int, backward: bool
) -> Costs:
    """In multiply-adds done for each one wanted, without what `fastest` adds for keeping account of places."""
    size = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    case = (x_shape, w_shape, stride, padding, dilation, groups, lanes)
    plans = backward_plans(*case) if backward else (forward_plan(*case),)
    n, channels = x_shape[0], w_shape[0] // groups if backward else w_shape[1]
    wanted = size[0] * size[1] * w_shape[2] * w_shape[3]
    places, strips = _cost_of_places(plans[0].grid, lanes), math.inf
    met, kinds = 1, 1
    for line in lines(x_shape, w_shape, stride, padding, dilation, backward):
        taps = [meeting for _, meeting in line]
        met *= sum(map(len, taps))
        kinds *= sum(map(len, set(taps)))
    if not met * n * channels * w_shape[0]:
        return Costs(places, math.inf, math.inf)
    if plans[0].grid.rows > 1 or plans[0].grid.padded:  # a whole image that is read in place needs no copy
        if not backward:
            strips = _cost_of_strips(*case)
        elif stride == (1, 1):
            strips = _cost_of_strips(*mirrored(*case))
    if backward:
        done = sum(plan.grid.rows * plan.grid.columns * plan.taps.size for plan in plans) / (wanted * channels)
        places, strips = places * done + (STRIDED if stride != (1, 1) else 0), strips * done
    if kinds * channels > MOST_TERMS:
        return Costs(places, math.inf, strips)
    moved = (x_shape[1] * x_shape[2] * x_shape[3] + w_shape[0] * size[0] * size[1]) * lanes
    filled = -(-n // lanes) * lanes / n
    samples = filled * met / wanted + MOVING * moved / (wanted * w_shape[0] * w_shape[1])
    return Costs(places, samples, strips)


def mirrored(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> tuple[Shape, Shape, Pair, Pair, Pair, int, int]:
    """The convolution of the upstream gradient that is the input gradient, if the stride is 1."""
    (h, w), (kh, kw) = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation), w_shape[2:]
    border = (dilation[0] * (kh - 1) - padding[0], dilation[1] * (kw - 1) - padding[1])
    weights = (x_shape[1], w_shape[0] // groups, kh, kw)
    return (x_shape[0], w_shape[0], h, w), weights, stride, border, dilation, groups, lanes


def _cost_of_places(g: Grid, lanes: int) -> float:
    if not g.in_place:
        return 1 + PANEL_COST / g.kernels
    computed = -(-((g.rows - 1) * g.pitch + g.columns) // lanes) * lanes
    return computed / (g.rows * g.columns)


def _cost_of_strips(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> float:
    g, taps, _ = strip_plan(x_shape, w_shape, stride, padding, dilation, groups, lanes)
    if g.images > 1:  # side by side they aren't one run in the result
        return math.inf
    places = g.rows * g.columns // g.cuts
    copied = g.copies * g.copy_rows / (places * g.kernels * taps.size / lanes)
    return -(-places // lanes) * lanes / places + COPYING * copied


@lru_cache(1024)
def sums_by_strips(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> bool:
    """Whether the weight gradient is faster with a place in each lane than with an output channel in each."""
    strips, inside = costs_of_sums(x_shape, w_shape, stride, padding, dilation, groups, lanes)
    return strips < inside


@lru_cache(1024)
def costs_of_sums(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> tuple[float, float]:
    """Of the weight gradient, by strips and tap by tap. In multiply-adds of vectors, by the rates of rates.py."""
    n, channels, kernels, taps = x_shape[0], w_shape[1], w_shape[0] // groups, w_shape[2] * w_shape[3]
    g = strip_plan(x_shape, w_shape, stride, padding, dilation, groups, lanes).strips
    wanted = n * g.rows * g.columns * channels * taps  # for each output channel
    rows = g.sets * g.images * (g.cuts * g.copies * g.copy_rows + (kernels * g.rows if g.images > 1 else 0))
    sums = channels * taps * kernels
    strip_rates, inside_rates = RATES.strip_sums, RATES.inside_sums
    chunks = chunks_of(g.sets * g.cuts, sums * groups)
    strips = strip_rates.terms * wanted * kernels / lanes + strip_rates.rows * rows
    strips += sums * (strip_rates.sums * g.sets * g.cuts + strip_rates.chunks * chunks / lanes)
    met = 1.0  # the part of the taps that are not over padding
    for line, size in zip(lines(x_shape, w_shape, stride, padding, dilation, False), w_shape[2:], strict=True):
        met *= sum(len(taps_met) for _, taps_met in line) / (len(line) * size)
    if channels > FEW:
        strips = math.inf
    vectors = -(-kernels // lanes)
    chunks = chunks_of(min(n, n * g.rows * g.columns // PLACES), groups * channels * taps * vectors * lanes)
    terms, places = inside_rates.terms * met * full_vectors(kernels, lanes), inside_rates.places * kernels / lanes
    inside = wanted * (terms + places / channels)
    inside += channels * vectors * taps * (inside_rates.sums + inside_rates.chunks * chunks)
    return strips * groups, inside * groups
