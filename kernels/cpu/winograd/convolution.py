"""Convolution by Winograd's minimal filtering, for 3x3 and 5x5 kernels without stride and dilation.

Images are dealt out so that the channels of a pixel are vectors (dealing.py). A tile of n x n pixels gives m x m places
of the output, n = m + taps - 1, with n * n multiplications for each pair of channels instead of m * m * taps * taps.
"""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.epilogue import finish
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.reduce import channel_sum
from scratchnet.kernels.cpu.winograd.cases import convolution_case, scheme_number, sums_case
from scratchnet.kernels.cpu.winograd.products import convolve_tiles
from scratchnet.kernels.cpu.winograd.sums import sum_tiles
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
        self._sum(gy, x, gw, gw.reshape(-1)[:0], padding, groups)
        return deliver(gw, out, x.dtype)

    def grad_parameters(
        self, gy: Array, x: Array, w_shape: Shape, *, stride: Pair, padding: Pair, dilation: Pair, groups: int
    ) -> tuple[Array, Array]:
        """grad_weight, and the gradient of a bias: the sum of gy over all but its channels."""
        gw, gb = target(None, w_shape, x.dtype), target(None, w_shape[:1], x.dtype)
        self._sum(gy, x, gw, gb, padding, groups)
        return deliver(gw, None, x.dtype), deliver(gb, None, x.dtype)

    def _convolve(
        self, x: Array, w: Array, bias: Array | None, y: Array, padding: Pair, groups: int, relu: bool, backward: bool
    ) -> None:
        case = convolution_case(
            self.outputs, x.shape, w.shape, y.shape, padding, groups, x.itemsize, backward, threads.count()
        )
        convolve_tiles(
            case.work, x.reshape(-1), w.reshape(-1), _added(bias, case.no_bias, groups), y.reshape(-1),
            buffers.empty(case.weights, x.dtype), buffers.empty(case.memory, x.dtype), case.scheme, case.pixels,
            case.places, case.layout, case.cut, case.order, case.panels, relu, case.lanes,
        )  # fmt: skip

    def _sum(self, gy: Array, x: Array, gw: Array, gb: Array, padding: Pair, groups: int) -> None:
        if not (gw.size and gy.size and x.size):
            gw[...] = 0
            if gb.size:
                channel_sum(gy, gb)
            return
        case = sums_case(self.outputs, x.shape, gw.shape, gy.shape, padding, groups, gw.itemsize, threads.count())
        sums, memory = buffers.empty(case.sums, gw.dtype), buffers.empty(case.memory, gw.dtype)
        source, upstream = plain(x).reshape(-1), plain(gy).reshape(-1)
        for group in range(groups):
            sum_tiles(
                case.work, source, upstream, gw.reshape(-1), gb[: 0 if group else gb.size], sums, memory, case.scheme,
                case.pixels, case.places, case.cut, group, case.vectors, gw.shape[2] * gw.shape[3], case.lanes,
            )  # fmt: skip


def _added(bias: Array | None, no_bias: Array, groups: int) -> Array:
    """The bias as vectors of each group's channels, filled up with zeros."""
    if bias is None:
        return no_bias
    given = plain(bias)
    if given.size == no_bias.size:
        return given
    added = no_bias.copy()
    added.reshape(groups, -1)[:, : given.size // groups] = given.reshape(groups, -1)
    return added
