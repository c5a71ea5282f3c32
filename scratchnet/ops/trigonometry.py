"""sin, cos, tan and the angle atan2, in radians."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.curve import Curve
from scratchnet.ops.functions import reciprocal, unary
from scratchnet.ops.promotion import binary


class Sin(Curve):
    """The sine"""

    value = staticmethod(lambda xp, x: xp.sin(x))
    slope = staticmethod(lambda gy, x: gy * cos(x))


def sin(input: Tensor) -> Tensor:
    """The sine (torch.sin): NaN at infinity."""
    return unary(Sin, "sin", input)


class Cos(Curve):
    """The cosine"""

    value = staticmethod(lambda xp, x: xp.cos(x))
    slope = staticmethod(lambda gy, x: gy * -sin(x))


def cos(input: Tensor) -> Tensor:
    """The cosine (torch.cos): NaN at infinity."""
    return unary(Cos, "cos", input)


class Tan(Curve):
    """The tangent"""

    reads = "output"
    value = staticmethod(lambda xp, x: xp.tan(x))
    slope = staticmethod(lambda gy, y: gy * (1 + y * y))


def tan(input: Tensor) -> Tensor:
    """The tangent (torch.tan): NaN at infinity."""
    return unary(Tan, "tan", input)


class Atan2(Op):
    """The angle of the point (x, y)"""

    @staticmethod
    def forward(ctx: Any, y: Any, x: Any) -> Any:
        ctx.save_inputs(0, 1)
        return array_module(y).arctan2(y, x)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        y, x = ctx.saved
        norm = y * y + x * x
        scale = where(norm == 0, 0.0, reciprocal(norm))
        return (g * x * scale if ctx.needs[0] else None), (g * -y * scale if ctx.needs[1] else None)


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """The angle of the point (other, input), between -pi and pi (torch.atan2); its slope at the origin counts as 0."""
    check_tensor("atan2", "input", input)
    check_tensor("atan2", "other", other)
    result: Tensor = Atan2.apply(*binary("atan2", input, other, floating=True))
    return result
