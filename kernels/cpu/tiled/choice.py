"""What a lane of conv_tiled's vectors holds: neighbouring places of one sample, or one place of neighbouring samples.

The rule is a cost for each, in multiply-adds done for each one wanted, with two constants that were measured:

- Places: 1, and more for the ends of rows that are computed and thrown away, or for bringing pixels into panels.
- Samples: less than 1 where taps beyond the image are left out, times what a last, partly empty vector of samples
  wastes; and MOVING for each pixel read or written, which is dealt out to lanes and collected again.
"""

import math
from functools import lru_cache

from scratchnet.kernels.cpu.layout import Pair, Shape
from scratchnet.kernels.cpu.tiled.chunks import chunks_of
from scratchnet.kernels.cpu.tiled.inside_sums import PLACES
from scratchnet.kernels.cpu.tiled.planes import Grid
from scratchnet.kernels.cpu.tiled.plans import PANEL_COST, backward_plans, forward_plan
from scratchnet.kernels.cpu.tiled.sample_plans import lines
from scratchnet.kernels.cpu.tiled.strips import strip_plan
from scratchnet.kernels.geometry import output_size

COPYING = 10  # of vectors' multiply-adds, a row of an image
MOVING = 0.8  # of a vector's multiply-add, a pixel
STRIDED = 0.3  # what the input gradient of a stride costs more by places, whose results are scattered
MOST_TERMS = 1 << 22  # of the samples' plan, which has a list for each kind of place


@lru_cache(1024)
def by_samples(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int, backward: bool
) -> bool:
    """Whether a sample in each lane is the faster way, for the forward function or for the input gradient."""
    samples, places = costs(x_shape, w_shape, stride, padding, dilation, groups, lanes, backward)
    return samples < places


@lru_cache(1024)
def costs(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int, backward: bool
) -> tuple[float, float]:
    """By samples and by places."""
    size = output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    case = (x_shape, w_shape, stride, padding, dilation, groups, lanes)
    grid = backward_plans(*case)[0].grid if backward else forward_plan(*case).grid
    places = _cost_of_places(grid, lanes) + (STRIDED if backward and stride != (1, 1) else 0)
    met, kinds = 1, 1
    for line in lines(x_shape, w_shape, stride, padding, dilation, backward):
        taps = [meeting for _, meeting in line]
        met *= sum(map(len, taps))
        kinds *= sum(map(len, set(taps)))
    wanted = size[0] * size[1] * w_shape[2] * w_shape[3]
    n, channels = x_shape[0], w_shape[0] // groups if backward else w_shape[1]
    if not met * n * channels * w_shape[0] or kinds * channels > MOST_TERMS:
        return math.inf, places
    moved = (x_shape[1] * x_shape[2] * x_shape[3] + w_shape[0] * size[0] * size[1]) * lanes
    filled = -(-n // lanes) * lanes / n
    samples = filled * met / wanted + MOVING * moved / (wanted * w_shape[0] * w_shape[1])
    return samples, places


@lru_cache(1024)
def by_strips(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> bool:
    """Whether the weight gradient is faster with a place in each lane than with an output channel in each."""
    strips, inside = costs_of_sums(x_shape, w_shape, stride, padding, dilation, groups, lanes)
    return strips < inside


@lru_cache(1024)
def costs_of_sums(
    x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, lanes: int
) -> tuple[float, float]:
    """Of the weight gradient, by strips and tap by tap. In multiply-adds of vectors, fitted to 166 layers' times:
    the choice takes 4 % longer on average than the faster of the two.
    """
    n, channels, kernels, taps = x_shape[0], w_shape[1], w_shape[0] // groups, w_shape[2] * w_shape[3]
    g = strip_plan(x_shape, w_shape, stride, padding, dilation, groups, lanes).strips
    wanted = n * g.rows * g.columns * channels * taps  # for each output channel
    rows = g.sets * g.images * (g.cuts * g.copies * g.copy_rows + (kernels * g.rows if g.images > 1 else 0))
    strips = 1.3 * wanted * kernels / lanes + COPYING * rows
    met = 1.0  # the part of the taps that are not over padding
    for line, size in zip(lines(x_shape, w_shape, stride, padding, dilation, False), w_shape[2:], strict=True):
        met *= sum(len(taps_met) for _, taps_met in line) / (len(line) * size)
    vectors = -(-kernels // lanes)
    chunks = chunks_of(min(n, n * g.rows * g.columns // PLACES), groups * channels * taps * vectors * lanes)
    inside = wanted * (1.2 * met * vectors + 5.6 * kernels / lanes / channels)
    return strips * groups, (inside + channels * vectors * taps * (70 + 50 * chunks)) * groups


def _cost_of_places(g: Grid, lanes: int) -> float:
    if not g.in_place:
        return 1 + PANEL_COST / g.kernels
    computed = -(-((g.rows - 1) * g.pitch + g.columns) // lanes) * lanes
    return computed / (g.rows * g.columns)
