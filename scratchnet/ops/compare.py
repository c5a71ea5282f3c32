"""Comparisons, and what chooses between elements: maximum, minimum, clamp, where; bitwise operations on their masks."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.promotion import binary, operands
from scratchnet.shapes import broadcast_shapes, message

Gradients = tuple[Tensor | None, ...]


class Maximum(Op):
    """The larger of x and y; a tie shares its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0, 1)
        return array_module(x).maximum(x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        return _shared_at_ties(ctx, gy, x, y, x < y, x > y)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger element (torch.maximum): NaN wins, a tie gives half of the gradient to each."""
    check_tensor("maximum", "input", input)
    result: Tensor = Maximum.apply(*binary("maximum", input, other))
    return result


class Minimum(Op):
    """The smaller of x and y; a tie shares its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0, 1)
        return array_module(x).minimum(x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        return _shared_at_ties(ctx, gy, x, y, x > y, x < y)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller element (torch.minimum): NaN wins, a tie gives half of the gradient to each."""
    check_tensor("minimum", "input", input)
    result: Tensor = Minimum.apply(*binary("minimum", input, other))
    return result


def _shared_at_ties(ctx: Any, gy: Tensor, x: Tensor, y: Tensor, losing: Tensor, winning: Tensor) -> Gradients:
    share = where(x == y, gy * 0.5, gy)  # a NaN neither wins nor loses: torch gives both all of it
    return (where(losing, 0.0, share) if ctx.needs[0] else None), (where(winning, 0.0, share) if ctx.needs[1] else None)


class Clamp(Op, node="ClampBackward1"):
    """x held between two bounds, numbers or arrays or None."""

    @staticmethod
    def forward(ctx: Any, x: Any, low: Any, high: Any) -> Any:
        xp = array_module(x)
        ctx.save_inputs(0, 1, 2)
        result = x if low is None else xp.maximum(x, low)
        return result.copy() if low is None and high is None else result if high is None else xp.minimum(result, high)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, low, high = ctx.saved
        gx = gy
        g_low = g_high = None
        if low is not None:
            gx = where(x >= low, gx, 0.0)
            if ctx.needs[1]:
                g_low = where(x < low if high is None else (x < low) & (low < high), gy, 0.0)
        if high is not None:
            gx = where(x <= high, gx, 0.0)
            if ctx.needs[2]:
                g_high = where(x > high if low is None else (x > high) | (low > high), gy, 0.0)
        return (gx if ctx.needs[0] else None), g_low, g_high


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """input held between min and max, numbers or tensors (torch.clamp).

    Slope 1 at the bounds; max wins where min > max.

    Raises RuntimeError when neither bound is given, or the shapes don't broadcast.
    """
    check_tensor("clamp", "input", input)
    if min is None and max is None:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
    given = [bound for bound in (min, max) if bound is not None]
    x, *bounds = operands("clamp", input, *given)
    broadcast_shapes("clamp", *(v.array.shape for v in (x, *bounds) if isinstance(v, Tensor)))
    low = bounds.pop(0) if min is not None else None
    result: Tensor = Clamp.apply(x, low, bounds.pop(0) if max is not None else None)
    return result


class ClampMin(Clamp, node="ClampMinBackward0"):
    """x, but not below a number."""


class ClampMinTensor(Clamp, node="ClampMinBackward1"):
    """x, but not below a tensor."""


class ClampMax(Clamp, node="ClampMaxBackward0"):
    """x, but not above a number."""


class ClampMaxTensor(Clamp, node="ClampMaxBackward1"):
    """x, but not above a tensor."""


def _one_bound(op: str, argument: str, input: Any, bound: Any) -> list[Any]:
    check_tensor(op, "input", input)
    if bound is None:
        raise TypeError(message(op, argument, bound, "must be a number or a tensor"))
    return binary(op, input, bound)


def clamp_min(input: Tensor, min: Any) -> Tensor:
    """input, but not below min, a number or a tensor (torch.clamp_min); slope 1 at the bound."""
    x, low = _one_bound("clamp_min", "min", input, min)
    result: Tensor = (ClampMinTensor if isinstance(low, Tensor) else ClampMin).apply(x, low, None)
    return result


def clamp_max(input: Tensor, max: Any) -> Tensor:
    """input, but not above max, a number or a tensor (torch.clamp_max); slope 1 at the bound."""
    x, high = _one_bound("clamp_max", "max", input, max)
    result: Tensor = (ClampMaxTensor if isinstance(high, Tensor) else ClampMax).apply(x, None, high)
    return result


class Where(Op):
    """x where the condition holds, else y."""

    @staticmethod
    def forward(ctx: Any, condition: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0)
        return array_module(condition).where(condition, x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        (condition,) = ctx.saved
        return (
            None,
            (where(condition, gy, 0.0) if ctx.needs[1] else None),
            (where(condition, 0.0, gy) if ctx.needs[2] else None),
        )


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """input where condition, else other (torch.where); one argument: the indices of what holds.

    Raises RuntimeError for a condition that is not bool.
    """
    check_tensor("where", "condition", condition)
    if input is None and other is None:
        return computed("where", lambda xp, x: xp.nonzero(x), condition)
    if condition.array.dtype.kind != "b":
        raise RuntimeError(message("where", "condition", condition.dtype, "must be a bool tensor", "compare it first"))
    x, y = operands("where", input, other)
    broadcast_shapes("where", *(v.array.shape for v in (condition, x, y) if isinstance(v, Tensor)))
    result: Tensor = Where.apply(condition, x, y)
    return result


def _comparison(name: str, text: str) -> Any:
    def compare(input: Any, other: Any) -> Tensor:
        if not isinstance(other, (Tensor, bool, int, float, np.generic)):
            raise TypeError(f"{name}: other must be a tensor or a number, not {type(other).__name__}")
        return computed(_SHORT[name], lambda xp, x, y: getattr(xp, name)(x, y), *binary(name, input, other))

    compare.__name__ = compare.__qualname__ = _SHORT[name]
    compare.__doc__ = f"input {text} other, element by element, as bools (torch.{_SHORT[name]}); NaN equals nothing."
    return compare


_SHORT = {"equal": "eq", "not_equal": "ne", "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
eq, ne = _comparison("equal", "=="), _comparison("not_equal", "!=")
lt, le = _comparison("less", "<"), _comparison("less_equal", "<=")
gt, ge = _comparison("greater", ">"), _comparison("greater_equal", ">=")


def _bitwise(name: str, text: str) -> Any:
    def combine(input: Any, other: Any) -> Tensor:
        x, y = binary(name, input, other)
        if dtypes.result_kind(x) == "f":
            raise NotImplementedError(
                message(name, "dtype", x.dtype, "is not supported", "use bool or integer tensors")
            )
        return computed(name, lambda xp, x, y: getattr(xp, name)(x, y), x, y)

    combine.__name__ = combine.__qualname__ = name
    combine.__doc__ = f"input {text} other, bools and integers (torch.{name}). Raises NotImplementedError for floats."
    return combine


bitwise_and, bitwise_or, bitwise_xor = (
    _bitwise("bitwise_and", "&"),
    _bitwise("bitwise_or", "|"),
    _bitwise("bitwise_xor", "^"),
)


def bitwise_not(input: Tensor) -> Tensor:
    """~input for bools and integers (torch.bitwise_not). Raises NotImplementedError for floats."""
    check_tensor("bitwise_not", "input", input)
    if input.array.dtype.kind in "fc":
        raise NotImplementedError(
            message("bitwise_not", "dtype", input.dtype, "is not supported", "use bool or integer tensors")
        )
    return computed("bitwise_not", lambda xp, x: xp.invert(x), input)
