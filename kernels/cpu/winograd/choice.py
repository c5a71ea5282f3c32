"""Where one of Winograd's convolutions is faster than conv_tiled, and precise enough to be taken unasked.

Costs are in multiply-adds of vectors, by the measured rates of rates.py.
"""

from functools import lru_cache

from scratchnet.kernels.cpu.layout import Pair, Shape
from scratchnet.kernels.cpu.rates import RATES
from scratchnet.kernels.cpu.tiled.choice import costs, costs_of_sums
from scratchnet.kernels.cpu.tiled.cutting import full_vectors
from scratchnet.kernels.geometry import output_size

NAMES = {2: "winograd", 3: "winograd3"}  # by a tile's rows of places
# By those and the kernel's rows: the terms of a sum, at least. But for F(2, 3), sums have 2 to 3 times PyTorch's
# rounding errors if they are long, and more if not.
TERMS = {(2, 3): 1, (3, 3): 144, (2, 5): 400}
PLACES = {(2, 3): 1, (3, 3): 256, (2, 5): 1024}


@lru_cache(1024)
def fastest(function: str, x_shape: Shape, w_shape: Shape, padding: Pair, groups: int, lanes: int) -> str:
    """The algorithm for `function`, one of the contract's three, of a kernel without stride and dilation."""
    size = output_size(x_shape[2:], w_shape[2:], (1, 1), padding, (1, 1))
    if 0 in (*x_shape, *w_shape, *size):
        return "tiled"
    sums, backward = function == "grad_weight", function == "grad_input"
    if sums:
        terms, limits = x_shape[0] * size[0] * size[1], PLACES
        found = {"tiled": min(costs_of_sums(x_shape, w_shape, (1, 1), padding, (1, 1), groups, lanes))}
    else:
        terms, limits = (w_shape[0] // groups if backward else w_shape[1]) * w_shape[2] * w_shape[3], TERMS
        found = {"tiled": _tiled_cost(x_shape, w_shape, size, padding, groups, lanes, backward)}
    for outputs, name in NAMES.items():
        if w_shape[2] == w_shape[3] and limits.get((outputs, w_shape[2]), terms + 1) <= terms:
            if sums:
                found[name] = _cost_of_sums(outputs, x_shape, w_shape, size, groups, lanes)
            else:
                found[name] = _cost(outputs, x_shape, w_shape, size, groups, lanes, backward)
    return min(found, key=found.__getitem__)


def _tiled_cost(
    x_shape: Shape, w_shape: Shape, size: Pair, padding: Pair, groups: int, lanes: int, backward: bool
) -> float:
    wanted = x_shape[0] * size[0] * size[1] * w_shape[0] * w_shape[1] * w_shape[2] * w_shape[3] / lanes
    return RATES.tiled * wanted * min(costs(x_shape, w_shape, (1, 1), padding, (1, 1), groups, lanes, backward))


def _cost(outputs: int, x_shape: Shape, w_shape: Shape, size: Pair, groups: int, lanes: int, backward: bool) -> float:
    channels, kernels, target = w_shape[1], w_shape[0] // groups, size
    if backward:
        channels, kernels, target = kernels, channels, (x_shape[2], x_shape[3])
    wide, high = -(-channels // lanes), -(-kernels // lanes)  # vectors of channels, read and written
    tiles, points = _tiles(outputs, x_shape[0], target, w_shape[2])
    terms, written, read, weights, call = RATES.winograd
    products = tiles * points * (terms * channels * full_vectors(kernels, lanes) + written * high + read * wide)
    return (products + weights * channels * high * w_shape[2] * w_shape[3]) * groups + call


def _cost_of_sums(outputs: int, x_shape: Shape, w_shape: Shape, size: Pair, groups: int, lanes: int) -> float:
    n, channels, kernels = x_shape[0], w_shape[1], w_shape[0] // groups
    wide, high = -(-channels // lanes), -(-kernels // lanes)
    tiles, points = _tiles(outputs, n, size, w_shape[2])
    terms, read, sums, call = RATES.winograd_sums
    products = tiles * points * (terms * channels * full_vectors(kernels, lanes) + read * (high + wide))
    return (products + sums * channels * high * points) * groups + call


def _tiles(outputs: int, images: int, size: Pair, taps: int) -> Pair:
    """How many there are, and the points of one."""
    return images * -(-size[0] // outputs) * -(-size[1] // outputs), (outputs + taps - 1) ** 2
