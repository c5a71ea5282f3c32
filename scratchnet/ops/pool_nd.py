"""Pooling over one axis and over three: images of one row; planes first and then along the depth."""

from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import Sizes, each
from scratchnet.ops.pool import (
    AvgPool2D,
    MaxPool2DWithIndices,
    ScatterPlanes,
    adaptive_avg_pool2d,
    batched,
    check_divisor,
    pooled_size,
    window,
)
from scratchnet.shapes import message


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
    op = "max_pool1d"
    check_tensor(op, "input", input)
    kernel, step, margin, spread = window(op, 1, kernel_size, stride, padding, dilation)
    rows, was_batched = batched(op, 1, input)
    size = pooled_size(op, rows.array.shape, kernel, step, margin, spread, ceil_mode)
    check_floating(op, "input", input)
    y, indices = MaxPool2DWithIndices.apply(
        rows.unsqueeze(-2), (1, *kernel), (1, *step), (0, *margin), (1, *spread), (1, *size)
    )
    y, indices = y.squeeze(-2), indices.squeeze(-2)
    return (y, indices) if was_batched else (y.squeeze(0), indices.squeeze(0))


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
    rules and errors are max_pool2d's.
    """
    y, indices = max_pool1d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return (y, indices) if return_indices else y


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
    n, c = values.array.shape[:2]
    count, size = 1, 1
    for length in values.array.shape[2:]:
        count *= length
    for length in image:
        size *= length
    flat: Tensor = ScatterPlanes.apply(values.reshape(n, c, 1, count), indices.reshape(n, c, 1, count), (1, size))
    return flat.reshape(n, c, *image)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.max_pool3d_with_indices: max_pool3d's values and flat positions (d H + h) W + w (int64)."""
    op = "max_pool3d"
    check_tensor(op, "input", input)
    kernel, step, margin, spread = window(op, 3, kernel_size, stride, padding, dilation)
    volumes, was_batched = batched(op, 3, input)
    size = pooled_size(op, volumes.array.shape, kernel, step, margin, spread, ceil_mode)
    check_floating(op, "input", input)
    y, indices = MaxPool3DWithIndices.apply(volumes, kernel, step, margin, spread, size)
    return (y, indices) if was_batched else (y.squeeze(0), indices.squeeze(0))


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
    y, indices = max_pool3d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return (y, indices) if return_indices else y


def avg_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """torch.nn.functional.avg_pool1d: (N, C, L) -> (N, C, OL), the mean of each window; N optional.

    avg_pool2d on images of one row: OL = floor((L + 2 padding - kernel_size) / stride) + 1; edge rules and errors are
    avg_pool2d's.
    """
    op = "avg_pool1d"
    check_tensor(op, "input", input)
    kernel, step, margin, _ = window(op, 1, kernel_size, stride, padding)
    rows, was_batched = batched(op, 1, input)
    size = pooled_size(op, rows.array.shape, kernel, step, margin, (1,), ceil_mode)
    check_floating(op, "input", input)
    rule = {
        "stride": (1, *step),
        "padding": (0, *margin),
        "count_include_pad": bool(count_include_pad),
        "divisor_override": None,
    }
    y = AvgPool2D.apply(rows.unsqueeze(-2), (1, *kernel), (1, *size), rule).squeeze(-2)
    return y if was_batched else y.squeeze(0)


def _counts(n: int, size: int, kernel: int, stride: int, padding: int, count_include_pad: bool) -> list[int]:
    """What each window of one axis counts; what ceil_mode adds beyond the padding never counts."""
    starts = [i * stride - padding for i in range(size)]
    if count_include_pad:
        return [min(start + kernel, n + padding) - start for start in starts]
    return [min(start + kernel, n) - max(start, 0) for start in starts]


class AvgPool3D(Op):
    """The mean of each block: the planes' sums, summed in depth, over the number of values."""

    @staticmethod
    def forward(ctx: Any, x: Any, kernel: Sizes, stride: Sizes, padding: Sizes, size: Sizes, divisors: Any) -> Any:
        ctx.image, ctx.arguments = x.shape[2:], (kernel, stride, padding, size, divisors)
        n, c, depth, height, width = x.shape
        total = kernels_for(x).pool.avg_pool2d
        ones = {"count_include_pad": True, "divisor_override": 1}
        planes = x.reshape(n * c, depth, height, width)
        y = total(planes, kernel[1:], stride=stride[1:], padding=padding[1:], out_size=size[1:], **ones)
        y = y.reshape(n * c, 1, depth, size[1] * size[2])
        across = {"stride": (stride[0], 1), "padding": (padding[0], 0), "out_size": (size[0], size[1] * size[2])}
        return total(y, (kernel[0], 1), **across, **ones).reshape(n, c, *size) / divisors.astype(x.dtype)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return AvgPool3DGrad.apply(gy, ctx.image, *ctx.arguments), None, None, None, None, None


class AvgPool3DGrad(Op):
    """Every value spread evenly over its block: the adjoint."""

    @staticmethod
    def forward(
        ctx: Any, gy: Any, image: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, size: Sizes, divisors: Any
    ) -> Any:
        ctx.arguments = (kernel, stride, padding, size, divisors)
        (n, c), (depth, height, width) = gy.shape[:2], image
        spread = kernels_for(gy).pool.avg_pool2d_grad
        ones = {"count_include_pad": True, "divisor_override": 1}
        shares = (gy / divisors.astype(gy.dtype)).reshape(n * c, 1, size[0], size[1] * size[2])
        across = {"stride": (stride[0], 1), "padding": (padding[0], 0)}
        planes = spread(shares, (depth, size[1] * size[2]), (kernel[0], 1), **across, **ones)
        planes = planes.reshape(n * c, depth, *size[1:])
        gx = spread(planes, (height, width), kernel[1:], stride=stride[1:], padding=padding[1:], **ones)
        return gx.reshape(n, c, *image)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        return AvgPool3D.apply(ggx, *ctx.arguments), None, None, None, None, None, None


def avg_pool3d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """torch.nn.functional.avg_pool3d: (N, C, D, H, W) -> (N, C, OD, OH, OW), the mean of each block; N optional.

    OD = floor((D + 2 padding - KD) / stride) + 1, likewise OH and OW. Edge rules and errors are avg_pool2d's.
    """
    op = "avg_pool3d"
    check_tensor(op, "input", input)
    kernel, step, margin, _ = window(op, 3, kernel_size, stride, padding)
    check_divisor(op, divisor_override)
    volumes, was_batched = batched(op, 3, input)
    shape = volumes.array.shape
    size = pooled_size(op, shape, kernel, step, margin, (1, 1, 1), ceil_mode)
    check_floating(op, "input", input)
    numbers = zip(shape[2:], size, kernel, step, margin, strict=True)
    axes = [_counts(*sizes, bool(count_include_pad)) for sizes in numbers]
    xp = array_module(volumes.array)
    divisors = xp.asarray(axes[0]).reshape(-1, 1, 1) * xp.asarray(axes[1]).reshape(-1, 1) * xp.asarray(axes[2])
    if divisor_override is not None:
        divisors = xp.full(size, divisor_override)
    y: Tensor = AvgPool3D.apply(volumes, kernel, step, margin, size, divisors)
    return y if was_batched else y.squeeze(0)


def adaptive_avg_pool1d(input: Tensor, output_size: int | Sequence[int]) -> Tensor:
    """torch.nn.functional.adaptive_avg_pool1d: (N, C, L) -> (N, C, output_size); N optional.

    Output i is the mean of the values from floor(i L / OL) to ceil((i + 1) L / OL) - 1. Errors are
    adaptive_avg_pool2d's.
    """
    op = "adaptive_avg_pool1d"
    check_tensor(op, "input", input)
    if input.array.ndim not in (2, 3):
        rule = f"Expected 2 to 3 dimensions, but got {input.array.ndim}-dimensional tensor"
        raise RuntimeError(message(op, "input.shape", list(input.shape), rule, "use (N, C, L) or (C, L)"))
    (size,) = each(output_size, 1, op, "output_size")
    return adaptive_avg_pool2d(input.unsqueeze(-2), (1, size)).squeeze(-2)
