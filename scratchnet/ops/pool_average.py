"""Means of windows, and adaptive ones. Closed under differentiation: {average, its adjoint}."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for, moved
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import Pair, Sizes, check_at_least, each, pair
from scratchnet.ops.pool_checks import Windows, placed
from scratchnet.ops.pool_shapes import check_divisor
from scratchnet.shapes import message


class AvgPool2D(Op):
    """The mean of each window; `rule` holds stride, padding, count_include_pad and divisor_override."""

    silent = True

    @staticmethod
    def forward(ctx: Any, x: Any, kernel_size: Pair, out_size: Pair, rule: dict[str, Any]) -> Any:
        ctx.image, ctx.kernel_size, ctx.rule = x.shape[2:], kernel_size, rule
        return kernels_for(x).pool.avg_pool2d(x, kernel_size, out_size=out_size, **rule)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return AvgPool2DGrad.apply(gy, ctx.image, ctx.kernel_size, ctx.rule), None, None, None


class AvgPool2DGrad(Op):
    """Every value spread evenly over its window: the adjoint."""

    @staticmethod
    def forward(ctx: Any, gy: Any, image: Pair, kernel_size: Pair, rule: dict[str, Any]) -> Any:
        ctx.out_size, ctx.kernel_size, ctx.rule = gy.shape[2:], kernel_size, rule
        return kernels_for(gy).pool.avg_pool2d_grad(gy, image, kernel_size, **rule)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        return AvgPool2D.apply(ggx, ctx.kernel_size, ctx.out_size, ctx.rule), None, None, None


class AdaptiveAvgPool2D(Op):
    """The mean of OH x OW regions that cover the image."""

    @staticmethod
    def forward(ctx: Any, x: Any, out_size: Pair) -> Any:
        ctx.image = x.shape[2:]
        return kernels_for(x).pool.adaptive_avg_pool2d(x, out_size)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return AdaptiveAvgPool2DGrad.apply(gy, ctx.image), None


class AdaptiveAvgPool2DGrad(Op):
    """Every value spread evenly over its region: the adjoint."""

    @staticmethod
    def forward(ctx: Any, gy: Any, image: Pair) -> Any:
        ctx.out_size = gy.shape[2:]
        return kernels_for(gy).pool.adaptive_avg_pool2d_grad(gy, image)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        return AdaptiveAvgPool2D.apply(ggx, ctx.out_size), None


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


def _planes_mean(at: Windows, count_include_pad: bool, divisor_override: int | None = None) -> Tensor:
    """The mean of each window of images, or of rows."""
    flat = at.as_planes()
    rule = {
        "stride": flat.stride,
        "padding": flat.padding,
        "count_include_pad": bool(count_include_pad),
        "divisor_override": divisor_override,
    }
    return at.shaped(AvgPool2D.apply(flat.images, flat.kernel, flat.out_size, rule))


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
    at = placed("avg_pool1d", 1, input, kernel_size, stride, padding, 1, ceil_mode)
    return _planes_mean(at, count_include_pad)


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """torch.nn.functional.avg_pool2d: (N, C, H, W) -> (N, C, OH, OW), the mean of each window; N optional.

    OH = floor((H + 2 padding - KH) / stride) + 1 (ceil_mode: rounded up). padding adds zeros, which count in the
    divisor unless count_include_pad=False; what ceil_mode adds beyond never counts; divisor_override replaces the
    divisor. Raises RuntimeError for padding over half the kernel, no window or divisor_override=0; IndexError below 3
    dimensions.
    """
    op = "avg_pool2d"
    check_tensor(op, "input", input)
    check_divisor(op, divisor_override)
    if input.array.ndim < 3:
        rule = "must have 3 or 4 dimensions: Dimension out of range"
        raise IndexError(message(op, "input.shape", list(input.shape), rule, "use (N, C, H, W) or (C, H, W)"))
    at = placed(op, 2, input, kernel_size, stride, padding, 1, ceil_mode)
    return _planes_mean(at, count_include_pad, divisor_override)


def _counts(n: int, size: int, kernel: int, stride: int, padding: int, count_include_pad: bool) -> list[int]:
    """What each window of one axis counts; what ceil_mode adds beyond the padding never counts."""
    starts = [i * stride - padding for i in range(size)]
    if count_include_pad:
        return [min(start + kernel, n + padding) - start for start in starts]
    return [min(start + kernel, n) - max(start, 0) for start in starts]


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
    check_divisor("avg_pool3d", divisor_override)
    at = placed("avg_pool3d", 3, input, kernel_size, stride, padding, 1, ceil_mode)
    numbers = zip(at.images.array.shape[2:], at.out_size, at.kernel, at.stride, at.padding, strict=True)
    axes = [np.array(_counts(*sizes, bool(count_include_pad))) for sizes in numbers]
    divisors = axes[0].reshape(-1, 1, 1) * axes[1].reshape(-1, 1) * axes[2]
    if divisor_override is not None:
        divisors = np.full(at.out_size, divisor_override)
    divisors = moved(divisors, input.device)
    return at.shaped(AvgPool3D.apply(at.images, at.kernel, at.stride, at.padding, at.out_size, divisors))


def adaptive_avg_pool2d(input: Tensor, output_size: int | Sequence[int | None] | None) -> Tensor:
    """torch.nn.functional.adaptive_avg_pool2d: (N, C, H, W) -> (N, C, *output_size); N optional; None keeps a side.

    Output i is the mean of the pixels from floor(i H / OH) to ceil((i + 1) H / OH) - 1; neighbours may overlap.
    Raises RuntimeError for a negative size, an empty image or ranks other than 3 and 4.
    Source: He et al., Spatial Pyramid Pooling (2014), section 2.3.
    """
    op = "adaptive_avg_pool2d"
    check_tensor(op, "input", input)
    if isinstance(output_size, bool) or (
        not hasattr(output_size, "__index__") and not isinstance(output_size, (tuple, list))
    ):
        rule = f"must be an int or a pair of them, but a {type(output_size).__name__} has no len()"
        raise TypeError(message(op, "output_size", repr(output_size), rule, "use output_size=(1, 1)"))
    wanted: list[Any] = list(output_size) if isinstance(output_size, (tuple, list)) else [output_size, output_size]
    shape = input.array.shape
    if len(wanted) != 2:
        raise RuntimeError(
            message(op, "output_size", output_size, "output_size must be 2 numbers", "use output_size=(1, 1)")
        )
    sides = [shape[i - 2] if wanted[i] is None and len(shape) > 1 else wanted[i] for i in (0, 1)]
    if sides == [1, 1] and len(shape) > 1:
        mean: Tensor = input.mean(dim=(-2, -1), keepdim=True)
        return mean
    if len(shape) not in (3, 4):
        raise (IndexError if len(shape) < 2 and sides == [1, 1] else RuntimeError)(
            message(op, "input.shape", list(shape), "Expected 3D or 4D tensor", "use (N, C, H, W) or (C, H, W)")
        )
    out_size = pair(tuple(sides), op, "output_size")
    check_at_least(op, "output_size", out_size, 0, "elements of output_size must be greater than or equal to 0")
    if 0 in shape[-2:]:
        rule = "Expected input to have non-zero size for non-batch dimensions"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use an image of at least one pixel"))
    check_floating(op, "input", input)
    images = input if len(shape) == 4 else input.unsqueeze(0)
    y: Tensor = AdaptiveAvgPool2D.apply(images, out_size)
    return y if len(shape) == 4 else y.squeeze(0)


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
