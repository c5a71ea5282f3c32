"""The base of ops that take each element of one tensor by itself."""

from typing import Any, ClassVar, Literal

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module


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
