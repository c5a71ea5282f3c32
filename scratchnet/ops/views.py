"""Views by position: dimensions moved or split, one entry, a diagonal, sliding windows, strides of one's own."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import address
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, device_of, kernels_for, moved, strided
from scratchnet.ops.checks import check_integer, check_tensor
from scratchnet.ops.index import Select
from scratchnet.ops.permute import permute
from scratchnet.ops.shape import alias, reshape
from scratchnet.shapes import message, normalize_dim, sizes

Gradients = tuple[Tensor | None, ...]
Geometry = tuple[tuple[int, ...], tuple[int, ...], int]  # sizes, strides and offset in elements


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """torch.movedim: the dimensions `source` at the places `destination`, the others in their order; a view.

    Raises RuntimeError for lists of unequal lengths or with repeats, IndexError out of range.
    """
    check_tensor("movedim", "input", input)
    places = []
    for name, given in (("source", source), ("destination", destination)):
        listed = tuple(given) if isinstance(given, Iterable) else (given,)
        dims = [normalize_dim("movedim", d, input.ndim) for d in listed]
        if len(set(dims)) < len(dims):
            raise RuntimeError(message("movedim", name, list(listed), "has a repeated dim", "name each dim once"))
        places.append(dims)
    first, second = places
    if len(first) != len(second):
        rule = f"must have as many dims as destination (={destination}): Invalid source or destination dims"
        raise RuntimeError(message("movedim", "source", source, rule))
    if not input.ndim:
        return alias(input, ())
    order: list[int] = [d for d in range(input.ndim) if d not in first]
    for place, dim in sorted(zip(second, first, strict=True)):
        order.insert(place, dim)
    return permute(input, order)


def ravel(input: Tensor) -> Tensor:
    """torch.ravel: all elements in one dimension; a view where the strides allow it."""
    check_tensor("ravel", "input", input)
    return reshape(input.contiguous(), (-1,) if input.array.size else (0,))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """torch.unflatten: one dimension as several, whose sizes (one may be -1) multiply to its size; a view.

    Raises TypeError for a number, RuntimeError where the sizes don't fit.
    """
    check_tensor("unflatten", "input", input)
    if not isinstance(sizes, Sequence):
        raise TypeError(message("unflatten", "sizes", sizes, f"must be tuple of ints, not {type(sizes).__name__}"))
    given = [int(n) for n in sizes]
    at = normalize_dim("unflatten", dim, input.ndim)
    if not given:
        raise RuntimeError(message("unflatten", "sizes", given, "must be non-empty", "use [-1]"))
    shape = input.array.shape
    size = shape[at] if shape else 1
    if given.count(-1) > 1 or min(given) < -1:
        rule = "may hold -1 once and no other negative size: only one dimension can be inferred"
        raise RuntimeError(message("unflatten", "sizes", given, rule))
    known = math.prod([n for n in given if n != -1])
    fits = known and size % known == 0 if -1 in given else known == size
    if not fits:
        rule = f"don't multiply up to the size of dim {at} ({size}) in the input tensor"
        raise RuntimeError(message("unflatten", "sizes", given, rule))
    whole = [size // known if n == -1 else n for n in given]
    return input.view(*shape[:at], *whole, *shape[at + 1 :])


def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """torch.select: the entry `index` of one dimension, which is gone from the result; a view.

    Raises IndexError out of range and for a 0-d tensor.
    """
    check_tensor("select", "input", input)
    if not input.ndim:
        raise IndexError("select: input (=0-D) must have a dimension: select() cannot be applied to a 0-dim tensor")
    dim, index = normalize_dim("select", dim, input.ndim), check_integer("select", "index", index)
    size = input.array.shape[dim]
    if not -size <= index < size:
        rule = f"is out of range for tensor of size {list(input.array.shape)} at dimension {dim}"
        raise IndexError(message("select", "index", index, rule))
    result: Tensor = Select.apply(input, (*(slice(None),) * dim, index))
    return result


class Diagonal(Op):
    """The elements whose indices in two dimensions differ by `offset`, as the last dimension."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, offset: int, dim1: int, dim2: int) -> Any:
        ctx.shape, ctx.where = x.shape, (offset, dim1, dim2)
        return diagonal_view(x, offset, dim1, dim2)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return DiagonalAdjoint.apply(gy, ctx.shape, *ctx.where), None, None, None


class DiagonalAdjoint(Op):
    """Zeros with x on the diagonal."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Any:
        ctx.where = (offset, dim1, dim2)
        out = array_module(x).zeros(shape, x.dtype)
        diagonal_view(out, offset, dim1, dim2)[...] = x
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Diagonal.apply(gy, *ctx.where), None, None, None, None


def diagonal_view(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """NumPy's diagonal, but writable."""
    below, right = max(-offset, 0), max(offset, 0)
    length = max(min(x.shape[dim1] - below, x.shape[dim2] - right), 0)
    lead: list[Any] = [slice(None)] * x.ndim
    if length:
        lead[dim1], lead[dim2] = slice(below, None), slice(right, None)
    rest = [d for d in range(x.ndim) if d not in (dim1, dim2)]
    shape = (*(x.shape[d] for d in rest), length)
    strides = (*(x.strides[d] for d in rest), x.strides[dim1] + x.strides[dim2])
    return array_module(x).lib.stride_tricks.as_strided(x[tuple(lead)], shape, strides)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """torch.diagonal: the diagonal `offset` places right of the main one in the planes of dim1 and dim2; a view.

    (..., M, N) -> (..., min(M, N)) for offset 0; empty beyond the corner. Raises RuntimeError where dim1 is dim2.
    """
    check_tensor("diagonal", "input", input)
    first, second = (normalize_dim("diagonal", d, input.ndim) for d in (dim1, dim2))
    if first == second:
        raise RuntimeError(message("diagonal", "dim1", dim1, f"must differ from dim2 (={dim2}): cannot be identical"))
    result: Tensor = Diagonal.apply(input, check_integer("diagonal", "offset", offset), first, second)
    return result


class Unfold(Op):
    """Windows along one dimension, the place in the window last."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, size: int, step: int) -> Any:
        ctx.shape, ctx.where = x.shape, (dim, size, step)
        if not x.ndim:
            return array_module(x).lib.stride_tricks.as_strided(x, (size,), (x.itemsize,))
        count = (x.shape[dim] - size) // step + 1
        shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
        strides = (*x.strides[:dim], x.strides[dim] * step, *x.strides[dim + 1 :], x.strides[dim])
        return array_module(x).lib.stride_tricks.as_strided(x, shape, strides)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return UnfoldAdjoint.apply(gy, ctx.shape, *ctx.where), None, None, None


class UnfoldAdjoint(Op):
    """Zeros with every window added where it was taken."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], dim: int, size: int, step: int) -> Any:
        ctx.where = (dim, size, step)
        out = array_module(x).zeros(shape, x.dtype)
        if not shape:
            return out + x.sum()
        lead, count = (slice(None),) * dim, x.shape[dim]
        for j in range(size if count else 0):
            out[(*lead, slice(j, j + (count - 1) * step + 1, step))] += x[..., j]
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Unfold.apply(gy, *ctx.where), None, None, None, None


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """torch.Tensor.unfold: windows of `size`, `step` apart, along one dimension; a view with a last dimension more.

    (..., L, ...) -> (..., (L - size) // step + 1, ..., size). Raises RuntimeError for a window longer than L.
    """
    check_tensor("unfold", "input", input)
    dim = normalize_dim("unfold", dimension, input.ndim)
    length = input.array.shape[dim] if input.ndim else 1
    size, step = check_integer("unfold", "size", size), check_integer("unfold", "step", step)
    if size < 0:
        raise RuntimeError(message("unfold", "size", size, "must be >= 0"))
    if size > length:
        raise RuntimeError(message("unfold", "size", size, f"exceeds the maximum size {length} at dimension {dim}"))
    if step <= 0:
        raise RuntimeError(message("unfold", "step", step, "must be > 0"))
    result: Tensor = Unfold.apply(input, dim, size, step)
    return result


class AsStrided(Op):
    """Elements by their place in memory, counted from where the tensor's storage starts."""

    view = True
    by_place = True  # so a gradient must lie in memory as its tensor does

    @staticmethod
    def forward(ctx: Any, x: Any, view: Geometry, source: Geometry) -> Any:
        ctx.view, ctx.source = view, source
        size, strides, offset = view
        here = zip(x.shape, x.strides, source[1], strict=True)
        if x.size and any(a != b * x.itemsize for n, a, b in here if n > 1):
            x = _laid_out(x, source)  # a gradient comes in an order of its own
        return strided(x, offset - source[2], size, strides) if 0 not in size else x.reshape(-1)[:0].reshape(size)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Restrided.apply(gy, ctx.view, ctx.source, ctx.source), None, None


def _laid_out(x: Any, geometry: Geometry) -> Any:
    """x at the places of the geometry, in memory that starts at 0 of it."""
    places = _places(geometry)
    store = array_module(x).zeros(int(places.max()) + 1, x.dtype)
    kernels_for(x).scatter.put(store, moved(places.reshape(-1), device_of(x)), x.reshape(-1))
    return strided(store[geometry[2] :], 0, geometry[0], geometry[1])


def _places(geometry: Geometry) -> Any:
    """Where each element lies, in elements from the start."""
    size, strides, offset = geometry
    places = np.full(size, offset, np.int64)
    for axis, (length, stride) in enumerate(zip(size, strides, strict=True)):
        places += (np.arange(length) * stride).reshape((length, *(1,) * (len(size) - axis - 1)))
    return places


class Restrided(Op):
    """x added at the places of one geometry, then read at those of another, shared places of `source` averaged.

    AsStrided's adjoint; its own adjoint has the two geometries swapped.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, written: Geometry, read: Geometry, source: Geometry) -> Any:
        ctx.geometries = (read, written, source)
        xp, place = array_module(x), device_of(x)
        into, out, origin = (_places(g) for g in (written, read, source))
        size = max((int(p.max()) + 1 for p in (into, out, origin) if p.size), default=0)
        sharing = np.maximum(np.bincount(origin.ravel(), minlength=size), 1)
        store = xp.zeros(size, x.dtype)
        kernels_for(x).scatter.add(store, moved(into.reshape(-1), place), x.reshape(-1))
        return (store / moved(sharing, place))[moved(out, place)].astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Restrided.apply(gy, *ctx.geometries), None, None, None


def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """torch.as_strided: element (i, j, ..) is number storage_offset + i * stride[0] + j * stride[1] .. of the memory
    that the tensor or, of a view, its base lies in; a view. storage_offset None is the tensor's own.

    Raises RuntimeError for negative sizes, strides and offsets, and for what reaches beyond the memory.
    """
    check_tensor("as_strided", "input", input)
    shape, steps = sizes((size,)), sizes((stride,))
    x = input.array
    whole = x if input._view is None else input._view.base.array
    own = (address(x) - address(whole)) // x.itemsize
    offset = own if storage_offset is None else int(storage_offset)
    if len(shape) != len(steps):
        raise RuntimeError(
            message(
                "as_strided", "stride", list(steps), f"must be as long as size (={list(shape)}): mismatch in length"
            )
        )
    for name, given in (("size", shape), ("stride", steps), ("storage_offset", (offset,))):
        if min(given, default=0) < 0:
            raise RuntimeError(message("as_strided", name, list(given), "must not be negative"))
    held = 1 + sum((n - 1) * s for n, s in zip(whole.shape, whole.strides, strict=True)) // x.itemsize
    needed = offset + 1 + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    if 0 not in shape and needed > (held if whole.size else 0):
        rule = f"needs a storage of {needed} elements: out of bounds for storage of {held}"
        raise RuntimeError(message("as_strided", "size, stride, storage_offset", (shape, steps, offset), rule))
    source = (tuple(x.shape), tuple(s // x.itemsize for s in x.strides), own)
    result: Tensor = AsStrided.apply(input, (shape, steps, offset), source)
    return result
