"""Convolution and its two gradients, a family closed under differentiation.

With y = conv(x, w), gx = grad_input(gy, w) and gw = grad_weight(gy, x): each of the three is linear in both of its
arguments, and its derivatives by them are the other two. The kernels compute all three by one algorithm.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op, unobserved
from scratchnet.device import kernels_anywhere, kernels_for
from scratchnet.dtypes import stepping
from scratchnet.ops.activation import Rectified, relu
from scratchnet.ops.checks import check_same_dtype, check_tensor
from scratchnet.ops.conv_checks import check_gradient, check_tensors
from scratchnet.ops.conv_plan import Geometry, Plan, Shape, known_algorithm, planned
from scratchnet.ops.conv_shapes import check_bias_shape, check_channels, check_image, check_plan, check_rank
from scratchnet.ops.geometry import Sizes, each, remembered, resolve_padding
from scratchnet.ops.pad import pad

_algorithm: ContextVar[str] = ContextVar("scratchnet_conv_algorithm", default="auto")


@contextmanager
def conv_algorithm(name: str) -> Iterator[None]:
    """Within the block (this thread or task only) convolutions and their gradients run by this algorithm.

    `with scratchnet.conv_algorithm("im2col"): y = F.conv2d(x, w)`. The gradients of y use it too, whenever they are
    computed. A named algorithm that can't do a case raises NotImplementedError at the call. Raises ValueError for an
    unknown name, at the call for one that the tensors' device doesn't have.
    """
    token = _algorithm.set(known_algorithm("conv_algorithm", "name", name, kernels_anywhere()))
    try:
        yield
    finally:
        _algorithm.reset(token)


class Convolution(Op):
    """y = conv(x, w) + b, the bias added where the kernel writes y."""

    silent = True
    relu: ClassVar[bool] = False

    @classmethod
    def forward(cls, ctx: Any, x: Any, w: Any, b: Any, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.x_shape, ctx.w_shape = plan, x.shape, w.shape
        return plan.forward(x, w, b, relu=cls.relu)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, w = ctx.saved
        gy = gy.contiguous()  # a part of another gradient, say: once, and not in each of the three
        if unobserved(gy.array):  # the usual pass, and a step's most frequent operation
            return *_gradients(ctx, gy.array, x, w), None
        gx = Conv2dGradInput.apply(gy, w, ctx.x_shape, ctx.plan) if ctx.needs[0] else None
        gw = Conv2dGradWeight.apply(gy, x, ctx.w_shape, ctx.plan) if ctx.needs[1] else None
        return gx, gw, (ChannelSum.apply(gy) if ctx.needs[2] else None), None


def _gradients(ctx: Any, gy: Any, x: Tensor | None, w: Tensor | None) -> tuple[Tensor | None, ...]:
    """Of input, weight and bias, where they are needed: the three operations without their nodes."""
    plan, gx, gw, gb = ctx.plan, None, None, None
    if ctx.needs[0] and w is not None:
        gx = Tensor._wrap(plan.grad_input(gy, w.array, ctx.x_shape))
    if ctx.needs[1] and ctx.needs[2] and x is not None:
        gw, gb = map(Tensor._wrap, plan.grad_parameters(gy, x.array, ctx.w_shape))
    elif ctx.needs[1] and x is not None:
        gw = Tensor._wrap(plan.grad_weight(gy, x.array, ctx.w_shape))
    elif ctx.needs[2]:
        gb = Tensor._wrap(kernels_for(gy).reduce.channel_sum(gy))
    return gx, gw, gb


class ConvolutionToRectify(Convolution, node="ConvolutionBackward0"):
    """The same before a Rectified: the kernel writes max(y, 0)."""

    relu = True


class Conv2dGradInput(Op):
    """gx of shape x_shape: every gy spread over the pixels that its window saw, weighted by w."""

    @staticmethod
    def forward(ctx: Any, gy: Any, w: Any, x_shape: Shape, plan: Plan) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        ctx.plan, ctx.w_shape = plan, w.shape
        return plan.grad_input(gy, w, x_shape)

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
        return plan.grad_weight(gy, x, w_shape)

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


def chosen(op: str, algorithm: str | None, x: Any, x_shape: Shape, w_shape: Shape, geometry: Geometry) -> Plan:
    """The Plan, once the named algorithm has said that it can do the case. Raises ValueError, NotImplementedError."""
    return planned(op, _algorithm.get() if algorithm is None else algorithm, x, x_shape, w_shape, geometry)


def _convolve(
    op: str,
    n: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
    algorithm: str | None,
    kind: type[Convolution] = Convolution,
) -> Tensor:
    """Convolution over n axes of space."""
    check_tensors(op, input, weight, bias)
    x_shape, w_shape = input.array.shape, weight.array.shape
    case = (op, n, x_shape, w_shape, None if bias is None else bias.array.shape)
    plan, after = _checked(case, stride, padding, dilation, groups)
    before = plan.padding
    if before != after:
        input = pad(input, [side for a, b in zip(before[::-1], after[::-1], strict=True) for side in (0, b - a)])
    if not x_shape[-n - 1]:  # torch: no channels in, no channels out
        weight, bias = weight.narrow(0, 0, 0), bias if bias is None else bias.narrow(0, 0, 0)
    batched = input if len(x_shape) == n + 2 else input.unsqueeze(0)
    x = batched.array
    name = _algorithm.get() if algorithm is None else algorithm
    if name != "auto":
        plan = planned(op, name, x, x.shape, w_shape, (plan.stride, plan.padding, plan.dilation, plan.groups))
    y: Tensor = kind.apply(batched, weight, bias, plan)
    return y if len(x_shape) == n + 2 else y.squeeze(0)


@remembered
def _checked(
    case: tuple[str, int, Shape, Shape, Shape | None], stride: Any, padding: Any, dilation: Any, groups: Any
) -> tuple[Plan, Sizes]:
    """The plan for "auto", whose padding is that before an image, and the padding after it. TypeError, RuntimeError."""
    op, n, x_shape, w_shape, bias_shape = case
    check_rank(op, x_shape, w_shape, n)
    steps, spread = each(stride, n, op, "stride"), each(dilation, n, op, "dilation")
    check_plan(op, w_shape, steps, spread, groups)
    before, after = resolve_padding(padding, w_shape[2:], steps, spread, op)
    check_channels(op, x_shape, w_shape, groups)
    check_bias_shape(op, bias_shape, w_shape[0])
    check_image(op, x_shape[-n:], w_shape[2:], (before, after), spread)
    return Plan(steps, before, spread, groups, "auto"), after


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.functional.conv1d: (N, C, L) * (K, C/groups, KL) + (K,) -> (N, K, OL); N may be left out.

    OL = floor((L + 2 padding - dilation (KL - 1) - 1) / stride) + 1. conv2d on images of one row; arguments and errors
    are conv2d's.
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups, algorithm)


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
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups, algorithm)


def conv2d_relu(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    """relu(conv2d(...)) in one pass over the output.

    On the tape it is both: what lies between the two is never written, but it has its node, and backward is the same.
    """
    if bias is None or stepping.active or input.ndim != 4:
        return relu(conv2d(input, weight, bias, stride, padding, dilation, groups))
    between = _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups, None, ConvolutionToRectify)
    y: Tensor = Rectified.apply(between)
    return y


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | str = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    algorithm: str | None = None,
) -> Tensor:
    """torch.nn.functional.conv3d: (N, C, D, H, W) * (K, C/groups, KD, KH, KW) + (K,) -> (N, K, OD, OH, OW); N optional.

    OD = floor((D + 2 padding - dilation (KD - 1) - 1) / stride) + 1, likewise OH and OW. conv2d on the slices under
    the kernel's KD layers, stacked as channels; arguments and errors are conv2d's.
    """
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups, algorithm)


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
    plan = chosen("conv2d_input", algorithm, w, x_shape, w.shape, (*geometry, groups))
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
    plan = chosen("conv2d_weight", algorithm, x, x.shape, w_shape, (*geometry, groups))
    gw: Tensor = Conv2dGradWeight.apply(grad_output, input, w_shape, plan)
    return gw
