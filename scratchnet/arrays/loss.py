"""Cross-entropy on plain arrays, and its gradient."""

from typing import Any

import numpy as np

from scratchnet.arrays.checks import check_array, check_floats, check_out, check_shape, delivered, widened
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.loss_targets import check_classes, check_weight_shape, rows, weighed
from scratchnet.shapes import message


def _prepared(
    op: str, input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> tuple[Any, tuple[int, ...]]:
    """The classes as (M, D) int64, and the loss's shape."""
    if reduction not in ("none", "mean", "sum"):
        rule = f"{reduction} is not a valid value for reduction: must be 'none', 'mean' or 'sum'"
        raise ValueError(message(op, "reduction", repr(reduction), rule, "use reduction='mean'"))
    if not 0.0 <= label_smoothing <= 1.0:
        rule = f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        fix = f"use {min(max(label_smoothing, 0.0), 1.0)}"
        raise RuntimeError(message(op, "label_smoothing", label_smoothing, rule, fix))
    check_array(op, "target", target, input)
    check_classes(op, input.shape, target, ignore_index)
    batch, classes, places = rows(input.shape)
    if weight is not None:
        check_weight_shape(op, weight.shape, classes)
    indices = target.reshape(batch, places).astype(np.int64, copy=False)
    return indices, () if reduction != "none" or input.ndim == 1 else target.shape


@np.errstate(all="ignore")
def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    out: Any = None,
) -> Any:
    """torch.nn.functional.cross_entropy with class indices: -log softmax(input)[target], reduced to an array ().

    input (N, C, d1, ...) or (C,) logits, target (N, d1, ...) or () int64 or uint8, weight (C,); 'none' keeps target's
    shape. 'mean' divides by the sum of the targets' weights, ignore_index left out (all ignored: NaN). Raises
    IndexError for a class out of range, ValueError and RuntimeError for shapes. Source: Szegedy et al., Rethinking the
    Inception Architecture (2016), section 7, for the smoothing.
    """
    op = "cross_entropy"
    check_floats(op, input=input, weight=weight)
    indices, shape = _prepared(op, input, target, weight, ignore_index, reduction, label_smoothing)
    check_out(op, out, shape, input, input=input, target=target, weight=weight)
    logits = widened(input).reshape(rows(input.shape))
    losses, _ = kernels_for(input).loss.cross_entropy(logits, indices, weight, ignore_index, label_smoothing)
    return delivered(weighed(losses, indices, weight, ignore_index, reduction)[0].reshape(shape), input.dtype, out)


@np.errstate(all="ignore")
def cross_entropy_grad(
    grad_output: Any,
    input: Any,
    target: Any,
    weight: Any = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
    *,
    out: Any = None,
) -> Any:
    """cross_entropy's gradient by the logits: grad_output, of the loss's shape, -> input's shape.

    Per position gy weight[target] (softmax(input) - onehot(target)), smoothed as there, 0 where ignored; 'mean' divides
    gy. Raises as cross_entropy does, and RuntimeError where grad_output doesn't have the loss's shape.
    """
    op = "cross_entropy_grad"
    check_floats(op, input=input, grad_output=grad_output, weight=weight)
    indices, shape = _prepared(op, input, target, weight, ignore_index, reduction, label_smoothing)
    check_shape(op, "grad_output", grad_output.shape, shape, "the loss's shape")
    check_out(op, out, input.shape, input, grad_output=grad_output, input=input, target=target, weight=weight)
    xp, flat, loss = array_module(input), rows(input.shape), kernels_for(input).loss
    logits = input.reshape(flat)
    losses, logsumexp = loss.cross_entropy(logits, indices, weight, ignore_index, label_smoothing)
    spread = widened(grad_output)
    if reduction == "mean":
        spread = spread / weighed(losses, indices, weight, ignore_index, reduction)[1]
    spread = spread.reshape(indices.shape) if reduction == "none" else xp.broadcast_to(spread, indices.shape)
    room = None if out is None or not out.flags.c_contiguous else out.reshape(flat)
    gx = loss.cross_entropy_grad(spread, logits, logsumexp, indices, weight, ignore_index, label_smoothing, out=room)
    return out if room is not None else delivered(gx.reshape(input.shape), input.dtype, out)
