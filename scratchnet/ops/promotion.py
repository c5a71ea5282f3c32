"""Operands of one dtype: torch's promotion, applied before NumPy sees the arrays."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import moves
from scratchnet.autograd.op import Op
from scratchnet.device import device, device_of, moved
from scratchnet.shapes import broadcast_shapes

# What sums and products are accumulated in, where that isn't the dtype itself.
WIDER: dict[Any, np.dtype[Any]] = {np.dtype("f2"): np.dtype("f4"), np.dtype("f4"): np.dtype("f8")}


class ToCopy(Op):
    """The values in another dtype. Between floats it is differentiable: the tape walk casts the gradient back."""

    @staticmethod
    def forward(ctx: Any, x: Any, dtype: dtypes.dtype) -> Any:
        return x.astype(dtype.numpy)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return gy, None


class ToDevice(Op, node="ToCopyBackward0"):
    """The values on another device. The gradient goes back to where the tensor was."""

    any_device = True

    @staticmethod
    def forward(ctx: Any, x: Any, place: device, non_blocking: bool) -> Any:
        ctx.place = device_of(x)
        return moved(x, place, non_blocking)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return to_device(gy, ctx.place), None, None


@moves
def to_device(x: Tensor, place: device, non_blocking: bool = False) -> Tensor:
    """`x` on `place`: `x` itself where it is there already."""
    if x.device is place:
        return x
    result: Tensor = ToDevice.apply(x, place, non_blocking)
    return result


def cast(x: Tensor, dtype: dtypes.dtype) -> Tensor:
    """`x` in `dtype`: `x` itself where it has that dtype already."""
    if x.array.dtype == dtype.numpy:
        return x
    result: Tensor = ToCopy.apply(x, dtype)
    return result


def result_type(*operands: Any) -> dtypes.dtype:
    """torch.result_type of tensors and Python numbers: a 0-d tensor or a number counts by its kind alone."""
    dimensioned = zero_dim = number = None
    for operand in operands:
        if not isinstance(operand, Tensor):
            kind = dtypes.of_scalar(operand)
            number = kind if number is None else dtypes.promote_types(number, kind)
        elif operand.array.ndim:
            dimensioned = operand.dtype if dimensioned is None else dtypes.promote_types(dimensioned, operand.dtype)
        else:
            zero_dim = operand.dtype if zero_dim is None else dtypes.promote_types(zero_dim, operand.dtype)
    found = dtypes.combine(dimensioned, dtypes.combine(zero_dim, number))
    if found is None:
        raise TypeError("result_type: at least one tensor or number is needed")
    return found


def operands(op: str, *values: Any, floating: bool = False) -> list[Any]:
    """The operands in their common dtype: Tensors cast, Python numbers as NumPy scalars.

    `floating` asks for at least the default floating-point dtype, as true division does. Raises TypeError for an
    operand that is neither a tensor nor a number.
    """
    first = values[0]
    alike = isinstance(first, Tensor) and all(
        isinstance(v, Tensor) and v.array.dtype == first.array.dtype for v in values
    )
    if alike and (not floating or first.array.dtype.kind in "fc"):
        return list(values)
    for value in values:
        if not isinstance(value, (Tensor, bool, int, float, np.generic)):
            raise TypeError(f"{op}: operands must be tensors or numbers, not {type(value).__name__} (={value!r})")
    dtype = result_type(*values)
    if floating and not dtype.is_floating_point:
        dtype = dtypes.get_default_dtype()
    wrap = op not in ("where", "clamp", "clamp_min", "clamp_max", "pow")
    return [cast(v, dtype) if isinstance(v, Tensor) else number(op, v, dtype, wrap) for v in values]


def number(op: str, value: Any, dtype: dtypes.dtype, wrap: bool = False) -> Any:
    """A Python number as a NumPy scalar of `dtype`. As in torch, integers wrap round in arithmetic and not in writes.

    A negative number always wraps into uint8. Raises RuntimeError where it overflows, OverflowError beyond 64 bits.
    """
    text = f"{op}: value (={value}) cannot be converted to type {dtype.name} without overflow"
    whole = dtype.numpy.kind in "iu" and isinstance(value, (int, np.integer))
    try:
        with np.errstate(all="ignore"):
            if whole and (wrap or (dtype.numpy.kind == "u" and -256 < value < 0)):
                return np.int64(value).astype(dtype.numpy)
            result = dtype.numpy.type(value)
    except (OverflowError, ValueError):
        raise (OverflowError if wrap else RuntimeError)(text) from None
    if not wrap and dtype.is_floating_point and np.isinf(result) and abs(value) != float("inf"):
        raise RuntimeError(text)
    return result


def floating(x: Tensor) -> Tensor:
    """`x`, in the default floating-point dtype where it holds integers or bools."""
    return x if x.array.dtype.kind in "fc" else cast(x, dtypes.get_default_dtype())


def binary(op: str, input: Any, other: Any, *, floating: bool = False) -> list[Any]:
    """The two operands in one dtype. Raises RuntimeError where their shapes don't broadcast."""
    x, y = operands(op, input, other, floating=floating)
    if isinstance(x, Tensor) and isinstance(y, Tensor) and x.array.shape != y.array.shape:
        broadcast_shapes(op, x.array.shape, y.array.shape)
    return [x, y]
