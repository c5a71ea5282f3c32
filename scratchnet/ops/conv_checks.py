"""What convolutions ask of their arguments, with torch's exception types and key phrases."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_same_dtype, check_tensor
from scratchnet.ops.geometry import AXES, LAYOUTS, Pair, Sizes, check_at_least, conv_size, pair
from scratchnet.shapes import message

Shape = tuple[int, ...]


def check_ranks(op: str, input: Any, weight: Any, bias: Any, n: int = 2) -> None:
    """Tensors with n axes of space, floating-point and of one dtype. Raises TypeError, RuntimeError."""
    check_tensor(op, "input", input)
    check_tensor(op, "weight", weight)
    check_optional_tensor(op, "bias", bias)
    if input.array.ndim not in (n + 1, n + 2):
        rule = (
            f"must have {n + 1} or {n + 2} dimensions: "
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {op}"
        )
        fix = f"use ({LAYOUTS[n]}) or ({LAYOUTS[n][3:]})"
        raise RuntimeError(message(op, "input.shape", list(input.shape), rule, fix))
    if weight.array.ndim != n + 2:
        rule = f"must have {n + 2} dimensions: out channels, in channels of a group, {AXES[n]}"
        fix = f"use weight.reshape(K, C, {', '.join('K' + axis for axis in LAYOUTS[n][6:].split(', '))})"
        raise RuntimeError(message(op, "weight.shape", list(weight.shape), rule, fix))
    for argument, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and tensor.array.dtype is not input.array.dtype:
            check_same_dtype(op, argument, tensor, "input", input.array.dtype)
    if input.array.dtype.kind not in "fc":
        check_floating(op, "input", input)


def check_plan(op: str, weight_shape: Shape, stride: Sizes, dilation: Sizes, groups: Any) -> None:
    """Positive numbers, and groups that divide the weight's first dimension. Raises RuntimeError, TypeError."""
    check_at_least(op, "stride", stride, 1, "non-positive stride is not supported")
    check_at_least(op, "dilation", dilation, 1, "dilation should be greater than zero")
    check_at_least(op, "kernel_size", weight_shape[2:], 1, "kernel size should be greater than zero")
    if isinstance(groups, bool) or not hasattr(groups, "__index__"):
        raise TypeError(message(op, "groups", repr(groups), "must be an int", "use groups=1"))
    if groups < 1:
        rule = "must be at least 1: non-positive groups is not supported"
        raise RuntimeError(message(op, "groups", groups, rule, "use groups=1"))
    out_channels = weight_shape[0]
    if out_channels < groups:
        rule = f"expected weight to be at least {groups} at dimension 0 (groups={groups})"
        raise RuntimeError(message(op, "weight.shape", list(weight_shape), rule, f"use {groups} channels there"))
    if out_channels % groups:
        rule = f"expected weight to be divisible by {groups} at dimension 0: {out_channels} channels, groups={groups}"
        nearest = max(out_channels // groups, 1) * groups
        raise RuntimeError(
            message(op, "weight.shape", list(weight_shape), rule, f"use {nearest} channels there, or groups=1")
        )


def check_channels(op: str, shape: Shape, weight_shape: Shape, groups: int, transposed: bool = False) -> None:
    """The input's channels: as many as the weight has per group, times the groups. Raises RuntimeError."""
    got = shape[1 - len(weight_shape)]
    expected = weight_shape[0] if transposed else weight_shape[1] * groups
    if got != expected:
        given = f"transposed=1, groups={groups}" if transposed else f"groups={groups}"
        rule = (
            f"doesn't fit the weight: Given {given}, weight of size {list(weight_shape)}, "
            f"expected {expected} channels, but got {got} channels"
        )
        first = (got, weight_shape[1]) if transposed else (weight_shape[0], got // groups)
        raise RuntimeError(
            message(op, "input.shape", list(shape), rule, f"use a weight of shape {(*first, *weight_shape[2:])}")
        )


def check_bias(op: str, bias: Tensor | None, channels: int) -> None:
    """None, or one number per output channel. Raises RuntimeError."""
    if bias is not None and bias.array.shape != (channels,):
        rule = f"expected bias to be 1-dimensional with {channels} elements, one per output channel"
        raise RuntimeError(message(op, "bias.shape", list(bias.shape), rule, f"use a bias of shape ({channels},)"))


def check_image(op: str, image: Shape, kernel: Shape, padding: tuple[Sizes, Sizes], dilation: Sizes) -> None:
    """An image that is not empty, and padded at least as large as the dilated kernel. Raises RuntimeError."""
    padded = [n + before + after for n, before, after in zip(image, *padding, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if any(size < k for size, k in zip(padded, reach, strict=True)):
        rule = (
            f"is too large: Calculated padded input size per channel: ({' x '.join(map(str, padded))}). "
            f"Kernel size: ({' x '.join(map(str, reach))}). Kernel size can't be greater than actual input size"
        )
        need = max(k - n for n, k in zip(image, reach, strict=True))
        fix = f"use padding={(need + 1) // 2} or a smaller kernel"
        raise RuntimeError(message(op, "kernel_size", tuple(kernel), rule, fix))
    if 0 in image:
        rule = "has an empty image: Only zero batch or zero channel inputs are supported"
        raise RuntimeError(message(op, "input.shape", list(image), rule, "use an image of at least one pixel"))


def check_gradient(
    op: str, x_shape: Shape, w_shape: Shape, gy: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> tuple[Pair, Pair, Pair]:
    """A gradient of conv2d's output shape; gives stride, padding, dilation as pairs. Raises RuntimeError."""
    check_tensor(op, "grad_output", gy)
    for argument, shape in (("input", x_shape), ("weight", w_shape), ("grad_output", gy.array.shape)):
        if len(shape) != 4:
            rule = f"must have 4 dimensions: Expected 4-dimensional {argument}, but got {len(shape)}-dimensional"
            raise RuntimeError(message(op, f"{argument}'s shape", list(shape), rule, "add a batch of one"))
    stride, dilation, padding = pair(stride, op, "stride"), pair(dilation, op, "dilation"), pair(padding, op, "padding")
    check_plan(op, w_shape, stride, dilation, groups)
    check_at_least(op, "padding", padding, 0, "negative padding is not supported")
    check_channels(op, x_shape, w_shape, groups)
    check_image(op, x_shape[2:], w_shape[2:], (padding, padding), dilation)
    sides = (conv_size(x_shape[i + 2], w_shape[i + 2], stride[i], padding[i], dilation[i]) for i in (0, 1))
    expected = (x_shape[0], w_shape[0], *sides)
    if gy.array.shape != expected:
        rule = f"must have the shape of conv2d's output, {list(expected)}"
        raise RuntimeError(message(op, "grad_output.shape", list(gy.shape), rule, "or change the sizes given"))
    check_floating(op, "grad_output", gy)
    return stride, padding, dilation
