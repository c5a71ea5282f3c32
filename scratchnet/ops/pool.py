"""Maxima of windows. Closed under differentiation: {max_pool2d, scatter at the taps, gather at the taps}."""

import math
from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.geometry import Pair, Sizes
from scratchnet.ops.pool_checks import placed


class MaxPool2DWithIndices(Op):
    """The largest value of each window, and where in the plane it stood."""

    silent = True

    @staticmethod
    def forward(
        ctx: Any, x: Any, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, out_size: Pair
    ) -> Any:
        ctx.plane = x.shape[2:]
        ctx.save_outputs(1)
        return kernels_for(x).pool.max_pool2d(
            x, kernel_size, stride=stride, padding=padding, dilation=dilation, out_size=out_size
        )

    @staticmethod
    def backward(ctx: Any, gy: Tensor, *_: Tensor) -> Any:
        (indices,) = ctx.saved
        return ScatterPlanes.apply(gy, indices, ctx.plane), None, None, None, None, None


class ScatterPlanes(Op):
    """Values added up at their indices in planes of zeros."""

    @staticmethod
    def forward(ctx: Any, x: Any, indices: Any, plane: Pair) -> Any:
        ctx.save_inputs(1)
        return kernels_for(x).pool.scatter_planes(x, indices, plane)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (indices,) = ctx.saved
        return GatherPlanes.apply(gy, indices), None, None


class GatherPlanes(Op):
    """The planes' values at the indices."""

    @staticmethod
    def forward(ctx: Any, x: Any, indices: Any) -> Any:
        ctx.save_inputs(1)
        ctx.plane = x.shape[2:]
        return kernels_for(x).pool.gather_planes(x, indices)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (indices,) = ctx.saved
        return ScatterPlanes.apply(gy, indices, ctx.plane), None


class MaxPool3DWithIndices(Op):
    """The largest value of each block, and where in the volume it stood: the planes' maxima, then those in depth.

    Of equal values the first in reading order wins, and it stands in the first plane that has one.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, out_size: Sizes
    ) -> Any:
        ctx.x_shape = x.shape
        ctx.save_outputs(1)
        pool = kernels_for(x).pool.max_pool2d
        (n, c, depth, height, width), (out_depth, *out_plane) = x.shape, out_size
        planes, places = pool(
            x.reshape(n * c, depth, height, width),
            *(kernel[1:],),
            stride=stride[1:],
            padding=padding[1:],
            dilation=dilation[1:],
            out_size=tuple(out_plane),
        )
        area = out_plane[0] * out_plane[1]
        y, rows = pool(
            planes.reshape(n * c, 1, depth, area),
            (kernel[0], 1),
            stride=(stride[0], 1),
            padding=(padding[0], 0),
            dilation=(dilation[0], 1),
            out_size=(out_depth, area),
        )
        rows = rows.reshape(n * c, out_depth * area)
        within = array_module(x).take_along_axis(places.reshape(n * c, depth * area), rows, axis=1)
        indices = rows // area * (height * width) + within if area else rows
        return y.reshape(n, c, *out_size), indices.reshape(n, c, *out_size)

    @staticmethod
    def backward(ctx: Any, gy: Tensor, *_: Tensor) -> Any:
        (indices,) = ctx.saved
        return scatter(gy, indices, ctx.x_shape[2:]), None, None, None, None, None


def scatter(values: Tensor, indices: Tensor, image: Sizes) -> Tensor:
    """(N, C, ...) -> (N, C, *image): values added up at their flat positions in the image."""
    n, c, *space = values.array.shape
    flat = (n, c, 1, math.prod(space))
    planes: Tensor = ScatterPlanes.apply(values.reshape(flat), indices.reshape(flat), (1, math.prod(image)))
    return planes.reshape(n, c, *image)


def _maxima(op: str, n: int, *arguments: Any, integers: bool = True) -> tuple[Tensor, Tensor]:
    """The values and positions of maximum pooling over n axes; `arguments` are placed's."""
    at = placed(op, n, *arguments, integers=integers)
    kind = MaxPool3DWithIndices if n == 3 else MaxPool2DWithIndices
    images, _, *window = at.as_planes()
    y, indices = kind.apply(images, *window)
    return at.shaped(y), at.shaped(indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.max_pool1d_with_indices: max_pool1d's values and their positions (int64)."""
    return _maxima("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """torch.nn.functional.max_pool1d: (N, C, L) -> (N, C, OL), the largest value of each window; N optional.

    max_pool2d on images of one row: OL = floor((L + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1; edge
    rules and errors are max_pool2d's, and integers raise NotImplementedError unless return_indices=True, as in torch.
    """
    y, indices = _maxima(
        "max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, integers=bool(return_indices)
    )
    return (y, indices) if return_indices else y


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.max_pool2d_with_indices: max_pool2d's values and their flat positions h * W + w (int64)."""
    return _maxima("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """torch.nn.functional.max_pool2d: (N, C, H, W) -> (N, C, OH, OW), the largest value of each window; N optional.

    OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1 (ceil_mode: rounded up); stride None is
    kernel_size. padding counts as minus infinity, for integers as the least one. The gradient goes to the first of
    equal values, of several NaN to the last. return_indices=True gives (values, flat positions) too. Raises
    RuntimeError for padding over half the kernel, or no window, NotImplementedError for bool.
    """
    y, indices = _maxima("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return (y, indices) if return_indices else y


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.max_pool3d_with_indices: max_pool3d's values and their flat positions (d H + h) W + w."""
    return _maxima("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)


def max_pool3d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """torch.nn.functional.max_pool3d: (N, C, D, H, W) -> (N, C, OD, OH, OW), the largest value of each block.

    OD = floor((D + 2 padding - dilation (KD - 1) - 1) / stride) + 1, likewise OH and OW; N optional. Edge rules and
    errors are max_pool2d's.
    """
    y, indices = _maxima("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return (y, indices) if return_indices else y
