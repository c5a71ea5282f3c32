"""Pooling. Closed under differentiation: {max_pool2d, scatter and gather at the taps}, {average, its adjoint}."""

from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import LAYOUTS, Pair, Sizes, check_at_least, each, pair, pool_size
from scratchnet.shapes import message


class MaxPool2DWithIndices(Op):
    """The largest value of each window, and where in the plane it stood."""

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


class AvgPool2D(Op):
    """The mean of each window; `rule` holds stride, padding, count_include_pad and divisor_override."""

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


def window(
    op: str, n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    """The four arguments as n ints each, checked. No stride means the kernel's size."""
    kernel = each(kernel_size, n, op, "kernel_size")
    absent = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    step = kernel if absent else each(stride, n, op, "stride")
    margin, spread = each(padding, n, op, "padding"), each(dilation, n, op, "dilation")
    check_at_least(op, "kernel_size", kernel, 1, "kernel size should be greater than zero")
    check_at_least(op, "stride", step, 1, "stride should be greater than zero (stride should not be zero)")
    check_at_least(op, "dilation", spread, 1, "dilation should be greater than zero")
    check_at_least(op, "padding", margin, 0, "pad must be non-negative")
    if any(m > k // 2 for m, k in zip(margin, kernel, strict=True)):
        rule = f"pad should be at most half of effective kernel size, kernel_size={kernel}"
        raise RuntimeError(message(op, "padding", margin, rule, f"use padding={tuple([k // 2 for k in kernel])}"))
    return kernel, step, margin, spread


def batched(op: str, n: int, input: Tensor) -> tuple[Tensor, bool]:
    """The input with a batch and n axes of space, and whether it came so. Only the batch may be empty."""
    shape = input.array.shape
    if len(shape) not in (n + 1, n + 2) or 0 in shape[-n - 1 :]:
        rule = f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size, other dimensions"
        fix = f"use ({LAYOUTS[n]}) or ({LAYOUTS[n][3:]})"
        raise RuntimeError(message(op, "input.shape", list(shape), f"{rule} non-empty", fix))
    return (input, True) if len(shape) == n + 2 else (input.unsqueeze(0), False)


def pooled_size(
    op: str, shape: tuple[int, ...], kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Sizes:
    """The output's axes of space. Raises RuntimeError where no window fits."""
    n = len(kernel)
    arguments = zip(shape[-n:], kernel, stride, padding, dilation, strict=True)
    sizes = tuple([pool_size(*numbers, ceil_mode) for numbers in arguments])
    if min(sizes) < 1:
        given, found = ("x".join(map(str, (shape[-n - 1], *image))) for image in (shape[-n:], sizes))
        rule = f"Given input size: ({given}). Calculated output size: ({found}). Output size is too small"
        raise RuntimeError(message(op, "kernel_size", kernel, rule, "use a smaller kernel or a larger image"))
    return sizes


def check_divisor(op: str, divisor_override: Any) -> None:
    """None, or an int that is not 0. Raises TypeError, RuntimeError."""
    if divisor_override is not None:
        if isinstance(divisor_override, bool) or not hasattr(divisor_override, "__index__"):
            raise TypeError(
                message(op, "divisor_override", repr(divisor_override), "must be int", "use divisor_override=None")
            )
        if divisor_override == 0:
            raise RuntimeError(
                message(op, "divisor_override", 0, "divisor must be not zero", "use divisor_override=None")
            )


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
    check_tensor("max_pool2d", "input", input)
    kernel, step, margin, spread = window("max_pool2d", 2, kernel_size, stride, padding, dilation)
    images, was_batched = batched("max_pool2d", 2, input)
    out_size = pooled_size("max_pool2d", images.array.shape, kernel, step, margin, spread, ceil_mode)
    check_floating("max_pool2d", "input", input)
    y, indices = MaxPool2DWithIndices.apply(images, kernel, step, margin, spread, out_size)
    return (y, indices) if was_batched else (y.squeeze(0), indices.squeeze(0))


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
    kernel_size. padding counts as minus infinity. The gradient goes to the first of equal values, of several NaN to the
    last. return_indices=True gives (values, flat positions) too. Raises RuntimeError for padding over half the kernel,
    or no window.
    """
    y, indices = max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    return (y, indices) if return_indices else y


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
    kernel, step, margin, _ = window(op, 2, kernel_size, stride, padding)
    check_divisor(op, divisor_override)
    if input.array.ndim < 3:
        rule = "must have 3 or 4 dimensions: Dimension out of range"
        raise IndexError(message(op, "input.shape", list(input.shape), rule, "use (N, C, H, W) or (C, H, W)"))
    images, was_batched = batched(op, 2, input)
    out_size = pooled_size(op, images.array.shape, kernel, step, margin, (1, 1), ceil_mode)
    check_floating(op, "input", input)
    settings = {
        "stride": step,
        "padding": margin,
        "count_include_pad": bool(count_include_pad),
        "divisor_override": divisor_override,
    }
    y: Tensor = AvgPool2D.apply(images, kernel, out_size, settings)
    return y if was_batched else y.squeeze(0)


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
