"""What a loss does with the losses of its positions: keep, add up or average them."""

import warnings
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, strided
from scratchnet.shapes import broadcast_shapes, message


class Share(Op):
    """x / total at every place of the shape, none of them in memory of its own: the adjoint of a sum over total."""

    @staticmethod
    def forward(ctx: Any, x: Any, total: Any, shape: tuple[int, ...]) -> Any:
        ctx.save_inputs(1)
        return strided(array_module(x).asarray(x / total, dtype=x.dtype), 0, shape, (0,) * len(shape))

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (total,) = ctx.saved
        return (gy.sum() / total).to(gy.dtype), None, None


def spread_out(gy: Tensor, reduction: str, total: Tensor | float, shape: tuple[int, ...]) -> Tensor:
    """The gradient of the losses from that of what `reduced` made of them."""
    if reduction == "none":
        return gy
    spread: Tensor = Share.apply(gy, total if reduction == "mean" else 1.0, shape)
    return spread


def reduction_name(op: str, size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction's name; the two arguments from before it existed warn, as in torch. Raises ValueError."""
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        text = f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead."
        warnings.warn(text, UserWarning, stacklevel=3)
    if reduction not in ("none", "mean", "sum"):
        rule = f"{reduction} is not a valid value for reduction: must be 'none', 'mean' or 'sum'"
        raise ValueError(message(op, "reduction", repr(reduction), rule, "use reduction='mean'"))
    return reduction


def averaged(losses: Tensor, reduction: str) -> Tensor:
    """The losses as they are, their mean or their sum."""
    y: Tensor = losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses
    return y


def matched(op: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both in one shape: where they differ they broadcast, with torch's UserWarning. RuntimeError where they can't."""
    if target.array.shape == input.array.shape:
        return input, target
    text = (
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
        "likely lead to incorrect results due to broadcasting. Please ensure they have the same size."
    )
    warnings.warn(text, UserWarning, stacklevel=3)
    shape = broadcast_shapes(op, input.array.shape, target.array.shape)
    return input.expand(shape), target.expand(shape)
