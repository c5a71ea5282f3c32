"""Losses of the difference of two tensors: squared, l1, smooth l1, huber, soft margin."""

from typing import Any, ClassVar

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.activation import sigmoid
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.elementwise import abs, sign
from scratchnet.ops.loss_reduction import averaged, matched, reduction_name, spread_out
from scratchnet.ops.loss_targets import reduced
from scratchnet.ops.promotion import cast, operands
from scratchnet.shapes import broadcast_shapes, message


class PairLoss(Op):
    """The loss of each pair of elements, reduced; subclasses give `value(xp, x, t, ...)` and `slopes(gy, x, t, ...)`.

    slopes returns the gradients of x and of t (None: t has none), made of Tensor operations.
    """

    value: ClassVar[Any]
    slopes: ClassVar[Any]

    @classmethod
    def forward(cls, ctx: Any, x: Any, t: Any, reduction: str, *more: Any) -> Any:
        ctx.save_inputs(0, 1, *range(3, 3 + len(more)))
        ctx.reduction = reduction
        wide = [v.astype(np.float32) if getattr(v, "dtype", None) == np.float16 else v for v in (x, t, *more)]
        return reduced(cls.value(array_module(x), *wide).astype(x.dtype), reduction, float(x.size))

    @classmethod
    def backward(cls, ctx: Any, gy: Tensor) -> Any:
        x, t, *more = ctx.saved
        spread = spread_out(gy, ctx.reduction, max(x.array.size, 1), x.array.shape)
        gx, gt = cls.slopes(spread, x, t, *more)
        return gx, (gt if ctx.needs[1] else None), None, *(None for _ in more)


class MseLoss(Op):
    """(x - target)², summed or averaged; shapes equal."""

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, reduction: str) -> Any:
        ctx.save_inputs(0, 1)
        ctx.reduction = reduction
        difference = x - target
        return reduced(difference * difference, reduction, float(x.size))

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, target = ctx.saved
        gx = (x - target) * (gy * (2.0 / max(x.array.size, 1) if ctx.reduction == "mean" else 2.0))
        return (gx if ctx.needs[0] else None), (-gx if ctx.needs[1] else None), None


class SmoothL1Loss(PairLoss):
    """d² / (2 beta) where |d| < beta, else |d| - beta / 2, of d = x - t."""

    @staticmethod
    def value(xp: Any, x: Any, t: Any, beta: float) -> Any:
        d = xp.abs(x - t)
        return xp.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)

    @staticmethod
    def slopes(gy: Tensor, x: Tensor, t: Tensor, beta: float) -> Any:
        d = x - t
        gx = gy * where(abs(d) < beta, d / beta, sign(d))
        return gx, -gx


class HuberLoss(PairLoss):
    """d² / 2 where |d| < delta, else delta (|d| - delta / 2), of d = x - t."""

    @staticmethod
    def value(xp: Any, x: Any, t: Any, delta: float) -> Any:
        d = xp.abs(x - t)
        return xp.where(d < delta, 0.5 * d * d, delta * (d - 0.5 * delta))

    @staticmethod
    def slopes(gy: Tensor, x: Tensor, t: Tensor, delta: float) -> Any:
        d = x - t
        gx = gy * where(abs(d) < delta, d, sign(d) * delta)
        return gx, -gx


class SoftMarginLoss(PairLoss):
    """log(1 + exp(-t x))."""

    @staticmethod
    def value(xp: Any, x: Any, t: Any) -> Any:
        return xp.log1p(xp.exp(-t * x))

    @staticmethod
    def slopes(gy: Tensor, x: Tensor, t: Tensor) -> Any:
        return -gy * t * sigmoid(-t * x), None


def check_pair(op: str, input: Any, target: Any) -> None:
    """Raises TypeError unless both are Tensors."""
    check_tensor(op, "input", input)
    check_tensor(op, "target", target)


def _weighted(op: str, losses: Tensor, weight: Tensor, input: Tensor) -> Tensor:
    if weight.array.shape != input.array.shape:
        rule = "Weights and input must have the same size"
        raise ValueError(message(op, "weight.shape", list(weight.shape), rule, f"use a shape of {tuple(input.shape)}"))
    return losses * weight


def check_constant(op: str, argument: str, value: Tensor | None) -> None:
    """Raises RuntimeError for a Tensor that requires grad: torch has no derivative by it."""
    if value is not None and value.requires_grad:
        rule = f"is not differentiable with respect to argument '{argument}': it cannot have requires_grad True"
        raise RuntimeError(message(op, f"{argument}.requires_grad", True, rule, f"use {argument}.detach()"))


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """torch.nn.functional.mse_loss: (input - target)², any shape, reduced.

    'mean' is over all elements, with weight over the sum of weights. Other shapes broadcast, with torch's UserWarning;
    other dtypes promote. The mean of nothing is NaN. Raises RuntimeError where they can't broadcast,
    NotImplementedError for integers, ValueError for weight of another shape.
    """
    op = "mse_loss"
    check_tensor(op, "input", input)
    check_tensor(op, "target", target)
    check_optional_tensor(op, "weight", weight)
    input, target = matched(op, input, target)
    reduction = reduction_name(op, size_average, reduce, reduction)
    input, target = operands(op, input, target)
    check_floating(op, "input", input)
    if weight is None:
        loss: Tensor = MseLoss.apply(input, target, reduction)
        return loss
    if weight.array.shape != input.array.shape:
        rule = "Weights and input must have the same size"
        raise ValueError(message(op, "weight.shape", list(weight.shape), rule, f"use a shape of {tuple(input.shape)}"))
    difference = input - target
    weighted: Tensor = difference * difference * weight
    if reduction == "none":
        return weighted
    return weighted.sum() / weight.sum() if reduction == "mean" else weighted.sum()


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """torch.nn.functional.l1_loss: |input - target|, any shape, reduced; the gradient at equality is 0.

    'mean' is over all elements, with weight over the sum of weights. Other shapes broadcast, with torch's UserWarning;
    other dtypes promote. Raises RuntimeError where they can't broadcast, ValueError for weight of another shape.
    """
    op = "l1_loss"
    check_pair(op, input, target)
    check_optional_tensor(op, "weight", weight)
    x, t = matched(op, input, target)
    reduction = reduction_name(op, size_average, reduce, reduction)
    losses = abs(x - t)
    if weight is None:
        return averaged(losses, reduction)
    losses = _weighted(op, losses, weight, input)
    return losses.sum() / weight.sum() if reduction == "mean" else averaged(losses, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """torch.nn.functional.smooth_l1_loss: d² / (2 beta) where |d| < beta, else |d| - beta / 2; d = input - target.

    Any shape, reduced; beta=0 is l1_loss. Shapes broadcast with torch's UserWarning, dtypes promote. Raises
    RuntimeError for beta < 0, NotImplementedError for integers. Source: Girshick, Fast R-CNN (2015), section 2.3.
    """
    op = "smooth_l1_loss"
    check_pair(op, input, target)
    input, target = matched(op, input, target)
    reduction = reduction_name(op, size_average, reduce, reduction)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    input, target = operands(op, input, target)
    if beta < 0:
        raise RuntimeError(message(op, "beta", beta, "does not support negative values for beta", "use beta=1.0"))
    check_floating(op, "input", input)
    loss: Tensor = SmoothL1Loss.apply(input, target, reduction, beta)
    return loss


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """torch.nn.functional.huber_loss: d² / 2 where |d| < delta, else delta (|d| - delta / 2); d = input - target.

    Any shape, reduced; shapes broadcast with torch's UserWarning, target is cast to input's dtype. 'mean' with weight
    divides by the number of elements. Raises RuntimeError for delta <= 0, ValueError for weight of another shape,
    NotImplementedError for integers. Source: Huber, Robust Estimation of a Location Parameter (1964).
    """
    op = "huber_loss"
    check_pair(op, input, target)
    check_optional_tensor(op, "weight", weight)
    x, t = matched(op, input, target)
    reduction = reduction_name(op, None, None, reduction)
    if delta <= 0:
        raise RuntimeError(message(op, "delta", delta, "does not support non-positive values for delta", "use 1.0"))
    check_floating(op, "input", x)
    t = cast(t, x.dtype)
    if weight is None:
        loss: Tensor = HuberLoss.apply(x, t, reduction, delta)
        return loss
    return averaged(_weighted(op, HuberLoss.apply(x, t, "none", delta), weight, input), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.soft_margin_loss: log(1 + exp(-target input)), target -1 or 1; any shape, reduced.

    Shapes broadcast; target is cast to input's dtype and has no gradient (RuntimeError where it asks for one).
    """
    op = "soft_margin_loss"
    check_pair(op, input, target)
    reduction = reduction_name(op, size_average, reduce, reduction)
    check_constant(op, "target", target)
    if input.array.dtype.kind not in "fc":
        rule = f"result type Float can't be cast to the desired output type {input.array.dtype}"
        raise RuntimeError(message(op, "input.dtype", input.array.dtype, rule, "use input.float()"))
    shape = broadcast_shapes(op, input.array.shape, target.array.shape)
    loss: Tensor = SoftMarginLoss.apply(input.expand(shape), cast(target, input.dtype).expand(shape), reduction)
    return loss
