"""Losses of classes: cross_entropy (fused with softmax for class indices) and nll_loss."""

import math
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.activation import SoftmaxGrad, log_softmax, softmax
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_same_dtype, check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.loss_reduction import reduced, reduction_name, spread_out
from scratchnet.shapes import message


class SoftmaxCrossEntropy(Op):
    """-log softmax(x)[target] in one pass: (N, C, ...), target (M, D) -> (M, D), or reduced. Softmax isn't kept."""

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, weight: Any, smoothing: float, reduction: str, total: float) -> Any:
        ctx.save_inputs(0, 1, 2)
        losses, logsumexp = kernels_for(x).loss.cross_entropy(x.reshape(_rows(x.shape)), target, weight, -1, smoothing)
        ctx.save_arrays(logsumexp)
        ctx.smoothing, ctx.reduction, ctx.total = smoothing, reduction, total
        return reduced(losses, reduction, total)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, target, weight, logsumexp = ctx.saved
        spread = spread_out(gy, ctx.reduction, ctx.total, target.array.shape)
        gx = SoftmaxCrossEntropyGrad.apply(spread, x, logsumexp, target, weight, ctx.smoothing)
        return gx, None, None, None, None, None


class SoftmaxCrossEntropyGrad(Op):
    """gy (a softmax(x) - q): q is what the target asks for (_asked), a its sum over the classes."""

    @staticmethod
    def forward(ctx: Any, gy: Any, x: Any, logsumexp: Any, target: Any, weight: Any, smoothing: float) -> Any:
        ctx.save_inputs(0, 1, 3, 4)
        ctx.smoothing = smoothing
        rows = x.reshape(_rows(x.shape))
        gx = kernels_for(x).loss.cross_entropy_grad(gy, rows, logsumexp, target, weight, -1, smoothing)
        return gx.reshape(x.shape)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, x, target, weight = ctx.saved
        shape = x.shape
        x, ggx = x.reshape(_rows(shape)), ggx.reshape(_rows(shape))
        asked = Tensor._wrap(_asked(x.array, target.array, None if weight is None else weight.array, ctx.smoothing))
        mass = asked.sum(dim=1, keepdim=True)
        p = softmax(x, 1)
        ggy = (ggx * (mass * p - asked)).sum(dim=1) if ctx.needs[0] else None
        kept = where(target < 0, Tensor._wrap(array_module(x.array).zeros((), x.array.dtype)), gy)
        gx = SoftmaxGrad.apply(ggx * mass * kept.unsqueeze(1), p, 1) if ctx.needs[1] else None
        return ggy, (None if gx is None else gx.reshape(shape)), None, None, None, None


def _rows(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(N, C, d1, ...) and (C,) as (M, C, D)."""
    return (shape[0], shape[1], math.prod(shape[2:])) if len(shape) > 1 else (1, shape[0], 1)


def _asked(x: Any, target: Any, weight: Any, smoothing: float) -> Any:
    """(M, C, D): (1 - smoothing) weight at the target's class, smoothing / C weight everywhere; 0 where ignored."""
    xp = array_module(x)
    rest = smoothing / max(x.shape[1], 1)
    q = xp.where(xp.arange(x.shape[1]).reshape(1, -1, 1) == target[:, None], 1.0 - smoothing + rest, rest)
    if weight is not None:
        q = q * weight.reshape(1, -1, 1)
    return xp.where(target[:, None] < 0, 0.0, q).astype(x.dtype)


class NllLoss(Op):
    """-weight[target] x[target]: (N, C, ...), target (M, D) -> (M, D), or reduced. Ignored targets have become -1."""

    @staticmethod
    def forward(ctx: Any, x: Any, target: Any, scale: Any, reduction: str, total: float) -> Any:
        ctx.save_arrays(target, scale)
        ctx.shape, ctx.reduction, ctx.total = x.shape, reduction, total
        xp, x = array_module(x), x.reshape(_rows(x.shape))
        if not target.size or not x.size:
            return reduced(xp.zeros(target.shape, x.dtype), reduction, total)
        picked = xp.take_along_axis(x, xp.maximum(target, 0)[:, None], axis=1)[:, 0]
        return reduced(xp.where(target < 0, xp.zeros((), x.dtype), -picked * scale), reduction, total)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        target, scale = ctx.saved
        spread = spread_out(gy, ctx.reduction, ctx.total, target.array.shape)
        return NllLossGrad.apply(spread, target, scale, ctx.shape), None, None, None, None


class NllLoss2D(NllLoss):
    """NllLoss for inputs with more than two dimensions: torch's name for the node."""


class NllLossGrad(Op):
    """gx[target] = -weight gy, 0 elsewhere: the adjoint of the unreduced NllLoss."""

    @staticmethod
    def forward(ctx: Any, gy: Any, target: Any, scale: Any, shape: tuple[int, ...]) -> Any:
        ctx.save_arrays(target, scale)
        xp = array_module(gy)
        gx = xp.zeros(_rows(shape), gy.dtype)
        if gx.size:
            values = xp.where(target < 0, xp.zeros((), gy.dtype), -gy * scale)
            xp.put_along_axis(gx, xp.maximum(target, 0)[:, None], values[:, None], axis=1)
        return gx.reshape(shape)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        target, scale = ctx.saved
        return NllLoss.apply(ggx, target, scale, "none", 1.0), None, None, None


def _check_weight(op: str, weight: Tensor | None, input: Tensor, classes: int) -> None:
    if weight is None:
        return
    if weight.array.shape != (classes,):
        rule = f"weight tensor should be defined either for all {classes} classes or no classes"
        raise RuntimeError(message(op, "weight.shape", list(weight.shape), rule, f"use a shape of ({classes},)"))
    check_same_dtype(op, "weight", weight, "input", input.array.dtype)


def _check_shapes(op: str, input: Tensor, target: Tensor) -> None:
    """Raises what torch raises where class indices don't fit the input's shape: ValueError, RuntimeError."""
    shape, wanted = input.array.shape, target.array.shape
    if not shape:
        raise ValueError(message(op, "input.shape", [], "Expected 1 or more dimensions (got 0)", "use (N, C) or (C,)"))
    if len(shape) == 1:
        if len(wanted) > 1:
            rule = "0D or 1D target tensor expected, multi-target not supported"
            raise RuntimeError(message(op, "target.shape", list(wanted), rule, "use one class index"))
        if wanted not in ((), (1,)):
            rule = (
                f"must hold one class index: For 1D input, 1D target must have size 1, but got target size: {wanted[0]}"
            )
            raise ValueError(message(op, "target.shape", list(wanted), rule, "use input of shape (N, C) for N indices"))
    else:
        batch = wanted[0] if wanted else 0
        if batch != shape[0]:
            rule = f"Expected input batch_size ({shape[0]}) to match target batch_size ({batch})"
            raise ValueError(
                message(op, "target.shape", list(wanted), rule, f"use a target of shape {(shape[0], *shape[2:])}")
            )
        if wanted != (shape[0], *shape[2:]):
            expected = [shape[0], *shape[2:]]
            rule = f"Expected target size {expected}, got {list(wanted)}: size mismatch with input {list(shape)}"
            if len(shape) == 2:
                rule = "0D or 1D target tensor expected, multi-target not supported"
            elif len(shape) == 4 and len(wanted) != 3:
                rule = "only batches of spatial targets supported (3D tensors)"
            raise RuntimeError(
                message(op, "target.shape", list(wanted), rule, f"use a target of shape {tuple(expected)}")
            )
    if target.array.dtype not in ("int64", "uint8"):
        rule = f"expected target dtype to be Long or Byte (int64 or uint8), but got {target.array.dtype}"
        raise RuntimeError(message(op, "target.dtype", target.array.dtype, rule, "use target.long()"))


def _indices(op: str, input: Tensor, target: Tensor, ignore_index: int) -> Any:
    """The target as (M, D) int64, -1 where ignored: a copy. Raises as torch does, IndexError for a wrong class."""
    _check_shapes(op, input, target)
    rows, t = _rows(input.array.shape), target.array
    classes, low, high = rows[1], int(t.min()) if t.size else 0, int(t.max()) if t.size else -1
    if low < 0 or high >= classes:
        wrong = t[((t < 0) | (t >= classes)) & (t != ignore_index)]
        if wrong.size:
            first = int(wrong.ravel()[0])
            rule = (
                f"Target {first} is out of bounds. It must be in 0 ... {classes - 1} (or ignore_index, {ignore_index})"
            )
            raise IndexError(message(op, "target", first, rule, "number the classes from 0"))
    flat = t.reshape(rows[0], rows[2]).astype("int64")
    if low <= ignore_index <= high:
        flat[flat == ignore_index] = -1
    return flat


def _scale(target: Any, weight: Tensor | None, dtype: Any) -> Any:
    """(M, D): the weight of each target's class, 1 without weights; 0 where the target is -1, ignored."""
    xp = array_module(target)
    kept = target >= 0
    if weight is None or not weight.array.size:
        return kept.astype(dtype)
    return xp.where(kept, weight.array[xp.maximum(target, 0)], xp.zeros((), dtype))


def _total(target: Any, weight: Tensor | None, dtype: Any) -> float:
    """What 'mean' divides by: the number of targets that are not -1, or the sum of their weights."""
    return float(
        array_module(target).count_nonzero(target >= 0) if weight is None else _scale(target, weight, dtype).sum()
    )


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
    indices = _indices(op, input, target, ignore_index)
    check_floating(op, "input", input)
    _check_weight(op, weight, input, _rows(input.array.shape)[1])
    _check_constant(op, weight)
    total = _total(indices, weight, input.dtype.numpy) if reduction == "mean" else 1.0
    y: Tensor = SoftmaxCrossEntropy.apply(input, Tensor._wrap(indices), weight, label_smoothing, reduction, total)
    return y.reshape(target.shape if input.array.ndim > 1 else ()) if reduction == "none" else y


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
        if weight.array.shape != (classes,):
            rule = f"weight tensor should be defined either for all {classes} classes or no classes"
            raise RuntimeError(message(op, "weight.shape", list(weight.shape), rule, f"use a shape of ({classes},)"))
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
    indices = _indices(op, input, target, ignore_index)
    check_floating(op, "input", input)
    _check_weight(op, weight, input, _rows(input.array.shape)[1])
    _check_constant(op, weight)
    dtype = input.dtype.numpy
    total = _total(indices, weight, dtype) if reduction == "mean" else 1.0
    kind = NllLoss2D if input.array.ndim > 2 else NllLoss
    scale = Tensor._wrap(_scale(indices, weight, dtype))
    y: Tensor = kind.apply(input, Tensor._wrap(indices), scale, reduction, total)
    return y.reshape(target.shape if input.array.ndim > 1 else ()) if reduction == "none" else y
