"""What the shapes and numbers of a convolution must be, with torch's exception types and key phrases. No Tensors."""

from typing import Any

from scratchnet.ops.geometry import AXES, LAYOUTS, Sizes, check_at_least, conv_transpose_size
from scratchnet.shapes import message

Shape = tuple[int, ...]


def check_rank(op: str, x_shape: Shape, w_shape: Shape, n: int) -> None:
    """An input with or without a batch and a weight, with n axes of space each. Raises RuntimeError."""
    if len(x_shape) not in (n + 1, n + 2):
        rule = (
            f"must have {n + 1} or {n + 2} dimensions: "
            f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {op}"
        )
        fix = f"use ({LAYOUTS[n]}) or ({LAYOUTS[n][3:]})"
        raise RuntimeError(message(op, "input.shape", list(x_shape), rule, fix))
    if len(w_shape) != n + 2:
        rule = f"must have {n + 2} dimensions: out channels, in channels of a group, {AXES[n]}"
        fix = f"use weight.reshape(K, C, {', '.join('K' + axis for axis in LAYOUTS[n][6:].split(', '))})"
        raise RuntimeError(message(op, "weight.shape", list(w_shape), rule, fix))


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


def check_bias_shape(op: str, shape: Shape | None, channels: int) -> None:
    """None, or one number per output channel. Raises RuntimeError."""
    if shape is not None and shape != (channels,):
        rule = f"expected bias to be 1-dimensional with {channels} elements, one per output channel"
        raise RuntimeError(message(op, "bias.shape", list(shape), rule, f"use a bias of shape ({channels},)"))


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


def check_batched(op: str, n: int, **shapes: Shape) -> None:
    """Shapes of n + 2 dimensions each, named by argument. Raises RuntimeError."""
    for argument, shape in shapes.items():
        if len(shape) != n + 2:
            rule = (
                f"must have {n + 2} dimensions: Expected {n + 2}-dimensional {argument}, "
                f"but got {len(shape)}-dimensional"
            )
            raise RuntimeError(message(op, f"{argument}'s shape", list(shape), rule, "add a batch of one"))


def check_output(op: str, n: int, shape: Shape, expected: Shape) -> None:
    """A gradient of the convolution's output shape. Raises RuntimeError."""
    if shape != expected:
        rule = f"must have the shape of conv{n}d's output, {list(expected)}"
        raise RuntimeError(message(op, "grad_output.shape", list(shape), rule, "or change the sizes given"))


def transposed_image(
    op: str, image: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, output_padding: Sizes
) -> Sizes:
    """The output's axes of a transposed convolution. Raises RuntimeError where one would be empty."""
    numbers = zip(image, kernel, stride, padding, dilation, output_padding, strict=True)
    sizes = tuple([conv_transpose_size(*of) for of in numbers])
    if min(sizes) < 1:
        text = " x ".join(map(str, sizes))
        rule = f"is too large: Calculated output size per channel: ({text}). Output size is too small"
        raise RuntimeError(message(op, "padding", padding, rule, "use a smaller padding"))
    return sizes


def check_output_padding(op: str, output_padding: Sizes, stride: Sizes, dilation: Sizes) -> None:
    """Not negative, and smaller than stride or dilation. Raises RuntimeError."""
    check_at_least(op, "output_padding", output_padding, 0, "negative output_padding is not supported")
    if any(e >= max(s, d) for e, s, d in zip(output_padding, stride, dilation, strict=True)):
        rule = f"output padding must be smaller than either stride {stride} or dilation {dilation}"
        raise RuntimeError(message(op, "output_padding", output_padding, rule, "use output_padding=0"))
