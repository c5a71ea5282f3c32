"""floor, ceil, round, trunc, and what division leaves: floor_divide, remainder, fmod."""

from typing import Any, ClassVar

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.ops.checks import check_integer, check_tensor
from scratchnet.ops.curve import Curve
from scratchnet.ops.elementwise import DivRounded, div, division_of, refuse_zeros
from scratchnet.ops.promotion import binary
from scratchnet.shapes import message

Gradients = tuple[Tensor | None, ...]


class Step(Curve):
    """What jumps from one value to the next: its gradient is zero."""

    reads = "nothing"
    slope = staticmethod(lambda gy, *numbers: gy * 0.0)


class Floor(Step):
    """The next whole number below."""

    value = staticmethod(lambda xp, x: xp.floor(x))


def _whole(op: str, kind: type[Op], input: Any) -> Tensor:
    """The op on floats; integers are whole already, and are copied. Raises NotImplementedError for bools."""
    check_tensor(op, "input", input)
    _refuse_bool(op, input)
    result: Tensor = kind.apply(input) if input.array.dtype.kind in "fc" else input.clone()
    return result


def _refuse_bool(op: str, *values: Any) -> None:
    if all(dtypes.result_kind(value) == "b" for value in values):
        rule = f'is not supported: "{op}" not implemented for Bool'
        raise NotImplementedError(message(op, "input.dtype", "bool", rule, "use input.int()"))


def floor(input: Tensor) -> Tensor:
    """The next whole number below (torch.floor); slope 0. Raises NotImplementedError for bools."""
    return _whole("floor", Floor, input)


class Ceil(Step):
    """The next whole number above."""

    value = staticmethod(lambda xp, x: xp.ceil(x))


def ceil(input: Tensor) -> Tensor:
    """The next whole number above (torch.ceil); slope 0. Raises NotImplementedError for bools."""
    return _whole("ceil", Ceil, input)


class Trunc(Step):
    """The whole part."""

    value = staticmethod(lambda xp, x: xp.trunc(x))


def trunc(input: Tensor) -> Tensor:
    """The whole part, towards 0 (torch.trunc); slope 0. Raises NotImplementedError for bools."""
    return _whole("trunc", Trunc, input)


class Round(Step):
    """The nearest whole number, halves to even."""

    value = staticmethod(lambda xp, x: xp.rint(x))


class RoundDecimals(Step, node="RoundBackward1"):
    """The nearest multiple of 10 ** -decimals, halves to even."""

    @staticmethod
    def value(xp: Any, x: Any, decimals: int) -> Any:
        scale = x.dtype.type(10.0 ** abs(decimals))
        return xp.rint(x * scale) / scale if decimals > 0 else xp.rint(x / scale) * scale


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """The nearest whole number (torch.round), halves to even, or multiple of 10 ** -decimals; slope 0.

    Raises NotImplementedError for bools, and for integers with decimals.
    """
    decimals = check_integer("round", "decimals", decimals)
    if decimals == 0:
        return _whole("round", Round, input)
    check_tensor("round", "input", input)
    if input.array.dtype.kind not in "fc":
        rule = f"must be 0: rounding to decimals is not implemented for {input.dtype.name}"
        raise NotImplementedError(message("round", "decimals", decimals, rule, "use input.float()"))
    result: Tensor = RoundDecimals.apply(input, decimals)
    return result


class FloorDivide(DivRounded, node="NotImplemented"):
    """x / y rounded down, without a gradient."""

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        text = "derivative for floor_divide is not implemented; use div(input, other, rounding_mode='floor')"
        raise RuntimeError(f"floor_divide: {text}")


def _division(op: str, input: Any, other: Any) -> list[Any]:
    """The operands in one dtype. Raises NotImplementedError for two bools, RuntimeError for integers by 0."""
    x, y = binary(op, input, other)
    _refuse_bool(op, x, y)
    refuse_zeros(op, y)
    return [x, y]


def floor_divide(input: Any, other: Any) -> Tensor:
    """input / other rounded down (torch.floor_divide, `//`). backward raises RuntimeError, as torch's does.

    Raises RuntimeError for integers divided by 0, NotImplementedError for bools.
    """
    result: Tensor = FloorDivide.apply(*_division("floor_divide", input, other), "floor")
    return result


class Leftover(Op):
    """x - y * q, q = x / y rounded as `rounding` says; `function` is NumPy's name for it."""

    function: ClassVar[str]
    rounding: ClassVar[str]

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[1] else None)
        return getattr(division_of(x, y), ctx.op.function)(x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        return gy, (-gy * div(x, y, rounding_mode=ctx.op.rounding) if ctx.needs[1] else None)


class Remainder(Leftover):
    """x - y * floor(x / y)"""

    function, rounding = "remainder", "floor"


class RemainderTensor(Remainder, node="RemainderBackward1"):
    """x - y * floor(x / y) of two tensors."""


def remainder(input: Any, other: Any) -> Tensor:
    """What division rounded down leaves (torch.remainder, `%`): has the sign of other; NaN for floats by 0.

    Raises RuntimeError for integers divided by 0, NotImplementedError for bools.
    """
    x, y = _division("remainder", input, other)
    result: Tensor = (RemainderTensor if isinstance(y, Tensor) else Remainder).apply(x, y)
    return result


class Fmod(Leftover):
    """x - y * trunc(x / y)"""

    function, rounding = "fmod", "trunc"


class FmodTensor(Fmod, node="FmodBackward1"):
    """x - y * trunc(x / y) of two tensors."""


def fmod(input: Tensor, other: Any) -> Tensor:
    """What division rounded towards 0 leaves (torch.fmod): has the sign of input; NaN for floats by 0.

    Raises RuntimeError for integers divided by 0, NotImplementedError for bools.
    """
    check_tensor("fmod", "input", input)
    x, y = _division("fmod", input, other)
    result: Tensor = (FmodTensor if isinstance(y, Tensor) else Fmod).apply(x, y)
    return result
