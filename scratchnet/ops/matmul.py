"""Matrix products."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.shape import UnsafeView, View
from scratchnet.shapes import broadcast_shapes, message


class Matmul(Op, node="UnsafeViewBackward0"):
    """(..., M, K) @ (..., K, N) -> (..., M, N), leading dimensions broadcast."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        return kernels_for(x).matmul.matmul(x, y)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        gx = Matmul.apply(gy, y.transpose(-2, -1)) if ctx.needs[0] else None
        return gx, (Matmul.apply(x.transpose(-2, -1), gy) if ctx.needs[1] else None)


class Mm(Matmul):
    """(M, K) @ (K, N) -> (M, N)"""


class Bmm(Matmul):
    """(B, M, K) @ (B, K, N) -> (B, M, N)"""


class VectorTimesMatrix(View, node="SqueezeBackward4"):
    """(1, N) -> (N,)"""


class Mv(Op):
    """(M, K) @ (K,) -> (M,)"""

    @staticmethod
    def forward(ctx: Any, x: Any, v: Any) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        return column_product(x, v)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, v = ctx.saved
        gx = gy.unsqueeze(1) * v if ctx.needs[0] else None
        return gx, (Mv.apply(x.transpose(0, 1), gy) if ctx.needs[1] else None)


class Dot(Op):
    """(K,) @ (K,) -> ()"""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_inputs(0 if ctx.needs[1] else None, 1 if ctx.needs[0] else None)
        return column_product(x[None], y).reshape(())

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        return (gy * y if ctx.needs[0] else None), (gy * x if ctx.needs[1] else None)


def column_product(x: Any, v: Any) -> Any:
    """(M, K) @ (K,), the vector as a column: the kernel cuts long float32 sums of matrices."""
    return kernels_for(x).matmul.matmul(x, v[:, None])[:, 0]


def check_product(op: str, x: Tensor, y: Tensor) -> None:
    """Raise RuntimeError where dtypes differ or the inner sizes don't fit, NotImplementedError for bool."""
    for name, value in (("input", x), ("other", y)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{op}: {name} must be Tensor, not {type(value).__name__}")
        if not value.ndim:
            raise RuntimeError(
                message(
                    op, name, "0-D", "must have at least 1 dimension: both arguments to matmul need to be at least 1D"
                )
            )
    if x.array.dtype != y.array.dtype and x.dtype is not y.dtype:
        found = f"{x.dtype.name} != {y.dtype.name}"
        rule = f"must have the dtype of input: expected m1 and m2 to have the same dtype, but got: {found}"
        raise RuntimeError(message(op, "other", y.dtype, rule, f"convert one with .to({x.dtype})"))
    if x.array.shape[-1] != y.array.shape[-2 if y.ndim > 1 else 0]:
        a, b = ("x".join(map(str, v.array.shape)) for v in (x, y))
        rule = f"has inner sizes that differ: mat1 and mat2 shapes cannot be multiplied ({a} and {b})"
        raise RuntimeError(message(op, "shapes", f"{list(x.array.shape)} and {list(y.array.shape)}", rule))
    if x.array.dtype.kind == "b":
        raise NotImplementedError(message(op, "input.dtype", x.dtype, f"is not supported: {op} has no bool version"))


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """torch.matmul: products of vectors, matrices and broadcast stacks of matrices, by the number of dimensions.

    (..., M, K) @ (..., K, N) -> (..., M, N); a 1-d operand is a row on the left, a column on the right, and its
    dimension is dropped from the result. Raises RuntimeError for dtypes or inner sizes that differ.
    """
    check_tensor("matmul", "input", input)
    check_tensor("matmul", "other", other)
    check_product("matmul", input, other)
    x, y = (input.unsqueeze(0) if input.ndim == 1 else input), (other.unsqueeze(1) if other.ndim == 1 else other)
    if input.ndim <= 2 and other.ndim == 1:
        vector: Tensor = (Dot if input.ndim == 1 else Mv).apply(input, other)
        return vector
    broadcast_shapes("matmul", x.array.shape[:-2], y.array.shape[:-2])
    result: Tensor = (Mm if x.ndim == y.ndim == 2 else Matmul).apply(x, y)
    if input.ndim > 1 and other.ndim > 1:
        return result
    shape = result.array.shape
    kind = VectorTimesMatrix if len(shape) == 2 else UnsafeView
    flat: Tensor = kind.apply(result, shape[:-1] if other.ndim == 1 else (*shape[:-2], shape[-1]))
    return flat


def _of_rank(op: str, kind: type[Op], rank: int, input: Tensor, other: Tensor) -> Tensor:
    for name, value in (("input", input), ("mat2", other)):
        if value.ndim != rank:
            raise RuntimeError(message(op, name, f"{value.ndim}-D", f"must be a {rank}-D tensor"))
    if rank == 3 and input.array.shape[0] != other.array.shape[0]:
        size = input.array.shape[0]
        rule = f"must have the batch size of input: Expected size for first dimension of batch2 tensor to be {size}"
        raise RuntimeError(message(op, "mat2", f"shape {list(other.array.shape)}", rule))
    check_product(op, input, other)
    result: Tensor = kind.apply(input, other)
    return result


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """torch.mm: (M, K) @ (K, N) -> (M, N). Raises RuntimeError for other ranks or sizes that don't fit."""
    check_tensor("mm", "input", input)
    check_tensor("mm", "mat2", mat2)
    return _of_rank("mm", Mm, 2, input, mat2)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """torch.bmm: (B, M, K) @ (B, K, N) -> (B, M, N). Raises RuntimeError for other ranks or sizes that don't fit."""
    check_tensor("bmm", "input", input)
    check_tensor("bmm", "mat2", mat2)
    return _of_rank("bmm", Bmm, 3, input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """torch.mv: (M, K) @ (K,) -> (M,). Raises RuntimeError for other ranks, sizes that don't fit or other dtypes."""
    check_tensor("mv", "input", input)
    check_tensor("mv", "vec", vec)
    if input.ndim != 2 or vec.ndim != 1:
        rule = "must be a matrix and a vector: vector + matrix @ vector expected"
        raise RuntimeError(message("mv", "input and vec", f"{input.ndim}-D and {vec.ndim}-D", rule))
    check_product("mv", input, vec)
    result: Tensor = Mv.apply(input, vec)
    return result


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """torch.dot: (K,) @ (K,) -> (). Raises RuntimeError for other ranks, other lengths or dtypes that differ."""
    check_tensor("dot", "input", input)
    check_tensor("dot", "tensor", tensor)
    if input.ndim != 1 or tensor.ndim != 1:
        found = f"{input.ndim}-D and {tensor.ndim}-D"
        raise RuntimeError(message("dot", "input and tensor", found, "must be vectors: 1D tensors expected"))
    check_product("dot", input, tensor)
    result: Tensor = Dot.apply(input, tensor)
    return result
