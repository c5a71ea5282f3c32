"""Checks that many ops share. Each raises what torch raises, before anything is computed."""

from types import NoneType
from typing import Any

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import APART
from scratchnet.device import kernels_for
from scratchnet.shapes import message


def check_tensor(op: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` is a Tensor."""
    if not isinstance(value, Tensor):
        rule = f"must be Tensor, not {type(value).__name__}"
        raise TypeError(message(op, argument, repr(value), rule, f"use scratchnet.tensor({argument})"))


def check_optional_tensor(op: str, argument: str, value: Any) -> None:
    """Raises TypeError unless `value` is a Tensor or None."""
    if value is not None:
        check_tensor(op, argument, value)


def check_operands(op: str, input: Any, weight: Any, bias: Any) -> None:
    """Raises TypeError unless a layer's input and weight are Tensors and its bias is one or None."""
    if not (isinstance(input, Tensor) and isinstance(weight, Tensor) and isinstance(bias, (Tensor, NoneType))):
        check_tensor(op, "input", input)
        check_tensor(op, "weight", weight)
        check_optional_tensor(op, "bias", bias)


def check_same_dtype(op: str, argument: str, value: Tensor, reference: str, dtype: Any) -> None:
    """Raises RuntimeError unless the tensor has that dtype: the engine never casts behind the caller's back."""
    if value.array.dtype != dtype and value.dtype is not dtypes.of(dtype):
        rule = f"must have {reference}'s dtype, {dtype}: expected scalar type {dtype} but found {value.array.dtype}"
        raise RuntimeError(
            message(op, f"{argument}.dtype", value.array.dtype, rule, f"use {argument}.to(scratchnet.{dtype})")
        )


def check_same_device(op: str, argument: str, value: Tensor, like: Tensor) -> None:
    """Raises RuntimeError, as torch does, where the two lie apart: for tensors whose arrays an op gets as they are."""
    if value.device is not like.device:
        rule = f"must be on {like.device}: {APART.format(like.device, value.device)}"
        raise RuntimeError(
            message(op, argument, f"on {value.device}", rule, f"use {argument}.to({str(like.device)!r})")
        )


def check_floating(op: str, argument: str, value: Tensor) -> None:
    """Raises NotImplementedError for integers and bool, as torch does."""
    if value.array.dtype.kind not in "fc":
        rule = f"must be floating-point: {op} is not implemented for {value.array.dtype}"
        raise NotImplementedError(message(op, f"{argument}.dtype", value.array.dtype, rule, f"use {argument}.float()"))


def check_integer(op: str, argument: str, value: Any) -> int:
    """`value` as an int. Raises TypeError for what is none."""
    if not hasattr(value, "__index__"):
        raise TypeError(message(op, argument, repr(value), f"must be int, not {type(value).__name__}"))
    return int(value.__index__())


def check_range(op: str, index: Any, dim: int, size: int, error: type[Exception], low: int = 0) -> None:
    """Raises `error` for a number outside low ... size - 1 in an array of indices; on a GPU at the next wait."""

    def made(wrong: int) -> Exception:
        rule = f"is out of range: index {wrong} is out of bounds for dimension {dim} with size {size}"
        return error(message(op, "index", wrong, rule))

    kernels_for(index).indices.check(index, low, size, made)
