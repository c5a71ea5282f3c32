"""Where Winograd's convolution is faster than conv_tiled, and precise enough to be taken unasked.

Both costs are in multiply-adds of vectors. Their constants were fitted to 308 layers, each function of both algorithms
timed on two threads: nine of ten predictions are within 30 % of the time, and what is chosen takes 2 % longer on
average than the faster of the two.
"""

from functools import lru_cache

from scratchnet.kernels.cpu.layout import Pair, Shape
from scratchnet.kernels.cpu.tiled.choice import costs, costs_of_sums
from scratchnet.kernels.geometry import output_size

OUTPUTS = 2  # a tile's rows and columns of places
CALL = 120_000  # what a call costs more than one of conv_tiled
# Terms of a sum, at least. F(2, 5) has 2 to 4 times PyTorch's rounding errors if its sums are long, and more if not.
TERMS = {3: 1, 5: 400}
PLACES = {3: 1, 5: 1024}


@lru_cache(1024)
def faster(function: str, x_shape: Shape, w_shape: Shape, padding: Pair, groups: int, lanes: int) -> bool:
    """Whether `function`, one of the contract's three, is both, for a kernel that is supported."""
    size = output_size(x_shape[2:], w_shape[2:], (1, 1), padding, (1, 1))
    if 0 in (*x_shape, *w_shape, *size):
        return False
    if function == "grad_weight":
        long = x_shape[0] * size[0] * size[1] >= PLACES[w_shape[2]]
        return long and _sums_are_faster(x_shape, w_shape, size, padding, groups, lanes)
    terms = w_shape[0] // groups if function == "grad_input" else w_shape[1]
    long = terms * w_shape[2] * w_shape[3] >= TERMS[w_shape[2]]
    return long and _convolution_is_faster(x_shape, w_shape, size, padding, groups, lanes, function == "grad_input")


def _convolution_is_faster(
    x_shape: Shape, w_shape: Shape, size: Pair, padding: Pair, groups: int, lanes: int, backward: bool
) -> bool:
    channels, kernels, target = w_shape[1], w_shape[0] // groups, size
    if backward:
        channels, kernels, target = kernels, channels, (x_shape[2], x_shape[3])
    taps = w_shape[2] * w_shape[3]
    wide, high = -(-channels // lanes), -(-kernels // lanes)  # vectors of channels, read and written
    tiles, points = _tiles(x_shape[0], target, w_shape[2])
    winograd = tiles * points * (1.5 * channels * high + 22 * high + 5 * wide) + 60 * channels * high * taps
    wanted = x_shape[0] * target[0] * target[1] * channels * kernels * taps / lanes
    tiled = 1.25 * wanted * min(costs(x_shape, w_shape, (1, 1), padding, (1, 1), groups, lanes, backward))
    return winograd * groups + CALL < tiled * groups


def _sums_are_faster(x_shape: Shape, w_shape: Shape, size: Pair, padding: Pair, groups: int, lanes: int) -> bool:
    n, channels, kernels = x_shape[0], w_shape[1], w_shape[0] // groups
    wide, high = -(-channels // lanes), -(-kernels // lanes)
    tiles, points = _tiles(n, size, w_shape[2])
    moved = n * (x_shape[2] * x_shape[3] * wide + size[0] * size[1] * high)  # vectors dealt out
    winograd = (
        tiles * points * (1.6 * channels * high + 19 * (high + wide)) + 26 * moved + 60 * channels * high * points
    )
    tiled = min(costs_of_sums(x_shape, w_shape, (1, 1), padding, (1, 1), groups, lanes))
    return winograd * groups + CALL < tiled


def _tiles(images: int, size: Pair, taps: int) -> Pair:
    """How many there are, and the points of one."""
    return images * -(-size[0] // OUTPUTS) * -(-size[1] // OUTPUTS), (OUTPUTS + taps - 1) ** 2
