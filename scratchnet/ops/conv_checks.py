"""What convolutions ask of their arguments, with torch's exception types and key phrases."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.ops.checks import check_floating, check_operands, check_same_dtype, check_tensor
from scratchnet.ops.conv_shapes import (
    Shape,
    check_batched,
    check_bias_shape,
    check_channels,
    check_image,
    check_output,
    check_plan,
)
from scratchnet.ops.geometry import Pair, check_at_least, conv_size, pair


def check_tensors(op: str, input: Any, weight: Any, bias: Any) -> None:
    """Tensors, floating-point and of one dtype. Raises TypeError, RuntimeError."""
    check_operands(op, input, weight, bias)
    dtype = input.array.dtype
    if weight.array.dtype is not dtype:
        check_same_dtype(op, "weight", weight, "input", dtype)
    if bias is not None and bias.array.dtype is not dtype:
        check_same_dtype(op, "bias", bias, "input", dtype)
    if dtype.kind not in "fc":
        check_floating(op, "input", input)


def check_bias(op: str, bias: Tensor | None, channels: int) -> None:
    """None, or one number per output channel. Raises RuntimeError."""
    check_bias_shape(op, None if bias is None else bias.array.shape, channels)


def check_gradient(
    op: str, x_shape: Shape, w_shape: Shape, gy: Any, stride: Any, padding: Any, dilation: Any, groups: Any
) -> tuple[Pair, Pair, Pair]:
    """A gradient of conv2d's output shape; gives stride, padding, dilation as pairs. Raises RuntimeError."""
    check_tensor(op, "grad_output", gy)
    check_batched(op, 2, input=x_shape, weight=w_shape, grad_output=gy.array.shape)
    stride, dilation, padding = pair(stride, op, "stride"), pair(dilation, op, "dilation"), pair(padding, op, "padding")
    check_plan(op, w_shape, stride, dilation, groups)
    check_at_least(op, "padding", padding, 0, "negative padding is not supported")
    check_channels(op, x_shape, w_shape, groups)
    check_image(op, x_shape[2:], w_shape[2:], (padding, padding), dilation)
    sides = (conv_size(x_shape[i + 2], w_shape[i + 2], stride[i], padding[i], dilation[i]) for i in (0, 1))
    check_output(op, 2, gy.array.shape, (x_shape[0], w_shape[0], *sides))
    check_floating(op, "grad_output", gy)
    return stride, padding, dilation
