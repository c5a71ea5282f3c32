"""Elements written or added where tensors of indices say."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import on_its_device
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, moved
from scratchnet.ops.checks import check_range, check_tensor
from scratchnet.ops.gather import along, check_index, check_ranks, grid, vector
from scratchnet.ops.index import Index, IndexPut, getitem, scattered
from scratchnet.ops.positions import is_mask, numbered, picked_shape
from scratchnet.ops.promotion import cast, number
from scratchnet.shapes import broadcast_shapes, expandable, message, normalize_dim

Gradients = tuple[Tensor | None, ...]
Number = bool | int | float


class IndexPutWrite(IndexPut, node="IndexPutBackward0"):
    """Values written where arrays of indices look."""


class IndexFill(IndexPut, node="IndexFillBackward0"):
    """A number written over entries of one dimension."""


class IndexFillTensor(IndexPut, node="IndexFillBackward1"):
    """A 0-d tensor written over entries of one dimension."""


class Scatter(IndexPut, node="ScatterBackward0"):
    """A source written along a dimension: the last of several for one place stays."""


class ScatterValue(IndexPut, node="ScatterBackward1"):
    """A number written along a dimension."""


class IndexAdd(Op):
    """x with values added where the index looks, one after another: a place named twice gets both."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any, index: tuple[Any, ...]) -> Any:
        ctx.index = numbered(index)
        return scattered("add", x.copy(), ctx.index, value)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return gy, (Index.apply(gy, ctx.index) if ctx.needs[1] else None), None


class ScatterAdd(IndexAdd):
    """IndexAdd along a dimension."""


class IndexPutAdd(IndexAdd, node="IndexPutBackward0"):
    """IndexAdd where arrays of indices look."""


class ScatterReduce(Op, node="NotImplemented"):
    """scatter with reduce, which has no derivative in torch either."""

    @staticmethod
    def forward(ctx: Any, x: Any, value: Any, index: tuple[Any, ...], reduce: str) -> Any:
        return scattered(reduce, x.copy(), index, value)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        raise RuntimeError("scatter: derivative for scatter with reduce is not implemented; use scatter_add")


@on_its_device
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Number = 1) -> Tensor:
    """torch.index_add: alpha * source's entries of `dim` added to the entries that `index` names, in order.

    (..., N, ...), (K), (..., K, ...) -> (..., N, ...). Raises RuntimeError or IndexError out of range, RuntimeError
    for dtypes or shapes that don't fit.
    """
    op = "index_add"
    check_tensor(op, "input", input)
    check_index(op, input, index, "int32 int64", RuntimeError)
    check_tensor(op, "source", source)
    dim = normalize_dim(op, dim, input.ndim)
    places = vector(op, input, index, IndexError)
    same_dtype(op, input, "source", source)
    shape, given = input.array.shape, source.array.shape
    if len(given) == len(shape) and len(shape) and given[dim] != places.size:
        rule = f"must have as many entries of dimension {dim} as index ({places.size}): Number of indices"
        raise RuntimeError(message(op, "source", f"shape {list(given)}", rule))
    if len(given) != len(shape) or any(a != b for d, (a, b) in enumerate(zip(shape, given, strict=True)) if d != dim):
        rule = f"must match self's shape {list(shape)} but for dimension {dim}: source tensor shape must match"
        raise RuntimeError(message(op, "source", f"shape {list(given)}", rule))
    outer = alpha == 1 and len(shape) > 1 and dim in (0, len(shape) - 1)  # torch's types differ by the way it takes
    check_range(op, places, dim, shape[dim] if shape else 1, RuntimeError if outer else IndexError)
    if alpha != 1:
        source = source * number(op, alpha, input.dtype)
    if not input.ndim:
        added: Tensor = IndexAdd.apply(input.reshape(1), source.reshape(1), (places,))
        return added.reshape(())
    result: Tensor = IndexAdd.apply(input, source, along(dim, places))
    return result


def same_dtype(op: str, input: Tensor, name: str, value: Tensor) -> None:
    if value.dtype != input.dtype:
        rule = f"must be the input's, {input.dtype}: expected both to have the same dtype"
        raise RuntimeError(message(op, f"{name}.dtype", value.dtype, rule, f"use {name}.to({input.dtype})"))


@on_its_device
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """torch.index_fill: the entries of `dim` that `index` names overwritten with a number or a 0-d tensor.

    Raises IndexError out of range or where index isn't int64, RuntimeError for a value with dimensions.
    """
    op = "index_fill"
    check_tensor(op, "input", input)
    check_index(op, input, index, "int64", IndexError)
    dim = normalize_dim(op, dim, input.ndim)
    places = vector(op, input, index, RuntimeError)
    size = input.array.shape[dim] if input.ndim else 1
    check_range(op, places, dim, size, IndexError, -size)
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(message(op, "value", f"{value.ndim}-D", "must be a number or a 0-dimensional tensor"))
        value = cast(value, input.dtype)
        places = array_module(places).unique(places % size if size else places)
    elif isinstance(value, (bool, int, float, np.generic)):
        value = number(op, value, input.dtype)
    else:
        raise TypeError(message(op, "value", repr(value), f"must be a number or Tensor, not {type(value).__name__}"))
    kind: type[Op] = IndexFillTensor if isinstance(value, Tensor) else IndexFill
    if not input.ndim:
        filled: Tensor = kind.apply(input.reshape(1), value, (places,))
        return filled.reshape(())
    result: Tensor = kind.apply(input, value, along(dim, places))
    return result


@on_its_device
def index_put(input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False) -> Tensor:
    """torch.index_put: input[indices] = values as a copy; with accumulate, values that meet in a place add up.

    Raises TypeError for what is no tensor, IndexError out of range, RuntimeError where values don't broadcast.
    """
    op = "index_put"
    check_tensor(op, "input", input)
    if not isinstance(indices, (tuple, list)):
        raise TypeError(
            message(op, "indices", repr(indices), f"must be tuple of Tensors, not {type(indices).__name__}")
        )
    for i, index in enumerate(indices):
        check_tensor(op, f"indices[{i}]", index)
    check_tensor(op, "values", values)
    parts = _parts(op, input, indices)
    same_dtype(op, input, "values", values)
    shape = picked_shape(parts, input.array.shape)
    if not expandable(values.array.shape, shape):
        rule = f"cannot be broadcast to indexing result of shape {list(shape)}: shape mismatch"
        raise RuntimeError(message(op, "values", f"shape {list(values.array.shape)}", rule))
    result: Tensor = (IndexPutAdd if accumulate else IndexPutWrite).apply(input, values, parts)
    return result


def _parts(op: str, input: Tensor, indices: Sequence[Tensor]) -> tuple[Any, ...]:
    """The index tensors as arrays of ints, checked against the shape."""
    arrays = [i.array.astype(np.bool_) if i.array.dtype == np.uint8 else i.array for i in indices]
    used = sum(p.ndim if is_mask(p) else 1 for p in arrays)
    if not arrays:
        raise RuntimeError(message(op, "indices", "[]", "must hold at least one tensor"))
    if used > input.ndim:
        rule = f"has too many indices for tensor of dimension {input.ndim} (got {used})"
        raise IndexError(message(op, "indices", f"{len(arrays)} tensors", rule))
    parts: list[Any] = []
    for i, part in enumerate(arrays):
        axis = len(parts)
        if is_mask(part):
            if part.shape != input.array.shape[axis : axis + part.ndim]:
                rule = f"does not match the shape of the indexed tensor {list(input.array.shape)} at index {axis}"
                raise IndexError(message(op, f"indices[{i}]", f"shape {list(part.shape)}", rule))
            parts += [moved(numbers, input.device) for numbers in part.nonzero()]
            continue
        if part.dtype not in (np.int32, np.int64):
            raise IndexError(message(op, f"indices[{i}].dtype", part.dtype, "must be long, int, byte or bool"))
        size = input.array.shape[axis]
        check_range(op, part, axis, size, IndexError, -size)
        parts.append(moved(part.astype(np.int64), input.device))
    try:
        broadcast_shapes(op, *(p.shape for p in parts))
    except RuntimeError as error:
        raise IndexError(f"{error}; shape mismatch: indexing tensors could not be broadcast together") from None
    return tuple(parts)


def _prepared(op: str, input: Tensor, dim: int, index: Tensor, src: Any) -> tuple[Any, ...]:
    """The input (1-d at least), the part of src that the index covers, the index arrays."""
    check_tensor(op, "input", input)
    check_index(op, input, index, "int32 int64", RuntimeError)
    dim = normalize_dim(op, dim, input.ndim)
    if isinstance(src, Tensor):
        same_dtype(op, input, "src", src)
    x, places = (input if input.ndim else input.reshape(1)), index.array.reshape(index.array.shape or (1,))
    if not places.size:  # of any rank
        nothing = getitem(src.reshape(src.array.size), slice(0, 0)) if isinstance(src, Tensor) else src
        return x, nothing, (array_module(places).empty(0, np.int64),) * x.ndim
    check_ranks(op, "self", input, index)
    if isinstance(src, Tensor):
        check_ranks(op, "src", src, index)
        src = src if src.ndim else src.reshape(1)
    limit = src.array.shape if isinstance(src, Tensor) else places.shape
    for d, (n, a, b) in enumerate(zip(places.shape, x.array.shape, limit, strict=True)):
        if (n > a and d != dim) or n > b:
            rule = f"must be no larger than self {list(x.array.shape)} apart from dimension {dim} and than src"
            raise RuntimeError(message(op, "index", f"shape {list(places.shape)}", f"{rule} {list(limit)}"))
    check_range(op, places, dim, x.array.shape[dim], RuntimeError)
    if isinstance(src, Tensor) and src.array.shape != places.shape:
        src = getitem(src, tuple(slice(0, n) for n in places.shape))
    return x, src, grid(dim, places)


@on_its_device
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """torch.scatter: out[i][index[i][j][k]][k] = src[i][j][k] for dim 1, and so on; src a tensor or a number.

    The last of several values for one place stays; each gets that place's gradient, as in torch. reduce "add" or
    "multiply" combines them and has no gradient. Raises RuntimeError for indices, sizes or dtypes that don't fit.
    """
    op = "scatter"
    if src is None:
        src = value
    if not isinstance(src, (Tensor, bool, int, float, np.generic)):
        raise TypeError(message(op, "src", repr(src), f"must be Tensor or a number, not {type(src).__name__}"))
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError(message(op, "reduce", reduce, "must be either add or multiply"))
    x, source, grid = _prepared(op, input, dim, index, src)
    if not isinstance(source, Tensor):
        source = number(op, source, input.dtype)
    if reduce is not None:
        result: Tensor = ScatterReduce.apply(x, source, grid, reduce)
    else:
        result = (Scatter if isinstance(source, Tensor) else ScatterValue).apply(x, source, grid)
    return result if input.ndim else result.reshape(())


@on_its_device
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """torch.scatter_add: out[i][index[i][j][k]][k] += src[i][j][k] for dim 1, and so on, one after another.

    Raises RuntimeError for indices, sizes or dtypes that don't fit.
    """
    op = "scatter_add"
    check_tensor(op, "src", src)
    result: Tensor = ScatterAdd.apply(*_prepared(op, input, dim, index, src))
    return result if input.ndim else result.reshape(())
