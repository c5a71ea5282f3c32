"""Transposed convolution: the gradient of a convolution by its input, as a layer."""

from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.ops.conv import ChannelSum, Conv2dGradWeight, Convolution, Shape, chosen
from scratchnet.ops.conv_checks import check_bias, check_tensors
from scratchnet.ops.conv_plan import Plan
from scratchnet.ops.conv_shapes import check_channels, check_output_padding, check_plan, check_rank, transposed_image
from scratchnet.ops.geometry import check_at_least, each
from scratchnet.ops.pad import pad
from scratchnet.shapes import message


class ConvolutionTranspose(Op):
    """y = grad_input(x, w) + b: Conv2dGradInput as a layer, one node on the tape."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, b: Any, y_shape: Shape, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.w_shape = plan, w.shape
        y = plan.grad_input(x, w, y_shape)
        if b is not None:
            y += b.reshape(-1, *(1,) * len(plan.stride))
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, w = ctx.saved
        gx = Convolution.apply(gy, w, None, ctx.plan) if ctx.needs[0] else None
        gw = Conv2dGradWeight.apply(x, gy, ctx.w_shape, ctx.plan) if ctx.needs[1] else None
        return gx, gw, (ChannelSum.apply(gy) if ctx.needs[2] else None), None, None


ConvolutionTranspose.node_type.__name__ = "ConvolutionBackward0"  # torch has one node for both


def _convolve_transposed(
    n: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: tuple[Any, Any, Any, Any],
    groups: int,
    algorithm: str | None,
) -> Tensor:
    """Transposed convolution over n axes of space; `geometry`: stride, padding, output_padding, dilation."""
    op = f"conv_transpose{n}d"
    check_tensors(op, input, weight, bias)
    x_shape, w_shape = input.array.shape, weight.array.shape
    check_rank(op, x_shape, w_shape, n)
    names = ("stride", "padding", "output_padding", "dilation")
    steps, border, extra, spread = [each(value, n, op, name) for value, name in zip(geometry, names, strict=True)]
    check_plan(op, w_shape, steps, spread, groups)
    check_at_least(op, "padding", border, 0, "negative padding is not supported")
    check_output_padding(op, extra, steps, spread)
    check_channels(op, x_shape, w_shape, groups, transposed=True)
    channels = w_shape[1] * groups
    check_bias(op, bias, channels)
    if 0 in x_shape[-n:] or not channels:
        rule = "has an empty image: Only zero batch or zero channel inputs are supported"
        raise RuntimeError(message(op, "input.shape", list(x_shape), rule, "use an image of at least one pixel"))
    image = transposed_image(op, x_shape[-n:], w_shape[2:], steps, border, spread, extra)
    if any(e >= s for e, s in zip(extra, steps, strict=True)):
        # the convolution of such an image has more positions than x: those see zeros
        input = pad(input, [side for e, s in zip(extra[::-1], steps[::-1], strict=True) for side in (0, e // s)])
    batched = input if len(x_shape) == n + 2 else input.unsqueeze(0)
    y_shape = (batched.array.shape[0], channels, *image)
    plan = chosen(op, algorithm, batched.array, y_shape, w_shape, (steps, border, spread, groups))
    y: Tensor = ConvolutionTranspose.apply(batched, weight, bias, y_shape, plan)
    return y if len(x_shape) == n + 2 else y.squeeze(0)


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.functional.conv_transpose1d: (N, C, L) * (C, K/groups, KL) + (K,) -> (N, K, OL); N optional.

    OL = (L - 1) stride - 2 padding + dilation (KL - 1) + output_padding + 1. conv1d's input gradient as a layer;
    arguments and errors are conv_transpose2d's.
    """
    geometry = (stride, padding, output_padding, dilation)
    return _convolve_transposed(1, input, weight, bias, geometry, groups, algorithm)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.functional.conv_transpose2d: (N, C, H, W) * (C, K/groups, KH, KW) + (K,) -> (N, K, OH, OW); N optional.

    OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1. It is conv2d's input gradient used as a
    layer: every pixel is spread over a window of the output. padding cuts the border off; output_padding adds rows and
    columns at the bottom and right. Raises RuntimeError for shapes or dtypes that don't fit, or output_padding >=
    stride and dilation. Source: Dumoulin and Visin (2016), section 4; Zeiler et al., Deconvolutional Networks (2010).
    """
    geometry = (stride, padding, output_padding, dilation)
    return _convolve_transposed(2, input, weight, bias, geometry, groups, algorithm)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    output_padding: int | Sequence[int] = 0,
    groups: int = 1,
    dilation: int | Sequence[int] = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.functional.conv_transpose3d: (N, C, D, H, W) * (C, K/groups, KD, KH, KW) + (K,) -> (N, K, OD, OH, OW).

    OD = (D - 1) stride - 2 padding + dilation (KD - 1) + output_padding + 1, likewise OH and OW; N optional. conv3d's
    input gradient as a layer; arguments and errors are conv_transpose2d's.
    """
    geometry = (stride, padding, output_padding, dilation)
    return _convolve_transposed(3, input, weight, bias, geometry, groups, algorithm)
