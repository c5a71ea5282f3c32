"""Ops of three tensors: lerp, addcmul, addcdiv, masked_fill."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.promotion import cast, number, operands
from scratchnet.shapes import broadcast_shapes, message

Gradients = tuple[Tensor | None, ...]


class Lerp(Op):
    """x + weight * (end - x), taken from the nearer end."""

    @staticmethod
    def forward(ctx: Any, x: Any, end: Any, weight: Any) -> Any:
        ctx.save_inputs(0, 1, 2)
        wide = np.dtype(np.float32) if x.dtype == np.float16 else x.dtype
        a, b = x.astype(wide, copy=False), end.astype(wide, copy=False)
        w = wide.type(weight) if isinstance(weight, (int, float, np.generic)) else weight.astype(wide, copy=False)
        span = b - a
        near, far = a + w * span, b - span * (1 - w)
        return array_module(x).where(abs(w) < 0.5, near, far).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, end, weight = ctx.saved
        return (
            gy * (1 - weight) if ctx.needs[0] else None,
            gy * weight if ctx.needs[1] else None,
            gy * (end - x) if ctx.needs[2] else None,
        )


class LerpTensor(Lerp, node="LerpBackward1"):
    """lerp with a tensor of weights."""


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input) (torch.lerp); weight is a number or a tensor; shapes broadcast.

    Raises RuntimeError unless the dtypes are equal (a 0-d weight may have any), NotImplementedError for integers.
    """
    check_tensor("lerp", "input", input)
    check_tensor("lerp", "end", end)
    tensors = [("end", end)]
    if isinstance(weight, Tensor):
        weight = weight if weight.ndim else cast(weight, input.dtype)
        tensors.append(("weight", weight))
    elif not isinstance(weight, (bool, int, float, np.generic)):
        rule = f"must be a number or a tensor, not {type(weight).__name__}"
        raise TypeError(message("lerp", "weight", repr(weight), rule))
    for name, tensor in tensors:
        if tensor.dtype is not input.dtype:
            rule = f"must be input's: expected dtype {input.dtype.name} for `{name}` but got dtype {tensor.dtype.name}"
            raise RuntimeError(message("lerp", f"{name}.dtype", tensor.dtype.name, rule))
    broadcast_shapes("lerp", input.array.shape, *(tensor.array.shape for _, tensor in tensors))
    if input.array.dtype.kind not in "fc":
        rule = "must be floating-point: lerp is not implemented for integers"
        raise NotImplementedError(message("lerp", "input.dtype", input.dtype.name, rule, "use .float()"))
    weighted = isinstance(weight, Tensor)
    result: Tensor = (LerpTensor if weighted else Lerp).apply(input, end, weight if weighted else float(weight))
    return result


class Addcmul(Op):
    """x + value * a * b"""

    @staticmethod
    def forward(ctx: Any, x: Any, a: Any, b: Any, value: Any) -> Any:
        ctx.save_inputs(None, 1 if ctx.needs[2] else None, 2 if ctx.needs[1] else None, 3)
        return x + value * a * b

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        _, a, b, value = ctx.saved
        return gy, (gy * (b * value) if ctx.needs[1] else None), (gy * (a * value) if ctx.needs[2] else None), None


class Addcdiv(Op):
    """x + value * a / b"""

    @staticmethod
    def forward(ctx: Any, x: Any, a: Any, b: Any, value: Any) -> Any:
        ctx.save_inputs(None, 1 if ctx.needs[2] else None, 2, 3)
        return x + value * (a / b)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        _, a, b, value = ctx.saved
        g_a = gy * (value / b) if ctx.needs[1] else None
        return gy, g_a, (-gy * (value * a) / (b * b) if ctx.needs[2] else None), None


def _three(op: str, kind: type[Op], input: Any, tensor1: Any, tensor2: Any, value: Any) -> Tensor:
    """The three tensors in one dtype, their shapes broadcast, the factor in that dtype."""
    if not isinstance(value, (bool, int, float, np.generic)):
        raise TypeError(message(op, "value", repr(value), f"must be Number, not {type(value).__name__}"))
    x, a, b = operands(op, input, tensor1, tensor2)
    broadcast_shapes(op, x.array.shape, a.array.shape, b.array.shape)
    if x.array.dtype.kind == "b":
        rule = f"is not supported: {op} is not implemented for bools"
        raise NotImplementedError(message(op, "input.dtype", "bool", rule, "use .int()"))
    result: Tensor = kind.apply(x, a, b, number(op, value, x.dtype))
    return result


def _check_three(op: str, input: Any, tensor1: Any, tensor2: Any) -> None:
    for name, tensor in (("input", input), ("tensor1", tensor1), ("tensor2", tensor2)):
        check_tensor(op, name, tensor)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 * tensor2 (torch.addcmul); shapes broadcast, dtypes promote.

    Raises NotImplementedError for bools.
    """
    _check_three("addcmul", input, tensor1, tensor2)
    return _three("addcmul", Addcmul, input, tensor1, tensor2, value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1) -> Tensor:
    """input + value * tensor1 / tensor2 (torch.addcdiv); shapes broadcast, dtypes promote.

    Raises RuntimeError where both tensor1 and tensor2 hold integers.
    """
    _check_three("addcdiv", input, tensor1, tensor2)
    if tensor1.array.dtype.kind not in "fc" and tensor2.array.dtype.kind not in "fc":
        kinds = f"{tensor1.dtype.name}, {tensor2.dtype.name}"
        rule = "must not both be integers: Integer division with addcdiv is not supported"
        raise RuntimeError(message("addcdiv", "tensor1 and tensor2", kinds, rule, "use .float()"))
    return _three("addcdiv", Addcdiv, input, tensor1, tensor2, value)


class MaskedFill(Op):
    """value where the mask holds, else x."""

    @staticmethod
    def forward(ctx: Any, x: Any, mask: Any, value: Any) -> Any:
        ctx.save_inputs(1)
        return array_module(x).where(mask, value, x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        (mask,) = ctx.saved
        return (
            masked_fill(gy, mask, 0) if ctx.needs[0] else None,
            None,
            where(mask, gy, 0.0) if ctx.needs[2] else None,
        )


class MaskedFillTensor(MaskedFill, node="MaskedFillBackward1"):
    """masked_fill with a 0-d tensor."""


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """value where mask holds, else input (torch.masked_fill), in input's dtype; shapes broadcast.

    Raises RuntimeError for a mask that isn't bool, a value with dimensions, and one that overflows the dtype.
    """
    check_tensor("masked_fill", "input", input)
    check_tensor("masked_fill", "mask", mask)
    if not isinstance(value, (Tensor, bool, int, float, np.generic)):
        rule = f"must be a number or a 0-dimensional tensor, not {type(value).__name__}"
        raise TypeError(message("masked_fill", "value", repr(value), rule))
    if isinstance(value, Tensor) and value.ndim:
        rule = f"must be 0-dimensional, but got tensor with {value.ndim} dimension(s)"
        raise RuntimeError(message("masked_fill", "value", f"shape {list(value.array.shape)}", rule))
    if mask.dtype is not dtypes.bool_:
        rule = "must be bool: masked_fill only supports boolean masks"
        raise RuntimeError(message("masked_fill", "mask.dtype", mask.dtype.name, rule, "use mask.bool()"))
    broadcast_shapes("masked_fill", input.array.shape, mask.array.shape)
    if isinstance(value, Tensor):
        filled: Tensor = MaskedFillTensor.apply(input, mask, cast(value, input.dtype))
        return filled
    result: Tensor = MaskedFill.apply(input, mask, number("masked_fill", value, input.dtype))
    return result
