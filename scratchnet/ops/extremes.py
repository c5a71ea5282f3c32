"""The extremes of a tensor: max, min, argmax, argmin, amax, amin, aminmax. NaN wins over every number.

Where one index is named, it takes the gradient; amax, amin and the extremes of all elements share it among ties.
"""

from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops import results
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.compare import maximum, minimum
from scratchnet.ops.positions import put_along
from scratchnet.ops.reduce import Dims, restore
from scratchnet.shapes import message, normalize_dim, normalize_dims


class MaxDim(Op, node="MaxBackward0"):
    """The extreme of each line along one dimension, and where it is: the first of several, and a NaN before all."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, keepdim: bool, find: str) -> Any:
        indices = getattr(kernels_for(x).extremes, find)(x, axis=dim, keepdims=True)
        ctx.save_arrays(indices)
        ctx.shape, ctx.dim, ctx.keepdim = x.shape, dim, keepdim
        values = array_module(x).take_along_axis(x, indices, dim)
        return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))

    @staticmethod
    def backward(ctx: Any, g_values: Tensor, g_indices: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved
        spread = restore(g_values, (ctx.dim,), ctx.keepdim)
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
        out = array_module(x).zeros(shape, x.dtype)
        put_along(out, indices, x, dim)
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved
        return TakeAlongDim.apply(gy, indices, ctx.dim), None, None, None


def check_line(op: str, input: Tensor, dim: int) -> None:
    if input.ndim and not input.array.shape[dim]:
        raise IndexError(message(op, "dim", dim, "has size 0: Expected reduction dim to have non-zero size"))


def _extreme_along(op: str, input: Tensor, dim: int, keepdim: bool) -> Any:
    kind = results.max if op == "max" else results.min
    dim = normalize_dim(op, dim, input.ndim)
    check_line(op, input, dim)
    if not input.ndim:
        return kind((input.clone(), first_place(input)))
    return kind((MaxDim if op == "max" else MinDim).apply(input, dim, keepdim, f"arg{op}"))


def first_place(x: Tensor) -> Tensor:
    """The index of a number that is alone: 0, on its device."""
    return computed("index", lambda xp, array: xp.zeros((), np.int64), x)


def shared(gy: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """The gradient of the one value y, divided among the elements of x that are equal to it."""
    ties = (x == y.detach()) | (x != x) & (y != y).detach()
    return ties.to(gy.dtype) * (gy / ties.sum())


class Max(Op, node="MaxBackward1"):
    """The extreme of all elements; ties share the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, largest: bool) -> Any:
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        return x.max() if largest else x.min()

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        return shared(gy, *ctx.saved), None


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
        shape = (1,) * input.ndim if keepdim else ()
        return computed(op, lambda _, x: getattr(kernels_for(x).extremes, op)(x).reshape(shape), input)
    dim = normalize_dim(op, dim, input.ndim)
    check_line(op, input, dim)
    if not input.ndim:
        return first_place(input)
    return computed(op, lambda _, x: getattr(kernels_for(x).extremes, op)(x, axis=dim, keepdims=keepdim), input)


class Amax(Op):
    """The largest of each group; ties share the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.dims, ctx.keepdim = dims, keepdim
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        return x.max(axis=dims, keepdims=keepdim)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        x, y = ctx.saved
        return _among_ties(ctx, gy, x, y), None, None


class Amin(Amax):
    """The least of each group; ties share the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.dims, ctx.keepdim = dims, keepdim
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        return x.min(axis=dims, keepdims=keepdim)


class Aminmax(Op):
    """The least and the largest of each group; ties share the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...], keepdim: bool) -> Any:
        ctx.dims, ctx.keepdim = dims, keepdim
        ctx.save_inputs(0)
        ctx.save_outputs(0, 1)
        return x.min(axis=dims, keepdims=keepdim), x.max(axis=dims, keepdims=keepdim)

    @staticmethod
    def backward(ctx: Any, g_min: Tensor, g_max: Tensor) -> tuple[Tensor | None, ...]:
        x, least, most = ctx.saved
        return _among_ties(ctx, g_min, x, least) + _among_ties(ctx, g_max, x, most), None, None


def _among_ties(ctx: Any, gy: Tensor, x: Tensor, y: Tensor) -> Tensor:
    ties = (x == restore(y, ctx.dims, ctx.keepdim)).to(gy.dtype)
    return restore(gy, ctx.dims, ctx.keepdim) * ties / ties.sum(list(ctx.dims), keepdim=True)


def _groups(op: str, input: Any, dim: Dims) -> tuple[int, ...]:
    """The dims counted from the front; none of them may be empty."""
    check_tensor(op, "input", input)
    dims = normalize_dims(op, dim, input.ndim)
    shape = list(input.array.shape)
    if len(dims) == len(shape) and 0 in shape and (dim is None or dim == () or dim == []):
        rule = "has no elements: Expected reduction dim to be specified for input.numel() == 0"
        raise RuntimeError(message(op, "input", f"shape {shape}", rule))
    for axis in dims:
        check_line(op, input, axis)
    return dims


def amax(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """torch.amax: the largest along `dim` (default: all); ties share the gradient evenly. NaN wins.

    Raises RuntimeError or IndexError where there is nothing to choose from.
    """
    result: Tensor = Amax.apply(input, _groups("amax", input, dim), keepdim)
    return result


def amin(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """torch.amin: the least along `dim` (default: all); ties, NaN and errors as amax."""
    result: Tensor = Amin.apply(input, _groups("amin", input, dim), keepdim)
    return result


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """torch.aminmax: (min, max) along one dim (default: all); ties, NaN and errors as amax."""
    dims = _groups("aminmax", input, dim)
    return results.aminmax(Aminmax.apply(input, dims, keepdim))
