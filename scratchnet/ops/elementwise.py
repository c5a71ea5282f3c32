"""Arithmetic, comparisons and functions of each element, with torch's broadcasting and promotion.

Where shapes broadcast, backward returns the gradient in the broadcast shape: the tape walk sums it to the input's.
"""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.promotion import floating, operands
from scratchnet.shapes import broadcast_shapes, message

Gradients = tuple[Tensor | None, ...]
Number = bool | int | float


def binary(op: str, input: Any, other: Any, *, floating: bool = False) -> list[Any]:
    """The two operands in one dtype. Raises RuntimeError where their shapes don't broadcast."""
    x, y = operands(op, input, other, floating=floating)
    if isinstance(x, Tensor) and isinstance(y, Tensor) and x.array.shape != y.array.shape:
        broadcast_shapes(op, x.array.shape, y.array.shape)
    return [x, y]


class Add(Op):
    """x + y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        return x + y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return gy, gy


def add(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input + alpha * other (torch.add); shapes broadcast, dtypes promote."""
    return _scaled("add", Add, input, other, alpha)


class Sub(Op):
    """x - y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        return x - y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return gy, (-gy if ctx.needs[1] else None)


def sub(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input - alpha * other (torch.sub). Raises RuntimeError for bools, as torch does."""
    for value in (input, other):
        if isinstance(value, bool) or (isinstance(value, Tensor) and value.array.dtype.kind == "b"):
            raise RuntimeError("sub: Subtraction, the `-` operator, with a bool tensor is not supported")
    return _scaled("sub", Sub, input, other, alpha)


def _scaled(op: str, kind: type[Op], input: Any, other: Any, alpha: Number) -> Tensor:
    x, y = binary(op, input, other)
    if alpha != 1:
        if isinstance(alpha, float) and dtypes.result_kind(x) != "f":
            raise RuntimeError(
                message(op, "alpha", alpha, "must not be a floating point number for integral input tensors")
            )
        y = mul(y, alpha) if isinstance(y, Tensor) else y * type(y)(alpha)
    result: Tensor = kind.apply(x, y)
    return result


class Mul(Op):
    """x * y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        return x * y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        return (gy * y if ctx.needs[0] else None), (gy * x if ctx.needs[1] else None)


def mul(input: Any, other: Any) -> Tensor:
    """input * other (torch.mul); shapes broadcast, dtypes promote."""
    result: Tensor = Mul.apply(*binary("mul", input, other))
    return result


class Div(Op):
    """x / y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1)
        return x / y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        return (gy / y if ctx.needs[0] else None), (-gy * ((x / y) / y) if ctx.needs[1] else None)


class DivRounded(Op):
    """x / y rounded towards zero or down: its gradient is zero."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, mode: str) -> Any:
        xp = array_module(x)
        if np.result_type(x).kind != "f":
            down = xp.floor_divide(x, y)
            return down if mode == "floor" else down + ((down < 0) & (down * y != x))
        return xp.trunc(x / y) if mode == "trunc" else xp.floor_divide(x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        zero = gy * 0.0
        return zero, zero, None


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other (torch.div): true division, or rounded ("trunc", "floor").

    Integer division by zero raises RuntimeError.
    """
    if rounding_mode is None:
        quotient: Tensor = Div.apply(*binary("div", input, other, floating=True))
        return quotient
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            message("div", "rounding_mode", repr(rounding_mode), "must be one of None, 'trunc' or 'floor'")
        )
    x, y = binary("div", input, other)
    if dtypes.result_kind(y) != "f" and not np.all(y.array if isinstance(y, Tensor) else y):
        raise RuntimeError("div: other holds a zero: ZeroDivisionError for integers; use floating-point tensors")
    result: Tensor = DivRounded.apply(x, y, rounding_mode)
    return result


class Neg(Op):
    """-x"""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return -x

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return (-gy,)


def neg(input: Tensor) -> Tensor:
    """-input (torch.neg). Raises RuntimeError for bools."""
    check_tensor("neg", "input", input)
    if input.array.dtype.kind == "b":
        raise RuntimeError("neg: Negation, the `-` operator, on a bool tensor is not supported")
    result: Tensor = Neg.apply(input)
    return result


class Pow(Op):
    """x ** y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0, 1)
        return array_module(x).power(x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        gx = g_exponent = None
        if ctx.needs[0]:  # the slope of x ** 0 is 0 everywhere, at x = 0 too
            gx = where(y == 0, 0.0, gy * y * x ** (y - 1)) if isinstance(y, Tensor) else _scalar_power_slope(gy, x, y)
        if ctx.needs[1]:  # 0 ** y is flat for y >= 0, where log(0) would make a NaN
            slope = where((x == 0) & (y >= 0), 0.0, x**y * log(x)) if isinstance(x, Tensor) else _base_slope(x, y)
            g_exponent = gy * slope
        return gx, g_exponent


def _scalar_power_slope(gy: Tensor, x: Tensor, y: Any) -> Tensor:
    return gy * 0.0 if y == 0 else gy * (x ** (y - 1) * y)


def _base_slope(x: Any, y: Tensor) -> Tensor:
    power = x**y
    return where(y >= 0, 0.0, power * float("-inf")) if x == 0 else power * float(np.log(x))


def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent (torch.pow). Integers to negative integer powers raise RuntimeError."""
    x, y = binary("pow", input, exponent)
    values = y.array if isinstance(y, Tensor) else y
    if dtypes.result_kind(y) == "i" and not isinstance(y, Tensor) and values < 0:
        raise RuntimeError(
            message(
                "pow",
                "exponent",
                exponent,
                "must not be negative",
                "Integers to negative integer powers are not allowed",
            )
        )
    result: Tensor = Pow.apply(x, y)
    return result


class Exp(Op):
    """e ** x"""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_outputs(0)
        return array_module(x).exp(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        (y,) = ctx.saved
        return (gy * y,)


def exp(input: Tensor) -> Tensor:
    """e ** input (torch.exp)."""
    check_tensor("exp", "input", input)
    result: Tensor = Exp.apply(floating(input))
    return result


class Log(Op):
    """ln x"""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_inputs(0)
        return array_module(x).log(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        (x,) = ctx.saved
        return (gy / x,)


def log(input: Tensor) -> Tensor:
    """The natural logarithm (torch.log): -inf at 0, NaN below."""
    check_tensor("log", "input", input)
    result: Tensor = Log.apply(floating(input))
    return result


class Sqrt(Op):
    """The square root"""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_outputs(0)
        return array_module(x).sqrt(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        (y,) = ctx.saved
        return (gy / (2 * y),)


def sqrt(input: Tensor) -> Tensor:
    """The square root (torch.sqrt): NaN below 0, slope infinite at 0."""
    check_tensor("sqrt", "input", input)
    result: Tensor = Sqrt.apply(floating(input))
    return result


class Sgn(Op):
    """The sign: its gradient is zero."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        xp = array_module(x)
        return x.copy() if x.dtype.kind == "b" else xp.where(xp.isnan(x), x.dtype.type(0), xp.sign(x))

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return (gy * 0.0,)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1 (torch.sign): 0 at 0, and at NaN."""
    check_tensor("sign", "input", input)
    result: Tensor = Sgn.apply(input)
    return result


class Abs(Op):
    """|x|"""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_inputs(0)
        return array_module(x).abs(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        (x,) = ctx.saved
        return (gy * sign(x),)


def abs(input: Tensor) -> Tensor:
    """|input| (torch.abs): slope 0 at 0."""
    check_tensor("abs", "input", input)
    result: Tensor = Abs.apply(input)
    return result


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


class Clamp(Op):
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
        return tuple(Tensor._wrap(axis) for axis in np.nonzero(condition.array))
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
        x, y = binary(name, input, other)
        x, y = (v.array if isinstance(v, Tensor) else v for v in (x, y))
        with np.errstate(invalid="ignore"):
            return Tensor._wrap(getattr(array_module(x), name)(x, y))

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
        x, y = (v.array if isinstance(v, Tensor) else v for v in (x, y))
        return Tensor._wrap(getattr(array_module(x), name)(x, y))

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
    if input.array.dtype.kind == "f":
        raise NotImplementedError(
            message("bitwise_not", "dtype", input.dtype, "is not supported", "use bool or integer tensors")
        )
    return Tensor._wrap(array_module(input.array).invert(input.array))
