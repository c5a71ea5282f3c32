"""Sums, means, variances and products along dimensions.

float32 is added up in float64, float16 in float32, and rounded once.
"""

import builtins
import math
from typing import Any

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.promotion import WIDER, cast
from scratchnet.ops.scan import products_of_others
from scratchnet.shapes import message, normalize_dim, normalize_dims

Dims = int | tuple[int, ...] | list[int] | None


def restore(x: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Put back, with length 1, the dimensions that a reduction took away."""
    if keepdim:
        return x
    shape = list(x.array.shape)
    for dim in sorted(dims):
        shape.insert(dim, 1)
    return x.reshape(shape)


class Sum(Op):
    """The sum along dimensions."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.shape, ctx.dims, ctx.keepdim = x.shape, dims, keepdim
        return x.sum(axis=dims, keepdims=keepdim, dtype=WIDER.get(x.dtype, x.dtype)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return restore(gy, ctx.dims, ctx.keepdim).expand(ctx.shape), None, None


class SumDim(Sum, node="SumBackward1"):
    """The sum along named dimensions."""


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """torch.sum: the sum along `dim` (default: all). Integers and bools add up in int64."""
    check_tensor("sum", "input", input)
    target = dtype or (input.dtype if input.array.dtype.kind in "fc" else dtypes.int64)
    kind = Sum if dim is None else SumDim
    result: Tensor = kind.apply(cast(input, target), normalize_dims("sum", dim, input.ndim), keepdim)
    return result


def _require_float(op: str, input: Tensor) -> None:
    if input.array.dtype.kind not in "fc":
        fix = "convert it with .float()"
        raise RuntimeError(
            message(op, "dtype", input.dtype, "must be a floating point dtype: could not infer output dtype", fix)
        )


def _count(input: Tensor, dims: tuple[int, ...]) -> int:
    count = 1
    for dim in dims:
        count *= input.array.shape[dim]
    return count


class Mean(Op):
    """The mean along dimensions."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.shape, ctx.dims, ctx.keepdim = x.shape, dims, keepdim
        wide = WIDER.get(x.dtype, x.dtype)
        total = x.sum(axis=dims, keepdims=keepdim, dtype=wide)
        ctx.count = x.size // builtins.max(total.size, 1) if x.size else 0
        return (total / wide.type(ctx.count)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return restore(gy, ctx.dims, ctx.keepdim).expand(ctx.shape) / ctx.count, None, None


class MeanDim(Mean, node="MeanBackward1"):
    """The mean along named dimensions."""


def mean(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """torch.mean along `dim` (default: all); NaN of nothing. Raises RuntimeError for integers and bools."""
    check_tensor("mean", "input", input)
    if dtype is not None:
        input = cast(input, dtype)
    _require_float("mean", input)
    kind = Mean if dim is None else MeanDim
    result: Tensor = kind.apply(input, normalize_dims("mean", dim, input.ndim), keepdim)
    return result


def _moments(ctx: Any, x: Any, dims: tuple[int, ...], correction: float, keepdim: bool) -> tuple[Any, Any]:
    """Variance and mean, not yet rounded to x's dtype. Two passes, so that a large mean costs no digits."""
    wide = WIDER.get(x.dtype, x.dtype)
    ctx.save_inputs(0)
    ctx.shape, ctx.dims, ctx.keepdim = x.shape, dims, keepdim
    ctx.count = math.prod([x.shape[dim] for dim in dims])
    ctx.divisor = builtins.max(ctx.count - correction, 0.0)
    centre = x.sum(axis=dims, keepdims=True, dtype=wide) / wide.type(ctx.count)
    centred = x - centre
    total = (centred * centred).sum(axis=dims, keepdims=keepdim, dtype=wide)
    return total / wide.type(ctx.divisor), centre.reshape(total.shape)


def _var_slope(ctx: Any, gy: Tensor, x: Tensor) -> Tensor:
    factor = 2.0 / ctx.divisor if ctx.divisor else float("nan")
    return restore(gy, ctx.dims, ctx.keepdim) * factor * (x - mean(x, list(ctx.dims), keepdim=True))


def _mean_slope(ctx: Any, gy: Tensor) -> Tensor:
    return restore(gy, ctx.dims, ctx.keepdim).expand(ctx.shape) / ctx.count


def _root_slope(gy: Tensor, y: Tensor) -> Tensor:
    """The gradient through a square root y; 0 where y is 0."""
    return where(y == 0, 0.0, gy / (2 * y))


class Var(Op):
    """The mean squared distance from the mean, divided by count - correction."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], correction: float, keepdim: bool) -> Any:
        return _moments(ctx, x, dims, correction, keepdim)[0].astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved
        return _var_slope(ctx, gy, x), None, None, None


class Std(Op):
    """The square root of the variance."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], correction: float, keepdim: bool) -> Any:
        ctx.save_outputs(0)
        spread, _ = _moments(ctx, x, dims, correction, keepdim)
        return array_module(x).sqrt(spread).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        return _var_slope(ctx, _root_slope(gy, y), x), None, None, None


class VarMean(Op):
    """Variance and mean."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], correction: float, keepdim: bool) -> Any:
        return tuple(part.astype(x.dtype, copy=False) for part in _moments(ctx, x, dims, correction, keepdim))

    @staticmethod
    def backward(ctx: Any, g_var: Tensor, g_mean: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved
        return _var_slope(ctx, g_var, x) + _mean_slope(ctx, g_mean), None, None, None


class StdMean(Op):
    """Standard deviation and mean."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], correction: float, keepdim: bool) -> Any:
        ctx.save_outputs(0)
        spread, centre = _moments(ctx, x, dims, correction, keepdim)
        return array_module(x).sqrt(spread).astype(x.dtype, copy=False), centre.astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, g_std: Tensor, g_mean: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        return _var_slope(ctx, _root_slope(g_std, y), x) + _mean_slope(ctx, g_mean), None, None, None


def _spread(
    op: str, kind: type[Op], input: Any, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None
) -> Any:
    check_tensor(op, "input", input)
    if isinstance(dim, bool):  # torch's overload var(unbiased)
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    _require_float(op, input)
    return kind.apply(input, normalize_dims(op, dim, input.ndim), correction, keepdim)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """torch.var along `dim` (default: all), divided by count - correction (1 by default; `unbiased=False`: 0).

    Two passes, so that a large mean costs no digits. Source: Chan, Golub, LeVeque 1983.
    """
    result: Tensor = _spread("var", Var, input, dim, unbiased, keepdim, correction)
    return result


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """torch.std: the square root of var, with var's arguments. Its gradient where it is 0 is 0."""
    result: Tensor = _spread("std", Std, input, dim, unbiased, keepdim, correction)
    return result


def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """torch.var_mean: (var, mean), with var's arguments."""
    result: tuple[Tensor, Tensor] = _spread("var_mean", VarMean, input, dim, unbiased, keepdim, correction)
    return result


def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """torch.std_mean: (std, mean), with var's arguments."""
    result: tuple[Tensor, Tensor] = _spread("std_mean", StdMean, input, dim, unbiased, keepdim, correction)
    return result


class Prod(Op):
    """The product of all elements."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_inputs(0)
        return x.prod(dtype=WIDER.get(x.dtype, x.dtype)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved
        return (gy * products_of_others(x.reshape(-1), 0).reshape(x.shape),)


class ProdDim(Op, node="ProdBackward1"):
    """The product along one dimension."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, keepdim: bool) -> Any:
        ctx.dim, ctx.keepdim = dim, keepdim
        ctx.save_inputs(0)
        return x.prod(axis=dim, keepdims=keepdim, dtype=WIDER.get(x.dtype, x.dtype)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved
        return restore(gy, (ctx.dim,), ctx.keepdim) * products_of_others(x, ctx.dim), None, None


_UNSET: Any = object()


def prod(input: Tensor, dim: int = _UNSET, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """torch.prod: the product of all elements, or along one `dim`. Integers and bools multiply in int64.

    The gradient is exact where elements are 0. Raises TypeError for several dims.
    """
    check_tensor("prod", "input", input)
    target = dtype or (input.dtype if input.array.dtype.kind in "fc" else dtypes.int64)
    if dim is _UNSET:
        if keepdim:
            raise TypeError("prod: dim is missing: keepdim has no meaning without it")
        whole: Tensor = Prod.apply(cast(input, target))
        return whole
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(message("prod", "dim", repr(dim), f"must be int, not {type(dim).__name__}"))
    dim, x = normalize_dim("prod", dim, input.ndim), cast(input, target)
    result: Tensor = ProdDim.apply(x, dim, keepdim) if input.ndim else Prod.apply(x)
    return result
