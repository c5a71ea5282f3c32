"""Indexing of every kind: basic indices give views, lists, tensors and masks give copies; both can be written to."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import on_its_device
from scratchnet.autograd.inplace import assign, check_writable
from scratchnet.autograd.op import Op
from scratchnet.device import CPU, array_module, device, device_of, is_array, kernels_for, moved, to_host
from scratchnet.ops.checks import check_range
from scratchnet.ops.positions import is_mask, numbered, picked_shape, rows
from scratchnet.ops.promotion import cast, number
from scratchnet.shapes import broadcast_shapes, expandable, message

Gradients = tuple[Tensor | None, ...]
Parts = tuple[Any, ...]
KINDS = "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices"


class Select(Op):
    """A basic index: ints, slices, None. A view."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, index: Parts) -> Any:
        ctx.shape, ctx.index = x.shape, index
        return x[(*index, ...)]  # the ellipsis keeps a single element an array, and so a view

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return SelectAdjoint.apply(gy, ctx.shape, ctx.index), None


class SelectRange(Select, node="SliceBackward0"):
    """A basic index that ends with a slice."""


class SelectNew(Select, node="UnsqueezeBackward0"):
    """A basic index that ends with a new dimension."""


class SelectAll(Select, node="AliasBackward0"):
    """The index `...`."""


class SelectAdjoint(Op):
    """Zeros with x written where the basic index looks."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], index: Parts) -> Any:
        ctx.index = index
        out = array_module(x).zeros(shape, x.dtype)
        out[index] = x
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Select.apply(gy, ctx.index), None, None


def scattered(how: str, out: Any, index: Parts, value: Any) -> Any:
    """`value` put, added or multiplied in `out`, a contiguous array, where the index looks: one after another."""
    numbers, count, row = rows(index, out.shape)
    if getattr(value, "ndim", 0):
        xp = array_module(out)
        value = xp.broadcast_to(value, picked_shape(index, out.shape)).reshape(numbers.size, *row)
    getattr(kernels_for(out).scatter, how)(out.reshape(count, *row), numbers, value)
    return out


class Index(Op):
    """An index with arrays in it: a copy. An element named twice is taken twice."""

    @staticmethod
    def forward(ctx: Any, x: Any, index: Parts) -> Any:
        xp, index = array_module(x), numbered(index)
        ctx.shape, ctx.index = x.shape, index
        arrays = [axis for axis, part in enumerate(index) if not isinstance(part, slice)]
        if len(arrays) == 1 and x.flags.c_contiguous:
            return xp.take(x, index[arrays[0]], axis=arrays[0])  # row after row, as torch's; x[index] puts it first
        return xp.asarray(x[index])

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return IndexAdjoint.apply(gy, ctx.shape, ctx.index), None


class IndexAdjoint(Op):
    """Zeros with x added where the index looks: an element named twice gets both."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], index: Parts) -> Any:
        ctx.index = index
        out = array_module(x).zeros(shape, x.dtype)
        return scattered("add", out, index, x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Index.apply(gy, ctx.index), None, None


class IndexPut(Op):
    """A copy of x with the value written where the index looks."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any, index: Parts) -> Any:
        ctx.index = numbered(index)
        return scattered("put", x.copy(), ctx.index, value)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        gx = IndexPut.apply(gy, gy.array.dtype.type(0), ctx.index) if ctx.needs[0] else None
        return gx, (Index.apply(gy, ctx.index) if ctx.needs[1] else None), None


@on_its_device
def getitem(input: Tensor, index: Any) -> Tensor:
    """input[index]: a view for ints, slices, None and Ellipsis; a copy where lists, arrays, tensors or masks take part.

    As in torch an int beside arrays picks its slice first. Raises IndexError out of range, ValueError for a step < 1.
    """
    basic, advanced = parse(input, index)
    if basic is not None:
        input = _kind(index).apply(input, basic)
    if advanced is not None:
        input = Index.apply(input, advanced)
    return input


def _kind(index: Any) -> type[Op]:
    """Which node shows the index: torch has one for each of its parts, and the last one is seen."""
    parts = [part for part in (index if isinstance(index, tuple) else (index,)) if part is not Ellipsis]
    if not parts:
        return SelectAll
    return SelectRange if isinstance(parts[-1], slice) else SelectNew if parts[-1] is None else Select


@on_its_device
def setitem(input: Tensor, index: Any, value: Any) -> None:
    """input[index] = value, in place and on the tape. Raises RuntimeError where the value doesn't broadcast."""
    check_writable(input, "setitem")
    basic, advanced = parse(input, index)
    place = input if basic is None else Select.apply(input, basic)
    where_shape = place.array.shape if advanced is None else picked_shape(advanced, place.array.shape)
    if isinstance(value, Tensor):
        value = _fit(cast(value, input.dtype), where_shape)
    elif isinstance(value, (bool, int, float, np.generic)):
        value = number("setitem", value, input.dtype)
    elif is_array(value):
        value = _fit(Tensor._wrap(moved(value.astype(input.array.dtype), input.device)), where_shape)
    else:
        raise TypeError(f"setitem: value must be a tensor, an array or a number, not {type(value).__name__}")
    if advanced is None:
        place.copy_(value) if isinstance(value, Tensor) else place.fill_(value)
    else:
        assign(place, IndexPut.apply(place, value, advanced), "setitem")


def _fit(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The value without leading dimensions of length 1 that the place lacks."""
    while value.ndim > len(shape) and value.array.shape[0] == 1:
        value = value.squeeze(0)
    if not expandable(tuple(value.array.shape), tuple(shape)):
        rule = f"cannot be broadcast to indexing result of shape {list(shape)}: shape mismatch"
        raise RuntimeError(message("setitem", "value", f"tensor of shape {list(value.array.shape)}", rule))
    return value


def parse(input: Tensor, index: Any) -> tuple[Parts | None, Parts | None]:
    """The index in two steps: the basic part (None: nothing to do), then the part with arrays (None: there is none)."""
    if isinstance(index, list) and any(
        p is None or p is Ellipsis or isinstance(p, (Sequence, slice, Tensor)) for p in index
    ):
        index = tuple(index)  # torch's old habit: a list that holds sequences or tensors stands for a tuple
    parts = [_part(p, input.device) for p in (index if isinstance(index, tuple) else (index,))]
    ndim = input.ndim
    used = sum(p.ndim if is_mask(p) else p is not None and p is not Ellipsis and not isinstance(p, bool) for p in parts)
    if used > ndim:
        raise IndexError(message("index", "index", index, f"has too many indices for tensor of dimension {ndim}"))
    if not any(p is Ellipsis for p in parts):
        parts.append(Ellipsis)
    basic: list[Any] = []
    advanced: list[Any] = []
    axis = 0
    shape = input.array.shape
    for part in parts:
        if part is Ellipsis:
            basic += [slice(None)] * (ndim - used)
            advanced += [slice(None)] * (ndim - used)
            axis += ndim - used
            used = ndim  # a second ellipsis stands for nothing
        elif part is None:
            basic.append(None)
            advanced.append(slice(None))
        elif isinstance(part, bool):
            basic.append(None)
            advanced.append(moved(np.array([0] if part else [], np.int64), input.device))
        elif isinstance(part, int):
            if not -shape[axis] <= part < shape[axis]:
                rule = f"is out of bounds for dimension {axis} with size {shape[axis]}"
                raise IndexError(message("index", "index", part, rule))
            basic.append(part)
            axis += 1
        elif isinstance(part, slice):
            basic.append(part)
            advanced.append(slice(None))
            axis += 1
        else:
            arrays = _numbers(part, shape, axis, input.device)
            basic += [slice(None)] * len(arrays)
            advanced += arrays
            axis += len(arrays)
    found = [p for p in advanced if is_array(p)]
    if found:
        try:
            broadcast_shapes("index", *(p.shape for p in found))
        except RuntimeError as error:
            raise IndexError(f"{error}; shape mismatch: indexing tensors could not be broadcast together") from None
    whole = all(isinstance(p, slice) and p == slice(None) for p in basic)
    return (None if whole and found else tuple(basic)), (tuple(advanced) if found else None)


def _numbers(part: Any, shape: tuple[int, ...], axis: int, place: device) -> list[Any]:
    """An array of the index, checked, as arrays of ints on the tensor's device: a mask as one a dimension."""
    if is_mask(part):
        for i, length in enumerate(part.shape):
            if length != shape[axis + i]:
                rule = f"does not match the shape of the indexed tensor {list(shape)} at index {axis + i}"
                raise IndexError(message("index", "mask", f"shape {list(part.shape)}", rule))
        return [moved(numbers, place) for numbers in part.nonzero()]
    check_range("index", part, axis, shape[axis], IndexError, -shape[axis])
    return [moved(part, place)]


def _part(part: Any, place: device) -> Any:
    """One entry of the index of a tensor on `place`: int, slice, None, Ellipsis, bool, or integer or bool array."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return part
    if isinstance(part, slice):
        start, stop, step = (p if p is None else int(p.__index__()) for p in (part.start, part.stop, part.step))
        if step is not None and step <= 0:
            raise ValueError(message("index", "step", step, "must be greater than zero", "use flip to reverse"))
        return slice(start, stop, step)
    if isinstance(part, Tensor):
        part = part.array
    elif isinstance(part, (list, tuple, range)):
        part = np.asarray([to_host(p.array) if isinstance(p, Tensor) else p for p in part])
        part = part.astype(np.int64) if not part.size else part
    elif hasattr(part, "__index__") and not is_array(part):
        return int(part.__index__())
    if isinstance(part, str):
        raise TypeError(f"index: {KINDS} (got str)")
    if not is_array(part) or part.dtype.kind not in "biu":
        kind = part.dtype if is_array(part) else type(part).__name__
        raise IndexError(f"index: {KINDS} (got {kind})")
    if part.ndim == 0:
        number: bool | int = to_host(part).item()
        return number
    if (found := device_of(part)) not in (CPU, place):
        rule = f"indices should be either on cpu or on the same device as the indexed tensor ({place})"
        raise RuntimeError(message("index", "index", f"on {found}", rule, "use index.cpu()"))
    if part.dtype == np.uint8:
        return part.astype(np.bool_)
    return part if part.dtype.kind == "b" else part.astype(np.int64)
