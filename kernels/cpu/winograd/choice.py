"""Where Winograd's convolution is faster than conv_tiled, and precise enough to be taken unasked.

Both costs are in multiply-adds of vectors. Their constants were fitted to 308 layers, each function of both algorithms
timed on one thread: half of the predictions are within 6 % of the time, nine of ten within 30 %, and what is chosen
takes 1 % longer on average than the faster of the two.
"""

from functools import lru_cache

from scratchnet.kernels.cpu.layout import Pair, Shape
from scratchnet.kernels.cpu.tiled.choice import costs
from scratchnet.kernels.cpu.tiled.sample_plans import lines
from scratchnet.kernels.cpu.tiled.weight_sums import chunks_of_samples
from scratchnet.kernels.geometry import output_size

OUTPUTS = 2  # a tile's rows and columns of places
CALL = 50_000  # what a call costs more than one of conv_tiled
# Terms of a sum, at least. F(2, 5) has 2 to 4 times PyTorch's rounding errors if its sums are long, and more if not.
TERMS = {3: 1, 5: 400}
PLACES = {3: 1, 5: 1024}


@lru_cache(1024)
def faster(function: str, x_shape: Shape, w_shape: Shape, padding: Pair, groups: int, lanes: int) -> bool:
    """Whether `function`, one of the contract's three, is both, for a kernel that is supported."""
    size: Shape = output_size(x_shape[2:], w_shape[2:], (1, 1), padding, (1, 1))
    images, channels, kernels, taps = x_shape[0] * groups, w_shape[1], w_shape[0] // groups, w_shape[2]
    places = images * size[0] * size[1]
    if not places * channels * kernels:
        return False
    source, target = x_shape[2] * x_shape[3], size[0] * size[1]
    if function == "grad_input":
        channels, kernels, source, target = kernels, channels, target, source
        size = x_shape[2:]
    points = (OUTPUTS + taps - 1) ** 2
    tiles = images * -(-size[0] // OUTPUTS) * -(-size[1] // OUTPUTS)
    wide, high = -(-channels // lanes), -(-kernels // lanes)  # vectors of channels, read and written
    moved = images * (source * wide + target * high)  # to lanes and back
    weights = groups * channels * high * taps * taps
    wanted = images * target * channels * kernels * taps * taps / lanes
    case = (x_shape, w_shape, (1, 1), padding, (1, 1))
    if function != "grad_weight":
        winograd = tiles * points * (1.5 * channels * high + 20 * high + 3 * wide) + 17 * moved + 38 * weights + CALL
        tiled = 1.15 * wanted * min(costs(*case, groups, lanes, function == "grad_input"))
        return channels * taps * taps >= TERMS[taps] and winograd < tiled + 16 * moved
    winograd = tiles * points * (1.5 * channels * high + 17 * (high + wide)) + 10 * moved + 58 * weights + CALL
    met = 1.0  # the part of the taps that are not over padding
    for line, count in zip(lines(*case, backward=False), size, strict=True):
        met *= sum(len(taps_met) for _, taps_met in line) / (count * taps)
    chunks = chunks_of_samples(x_shape[0], target, groups, w_shape[1] * taps * taps, high * lanes)
    tiled = wanted * (1.2 * met * high * lanes / kernels + 4.6 / channels) + weights * (32 + 50 * chunks)
    return places // groups >= PLACES[taps] and winograd < tiled
