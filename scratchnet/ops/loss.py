"""Losses of classes: cross_entropy (fused with softmax for class indices) and nll_loss."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for, reshaped
from scratchnet.ops.activation import SoftmaxGrad, log_softmax, softmax
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_same_dtype, check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.loss_reduction import reduction_name, spread_out
from scratchnet.ops.loss_targets import check_classes, check_weight_shape, rows, weighed
from scratchnet.shapes import message


class SoftmaxCrossEntropy(Op):
    """-log softmax(x)[target] in one pass: (N, C, ...), target (M, D) -> (M, D), or reduced. Softmax isn't kept."""

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float) -> Any:
        ctx.save_inputs(0, 1, 2)
        ctx.ignore_index, ctx.reduction, ctx.smoothing = ignore_index, reduction, smoothing
        logits = x.reshape(rows(x.shape))
        losses, logsumexp = kernels_for(x).loss.cross_entropy(logits, target, weight, ignore_index, smoothing)
        y, total = weighed(losses, target, weight, ignore_index, reduction)
        ctx.save_arrays(logsumexp, total)
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, target, weight, logsumexp, total = ctx.saved
        spread = spread_out(gy, ctx.reduction, total, target.array.shape)
        gx = SoftmaxCrossEntropyGrad.apply(spread, x, logsumexp, target, weight, ctx.ignore_index, ctx.smoothing)
        return gx, None, None, None, None, None


class SoftmaxCrossEntropyGrad(Op):
    """gy (a softmax(x) - q): q is what the target asks for (_asked), a its sum over the classes."""

    @staticmethod
    def forward(
        ctx: Any, gy: Any, x: Any, logsumexp: Any, target: Any, weight: Any, ignore_index: int, smoothing: float
    ) -> Any:
        ctx.save_inputs(0, 1, 3, 4)
        ctx.ignore_index, ctx.smoothing = ignore_index, smoothing
        logits, loss = x.reshape(rows(x.shape)), kernels_for(x).loss
        gx = loss.cross_entropy_grad(gy, logits, logsumexp, target, weight, ignore_index, smoothing)
        return gx.reshape(x.shape)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, x, target, weight = ctx.saved
        shape = x.shape
        x, ggx = x.reshape(rows(shape)), ggx.reshape(rows(shape))
        asked = computed("cross_entropy", _asked, x, target, weight, ctx.ignore_index, ctx.smoothing)
        mass = asked.sum(dim=1, keepdim=True)
        p = softmax(x, 1)
        ggy = (ggx * (mass * p - asked)).sum(dim=1) if ctx.needs[0] else None
        kept = where(target == ctx.ignore_index, 0.0, gy)
        gx = SoftmaxGrad.apply(ggx * mass * kept.unsqueeze(1), p, 1) if ctx.needs[1] else None
        return ggy, (None if gx is None else gx.reshape(shape)), None, None, None, None, None


def _asked(xp: Any, x: Any, target: Any, weight: Any, ignore_index: int, smoothing: float) -> Any:
    """(M, C, D): (1 - smoothing) weight at the target's class, smoothing / C weight everywhere; 0 where ignored."""
    rest = smoothing / max(x.shape[1], 1)
    q = xp.where(xp.arange(x.shape[1]).reshape(1, -1, 1) == target[:, None], 1.0 - smoothing + rest, rest)
    if weight is not None:
        q = q * weight.reshape(1, -1, 1)
    return xp.where(target[:, None] == ignore_index, 0.0, q).astype(x.dtype)


class NllLoss(Op):
    """-weight[target] x[target]: (N, C, ...), target (M, D) -> (M, D), or reduced."""

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> Any:
        ctx.save_inputs(1, 2)
        ctx.shape, ctx.ignore_index, ctx.reduction = x.shape, ignore_index, reduction
        losses = kernels_for(x).targets.nll(x.reshape(rows(x.shape)), target, weight, ignore_index)
        y, total = weighed(losses, target, weight, ignore_index, reduction)
        ctx.save_arrays(total)
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        target, weight, total = ctx.saved
        spread = spread_out(gy, ctx.reduction, total, target.array.shape)
        return NllLossGrad.apply(spread, target, weight, ctx.ignore_index, ctx.shape), None, None, None, None


class NllLoss2D(NllLoss):
    """NllLoss for inputs with more than two dimensions: torch's name for the node."""


class NllLossGrad(Op):
    """gx[target] = -weight gy, 0 elsewhere: the adjoint of the unreduced NllLoss."""

    @staticmethod
    def forward(ctx: Any, gy: Any, target: Any, weight: Any, ignore_index: int, shape: tuple[int, ...]) -> Any:
        ctx.save_inputs(1, 2)
        ctx.ignore_index = ignore_index
        classes = rows(shape)[1]
        return kernels_for(gy).targets.nll_grad(gy, target, weight, ignore_index, classes).reshape(shape)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        target, weight = ctx.saved
        return NllLoss.apply(ggx, target, weight, ctx.ignore_index, "none"), None, None, None, None


def _check_weight(op: str, weight: Tensor | None, input: Tensor) -> None:
    if weight is not None:
        check_weight_shape(op, weight.array.shape, rows(input.array.shape)[1])
        check_same_dtype(op, "weight", weight, "input", input.array.dtype)


def _check_constant(op: str, weight: Tensor | None) -> None:
    if weight is not None and weight.requires_grad:
        rule = "is not differentiable with class indices: This input cannot have requires_grad True"
        raise RuntimeError(message(op, "weight.requires_grad", True, rule, "use weight.detach()"))


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """torch.nn.functional.cross_entropy: -log softmax(input)[target], reduced.

    input (N, C, d1, ...) or (C,) are logits, target (N, d1, ...) or () class indices. A floating-point target of
    input's shape holds class probabilities. weight (C,) scales each class; 'mean' divides by the sum of the targets'
    weights, ignore_index left out (all ignored: NaN). label_smoothing s asks for (1 - s) target + s / C. Raises
    IndexError for a class out of range, ValueError for other batch sizes, RuntimeError for other shapes and dtypes.
    Source: Goodfellow, Bengio and Courville, Deep Learning (2016), section 6.2.2.3; smoothing: Szegedy et al. (2016),
    section 7.
    """
    op = "cross_entropy"
    check_tensor(op, "input", input)
    check_tensor(op, "target", target)
    check_optional_tensor(op, "weight", weight)
    reduction = reduction_name(op, size_average, reduce, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        rule = f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        raise RuntimeError(
            message(op, "label_smoothing", label_smoothing, rule, f"use {min(max(label_smoothing, 0.0), 1.0)}")
        )
    if input.array.shape == target.array.shape:
        return _with_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    check_classes(op, input.array.shape, target.array, ignore_index)
    check_floating(op, "input", input)
    _check_weight(op, weight, input)
    _check_constant(op, weight)
    classes = _by_row(input, target)
    y: Tensor = SoftmaxCrossEntropy.apply(input, classes, weight, ignore_index, reduction, float(label_smoothing))
    return y.reshape(target.shape if input.array.ndim > 1 else ()) if reduction == "none" else y


def _by_row(input: Tensor, target: Tensor) -> Tensor:
    """The target as (M, D) int64; it still tells when the target is changed in place."""
    batch, _, places = rows(input.array.shape)
    shaped: Tensor = target.detach()
    if target.is_contiguous():
        shaped.array = reshaped(target.array, (batch, places))
    else:
        shaped = shaped.reshape(batch, places)
    return shaped.long()


def _with_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    """cross_entropy for a target of class probabilities: composed, and differentiable by target and weight too."""
    op, shape = "cross_entropy", input.array.shape
    if target.array.dtype.kind not in "fc":
        rule = f"Expected floating point type for target with class probabilities, got {target.array.dtype}"
        raise RuntimeError(
            message(op, "target.dtype", target.array.dtype, rule, "use target.float(), or indices of shape (N, ...)")
        )
    if ignore_index >= 0:
        rule = "ignore_index is not supported for floating point target"
        raise RuntimeError(message(op, "ignore_index", ignore_index, rule, "leave it out"))
    class_dim = 0 if len(shape) < 2 else 1
    classes = shape[class_dim] if shape else 1
    if weight is not None:
        check_weight_shape(op, weight.array.shape, classes)
        weight = weight.reshape((classes,) + (1,) * (len(shape) - class_dim - 1))
    if label_smoothing > 0.0:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    terms = log_softmax(input, class_dim) * target
    if weight is not None:
        terms = terms * weight
    if reduction == "none":
        unreduced: Tensor = -terms.sum(dim=class_dim)
        return unreduced
    summed: Tensor = -terms.sum()
    return summed / (input.array.size / classes if classes else 0.0) if reduction == "mean" else summed


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.nll_loss: -weight[target] input[target], reduced.

    input (N, C, d1, ...) or (C,) are log-probabilities, target (N, d1, ...) or () class indices. 'mean' divides by the
    sum of the targets' weights, ignore_index left out (all ignored: NaN). Raises as cross_entropy does.
    """
    op = "nll_loss"
    check_tensor(op, "input", input)
    check_tensor(op, "target", target)
    check_optional_tensor(op, "weight", weight)
    reduction = reduction_name(op, size_average, reduce, reduction)
    check_classes(op, input.array.shape, target.array, ignore_index)
    check_floating(op, "input", input)
    _check_weight(op, weight, input)
    _check_constant(op, weight)
    kind = NllLoss2D if input.array.ndim > 2 else NllLoss
    y: Tensor = kind.apply(input, _by_row(input, target), weight, ignore_index, reduction)
    return y.reshape(target.shape if input.array.ndim > 1 else ()) if reduction == "none" else y
