"""Convolution and its two gradients, a family closed under differentiation, and transposed convolution.

With y = conv(x, w), gx = grad_input(gy, w) and gw = grad_weight(gy, x): each of the three is linear in both of its
arguments, and its derivatives by them are the other two. The kernels compute all three by one algorithm.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_same_dtype, check_tensor
from scratchnet.ops.conv_checks import check_bias, check_channels, check_gradient, check_image, check_plan, check_ranks
from scratchnet.ops.geometry import Pair, check_at_least, conv_transpose_size, pair, resolve_padding
from scratchnet.ops.pad import pad
from scratchnet.shapes import message

Shape = tuple[int, ...]
Geometry = tuple[Pair, Pair, Pair, int]  # stride, padding, dilation, groups

_algorithm: ContextVar[str] = ContextVar("scratchnet_conv_algorithm", default="auto")


@contextmanager
def conv_algorithm(name: str) -> Iterator[None]:
    """Within the block (this thread or task only) convolutions and their gradients run by this algorithm.

    `with scratchnet.conv_algorithm("im2col"): y = F.conv2d(x, w)`. The gradients of y use it too, whenever they are
    computed. A named algorithm that can't do a case raises NotImplementedError at the call. Raises ValueError for an
    unknown name.
    """
    token = _algorithm.set(_known_algorithm("conv_algorithm", "name", name))
    try:
        yield
    finally:
        _algorithm.reset(token)


def _known_algorithm(op: str, argument: str, name: Any) -> str:
    names = ("auto", *kernels_for(None).conv.algorithms())
    if name not in names:
        raise ValueError(
            message(op, argument, repr(name), f"must be one of {', '.join(names)}", f"use {argument}='auto'")
        )
    return str(name)


class Plan(NamedTuple):
    """All of a convolution but its arrays: where the kernel goes, and by which algorithm."""

    stride: Pair
    padding: Pair
    dilation: Pair
    groups: int
    algorithm: str

    def kernels(self, x: Any, x_shape: Shape, w_shape: Shape) -> Any:
        """The module of the algorithm, for arrays of x's kind."""
        conv = kernels_for(x).conv
        geometry = (self.stride, self.padding, self.dilation, self.groups)
        name = conv.choose(x_shape, w_shape, x.dtype, *geometry) if self.algorithm == "auto" else self.algorithm
        return conv.algorithm(name)

    @property
    def geometry(self) -> dict[str, Any]:
        """As the kernels take it."""
        return {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}


class Convolution(Op):
    """y = conv(x, w) + b, the bias added where the kernel writes y."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, b: Any, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.x_shape, ctx.w_shape = plan, x.shape, w.shape
        epilogue = "none" if b is None else "bias"
        return plan.kernels(x, x.shape, w.shape).forward(x, w, b, **plan.geometry, epilogue=epilogue)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, w = ctx.saved
        gx = Conv2dGradInput.apply(gy, w, ctx.x_shape, ctx.plan) if ctx.needs[0] else None
        gw = Conv2dGradWeight.apply(gy, x, ctx.w_shape, ctx.plan) if ctx.needs[1] else None
        return gx, gw, (ChannelSum.apply(gy) if ctx.needs[2] else None), None


class Conv2dGradInput(Op):
    """gx of shape x_shape: every gy spread over the pixels that its window saw, weighted by w."""

    @staticmethod
    def forward(ctx: Any, gy: Any, w: Any, x_shape: Shape, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.w_shape = plan, w.shape
        return plan.kernels(gy, x_shape, w.shape).grad_input(gy, w, x_shape, **plan.geometry)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, w = ctx.saved
        ggy = Convolution.apply(ggx, w, None, ctx.plan) if ctx.needs[0] else None
        gw = Conv2dGradWeight.apply(gy, ggx, ctx.w_shape, ctx.plan) if ctx.needs[1] else None
        return ggy, gw, None, None


class Conv2dGradWeight(Op):
    """gw of shape w_shape: for every tap, the sum of gy times the pixel under that tap."""

    @staticmethod
    def forward(ctx: Any, gy: Any, x: Any, w_shape: Shape, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.x_shape = plan, x.shape
        return plan.kernels(x, x.shape, w_shape).grad_weight(gy, x, w_shape, **plan.geometry)

    @staticmethod
    def backward(ctx: Any, ggw: Tensor) -> Any:
        gy, x = ctx.saved
        ggy = Convolution.apply(x, ggw, None, ctx.plan) if ctx.needs[0] else None
        gx = Conv2dGradInput.apply(gy, ggw, ctx.x_shape, ctx.plan) if ctx.needs[1] else None
        return ggy, gx, None, None


class ChannelSum(Op):
    """(N, K, *) -> (K,): the sum over all but the channels, the gradient of a bias."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.shape = x.shape
        return kernels_for(x).reduce.channel_sum(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return gy.reshape((-1,) + (1,) * (len(ctx.shape) - 2)).expand(ctx.shape)


class ConvolutionTranspose(Op):
    """y = grad_input(x, w) + b: Conv2dGradInput as a layer, one node on the tape."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any, b: Any, y_shape: Shape, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.w_shape = plan, w.shape
        y = plan.kernels(x, y_shape, w.shape).grad_input(x, w, y_shape, **plan.geometry)
        if b is not None:
            y += b.reshape(-1, 1, 1)
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, w = ctx.saved
        gx = Convolution.apply(gy, w, None, ctx.plan) if ctx.needs[0] else None
        gw = Conv2dGradWeight.apply(x, gy, ctx.w_shape, ctx.plan) if ctx.needs[1] else None
        return gx, gw, (ChannelSum.apply(gy) if ctx.needs[2] else None), None, None


ConvolutionTranspose.node_type.__name__ = "ConvolutionBackward0"  # torch has one node for both


def _chosen(op: str, algorithm: str | None, x: Any, x_shape: Shape, w_shape: Shape, geometry: Geometry) -> Plan:
    """The Plan, once the named algorithm has said that it can do the case. Raises ValueError, NotImplementedError."""
    name = _algorithm.get() if algorithm is None else algorithm
    if name != "auto":
        _known_algorithm(op, "algorithm", name)
        conv = kernels_for(x).conv
        able = [a for a in conv.algorithms() if conv.algorithm(a).supports(x_shape, w_shape, x.dtype, *geometry)]
        if name not in able:
            case = f"stride {geometry[0]}, padding {geometry[1]}, dilation {geometry[2]}, groups {geometry[3]}"
            rule = f"can't do input {list(x_shape)}, weight {list(w_shape)}, {x.dtype}, {case}"
            raise NotImplementedError(message(op, "algorithm", repr(name), rule, f"use one of auto, {', '.join(able)}"))
    return Plan(*geometry, name)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.functional.conv2d: (N, C, H, W) * (K, C/groups, KH, KW) + (K,) -> (N, K, OH, OW); N may be left out.

    OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1; no flip of the kernel (cross-correlation). padding
    counts as zeros; 'same' keeps the size (stride 1; an odd total pads bottom and right once more), 'valid' is 0.
    `algorithm` names how it is computed ("im2col", ...), here and in the gradients; None takes conv_algorithm's, else
    "auto". Raises RuntimeError for shapes or dtypes that don't fit, NotImplementedError where the algorithm can't do
    the case. Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), sections 2 and
    5.1.
    """
    check_ranks("conv2d", input, weight, bias)
    x_shape, w_shape = input.array.shape, weight.array.shape
    steps, spread = pair(stride, "conv2d", "stride"), pair(dilation, "conv2d", "dilation")
    check_plan("conv2d", w_shape, steps, spread, groups)
    before, after = resolve_padding(padding, w_shape[2:], steps, spread, "conv2d")
    check_channels("conv2d", x_shape, w_shape, groups)
    check_bias("conv2d", bias, w_shape[0])
    check_image("conv2d", x_shape[-2:], w_shape[2:], (before, after), spread)
    if before != after:
        input = pad(input, (0, after[1] - before[1], 0, after[0] - before[0]))
    if not x_shape[-3]:  # torch: no channels in, no channels out
        weight, bias = weight.narrow(0, 0, 0), bias if bias is None else bias.narrow(0, 0, 0)
    batched = input if len(x_shape) == 4 else input.unsqueeze(0)
    x = batched.array
    plan = _chosen("conv2d", algorithm, x, x.shape, w_shape, (steps, before, spread, groups))
    y: Tensor = Convolution.apply(batched, weight, bias, plan)
    return y if len(x_shape) == 4 else y.squeeze(0)


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
    op = "conv_transpose2d"
    check_ranks(op, input, weight, bias)
    x_shape, w_shape = input.array.shape, weight.array.shape
    steps, spread = pair(stride, op, "stride"), pair(dilation, op, "dilation")
    border, extra = pair(padding, op, "padding"), pair(output_padding, op, "output_padding")
    check_plan(op, w_shape, steps, spread, groups)
    check_at_least(op, "padding", border, 0, "negative padding is not supported")
    check_at_least(op, "output_padding", extra, 0, "negative output_padding is not supported")
    if any(extra[i] >= max(steps[i], spread[i]) for i in (0, 1)):
        rule = f"output padding must be smaller than either stride {steps} or dilation {spread}"
        raise RuntimeError(message(op, "output_padding", extra, rule, "use output_padding=0"))
    check_channels(op, x_shape, w_shape, groups, transposed=True)
    channels = w_shape[1] * groups
    check_bias(op, bias, channels)
    if not x_shape[-1] or not x_shape[-2] or not channels:
        rule = "has an empty image: Only zero batch or zero channel inputs are supported"
        raise RuntimeError(message(op, "input.shape", list(x_shape), rule, "use an image of at least one pixel"))
    height, width = (
        conv_transpose_size(x_shape[i - 2], w_shape[i + 2], steps[i], border[i], spread[i], extra[i]) for i in (0, 1)
    )
    if height < 1 or width < 1:
        rule = f"is too large: Calculated output size per channel: ({height} x {width}). Output size is too small"
        raise RuntimeError(message(op, "padding", border, rule, "use a smaller padding"))
    if extra[0] >= steps[0] or extra[1] >= steps[1]:
        # conv2d on such an image has more positions than x: those see zeros
        input = pad(input, (0, extra[1] // steps[1], 0, extra[0] // steps[0]))
    batched = input if len(x_shape) == 4 else input.unsqueeze(0)
    y_shape = (batched.array.shape[0], channels, height, width)
    plan = _chosen(op, algorithm, batched.array, y_shape, w_shape, (steps, border, spread, groups))
    y: Tensor = ConvolutionTranspose.apply(batched, weight, bias, y_shape, plan)
    return y if len(x_shape) == 4 else y.squeeze(0)


def conv2d_input(
    input_size: Sequence[int],
    weight: Tensor,
    grad_output: Tensor,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.grad.conv2d_input: conv2d's gradient, (K, C/groups, KH, KW), (N, K, OH, OW) -> (N, C, H, W).

    gx[n, c, h, w] = the sum of gy[n, k, p, q] weight[k, c, r, s] over all k, p, q, r, s where the window reaches the
    pixel: p stride + r dilation - padding = h, and likewise q and s for w.
    Differentiable by both tensors. Raises RuntimeError where grad_output doesn't have the shape of conv2d's output.
    """
    check_tensor("conv2d_input", "weight", weight)
    x_shape = tuple(int(n.__index__()) for n in input_size)
    w = weight.array
    geometry = check_gradient("conv2d_input", x_shape, w.shape, grad_output, stride, padding, dilation, groups)
    check_same_dtype("conv2d_input", "weight", weight, "grad_output", grad_output.array.dtype)
    plan = _chosen("conv2d_input", algorithm, w, x_shape, w.shape, (*geometry, groups))
    gx: Tensor = Conv2dGradInput.apply(grad_output, weight, x_shape, plan)
    return gx


def conv2d_weight(
    input: Tensor,
    weight_size: Sequence[int],
    grad_output: Tensor,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.grad.conv2d_weight: conv2d's gradient, (N, C, H, W), (N, K, OH, OW) -> (K, C/groups, KH, KW).

    gw[k, c, r, s] = the sum over n, p, q of gy[n, k, p, q] x[n, c, h, w] at h = p stride + r dilation - padding,
    likewise w; outside the image x is 0.
    Differentiable by both tensors. Raises RuntimeError where grad_output doesn't have the shape of conv2d's output.
    """
    check_tensor("conv2d_weight", "input", input)
    w_shape = tuple(int(n.__index__()) for n in weight_size)
    x = input.array
    geometry = check_gradient("conv2d_weight", x.shape, w_shape, grad_output, stride, padding, dilation, groups)
    check_same_dtype("conv2d_weight", "input", input, "grad_output", grad_output.array.dtype)
    plan = _chosen("conv2d_weight", algorithm, x, x.shape, w_shape, (*geometry, groups))
    gw: Tensor = Conv2dGradWeight.apply(grad_output, input, w_shape, plan)
    return gw
