"""Sums, means and extremes along dimensions. float32 is added up in float64, float16 in float32, and rounded once."""

import builtins
from typing import Any, NamedTuple

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import maximum, minimum
from scratchnet.ops.promotion import cast
from scratchnet.shapes import message, normalize_dim, normalize_dims

Dims = int | tuple[int, ...] | list[int] | None
_WIDER: dict[Any, np.dtype[Any]] = {np.dtype("f2"): np.dtype("f4"), np.dtype("f4"): np.dtype("f8")}


class ValuesIndices(NamedTuple):
    """What max(dim) and min(dim) return."""

    values: Tensor
    indices: Tensor


def _restore(x: Tensor, dims: tuple[int, ...], keepdim: bool) -> Tensor:
    """Put back, with length 1, the dimensions that a reduction took away."""
    if keepdim:
        return x
    for dim in sorted(dims):
        x = x.unsqueeze(dim)
    return x


class Sum(Op):
    """The sum along dimensions."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.shape, ctx.dims, ctx.keepdim = x.shape, dims, keepdim
        return x.sum(axis=dims, keepdims=keepdim, dtype=_WIDER.get(x.dtype, x.dtype)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return _restore(gy, ctx.dims, ctx.keepdim).expand(ctx.shape), None, None


class SumDim(Sum, node="SumBackward1"):
    """The sum along named dimensions."""


def sum(input: Tensor, dim: Dims = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """torch.sum: the sum along `dim` (default: all). Integers and bools add up in int64."""
    check_tensor("sum", "input", input)
    target = dtype or (input.dtype if input.array.dtype.kind == "f" else dtypes.int64)
    kind = Sum if dim is None else SumDim
    result: Tensor = kind.apply(cast(input, target), normalize_dims("sum", dim, input.ndim), keepdim)
    return result


def _require_float(op: str, input: Tensor) -> None:
    if input.array.dtype.kind != "f":
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
        wide = _WIDER.get(x.dtype, x.dtype)
        total = x.sum(axis=dims, keepdims=keepdim, dtype=wide)
        ctx.count = x.size // builtins.max(total.size, 1) if x.size else 0
        return np.asarray(total / wide.type(ctx.count)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return _restore(gy, ctx.dims, ctx.keepdim).expand(ctx.shape) / ctx.count, None, None


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


class Var(Op):
    """The mean squared distance from the mean, divided by count - correction."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], correction: float, keepdim: bool) -> Any:
        wide = _WIDER.get(x.dtype, x.dtype)
        ctx.save_inputs(0)
        ctx.dims, ctx.keepdim = dims, keepdim
        count = int(np.prod([x.shape[dim] for dim in dims], dtype=np.int64))
        ctx.divisor = builtins.max(count - correction, 0.0)
        centred = x - x.sum(axis=dims, keepdims=True, dtype=wide) / wide.type(count)
        total = (centred * centred).sum(axis=dims, keepdims=keepdim, dtype=wide)
        return np.asarray(total / wide.type(ctx.divisor)).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved
        spread = _restore(gy, ctx.dims, ctx.keepdim)
        factor = 2.0 / ctx.divisor if ctx.divisor else float("nan")
        return spread * factor * (x - mean(x, list(ctx.dims), keepdim=True)), None, None, None


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
    check_tensor("var", "input", input)
    if isinstance(dim, bool):  # torch's overload var(unbiased)
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    _require_float("var", input)
    result: Tensor = Var.apply(input, normalize_dims("var", dim, input.ndim), correction, keepdim)
    return result


class MaxDim(Op, node="MaxBackward0"):
    """The extreme of each line along one dimension, and where it is: the first of several, and a NaN before all."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, keepdim: bool, find: str) -> Any:
        xp = array_module(x)
        indices = getattr(xp, find)(x, axis=dim, keepdims=True)
        ctx.save_arrays(indices)
        ctx.shape, ctx.dim, ctx.keepdim = x.shape, dim, keepdim
        values = xp.take_along_axis(x, indices, dim)
        return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))

    @staticmethod
    def backward(ctx: Any, g_values: Tensor, g_indices: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved
        spread = _restore(g_values, (ctx.dim,), ctx.keepdim)
        return ScatterAlongDim.apply(spread, indices, ctx.shape, ctx.dim), None, None, None


class MinDim(MaxDim, node="MinBackward0"):
    """The least of each line."""


class TakeAlongDim(Op):
    """The elements at the indices along one dimension; the indices have the result's shape."""

    @staticmethod
    def forward(ctx: Any, x: Any, indices: Any, dim: int) -> Any:
        ctx.save_inputs(1)
        ctx.shape, ctx.dim = x.shape, dim
        return array_module(x).take_along_axis(x, indices, dim)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved
        return ScatterAlongDim.apply(gy, indices, ctx.shape, ctx.dim), None, None


class ScatterAlongDim(Op):
    """Zeros with the elements put at the indices along one dimension, one per line: TakeAlongDim's adjoint."""

    @staticmethod
    def forward(ctx: Any, x: Any, indices: Any, shape: tuple[int, ...], dim: int) -> Any:
        ctx.save_inputs(1)
        ctx.dim = dim
        xp = array_module(x)
        out = xp.zeros(shape, x.dtype)
        xp.put_along_axis(out, indices, x, dim)
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved
        return TakeAlongDim.apply(gy, indices, ctx.dim), None, None, None


def _check_line(op: str, input: Tensor, dim: int) -> None:
    if input.ndim and not input.array.shape[dim]:
        raise IndexError(message(op, "dim", dim, "has size 0: Expected reduction dim to have non-zero size"))


def _extreme_along(op: str, input: Tensor, dim: int, keepdim: bool) -> ValuesIndices:
    dim = normalize_dim(op, dim, input.ndim)
    _check_line(op, input, dim)
    if not input.ndim:
        return ValuesIndices(input.clone(), Tensor._wrap(np.zeros((), np.int64)))
    return ValuesIndices(*(MaxDim if op == "max" else MinDim).apply(input, dim, keepdim, f"arg{op}"))


class Max(Op, node="MaxBackward1"):
    """The extreme of all elements; ties share the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, largest: bool) -> Any:
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        return np.asarray(x.max() if largest else x.min())

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        ties = (x == y.detach()) | (x != x) & (y != y).detach()
        return ties.to(gy.dtype) * (gy / int(ties.array.sum())), None


class Min(Max, node="MinBackward1"):
    """The least of all elements; ties share the gradient."""


def _extreme(op: str, kind: type[Op], input: Tensor, dim: Any, keepdim: bool, other: Any) -> Any:
    if isinstance(dim, Tensor) or other is not None:
        return (maximum if op == "max" else minimum)(input, dim if other is None else other)
    if dim is not None:
        return _extreme_along(op, input, dim, keepdim)
    if not input.array.size:
        rule = (
            "has no elements: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim"
        )
        raise RuntimeError(message(op, "input", f"shape {list(input.array.shape)}", rule))
    return kind.apply(input, op == "max")


def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """torch.max: of all elements; (values, indices) along `dim`; or `maximum` of two tensors.

    Along a dimension the first maximum takes the gradient; over all elements ties share it. NaN wins.
    """
    check_tensor("max", "input", input)
    return _extreme("max", Max, input, dim, keepdim, other)


def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
    """torch.min: of all elements; (values, indices) along `dim`; or `minimum` of two tensors. Ties and NaN as max."""
    check_tensor("min", "input", input)
    return _extreme("min", Min, input, dim, keepdim, other)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """torch.argmax: where the first maximum is, along `dim` or in the flattened tensor; NaN wins."""
    check_tensor("argmax", "input", input)
    return _argument("argmax", input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """torch.argmin: where the first minimum is, along `dim` or in the flattened tensor; NaN wins."""
    check_tensor("argmin", "input", input)
    return _argument("argmin", input, dim, keepdim)


def _argument(op: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    if dim is None:
        if not input.array.size:
            raise IndexError(
                message(op, "input", f"shape {list(input.array.shape)}", "has no elements: specify the dim")
            )
        found = getattr(array_module(input.array), op)(input.array)
        return Tensor._wrap(np.reshape(found, (1,) * input.ndim if keepdim else ()))
    dim = normalize_dim(op, dim, input.ndim)
    _check_line(op, input, dim)
    if not input.ndim:
        return Tensor._wrap(np.zeros((), np.int64))
    return Tensor._wrap(getattr(array_module(input.array), op)(input.array, axis=dim, keepdims=keepdim))
