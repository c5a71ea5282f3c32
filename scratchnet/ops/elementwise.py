"""Arithmetic and functions of each element, with torch's broadcasting and promotion.

Where shapes broadcast, backward returns the gradient in the broadcast shape: the tape walk sums it to the input's.
"""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.functions import log
from scratchnet.ops.promotion import binary
from scratchnet.shapes import message

Gradients = tuple[Tensor | None, ...]
Number = bool | int | float


class Add(Op):
    """x + y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        return kernels_for(x).arithmetic.add(x, y)

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


class Rsub(Sub, node="RsubBackward1"):
    """number - y"""


def sub(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input - alpha * other (torch.sub). Raises RuntimeError for bools, as torch does."""
    for value in (input, other):
        if isinstance(value, bool) or (isinstance(value, Tensor) and value.array.dtype.kind == "b"):
            raise RuntimeError("sub: Subtraction, the `-` operator, with a bool tensor is not supported")
    return _scaled("sub", Sub if isinstance(input, Tensor) else Rsub, input, other, alpha)


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


class DivRounded(Op, node="DivBackward2"):
    """x / y rounded towards zero or down: its gradient is zero."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any, mode: str) -> Any:
        if mode == "trunc" and x.dtype.kind in "fc":
            return array_module(x, y).trunc(x / y)
        down = division_of(x, y).floor_divide(x, y)
        return down if mode == "floor" else down + ((down < 0) & (down * y != x))

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        zero = gy * 0.0
        return zero, zero, None


def division_of(x: Any, y: Any) -> Any:
    """The kernels of divisions for arrays, or an array and a number."""
    return kernels_for(y if isinstance(x, np.generic) else x).division


def refuse_zeros(op: str, divisor: Any) -> None:
    """Raise RuntimeError where an integer divisor, a tensor or a NumPy scalar, holds a zero."""
    if dtypes.result_kind(divisor) != "f" and not (divisor != 0).all():
        raise RuntimeError(f"{op}: other holds a zero: ZeroDivisionError for integers; use floating-point tensors")


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
    refuse_zeros("div", y)
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


def positive(input: Tensor) -> Tensor:
    """+input, the tensor itself (torch.positive). Raises RuntimeError for bools."""
    check_tensor("positive", "input", input)
    if input.array.dtype.kind == "b":
        raise RuntimeError("positive: The `+` operator, on a bool tensor is not supported")
    return input


class Pow(Op):
    """x ** y"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0, 1)
        return array_module(x, y).power(x, y)

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


class PowTensor(Pow, node="PowBackward1"):
    """x ** y of two tensors"""


class PowScalarBase(Pow, node="PowBackward2"):
    """number ** y"""


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
    kind = Pow if not isinstance(y, Tensor) else PowTensor if isinstance(x, Tensor) else PowScalarBase
    result: Tensor = kind.apply(x, y)
    return result


class Sign(Op):
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
    result: Tensor = Sign.apply(input)
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
