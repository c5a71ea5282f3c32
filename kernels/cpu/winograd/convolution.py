"""Convolution by Winograd's minimal filtering, for 3x3 and 5x5 kernels without stride and dilation.

Images are dealt out so that the channels of a pixel are vectors (dealing.py). A tile of n x n pixels gives m x m places
of the output, n = m + taps - 1, with n * n multiplications for each pair of channels instead of m * m * taps * taps.
"""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.dealing import collect, deal
from scratchnet.kernels.cpu.epilogue import finish
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.winograd.cases import convolution_case, scheme_number, sums_case
from scratchnet.kernels.cpu.winograd.products import convolve_tiles, transform_weights
from scratchnet.kernels.cpu.winograd.sums import sum_tiles, transform_to_taps
from scratchnet.kernels.cpu.winograd.tiles import Tiles
from scratchnet.kernels.geometry import output_size


class Winograd(NamedTuple):
    """The contract of the algorithms, conv.py, with tiles of outputs x outputs places."""

    outputs: int

    def supports(
        self, x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
    ) -> bool:
        """Kernels of 3x3 and, by tiles of 2x2 places, 5x5, without stride and dilation."""
        return (
            stride == dilation == (1, 1)
            and w_shape[2] == w_shape[3]
            and scheme_number(self.outputs, w_shape[2]) is not None
        )

    def forward(
        self,
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
        """torch.nn.functional.conv2d: (N, C, H, W) * (K, C / groups, R, R) + (K,) -> (N, K, OH, OW)."""
        size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
        y = target(out, (x.shape[0], w.shape[0], *size), x.dtype)
        if x.size and w.size:
            added = bias if epilogue != "none" else None
            self._convolve(plain(x), plain(w), added, y, padding, groups, epilogue == "bias_relu", backward=False)
        else:
            y[...] = 0
            finish(y, bias, epilogue)
        return deliver(y, out, x.dtype)

    def grad_input(
        self,
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
        """torch.nn.grad.conv2d_input: the convolution of gy with w turned by half a circle, channels exchanged."""
        gx = target(out, x_shape, gy.dtype)
        if gy.size and gx.size:
            around = (w.shape[2] - 1 - padding[0], w.shape[3] - 1 - padding[1])
            self._convolve(plain(gy), plain(w), None, gx, around, groups, False, backward=True)
        else:
            gx[...] = 0
        return deliver(gx, out, gy.dtype)

    def grad_weight(
        self,
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
        """torch.nn.grad.conv2d_weight: at each point the products of pixels and gy, summed over all tiles."""
        gw = target(out, w_shape, x.dtype)
        if gw.size and gy.size and x.size:
            self._sum(plain(gy), plain(x), gw, padding, groups)
        else:
            gw[...] = 0
        return deliver(gw, out, x.dtype)

    def _convolve(
        self, x: Array, w: Array, bias: Array | None, y: Array, padding: Pair, groups: int, relu: bool, backward: bool
    ) -> None:
        case = convolution_case(
            self.outputs, x.shape, w.shape, y.shape, padding, groups, x.itemsize, backward, threads.count()
        )
        scheme, pixels, places, channels, kernels, lanes, points = case.shared
        weights = buffers.empty(case.weights, x.dtype)
        transform_weights(
            case.weights, w.reshape(-1), case.w_group, case.w_row, case.w_term, case.order, scheme, groups, kernels,
            channels, points, case.panels, weights, lanes,
        )  # fmt: skip
        added = np.zeros((groups, places.lanes), x.dtype)
        if bias is not None:
            added[:, :kernels] = plain(bias).reshape(groups, -1)
        work = buffers.empty((case.parts, case.room), x.dtype)
        result = buffers.empty((places.images * places.height * places.width + 1) * places.lanes, y.dtype)
        convolve_tiles(
            case.work, _dealt(x, channels, pixels, lanes), weights, added.reshape(-1), result, work, scheme,
            tuple(pixels), tuple(places), groups, channels, case.panels, relu, lanes, case.at_once, case.block,
        )  # fmt: skip
        dealt = result[: -places.lanes].reshape(places.images, -1, places.lanes)
        collect(y.size, dealt, y.reshape(len(y) * y.shape[1], -1), kernels, lanes)

    def _sum(self, gy: Array, x: Array, gw: Array, padding: Pair, groups: int) -> None:
        case = sums_case(self.outputs, x.shape, gw.shape, gy.shape, padding, groups, x.itemsize, threads.count())
        scheme, pixels, places, channels, kernels, lanes, points = case.shared
        work = buffers.empty((case.parts, case.room), x.dtype)
        sums = buffers.empty(case.sums, x.dtype)
        source, upstream = _dealt(x, channels, pixels, lanes), _dealt(gy, kernels, places, lanes)
        for group in range(groups):
            sum_tiles(
                case.work, source, upstream, sums, work, scheme, tuple(pixels), tuple(places), groups, group, channels,
                case.vectors, case.channel_parts, lanes, case.at_once, case.block,
            )  # fmt: skip
            part = gw[group * kernels : (group + 1) * kernels].reshape(-1)
            taps = gw.shape[2] * gw.shape[3]
            transform_to_taps(sums.size, sums, part, scheme, kernels, channels, points, taps, lanes)


def _dealt(x: Array, channels: int, t: Tiles, lanes: int) -> Array:
    """The images with channels in lanes, and a pixel of zeros after the last."""
    result = buffers.empty((t.images * t.height * t.width + 1) * t.lanes, x.dtype)
    result[-t.lanes :] = 0
    dealt = result[: -t.lanes].reshape(t.images, t.height * t.width, t.lanes)
    deal(x.size, x.reshape(len(x) * x.shape[1], -1), dealt, channels, lanes)
    return result
