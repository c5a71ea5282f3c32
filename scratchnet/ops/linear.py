"""The linear layer's op: x @ weight.T + bias in one node."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_operands, check_same_dtype
from scratchnet.ops.conv import ChannelSum
from scratchnet.ops.matmul import Mm
from scratchnet.shapes import broadcast_shapes, expandable, message


class Addmm(Op):
    """b + x @ w.T: (N, I), (O, I), (O,) -> (N, O)."""

    @staticmethod
    def forward(ctx: Any, b: Any, x: Any, w: Any) -> Any:
        ctx.save_inputs(1 if ctx.needs[2] else None, 2 if ctx.needs[1] else None)
        y = kernels_for(x).matmul.matmul(x, w.T)
        y += b
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, w = ctx.saved
        gb = ChannelSum.apply(gy) if ctx.needs[0] else None
        gx = Mm.apply(gy, w) if ctx.needs[1] else None
        return gb, gx, (Mm.apply(gy.t(), x) if ctx.needs[2] else None)


def _check(input: Any, weight: Any, bias: Any) -> None:
    check_operands("linear", input, weight, bias)
    x, w = input.array.shape, weight.array.shape
    if not x or not w:
        rule = "needs at least 1 dimension: both arguments to linear need to be at least 1D"
        raise RuntimeError(message("linear", "shapes", f"{list(x)} and {list(w)}", rule, "use (N, in) and (out, in)"))
    if len(w) > 2 or (len(w) == 1 and bias is not None):
        rule = "must be a matrix (out, in): t() expects a tensor with <= 2 dimensions, and with a bias exactly 2"
        raise RuntimeError(message("linear", "weight.shape", list(w), rule, "use weight.reshape(out, in)"))
    if weight.array.dtype is not input.array.dtype:
        check_same_dtype("linear", "weight", weight, "input", input.array.dtype)
    if bias is not None and bias.array.dtype is not input.array.dtype:
        check_same_dtype("linear", "bias", bias, "input", input.array.dtype)
    if x[-1] != w[-1]:
        sizes = f"({'x'.join(map(str, x))} and {'x'.join(map(str, w[::-1]))})"
        rule = f"must be weight's in_features (={w[-1]}): mat1 and mat2 shapes cannot be multiplied {sizes}"
        raise RuntimeError(message("linear", "input.size(-1)", x[-1], rule, f"use a weight of shape ({w[0]}, {x[-1]})"))
    if bias is not None and bias.array.shape != w[:1]:
        y = (*x[:-1], w[0])
        broadcast_shapes("linear", y, bias.array.shape)
        if not expandable(bias.array.shape, y):
            rule = f"must expand to the output's shape {list(y)}: the expanded size must match"
            raise RuntimeError(
                message("linear", "bias.shape", list(bias.shape), rule, f"use a bias of shape ({w[0]},)")
            )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """torch.nn.functional.linear: y = x @ weight.T + bias, (..., in) with (out, in) and (out,) -> (..., out).

    A weight of shape (in,) gives (...); a bias of another shape must broadcast to the output.
    Raises RuntimeError for dtypes or sizes that don't fit.
    """
    _check(input, weight, bias)
    if (
        weight.array.ndim == 1
        or bias is None
        or bias.array.shape != weight.array.shape[:1]
        or input.array.dtype.kind not in "fc"
    ):
        y: Tensor = input.matmul(weight.t())
        return y if bias is None else y + bias
    shape = input.array.shape
    rows = (
        input
        if len(shape) == 2
        else input.reshape(-1, shape[-1])
        if shape[-1]
        else input.reshape(_count(shape[:-1]), 0)
    )
    y = Addmm.apply(bias, rows, weight)
    return y if len(shape) == 2 else y.reshape(*shape[:-1], weight.array.shape[0])


def _count(shape: tuple[int, ...]) -> int:
    count = 1
    for n in shape:
        count *= n
    return count
