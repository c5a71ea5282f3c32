"""The bases of ops that take each element of one tensor by itself: array calls, or one kernel."""

from typing import Any, ClassVar, Literal

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for


class Curve(Op):
    """y = value(x) of each element; subclasses give `value(xp, x, ...)` on arrays and `slope(gy, x, ...)` on Tensors.

    slope returns gy times the derivative, so that masks can drop what is infinite; it is given the input, or y with
    reads = "output", or gy alone with reads = "nothing". float16 is computed in float32 and rounded once.
    """

    reads: ClassVar[Literal["input", "output", "nothing"]] = "input"
    value: ClassVar[Any]
    slope: ClassVar[Any]

    @classmethod
    def forward(cls, ctx: Any, x: Any, *numbers: Any) -> Any:
        if cls.reads == "input":
            ctx.save_inputs(0)
        elif cls.reads == "output":
            ctx.save_outputs(0)
        ctx.numbers = numbers
        xp = array_module(x)
        wide = x.astype(np.float32) if x.dtype == np.float16 else x
        y = cls.value(xp, wide, *numbers)
        return y if y.dtype == x.dtype else y.astype(x.dtype)

    @classmethod
    def backward(cls, ctx: Any, gy: Tensor) -> Any:
        return (cls.slope(gy, *ctx.saved, *ctx.numbers), *(None for _ in ctx.numbers))


class KernelCurve(Op):
    """y = curve(x) of each element by one kernel, its gradient by another; `curve` is their name in kernels/.

    Subclasses give `bend(g, x, ...)` on Tensors: g times the second derivative, or None where that is 0 everywhere.
    """

    curve: ClassVar[str]
    bend: ClassVar[Any]

    @classmethod
    def forward(cls, ctx: Any, x: Any, *numbers: float) -> Any:
        ctx.save_inputs(0)
        ctx.numbers = numbers
        return kernels_for(x).curves.value(cls.curve, x, *numbers)

    @classmethod
    def backward(cls, ctx: Any, gy: Tensor) -> Any:
        (x,) = ctx.saved
        return (CurveSlope.apply(gy, x, cls, *ctx.numbers), *(None for _ in ctx.numbers))


class CurveSlope(Op):
    """gy times the derivative of a KernelCurve at x."""

    @staticmethod
    def forward(ctx: Any, gy: Any, x: Any, kind: type[KernelCurve], *numbers: float) -> Any:
        ctx.save_inputs(0, 1)
        ctx.kind, ctx.numbers = kind, numbers
        return kernels_for(x).curves.slope(kind.curve, gy, x, *numbers)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, x = ctx.saved
        g_gy = CurveSlope.apply(ggx, x, ctx.kind, *ctx.numbers) if ctx.needs[0] else None
        g_x = ctx.kind.bend(ggx * gy, x, *ctx.numbers) if ctx.needs[1] else None
        return (g_gy, g_x, None, *(None for _ in ctx.numbers))


class StraightCurve(KernelCurve):
    """A KernelCurve made of straight pieces."""

    @staticmethod
    def bend(g: Tensor, x: Tensor, *numbers: float) -> None:
        """Flat everywhere."""
