"""Distances and the losses made of them: cosine_similarity, pairwise_distance, normalize, the margin losses."""

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_tensor
from scratchnet.ops.compare import minimum, where
from scratchnet.ops.likelihood import HeldAbove
from scratchnet.ops.loss_reduction import averaged, reduction_name
from scratchnet.ops.norms import VectorNorm
from scratchnet.ops.promotion import floating, operands
from scratchnet.shapes import broadcast_shapes, message, normalize_dim


class Norm(VectorNorm, node="NormBackward1"):
    """The p-norm along one axis, as torch names it here."""


def _norm(x: Tensor, p: float, axis: int, keep: bool = True) -> Tensor:
    """The p-norm along an axis, kept or not; a single number has none."""
    if np.isinf(p) and x.array.ndim and not x.array.shape[axis]:
        rule = f"cannot compute the {p} norm on an empty dimension: the operation does not have an identity"
        raise RuntimeError(message("norm", "input.shape", list(x.shape), rule, "use another p"))
    y: Tensor = Norm.apply(x, float(p), (axis,) if x.array.ndim else (), keep)
    return y


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """torch.nn.functional.normalize: input / max(its p-norm along dim, eps); any shape that has dim.

    Where the norm is below eps no gradient passes through it. Raises IndexError for dim out of range, RuntimeError
    for integers.
    """
    check_tensor("normalize", "input", input)
    axis = normalize_dim("normalize", dim, input.array.ndim)
    if input.array.dtype.kind not in "fc":
        rule = "must be floating-point: a norm is not defined for integers"
        raise RuntimeError(message("normalize", "input.dtype", input.array.dtype, rule, "use input.float()"))
    y: Tensor = input / _norm(input, p, axis).clamp_min(eps)
    return y


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """torch.nn.functional.pairwise_distance: the p-norm of x1 - x2 + eps along the last dimension.

    (N, D), (N, D) -> (N,), (N, 1) with keepdim; shapes broadcast, dtypes promote. Raises RuntimeError where they
    don't broadcast.
    """
    check_tensor("pairwise_distance", "x1", x1)
    check_tensor("pairwise_distance", "x2", x2)
    difference = floating(x1 - x2) + eps
    return _norm(difference, p, difference.array.ndim - 1, keepdim)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """torch.nn.functional.cosine_similarity: the sum along dim of x1 x2, each divided by its norm (eps at least).

    Shapes broadcast, dtypes promote; dim goes. Raises RuntimeError for integers or shapes that don't broadcast,
    IndexError for dim out of range.
    """
    op = "cosine_similarity"
    check_tensor(op, "x1", x1)
    check_tensor(op, "x2", x2)
    x, y = operands(op, x1, x2)
    if x.array.dtype.kind not in "fc":
        rule = f"expected common dtype to be floating point, yet common dtype is {x.array.dtype}"
        raise RuntimeError(message(op, "x1.dtype", x.array.dtype, rule, "use x1.float()"))
    shape = broadcast_shapes(op, x.array.shape, y.array.shape)
    x, y = x.expand(shape), y.expand(shape)
    axis = normalize_dim(op, dim, len(shape))
    x, y = (v / HeldAbove.apply(_norm(v, 2.0, axis), eps) for v in (x, y))
    similarity: Tensor = (x * y).sum(dim=axis) if shape else x * y
    return similarity


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.margin_ranking_loss: max(0, margin - target (input1 - input2)), target 1 or -1; reduced.

    Shapes of one rank broadcast. At the hinge the gradient passes. Raises RuntimeError for other ranks.
    """
    op = "margin_ranking_loss"
    for argument, value in (("input1", input1), ("input2", input2), ("target", target)):
        check_tensor(op, argument, value)
    reduction = reduction_name(op, size_average, reduce, reduction)
    ranks = {v.array.ndim for v in (input1, input2, target)}
    if len(ranks) > 1:
        rule = f"All input tensors should have same dimension, but input1 has {input1.array.ndim}"
        raise RuntimeError(message(op, "target.dim()", target.array.ndim, rule, "use unsqueeze"))
    return averaged((-target * (input1 - input2) + margin).clamp_min(0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.hinge_embedding_loss: input where target is 1, max(0, margin - input) where -1; reduced.

    Shapes broadcast; a target that is neither counts both.
    """
    op = "hinge_embedding_loss"
    check_tensor(op, "input", input)
    check_tensor(op, "target", target)
    reduction = reduction_name(op, size_average, reduce, reduction)
    broadcast_shapes(op, input.array.shape, target.array.shape)
    apart = where(target != 1, (margin - input).clamp_min(0), 0)
    return averaged(apart + where(target != -1, input, 0), reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.triplet_margin_loss: max(0, d(anchor, positive) - d(anchor, negative) + margin), reduced.

    d is pairwise_distance(p, eps): (N, D) three times -> (N,) before the reduction; swap=True takes d(positive,
    negative) where that is less. Raises ValueError for margin <= 0, RuntimeError for different ranks. Source: Balntas
    et al., Learning Local Feature Descriptors with Triplets (2016).
    """
    op = "triplet_margin_loss"
    for argument, value in (("anchor", anchor), ("positive", positive), ("negative", negative)):
        check_tensor(op, argument, value)
    reduction = reduction_name(op, size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(message(op, "margin", margin, f"margin must be greater than 0, got {margin}", "use 1.0"))
    if len({v.array.ndim for v in (anchor, positive, negative)}) > 1:
        rule = "The anchor, positive, and negative tensors are expected to have the same number of dimensions"
        raise RuntimeError(message(op, "negative.dim()", negative.array.ndim, rule, "use unsqueeze"))
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return averaged((margin + near - far).clamp_min(0), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.cosine_embedding_loss: 1 - cos where target is 1, max(0, cos - margin) where -1; reduced.

    cos is that of the angle between (N, D) and (N, D) with target (N,), or (D,) and (D,) with target (). Raises
    RuntimeError for other ranks or shapes that don't broadcast.
    """
    op = "cosine_embedding_loss"
    for argument, value in (("input1", input1), ("input2", input2), ("target", target)):
        check_tensor(op, argument, value)
    reduction = reduction_name(op, size_average, reduce, reduction)
    rank = target.array.ndim
    if rank > 1:
        rule = "0D or 1D target tensor expected, multi-target not supported"
        raise RuntimeError(message(op, "target.dim()", rank, rule, "use target.flatten()"))
    for argument, value in (("input1", input1), ("input2", input2)):
        if value.array.ndim != rank + 1:
            rule = f"must be {rank + 1}: {rank}D target tensor expects {rank + 1}D input tensors"
            raise RuntimeError(message(op, f"{argument}.dim()", value.array.ndim, rule, "use (N, D) and target (N,)"))
    norms = ((input1 * input1).sum(dim=rank) + 1e-12) * ((input2 * input2).sum(dim=rank) + 1e-12)
    cos = (input1 * input2).sum(dim=rank) / norms.sqrt()
    broadcast_shapes(op, cos.array.shape, target.array.shape)
    losses = where(target == 1, 1 - cos, 0.0) + where(target == -1, (cos - margin).clamp_min(0), 0.0)
    return averaged(losses, reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.multi_margin_loss: the sum over j != t of max(0, margin - x[t] + x[j]) ** p, over C; reduced.

    (N, C), (N,) -> (N,) before the reduction, or (C,), () -> (); p is 1 or 2; weight (C,) scales each target's class.
    Raises ValueError for another p, RuntimeError for a class out of range or other shapes.
    """
    op = "multi_margin_loss"
    check_tensor(op, "input", input)
    check_tensor(op, "target", target)
    check_optional_tensor(op, "weight", weight)
    reduction = reduction_name(op, size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(message(op, "p", p, "only p == 1 and p == 2 supported", "use p=1"))
    if weight is not None and weight.array.ndim != 1:
        rule = "weight must be one-dimensional"
        raise ValueError(message(op, "weight.shape", list(weight.shape), rule, "use one weight per class"))
    x, t = input.array, target.array
    if (
        x.ndim not in (1, 2)
        or not x.shape[-1]
        or t.shape not in ((x.shape[:-1], (1,)) if x.ndim == 1 else (x.shape[:1],))
    ):
        rule = f"inconsistent target size for an input of shape {list(x.shape)}"
        raise RuntimeError(message(op, "target.shape", list(t.shape), rule, "use (N, C) and (N,)"))
    classes = x.shape[-1]
    if weight is not None and weight.array.shape != (classes,):
        rule = f"inconsistent weight size, expected {classes} but got {weight.array.size}"
        raise RuntimeError(message(op, "weight.shape", list(weight.shape), rule, f"use a shape of ({classes},)"))
    if t.dtype != np.int64:
        rule = "expected scalar type Long for argument 'target'"
        raise RuntimeError(message(op, "target.dtype", t.dtype, rule, "use target.long()"))

    def error(wrong: int) -> Exception:
        rule = f"target out of range: 0 ... {classes - 1}"
        return RuntimeError(message(op, "target", wrong, rule, "number the classes from 0"))

    kernels_for(t).indices.check(t, 0, classes, error)
    check_floating(op, "input", input)
    rows = input.reshape(-1, classes)
    flat = target.reshape(-1)
    own = computed(op, lambda xp, places: xp.arange(classes) == places[:, None], flat)
    over = margin - where(own, rows, 0.0).sum(dim=1, keepdim=True) + rows
    over = where((over > 0) & ~own, over, 0.0)
    losses = (over if p == 1 else over * over).sum(dim=1) / classes
    if weight is not None:
        losses = losses * computed(op, lambda xp, w, places: w[places], weight, flat)
    return averaged(losses.reshape(t.shape), reduction)
