"""Losses that are likelihoods: binary cross-entropies, kl_div, and the nll of Poisson's and Gauss's distributions."""

import math
import warnings
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for, on
from scratchnet.ops.activation import sigmoid
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_same_dtype
from scratchnet.ops.compare import where
from scratchnet.ops.functions import exp, log
from scratchnet.ops.loss_reduction import averaged, reduction_name
from scratchnet.ops.promotion import cast, operands
from scratchnet.ops.regression import PairLoss, check_constant, check_pair
from scratchnet.ops.smooth import LogSigmoid
from scratchnet.shapes import broadcast_shapes, message


class BinaryCrossEntropy(PairLoss):
    """-w (t log x + (1 - t) log(1 - x)), each logarithm at least -100."""

    @staticmethod
    def value(xp: Any, x: Any, t: Any, w: Any) -> Any:
        losses = (t - 1) * xp.maximum(xp.log1p(-x), -100) - t * xp.maximum(xp.log(x), -100)
        return losses if w is None else losses * w

    @staticmethod
    def slopes(gy: Tensor, x: Tensor, t: Tensor, w: Tensor | None) -> Any:
        gy = gy if w is None else gy * w
        return gy * (x - t) / ((1 - x) * x).clamp(min=1e-12), gy * (log(1 - x) - log(x))


class BinaryCrossEntropyWithLogits(PairLoss):
    """w ((1 - t) x + (1 + (p - 1) t) log(1 + exp(-x))), p the weight of the positive class."""

    @staticmethod
    def value(xp: Any, x: Any, t: Any, w: Any, p: Any) -> Any:
        softplus = xp.log1p(xp.exp(-xp.abs(x))) - xp.minimum(x, 0)
        losses = (1 - t) * x + (softplus if p is None else (1 + (p - 1) * t) * softplus)
        return losses if w is None else losses * w

    @staticmethod
    def slopes(gy: Tensor, x: Tensor, t: Tensor, w: Tensor | None, p: Tensor | None) -> Any:
        gy = gy if w is None else gy * w
        if p is None:
            return gy * (sigmoid(x) - t), -gy * x
        asked = p * t
        return gy * ((asked + 1 - t) * sigmoid(x) - asked), gy * ((1 - p) * LogSigmoid.apply(x) - x)


class HeldAbove(Op, node="CloneBackward0"):
    """max(x, bound), and the gradient of x itself: torch clamps these without telling its tape."""

    @staticmethod
    def forward(ctx: Any, x: Any, bound: float) -> Any:
        return array_module(x).maximum(x, x.dtype.type(bound))

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return gy, None


def _check_unit(argument: str, x: Tensor) -> None:
    """Raise RuntimeError for a number outside [0, 1], without waiting: the bits of floats are in their order."""
    with on(x.device):
        values = x.array.real + 0  # so that -0.0 is 0.0
        kind, whole = values.dtype, np.dtype(f"i{values.dtype.itemsize}")

        def error(bits: int) -> Exception:
            wrong, rule = whole.type(bits).view(kind), f"all elements of {argument} should be between 0 and 1"
            fix = "use sigmoid, or ..._with_logits"
            return RuntimeError(message("binary_cross_entropy", argument, wrong, rule, fix))

        kernels_for(values).indices.check(values.view(whole), 0, int(kind.type(1).view(whole)) + 1, error)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.binary_cross_entropy: -weight (t log x + (1 - t) log(1 - x)), reduced; any shape.

    x are probabilities, t numbers from 0 to 1; each logarithm counts as -100 at least. weight broadcasts. Raises
    ValueError for two shapes, RuntimeError for x or t outside [0, 1] or another dtype, NotImplementedError
    for integers.
    """
    op = "binary_cross_entropy"
    check_pair(op, input, target)
    check_optional_tensor(op, "weight", weight)
    reduction = reduction_name(op, size_average, reduce, reduction)
    if target.array.shape != input.array.shape:
        rule = f"must be input's, {list(input.shape)}: Using a target size that is different to the input size"
        raise ValueError(message(op, "target.shape", list(target.shape), rule, "use target.view_as(input)"))
    if weight is not None:
        weight = weight.expand(broadcast_shapes(op, target.array.shape, weight.array.shape))
        check_constant(op, "weight", weight)
        check_same_dtype(op, "weight", weight, "input", input.array.dtype)
    check_same_dtype(op, "target", target, "input", input.array.dtype)
    check_floating(op, "input", input)
    _check_unit("input", input)
    _check_unit("target", target)
    loss: Tensor = BinaryCrossEntropy.apply(input, target, reduction, weight)
    return loss


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """torch.nn.functional.binary_cross_entropy_with_logits: binary_cross_entropy of sigmoid(input), without overflow.

    weight scales each element, pos_weight the term of target 1; both broadcast. Raises ValueError for two shapes,
    RuntimeError for a weight that doesn't broadcast, NotImplementedError for integers.
    """
    op = "binary_cross_entropy_with_logits"
    check_pair(op, input, target)
    check_optional_tensor(op, "weight", weight)
    check_optional_tensor(op, "pos_weight", pos_weight)
    reduction = reduction_name(op, size_average, reduce, reduction)
    shape = input.array.shape
    if target.array.shape != shape:
        rule = f"must be the same as input size ({list(shape)})"
        raise ValueError(message(op, "target.shape", list(target.shape), rule, "use target.view_as(input)"))
    for value in (weight, pos_weight):
        if value is not None and broadcast_shapes(op, shape, value.array.shape) != shape:
            rule = f"must broadcast to input's shape, {list(shape)}"
            raise RuntimeError(message(op, "weight.shape", list(value.shape), rule, "use one number per class"))
    if input.array.dtype.kind in "fc" and target.array.dtype.kind not in "fc":
        rule = f"result type Float can't be cast to the desired output type {target.array.dtype}"
        raise RuntimeError(message(op, "target.dtype", target.array.dtype, rule, "use target.float()"))
    check_floating(op, "input", input)
    check_constant(op, "weight", weight)
    check_constant(op, "pos_weight", pos_weight)
    input, target = operands(op, input, target)
    more = [None if value is None else cast(value, input.dtype).expand(shape) for value in (weight, pos_weight)]
    loss: Tensor = BinaryCrossEntropyWithLogits.apply(input, target, reduction, *more)
    return loss


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """torch.nn.functional.kl_div: target (log target - input); input holds log-probabilities; any shape, reduced.

    log_target=True: target holds logarithms too. A target of 0 costs 0. 'batchmean' divides the sum by the size of
    the first dimension, 'mean' by the number of elements, with torch's UserWarning. Shapes broadcast, dtypes promote.
    Raises RuntimeError for integers, ValueError for another reduction. Source: Kullback and Leibler (1951).
    """
    op = "kl_div"
    check_pair(op, input, target)
    batchmean = reduction == "batchmean"
    if reduction == "mean" and size_average is None and reduce is None:
        text = "reduction: 'mean' divides the total loss by both the batch size and the support size. 'batchmean' "
        warnings.warn(text + "divides only by the batch size, and is the mathematical definition.", stacklevel=2)
    reduction = "sum" if batchmean else reduction_name(op, size_average, reduce, reduction)
    for argument, value in (("input", input), ("target", target)):
        if value.array.dtype.kind not in "fc":
            rule = "must be floating-point: Integral inputs not supported"
            raise RuntimeError(message(op, f"{argument}.dtype", value.array.dtype, rule, f"use {argument}.float()"))
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = where(target == 0, 0.0, target * log(target)) - target * input
    y = averaged(losses, reduction)
    return y / input.array.shape[0] if batchmean and input.array.ndim else y


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.poisson_nll_loss: exp(x) - t x, or x - t log(x + eps) with log_input=False; reduced.

    full=True adds Stirling's t log t - t + log(2 pi t) / 2 where t > 1. Shapes broadcast, dtypes promote. Raises
    RuntimeError where shapes don't broadcast, ValueError for another reduction.
    """
    op = "poisson_nll_loss"
    check_pair(op, input, target)
    reduction = reduction_name(op, size_average, reduce, reduction)
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        losses = losses + where(target <= 1, 0.0, stirling)
    return averaged(losses, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """torch.nn.functional.gaussian_nll_loss: (log var + (input - target)² / var) / 2, var at least eps; reduced.

    var: input's shape, or without its last dimension, or with 1 in one dimension, or a float. full=True adds
    log(2 pi) / 2. var's gradient passes where eps holds it, as in torch. Raises ValueError for a negative var or
    another size. Source: Nix and Weigend, Estimating the Mean and Variance (1994).
    """
    op = "gaussian_nll_loss"
    check_pair(op, input, target)
    if isinstance(var, float):
        if var < 0:
            raise ValueError(message(op, "var", var, "var has negative entry/entries", "use var.abs()"))
        constant = float(var)
        var = computed(op, lambda xp, x: xp.full(x.shape, constant, x.dtype), input)
    if not isinstance(var, Tensor):
        raise TypeError(message(op, "var", repr(var), "must be a Tensor or a float", "use float(var)"))
    scale: Tensor = var
    if (scale < 0).any():
        raise ValueError(message(op, "var", scale.min().item(), "var has negative entry/entries", "use var.abs()"))
    shape, given = input.array.shape, scale.array.shape
    if given != shape:
        if shape[:-1] == given:
            scale = scale.unsqueeze(-1)
        elif len(shape) != len(given) or sum(b for a, b in zip(shape, given, strict=True) if a != b) != 1:
            rule = f"var is of incorrect size for an input of shape {list(shape)}"
            raise ValueError(message(op, "var.shape", list(given), rule, f"use a shape of {tuple(shape)}"))
    reduction = reduction_name(op, None, None, reduction)
    if scale.array.dtype.kind not in "fc":
        rule = f"result type Float can't be cast to the desired output type {scale.array.dtype}"
        raise RuntimeError(message(op, "var.dtype", scale.array.dtype, rule, "use var.float()"))
    held: Tensor = HeldAbove.apply(scale, eps)
    losses = 0.5 * (log(held) + (input - target) ** 2 / held)
    return averaged(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)
