"""Norms of vectors and matrices. float32 is added up in float64, float16 in float32, and rounded once."""

import math
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.elementwise import abs, sign
from scratchnet.ops.extremes import amax, amin
from scratchnet.ops.logic import isnan
from scratchnet.ops.promotion import WIDER, cast
from scratchnet.ops.reduce import Dims, restore
from scratchnet.shapes import message, normalize_dim, normalize_dims

NUMBERS = (bool, int, float, np.integer, np.floating)


class VectorNorm(Op, node="LinalgVectorNormBackward0"):
    """(sum of |x|^p)^(1/p) along dimensions, and its limits; p = 0 counts what isn't 0."""

    @staticmethod
    def forward(ctx: Any, x: Any, p: float, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.p, ctx.dims, ctx.keepdim = p, dims, keepdim
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        xp, wide = array_module(x), WIDER.get(x.dtype, x.dtype)
        along: dict[str, Any] = {"axis": dims, "keepdims": keepdim}
        size = xp.abs(x).astype(wide)
        if math.isinf(p):
            total = size.max(**along) if p > 0 else size.min(**along)
        elif p == 0:
            total = (size != 0).sum(**along, dtype=wide)
        elif p == 1:
            total = size.sum(**along)
        elif p == 2:
            total = xp.sqrt((size * size).sum(**along))
        else:
            total = xp.power(xp.power(size, wide.type(p)).sum(**along), wide.type(1.0 / p))
        return total.astype(x.dtype)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        if ctx.p == 0:  # a count has no slope
            return None, None, None, None
        y, g, p = restore(y, ctx.dims, ctx.keepdim), restore(gy, ctx.dims, ctx.keepdim), ctx.p
        return _slope(x, y, g, p, ctx.dims), None, None, None


def _slope(x: Tensor, y: Tensor, g: Tensor, p: float, dims: tuple[int, ...]) -> Tensor:
    """The gradient of the norm y; where y is 0, 0."""
    if p == 1:
        return sign(x) * g
    if p == 2:
        return g * where(y == 0, 0.0, x / y)
    size = abs(x)
    if math.isinf(p):
        ties = ((size == y) | (isnan(x) & isnan(y))).to(g.dtype)
        return sign(x) * (g / ties.sum(list(dims), keepdim=True) * ties)
    if p < 1:
        return sign(x) * where(x == 0, 0.0, size ** (p - 1)) * (g * y ** (1 - p))
    if p < 2:
        return sign(x) * size ** (p - 1) * where(y == 0, 0.0, g * y ** (1 - p))
    return x * size ** (p - 2) * where(y == 0, 0.0, g / y ** (p - 1))


def _checked(op: str, x: Any, dtype: dtypes.dtype | None) -> Tensor:
    """The tensor in `dtype`. Raises RuntimeError unless both are floating-point and nothing is narrowed."""
    check_tensor(op, "input", x)
    if x.array.dtype.kind not in "fc":
        rule = "must be floating-point: Expected a floating point tensor as input"
        raise RuntimeError(message(op, "input.dtype", x.dtype.name, rule, "use input.float()"))
    if dtype is None:
        return x
    if not dtype.is_floating_point:
        raise RuntimeError(message(op, "dtype", dtype.name, "should be floating point"))
    if dtype.itemsize < x.dtype.itemsize:
        rule = f"would narrow the input's: {x.dtype.name} should be convertible without narrowing"
        raise RuntimeError(message(op, "dtype", dtype.name, rule))
    return cast(x, dtype)


def vector_norm(
    x: Tensor, ord: Any = 2, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """torch.linalg.vector_norm: (sum of |x|^ord)^(1/ord) along `dim` (default: all); inf, -inf and 0 are limits.

    The gradient of a norm that is 0 is 0; ties of the infinite norms share it. Raises RuntimeError for integers, and
    where nothing has no norm of this order (ord < 0, inf).
    """
    return _vector_norm("linalg.vector_norm", x, ord, dim, keepdim, dtype)


def _vector_norm(op: str, x: Any, ord: Any, dim: Dims, keepdim: bool, dtype: dtypes.dtype | None) -> Tensor:
    if not isinstance(ord, NUMBERS):
        raise TypeError(message(op, "ord", repr(ord), f"must be Number, not {type(ord).__name__}"))
    x = _checked(op, x, dtype)
    dims = normalize_dims(op, dim, x.ndim)
    shape = list(x.array.shape)
    if (ord < 0 or math.isinf(ord)) and (not x.array.size):
        empty = [axis for axis in dims if not shape[axis]]
        if empty or dim is None or dim == () or dim == []:
            rule = f"has nothing to reduce: cannot compute the {ord} norm, which has no identity"
            raise RuntimeError(message(op, "input", f"shape {shape}", rule))
    result: Tensor = VectorNorm.apply(x, float(ord), dims, keepdim)
    return result


def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """torch.linalg.matrix_norm: "fro", or the largest (smallest) sum of |x| over rows (inf, -inf) or columns (1, -1).

    The norms made of singular values (2, -2, "nuc") raise NotImplementedError. Raises RuntimeError for other orders.
    """
    return _matrix_norm("linalg.matrix_norm", A, ord, dim, keepdim, dtype)


def _matrix_norm(op: str, x: Any, ord: Any, dim: Any, keepdim: bool, dtype: dtypes.dtype | None) -> Tensor:
    x = _checked(op, x, dtype)
    dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
    if len(dims) != 2:
        raise RuntimeError(message(op, "dim", dim, f"must be a 2-tuple. Got {len(dims)} dims", "use dim=(-2, -1)"))
    if ord in ("nuc", 2, -2):
        rule = "needs singular values, which are not supported"
        raise NotImplementedError(message(op, "ord", repr(ord), rule, "use 'fro', 1, -1, inf or -inf"))
    if ord not in ("fro", 1, -1, math.inf, -math.inf):
        raise RuntimeError(message(op, "ord", repr(ord), f"is no order of matrix_norm: Order {ord} not supported"))
    if x.ndim < 2:
        rule = "must have 2 dimensions or more: The input tensor A must have at least 2 dimensions"
        raise RuntimeError(message(op, "A", f"shape {list(x.array.shape)}", rule))
    rows, columns = (normalize_dim(op, d, x.ndim) for d in dims)
    if rows == columns:
        raise RuntimeError(message(op, "dim", dim, "must be different: dims must be different"))
    if ord == "fro":
        return _vector_norm(op, x, 2, (rows, columns), keepdim, None)
    summed, chosen = (columns, rows) if math.isinf(ord) else (rows, columns)
    sums = abs(x).sum(summed, keepdim=keepdim)
    if chosen > summed and not keepdim:
        chosen -= 1
    if ord > 0 and not sums.array.shape[chosen]:  # the largest of no sums is 0, with no gradient
        return sums.detach().sum(chosen, keepdim=keepdim)
    return amax(sums, chosen, keepdim) if ord > 0 else amin(sums, chosen, keepdim)


def linalg_norm(
    A: Tensor, ord: Any = None, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """torch.linalg.norm: the 2-norm of all elements; vector_norm along one dim; matrix_norm along two.

    With an order and no dim the input must be 1-d or 2-d. Raises RuntimeError otherwise.
    """
    op = "linalg.norm"
    check_tensor(op, "A", A)
    if dim is not None:
        dims = tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)
        if len(dims) not in (1, 2):
            rule = "must be of length 1 or 2, if specified"
            raise RuntimeError(message(op, "dim", list(dims), rule))
        if len(dims) == 2 and ord is not None:
            return _matrix_norm(op, A, ord, dims, keepdim, dtype)
        if isinstance(ord, str):
            return _matrix_norm(op, A, ord, dims, keepdim, dtype)
    elif ord is not None:
        if A.ndim not in (1, 2):
            rule = f"must be 1D or 2D if dim is not specified but ord is. Got {A.ndim}D"
            raise RuntimeError(message(op, "A", f"shape {list(A.array.shape)}", rule, "name the dim"))
        if A.ndim == 2:
            return _matrix_norm(op, A, ord, (0, 1), keepdim, dtype)
        if isinstance(ord, str):
            return _matrix_norm(op, A, ord, (0,), keepdim, dtype)
    return _vector_norm(op, A, 2 if ord is None else ord, dim, keepdim, dtype)


def norm(
    input: Tensor, p: Any = "fro", dim: Dims = None, keepdim: bool = False, dtype: dtypes.dtype | None = None
) -> Tensor:
    """torch.norm: the vector norm of order p (None and "fro": 2) along `dim` (default: all).

    The gradient of a norm that is 0 is 0. "nuc" raises NotImplementedError; integers raise RuntimeError.
    """
    count = len(dim) if isinstance(dim, (tuple, list)) else 1
    if isinstance(p, str) and p != "fro":
        check_tensor("norm", "input", input)
        return _matrix_norm("norm", input, p, tuple(range(input.ndim)) if dim is None else dim, keepdim, dtype)
    if p == "fro" and count > 2:
        raise RuntimeError(message("norm", "dim", dim, "must be a 2-tuple for p='fro'", "use p=2"))
    return _vector_norm("norm", input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype)
