"""Order: sort, argsort, topk, median, unique. NaN counts as the largest number; of equal elements the first is first.

Values carry gradients back to where they were taken from; indices carry none.
"""

from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, device_of, moved, to_host
from scratchnet.ops import results
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.extremes import ScatterAlongDim, check_line, first_place, shared
from scratchnet.ops.reduce import restore
from scratchnet.shapes import message, normalize_dim

Gradients = tuple[Tensor | None, ...]


def _ranking(x: Any, dim: int, descending: bool) -> Any:
    """The stable order of each line, as indices."""
    xp = array_module(x)
    if not descending:
        return xp.argsort(x, axis=dim, kind="stable")
    order = xp.flip(xp.argsort(xp.flip(x, dim), axis=dim, kind="stable"), dim)
    return xp.ascontiguousarray(x.shape[dim] - 1 - order)


class Sort(Op):
    """The `count` first elements of each line in order, and where they were."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, descending: bool, count: int) -> Any:
        ctx.shape, ctx.dim = x.shape, dim
        xp, indices = array_module(x), _ranking(x, dim, descending)
        if count < x.shape[dim]:
            indices = xp.ascontiguousarray(indices[(slice(None),) * dim + (slice(count),)])
        ctx.save_arrays(indices)
        return xp.take_along_axis(x, indices, dim), indices

    @staticmethod
    def backward(ctx: Any, g_values: Tensor, g_indices: Tensor) -> Gradients:
        (indices,) = ctx.saved
        return ScatterAlongDim.apply(g_values, indices, ctx.shape, ctx.dim), None, None, None


class SortStable(Sort, node="SortBackward1"):
    """sort with `stable` given."""


class Topk(Sort):
    """The largest or smallest elements of each line."""


def _along(op: str, dim: Any, ndim: int) -> int:
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(message(op, "dim", repr(dim), f"must be int, not {type(dim).__name__}"))
    return normalize_dim(op, dim, ndim)


def _sorted(op: str, kind: type[Op], input: Tensor, dim: int, descending: bool, count: int | None) -> Any:
    if not input.ndim:
        values, indices = kind.apply(input.reshape(1), 0, descending, 1)
        return values.reshape(()), indices.reshape(())
    return kind.apply(input, dim, descending, input.array.shape[dim] if count is None else count)


def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None) -> Any:
    """torch.sort: (values, indices) of each line along `dim` in order. Always stable."""
    check_tensor("sort", "input", input)
    kind = Sort if stable is None else SortStable
    return results.sort(_sorted("sort", kind, input, _along("sort", dim, input.ndim), bool(descending), None))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """torch.argsort: the indices that sort each line along `dim`. Always stable."""
    check_tensor("argsort", "input", input)
    axis = _along("argsort", dim, input.ndim)
    if not input.ndim:
        return first_place(input)
    return computed("argsort", lambda xp, x: _ranking(x, axis, bool(descending)), input)


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """torch.topk: (values, indices) of the k largest (or smallest) elements of each line along `dim`, in order.

    Raises RuntimeError for k out of range and for bools.
    """
    check_tensor("topk", "input", input)
    if isinstance(k, bool) or not hasattr(k, "__index__"):
        raise TypeError(message("topk", "k", repr(k), f"must be int, not {type(k).__name__}"))
    axis = _along("topk", dim, input.ndim)
    size = input.array.shape[axis] if input.ndim else 1
    if not 0 <= k <= size:
        rule = f"is out of range: selected index k must be between 0 and the dimension's size, {size}"
        raise RuntimeError(message("topk", "k", k, rule))
    if input.array.dtype.kind == "b":
        raise RuntimeError(message("topk", "input.dtype", "bool", "is not supported: topk does not order bools"))
    return results.topk(_sorted("topk", Topk, input, axis, bool(largest), int(k)))


class Median(Op):
    """The lower median of all elements; ties share the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        xp, floats = array_module(x), x.dtype.kind in "fc"
        if not x.size:
            return xp.full((), np.nan if floats else np.iinfo(x.dtype).min, x.dtype)
        middle = (x.size - 1) // 2
        found = xp.partition(x, middle, axis=None)[middle]
        return xp.where(xp.isnan(x).any(), x.dtype.type(np.nan), found) if floats else found

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return (shared(gy, *ctx.saved),)


class MedianDim(Op, node="MedianBackward1"):
    """The lower median of each line, and where it is."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, keepdim: bool) -> Any:
        xp, middle = array_module(x), (x.shape[dim] - 1) // 2
        indices = _ranking(x, dim, False)[(slice(None),) * dim + (slice(middle, middle + 1),)]
        if x.dtype.kind in "fc":
            nan = xp.isnan(x)
            indices = xp.where(nan.any(axis=dim, keepdims=True), nan.argmax(axis=dim, keepdims=True), indices)
        ctx.save_arrays(indices)
        ctx.shape, ctx.dim, ctx.keepdim = x.shape, dim, keepdim
        values = xp.take_along_axis(x, indices, dim)
        return (values, indices) if keepdim else (values.squeeze(dim), indices.squeeze(dim))

    @staticmethod
    def backward(ctx: Any, g_values: Tensor, g_indices: Tensor) -> Gradients:
        (indices,) = ctx.saved
        spread = restore(g_values, (ctx.dim,), ctx.keepdim)
        return ScatterAlongDim.apply(spread, indices, ctx.shape, ctx.dim), None, None


_UNSET: Any = object()


def median(input: Tensor, dim: int = _UNSET, keepdim: bool = False) -> Any:
    """torch.median: the lower median of all elements, or (values, indices) along `dim`; NaN wins; NaN of nothing.

    Over all elements ties share the gradient. Raises NotImplementedError for bools, IndexError for an empty line.
    """
    check_tensor("median", "input", input)
    if dim is not _UNSET:
        dim = _along("median", dim, input.ndim)
        check_line("median", input, dim)
    elif keepdim:
        raise TypeError("median: dim is missing: keepdim has no meaning without it")
    if input.array.dtype.kind == "b":
        rule = "is not supported: median is not implemented for bools"
        raise NotImplementedError(message("median", "input.dtype", "bool", rule, "use input.int()"))
    if dim is _UNSET:
        return Median.apply(input)
    if not input.ndim:
        return results.median((input.clone(), first_place(input)))
    return results.median(MedianDim.apply(input, dim, keepdim))


class Unique(Op, node="Unique2Backward0"):
    """The different elements, where each went, and how often each occurs. Without a gradient, as in torch."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int | None) -> Any:
        if dim is not None and not x.size:  # NumPy can't compare slices without elements
            nothing = array_module(x).zeros(0, np.int64)
            return x.copy(), nothing, nothing
        options: dict[str, Any] = {"return_inverse": True, "return_counts": True, "equal_nan": False}
        if dim is None:
            found, inverse, counts = array_module(x).unique(x, **options)
            return found, inverse.reshape(x.shape), counts
        found, inverse, counts = np.unique(to_host(x), axis=dim, **options)  # CuPy takes differences of slices
        return tuple(moved(array, device_of(x)) for array in (found, inverse.reshape(-1), counts))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        raise NotImplementedError("unique: the derivative for 'unique' is not implemented; detach() the input")


class UniqueDim(Unique, node="UniqueDimBackward0"):
    """The different slices along a dimension."""


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """torch.unique: the different elements in order, or slices along `dim`; then, if asked for, inverse and counts.

    Each NaN is different from all others. backward raises NotImplementedError, as torch's does.
    Raises RuntimeError where another dimension than `dim` is empty.
    """
    check_tensor("unique", "input", input)
    if dim is None:
        parts = Unique.apply(input, None)
    else:
        axis = _along("unique", dim, input.ndim)
        lengths = list(input.array.shape)
        if 0 in lengths and (lengths[axis] or lengths.count(0) > 1):
            rule = "has 0 sized dimensions that aren't selected, so unique cannot be applied"
            raise RuntimeError(message("unique", "input", f"shape {lengths}", rule))
        parts = UniqueDim.apply(input if input.ndim else input.reshape(1), axis)
    chosen = tuple(part for part, wanted in zip(parts, (True, return_inverse, return_counts), strict=True) if wanted)
    return chosen if len(chosen) > 1 else chosen[0]
