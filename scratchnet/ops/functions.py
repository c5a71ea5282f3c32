"""Functions of one number: exponentials, logarithms, roots, reciprocals, erf. Integers and bools become floats.

Each is its torch namesake, of any shape; outside a function's domain lies NaN.
"""

import math
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.curve import Curve
from scratchnet.ops.promotion import floating


def unary(op: type[Op], name: str, input: Any) -> Tensor:
    """The op on a tensor made floating-point. Raises TypeError for what is no tensor."""
    check_tensor(name, "input", input)
    result: Tensor = op.apply(floating(input))
    return result


class Exp(Curve):
    """e ** x"""

    reads = "output"
    value = staticmethod(lambda xp, x: xp.exp(x))
    slope = staticmethod(lambda gy, y: gy * y)


def exp(input: Tensor) -> Tensor:
    """e ** input (torch.exp)."""
    return unary(Exp, "exp", input)


class Exp2(Curve):
    """2 ** x"""

    reads = "output"
    value = staticmethod(lambda xp, x: xp.exp2(x))
    slope = staticmethod(lambda gy, y: gy * y * math.log(2))


def exp2(input: Tensor) -> Tensor:
    """2 ** input (torch.exp2)."""
    return unary(Exp2, "exp2", input)


class Expm1(Curve):
    """e ** x - 1"""

    reads = "output"
    value = staticmethod(lambda xp, x: xp.expm1(x))
    slope = staticmethod(lambda gy, y: gy * (y + 1))


def expm1(input: Tensor) -> Tensor:
    """e ** input - 1 (torch.expm1), exact where input is near 0."""
    return unary(Expm1, "expm1", input)


class Log(Curve):
    """ln x"""

    value = staticmethod(lambda xp, x: xp.log(x))
    slope = staticmethod(lambda gy, x: gy / x)


def log(input: Tensor) -> Tensor:
    """The natural logarithm (torch.log): -inf at 0, NaN below."""
    return unary(Log, "log", input)


class Log2(Curve):
    """The logarithm to base 2"""

    value = staticmethod(lambda xp, x: xp.log2(x))
    slope = staticmethod(lambda gy, x: gy / (x * math.log(2)))


def log2(input: Tensor) -> Tensor:
    """The logarithm to base 2 (torch.log2): -inf at 0, NaN below."""
    return unary(Log2, "log2", input)


class Log10(Curve):
    """The logarithm to base 10"""

    value = staticmethod(lambda xp, x: xp.log10(x))
    slope = staticmethod(lambda gy, x: gy / (x * math.log(10)))


def log10(input: Tensor) -> Tensor:
    """The logarithm to base 10 (torch.log10): -inf at 0, NaN below."""
    return unary(Log10, "log10", input)


class Log1p(Curve, node="Log1PBackward0"):
    """ln (1 + x)"""

    value = staticmethod(lambda xp, x: xp.log1p(x))
    slope = staticmethod(lambda gy, x: gy / (x + 1))


def log1p(input: Tensor) -> Tensor:
    """ln (1 + input) (torch.log1p), exact where input is near 0: -inf at -1, NaN below."""
    return unary(Log1p, "log1p", input)


class Sqrt(Curve):
    """The square root"""

    reads = "output"
    value = staticmethod(lambda xp, x: xp.sqrt(x))
    slope = staticmethod(lambda gy, y: gy / (2 * y))


def sqrt(input: Tensor) -> Tensor:
    """The square root (torch.sqrt): NaN below 0, slope infinite at 0."""
    return unary(Sqrt, "sqrt", input)


class Rsqrt(Curve):
    """1 / sqrt(x)"""

    reads = "output"
    value = staticmethod(lambda xp, x: 1 / xp.sqrt(x))
    slope = staticmethod(lambda gy, y: -0.5 * gy * y**3)


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input) (torch.rsqrt): infinite at 0, NaN below."""
    return unary(Rsqrt, "rsqrt", input)


class Reciprocal(Curve):
    """1 / x"""

    reads = "output"
    value = staticmethod(lambda xp, x: 1 / x)
    slope = staticmethod(lambda gy, y: -gy * (y * y))


def reciprocal(input: Tensor) -> Tensor:
    """1 / input (torch.reciprocal): infinite at 0."""
    return unary(Reciprocal, "reciprocal", input)


def square(input: Tensor) -> Tensor:
    """input ** 2 (torch.square); integers stay integers, bools give int64."""
    check_tensor("square", "input", input)
    return input**2


class Erf(Curve):
    """The error function"""

    value = staticmethod(lambda xp, x: kernels_for(x).functions.erf(x))
    slope = staticmethod(lambda gy, x: gy * (2 / math.sqrt(math.pi)) * exp(-(x * x)))


def erf(input: Tensor) -> Tensor:
    """The error function (torch.erf): 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to input."""
    return unary(Erf, "erf", input)
