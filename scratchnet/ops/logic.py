"""Questions about elements, answered by bools, and nan_to_num; none but nan_to_num has a gradient."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.shapes import broadcast_shapes, message


def _question(name: str, text: str) -> Any:
    def ask(input: Tensor) -> Tensor:
        check_tensor(name, "input", input)
        return computed(name, lambda xp, x: getattr(xp, name)(x), input)

    ask.__name__ = ask.__qualname__ = name
    ask.__doc__ = f"{text} (torch.{name}), as bools; integers and bools are finite."
    return ask


isnan = _question("isnan", "Where the elements are NaN")
isinf = _question("isinf", "Where the elements are infinite, of either sign")
isfinite = _question("isfinite", "Where the elements are neither infinite nor NaN")


class NanToNum(Op):
    """x with NaN and the infinities replaced; no slope there."""

    @staticmethod
    def forward(ctx: Any, x: Any, nan: float, posinf: float, neginf: float) -> Any:
        ctx.save_inputs(0)
        kind, xp = x.dtype.type, array_module(x)
        return xp.where(
            xp.isnan(x), kind(nan), xp.where(x == np.inf, kind(posinf), xp.where(x == -np.inf, kind(neginf), x))
        )

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved
        return gy * isfinite(x), None, None, None


def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """input with NaN, inf and -inf replaced (torch.nan_to_num): by 0 and the dtype's largest and smallest numbers.

    Integers and bools come back as a copy.
    """
    check_tensor("nan_to_num", "input", input)
    for name, value in (("nan", nan), ("posinf", posinf), ("neginf", neginf)):
        if value is not None and not isinstance(value, (bool, int, float, np.generic)):
            raise TypeError(message("nan_to_num", name, repr(value), f"must be float, not {type(value).__name__}"))
    if input.array.dtype.kind not in "fc":
        return input.clone()
    most = float(np.finfo(input.array.dtype).max)
    result: Tensor = NanToNum.apply(
        input,
        0.0 if nan is None else nan,
        most if posinf is None else posinf,
        -most if neginf is None else neginf,
    )
    return result


def _logical(name: str, text: str) -> Any:
    def combine(input: Tensor, other: Tensor) -> Tensor:
        check_tensor(name, "input", input)
        check_tensor(name, "other", other)
        broadcast_shapes(name, input.array.shape, other.array.shape)
        return computed(name, lambda xp, x, y: getattr(xp, name)(x, y), input, other)

    combine.__name__ = combine.__qualname__ = name
    combine.__doc__ = f"{text} (torch.{name}), as bools: what isn't 0 is true, NaN too. Shapes broadcast."
    return combine


logical_and = _logical("logical_and", "Where both are true")
logical_or = _logical("logical_or", "Where at least one is true")
logical_xor = _logical("logical_xor", "Where exactly one is true")


def logical_not(input: Tensor) -> Tensor:
    """Where the elements are 0 (torch.logical_not), as bools."""
    check_tensor("logical_not", "input", input)
    return computed("logical_not", lambda xp, x: xp.logical_not(x), input)


def _close(op: str, input: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> Tensor:
    check_tensor(op, "input", input)
    check_tensor(op, "other", other)
    if input.dtype is not other.dtype:
        rule = f"must be input's, {input.dtype.name}: {input.dtype.name} did not match {other.dtype.name}"
        raise RuntimeError(message(op, "other.dtype", other.dtype.name, rule, "convert it with .to()"))
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not value >= 0:
            raise RuntimeError(message(op, name, value, "must be greater than or equal to zero"))
    broadcast_shapes(op, input.array.shape, other.array.shape)
    kind = input.array.dtype if input.array.dtype.kind in "fc" else dtypes.get_default_dtype().numpy

    def compare(xp: Any, x: Any, y: Any) -> Any:
        close = x == y
        if equal_nan:
            close = close | (xp.isnan(x) & xp.isnan(y))
        if not (rtol or atol):
            return close
        x, y = x.astype(kind, copy=False), y.astype(kind, copy=False)
        allowed, actual = kind.type(atol) + xp.abs(kind.type(rtol) * y), xp.abs(x - y)
        return close | (xp.isfinite(actual) & (actual <= allowed))

    return computed(op, compare, input, other)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where |input - other| <= atol + rtol * |other| (torch.isclose); infinities only where equal.

    Raises RuntimeError where the dtypes differ or a tolerance is negative.
    """
    return _close("isclose", input, other, rtol, atol, equal_nan)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as isclose has it (torch.allclose)."""
    return bool(_close("allclose", input, other, rtol, atol, equal_nan).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are equal (torch.equal); NaN equals nothing."""
    check_tensor("equal", "input", input)
    check_tensor("equal", "other", other)
    return bool(computed("equal", lambda xp, x, y: xp.array_equal(x, y), input, other))
