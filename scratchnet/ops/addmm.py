"""Products added to a tensor: addmm, addmv, addbmm, baddbmm; the outer product; tensordot."""

import math
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.matmul import Matmul, Mm, Mv, check_product, column_product
from scratchnet.ops.promotion import number
from scratchnet.shapes import expandable, message, normalize_dim, normalize_dims

Gradients = tuple[Tensor | None, ...]


def _scaled_sum(c: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """beta * c + alpha * product, in the product's memory; a part whose factor is 0 counts for nothing, NaN and all."""
    if alpha == 0:
        product[...] = 0
    elif alpha != 1:
        product *= alpha
    if beta != 0:
        product += c if beta == 1 else c * beta
    return product


class Baddbmm(Op):
    """beta * c + alpha * x @ y: (B, N, M), (B, M, P) -> (B, N, P)."""

    @staticmethod
    def forward(ctx: Any, c: Any, x: Any, y: Any, beta: Any, alpha: Any) -> Any:
        ctx.save_inputs(1 if ctx.needs[2] else None, 2 if ctx.needs[1] else None)
        ctx.beta, ctx.alpha = beta, alpha
        return _scaled_sum(c, kernels_for(x).matmul.matmul(x, y), beta, alpha)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        gx = Matmul.apply(gy, y.transpose(-2, -1)) * ctx.alpha if ctx.needs[1] else None
        gm = Matmul.apply(x.transpose(-2, -1), gy) * ctx.alpha if ctx.needs[2] else None
        return (gy * ctx.beta if ctx.needs[0] else None), gx, gm, None, None


class Addmm(Baddbmm):
    """beta * c + alpha * x @ y: (N, M), (M, P) -> (N, P)."""


class Addbmm(Baddbmm):
    """beta * c + alpha * the sum of x[b] @ y[b]: (B, N, M), (B, M, P) -> (N, P). The gradients are Baddbmm's."""

    @staticmethod
    def forward(ctx: Any, c: Any, x: Any, y: Any, beta: Any, alpha: Any) -> Any:
        ctx.save_inputs(1 if ctx.needs[2] else None, 2 if ctx.needs[1] else None)
        ctx.beta, ctx.alpha = beta, alpha
        count, rows, inner = x.shape
        wide = x.transpose(1, 0, 2).reshape(rows, count * inner)
        tall = y.reshape(count * inner, y.shape[2])
        return _scaled_sum(c, kernels_for(x).matmul.matmul(wide, tall), beta, alpha)


class Addmv(Op):
    """beta * c + alpha * x @ v: (N, M), (M,) -> (N,)."""

    @staticmethod
    def forward(ctx: Any, c: Any, x: Any, v: Any, beta: Any, alpha: Any) -> Any:
        ctx.save_inputs(1 if ctx.needs[2] else None, 2 if ctx.needs[1] else None)
        ctx.beta, ctx.alpha = beta, alpha
        return _scaled_sum(c, array_module(x).ascontiguousarray(column_product(x, v)), beta, alpha)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, v = ctx.saved
        gx = gy.unsqueeze(1) * v * ctx.alpha if ctx.needs[1] else None
        gv = Mv.apply(x.transpose(0, 1), gy) * ctx.alpha if ctx.needs[2] else None
        return (gy * ctx.beta if ctx.needs[0] else None), gx, gv, None, None


def _added(
    op: str, kind: type[Op], names: tuple[str, str], ranks: tuple[int, int], given: tuple[Any, ...], factors: Any
) -> Tensor:
    """beta * input + alpha * product, checked: the ranks, sizes, dtypes and that input expands to the product."""
    for name, value in zip(("input", *names), given, strict=True):
        check_tensor(op, name, value)
    c, x, y = given
    for name, value, rank in zip(names, (x, y), ranks, strict=True):
        if value.ndim != rank:
            raise RuntimeError(message(op, name, f"{value.ndim}-D", f"must be a {rank}-D tensor"))
    if ranks[1] == 3 and x.array.shape[0] != y.array.shape[0]:
        rule = f"must have {names[0]}'s number of batches ({x.array.shape[0]})"
        raise RuntimeError(message(op, names[1], f"shape {list(y.array.shape)}", rule))
    check_product(op, x, y)
    if c.dtype != x.dtype:
        rule = f"must be {names[0]}'s, {x.dtype}: input dtypes must be the same"
        raise RuntimeError(message(op, "input.dtype", c.dtype, rule, f"use input.to({x.dtype})"))
    shape = (*x.array.shape[:-1], *y.array.shape[-1:]) if ranks[1] > 1 else x.array.shape[:1]
    shape = shape[1:] if kind is Addbmm else shape
    if not expandable(c.array.shape, shape):
        rule = f"must expand to the product's shape {list(shape)}: the expanded size must match"
        raise RuntimeError(message(op, "input", f"shape {list(c.array.shape)}", rule))
    beta, alpha = (number(op, f, x.dtype, True) for f in factors)
    result: Tensor = kind.apply(c, x, y, beta, alpha)
    return result


def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """torch.addmm: beta * input + alpha * mat1 @ mat2, input expanded: (N, M), (M, P) -> (N, P).

    beta 0 or alpha 0 leaves its part out, NaN and all. Raises RuntimeError for ranks, sizes or dtypes that don't fit.
    """
    return _added("addmm", Addmm, ("mat1", "mat2"), (2, 2), (input, mat1, mat2), (beta, alpha))


def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """torch.addmv: beta * input + alpha * mat @ vec, input expanded: (N, M), (M,) -> (N,).

    Raises RuntimeError for ranks, sizes or dtypes that don't fit.
    """
    return _added("addmv", Addmv, ("mat", "vec"), (2, 1), (input, mat, vec), (beta, alpha))


def addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """torch.addbmm: beta * input + alpha * the sum of batch1[b] @ batch2[b]: (B, N, M), (B, M, P) -> (N, P).

    Raises RuntimeError for ranks, sizes or dtypes that don't fit.
    """
    return _added("addbmm", Addbmm, ("batch1", "batch2"), (3, 3), (input, batch1, batch2), (beta, alpha))


def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """torch.baddbmm: beta * input + alpha * batch1 @ batch2, input expanded: (B, N, M), (B, M, P) -> (B, N, P).

    Raises RuntimeError for ranks, sizes or dtypes that don't fit.
    """
    return _added("baddbmm", Baddbmm, ("batch1", "batch2"), (3, 3), (input, batch1, batch2), (beta, alpha))


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """torch.outer: (N,), (M,) -> (N, M), the products of all pairs, promoted. Raises RuntimeError for other ranks."""
    for name, value in (("input", input), ("vec2", vec2)):
        check_tensor("outer", name, value)
        if value.ndim != 1:
            raise RuntimeError(message("outer", name, f"{value.ndim}-D", "must be 1-D"))
    result: Tensor = input.unsqueeze(1) * vec2
    return result


def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """torch.tensordot: products summed over dims[0] of a and dims[1] of b, or a's last `dims` and b's first.

    The result has a's other dimensions, then b's. A dimension of length 1 meets any length.
    Raises RuntimeError for lists of unequal lengths, dims named twice, sizes or dtypes that differ.
    """
    op = "tensordot"
    check_tensor(op, "a", a)
    check_tensor(op, "b", b)
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0 or dims > min(a.ndim, b.ndim):
            rule = "must be >= 0" if dims < 0 else f"must be at most the operands' dimensions ({a.ndim}, {b.ndim})"
            raise RuntimeError(message(op, "dims", dims, rule))
        dims = (list(range(a.ndim - dims, a.ndim)), list(range(dims)))
    if not isinstance(dims, (tuple, list)) or len(dims) != 2:
        raise RuntimeError(message(op, "dims", dims, "must be an int or two lists of ints"))
    if not all(isinstance(d, (tuple, list)) for d in dims):
        raise TypeError(message(op, "dims", dims, "must hold two tuples of ints"))
    if len(dims[0]) != len(dims[1]):
        raise RuntimeError(message(op, "dims", dims, "must be lists of the same length: both dimension lists"))
    if a.dtype != b.dtype:
        raise RuntimeError(message(op, "b.dtype", b.dtype, f"must be a's, {a.dtype}: both should have same dtype"))
    for i, j in zip(*dims, strict=True):
        p, q = normalize_dim(op, i, a.ndim), normalize_dim(op, j, b.ndim)
        m, n = a.array.shape[p], b.array.shape[q]
        if m == n:
            continue
        if 1 not in (m, n):
            rule = f"must name dimensions of one length: a has size {m} in dim {p} and b has size {n} in dim {q}"
            raise RuntimeError(message(op, "dims", dims, f"{rule}; contracted dimensions need to match"))
        a, b = (a, b.sum(q, keepdim=True)) if m == 1 else (a.sum(p, keepdim=True), b)
    first, second = (normalize_dims(op, d, t.ndim) if d else () for d, t in zip(dims, (a, b), strict=True))
    rest = [[d for d in range(t.ndim) if d not in gone] for t, gone in ((a, first), (b, second))]
    shape = [t.array.shape[d] for t, kept in zip((a, b), rest, strict=True) for d in kept]
    inner = math.prod([a.array.shape[d] for d in first])
    left = a.permute(*rest[0], *first) if a.ndim else a
    right = b.permute(*second, *rest[1]) if b.ndim else b
    rows = math.prod([a.array.shape[d] for d in rest[0]])
    columns = math.prod([b.array.shape[d] for d in rest[1]])
    left, right = left.reshape(rows, inner), right.reshape(inner, columns)
    check_product(op, left, right)
    result: Tensor = Mm.apply(left, right)
    return result.view(shape)
