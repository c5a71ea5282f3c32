"""The weights of Winograd's convolution at all points, as the products read them."""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.jit import separate
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import transpose_lanes
from scratchnet.kernels.cpu.tiled.cutting import apart
from scratchnet.kernels.cpu.winograd.transforms import transform_weight

TERMS = 16  # channels whose weights a thread transforms before it looks for the next ones


class Weights(NamedTuple):
    """Where a weight lies, and how many there are. Channels are what is read, kernels what is written, of a group."""

    group: int  # how far apart weights lie: of groups, of kernels, of channels
    kernel: int
    channel: int
    groups: int
    kernels: int
    channels: int
    points: int


@separate
def transform_taps(
    w: Array, weights: Array, g: Weights, order: Array, panels: Array, scheme: int, run: int, lanes: int
) -> None:
    """The taps of a vector of kernels and TERMS channels, in this order, at all points.

    weights: (groups, points, panels of vectors of kernels, channels, vectors of the panel), the points `apart`.
    `panels` has the vectors where these begin and end.
    """
    vectors = panels[-1]
    runs = (g.channels + TERMS - 1) // TERMS
    group, v, first = run // (vectors * runs), run // runs % vectors, run % runs * TERMS
    taps = np.empty(order.size * lanes, w.dtype)
    distance = apart(vectors * lanes * g.channels, lanes)  # of the points
    origin, to = order * lanes, np.arange(g.points) * distance
    panel = 0
    while panels[panel + 1] <= v:
        panel += 1
    columns = panels[panel + 1] - panels[panel]
    for c in range(first, min(g.channels, first + TERMS)):
        here = group * g.group + v * lanes * g.kernel + c * g.channel
        for tap in range(0, order.size, lanes):
            count = min(lanes, order.size - tap)
            rows = min(lanes, g.kernels - v * lanes)
            transpose_lanes(taps, tap * lanes, lanes, w, here + tap, g.kernel, rows, count, lanes)
        within = (panels[panel] * g.channels + c * columns + v - panels[panel]) * lanes
        transform_weight(scheme, lanes, taps, 0, origin, 0, weights, group * g.points * distance + within, to, 0)
