"""Targets that are class indices: checks with torch's exception types and key phrases, and weights. No Tensors."""

import math
from typing import Any

from scratchnet.device import array_module, kernels_for
from scratchnet.shapes import message

Shape = tuple[int, ...]


def rows(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(N, C, d1, ...) and (C,) as (M, C, D)."""
    return (shape[0], shape[1], math.prod(shape[2:])) if len(shape) > 1 else (1, shape[0], 1)


def check_weight_shape(op: str, shape: Shape, classes: int) -> None:
    """One weight a class. Raises RuntimeError."""
    if shape != (classes,):
        rule = f"weight tensor should be defined either for all {classes} classes or no classes"
        raise RuntimeError(message(op, "weight.shape", list(shape), rule, f"use a shape of ({classes},)"))


def check_targets(op: str, shape: Shape, target: Any) -> None:
    """Raises what torch raises where class indices don't fit the input's shape: ValueError, RuntimeError."""
    wanted = target.shape
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
    if target.dtype not in ("int64", "uint8"):
        rule = f"expected target dtype to be Long or Byte (int64 or uint8), but got {target.dtype}"
        raise RuntimeError(message(op, "target.dtype", target.dtype, rule, "use target.long()"))


def check_classes(op: str, shape: Shape, target: Any, ignore_index: int) -> None:
    """Raises as torch does where class indices don't fit the input's shape; IndexError for a wrong class."""
    check_targets(op, shape, target)
    classes = rows(shape)[1]

    def error(wrong: int) -> Exception:
        rule = f"Target {wrong} is out of bounds. It must be in 0 ... {classes - 1} (or ignore_index, {ignore_index})"
        return IndexError(message(op, "target", wrong, rule, "number the classes from 0"))

    kernels_for(target).indices.check(target, 0, classes, error, ignore_index)


def weighed(losses: Any, target: Any, weight: Any, ignore_index: int, reduction: str) -> tuple[Any, Any]:
    """The losses as they are, their sum, or their weighted mean; and what the mean divides by, else None."""
    if reduction == "mean":
        average, total = kernels_for(losses).targets.mean(losses, target, weight, ignore_index)
        return average, total
    return reduced(losses, reduction, 1.0), None


def reduced(losses: Any, reduction: str, total: float) -> Any:
    """The losses as they are, their sum, or their sum over `total` (0 gives NaN), in the losses' dtype."""
    if reduction == "none":
        return losses
    xp, kind = array_module(losses), losses.dtype
    summed = losses.sum(dtype=xp.float32 if kind == "float16" else kind)
    return xp.asarray(summed / summed.dtype.type(total) if reduction == "mean" else summed, dtype=kind)
