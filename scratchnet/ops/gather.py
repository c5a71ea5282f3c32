"""Elements picked by tensors of indices or by a mask; one_hot."""

from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import on_its_device
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_range, check_same_device, check_tensor
from scratchnet.ops.index import Index, getitem
from scratchnet.ops.shape import expand
from scratchnet.shapes import broadcast_shapes, message, normalize_dim

Gradients = tuple[Tensor | None, ...]
Number = bool | int | float


class IndexSelect(Index):
    """Entries of one dimension."""

    @staticmethod
    def forward(ctx: Any, x: Any, index: tuple[Any, ...]) -> Any:
        ctx.shape, ctx.index = x.shape, index
        return array_module(x).take(x, index[-1], axis=len(index) - 1)


class Gather(Index):
    """One element for each index along a dimension."""


class MaskedSelect(Index):
    """The elements where a mask holds."""


def check_index(op: str, input: Tensor, index: Any, kinds: str, error: type[Exception]) -> None:
    check_tensor(op, "index", index)
    check_same_device(op, "index", index, input)
    if index.dtype.name not in kinds.split():
        rule = f"must be {kinds.replace(' ', ' or ')}: expected dtype {kinds.replace(' ', ' or ')} for index"
        raise error(message(op, "index.dtype", index.dtype, rule, "use index.long()"))


def along(dim: int, index: Any) -> tuple[Any, ...]:
    """The index of whole entries: of dimension `dim`."""
    return (*(slice(None),) * dim, index.astype(np.int64))


def vector(op: str, input: Tensor, index: Tensor, error: type[Exception]) -> Any:
    if index.ndim > 1:
        raise error(
            message(op, "index", f"{index.ndim}-D", "must be a vector or a number: Index is supposed to be 1-D")
        )
    if not input.ndim and index.array.size != 1 and op == "index_select":
        raise RuntimeError(message(op, "index", f"of length {index.array.size}", "must have 1 value for a 0-d tensor"))
    return index.array.reshape(-1)


@on_its_device
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """torch.index_select: the entries of `dim` that a vector of indices names; a copy.

    (..., N, ...), (K) -> (..., K, ...). Raises IndexError out of range (negative ones too; RuntimeError in dim 1, as
    torch does), RuntimeError for an index that isn't int32 or int64.
    """
    op = "index_select"
    check_tensor(op, "input", input)
    check_index(op, input, index, "int32 int64", RuntimeError)
    dim = normalize_dim(op, dim, input.ndim)
    places = vector(op, input, index, IndexError)
    size = input.array.shape[dim] if input.ndim else 1
    if places.size and not size:
        raise RuntimeError(message(op, "input", f"shape {list(input.array.shape)}", f"must not be empty in dim {dim}"))
    check_range(op, places, dim, size, RuntimeError if dim == 1 else IndexError)  # torch's types
    result: Tensor = IndexSelect.apply(input if input.ndim else input.reshape(1), along(dim, places))
    return result if input.ndim else result.reshape(())


def grid(dim: int, index: Any) -> tuple[Any, ...]:
    """Index arrays that pick along `dim` and keep the place in every other dimension."""
    grid = []
    for axis, length in enumerate(index.shape):
        own = array_module(index).arange(length).reshape((length,) + (1,) * (index.ndim - axis - 1))
        grid.append(index.astype(np.int64) if axis == dim else own)
    return tuple(grid)


def check_ranks(op: str, name: str, value: Tensor, index: Tensor) -> None:
    if max(value.ndim, 1) != max(index.ndim, 1):
        rule = f"must have as many dimensions as {name} ({value.ndim}): Index tensor must have the same number"
        raise RuntimeError(message(op, "index", f"{index.ndim}-D", rule))


@on_its_device
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """torch.gather: out[i][j][k] = input[i][index[i][j][k]][k] for dim 1, and so on; the shape is the index's.

    Raises RuntimeError out of range (negative ones too), for another dtype than int32 or int64, and for an index
    larger than the input in another dimension. sparse_grad is taken and gives an ordinary gradient.
    """
    op = "gather"
    check_tensor(op, "input", input)
    check_index(op, input, index, "int32 int64", RuntimeError)
    dim = normalize_dim(op, dim, input.ndim)
    shape = index.array.shape
    if not index.array.size:
        return getitem(input.reshape(-1) if input.array.size else input.reshape(0), slice(0, 0)).reshape(shape)
    check_ranks(op, "input", input, index)
    x, places = (input if input.ndim else input.reshape(1)), index.array.reshape(shape or (1,))
    if any(a > b for d, (a, b) in enumerate(zip(places.shape, x.array.shape, strict=True)) if d != dim):
        rule = f"must be no larger than input {list(x.array.shape)} apart from dimension {dim}: Size does not match"
        raise RuntimeError(message(op, "index", f"shape {list(shape)}", rule))
    check_range(op, places, dim, x.array.shape[dim], RuntimeError)
    result: Tensor = Gather.apply(x, grid(dim, places))
    return result if shape else result.reshape(())


@on_its_device
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """torch.take_along_dim: gather, the other dimensions broadcast; without dim over the flat tensors.

    As in torch indices wrap round in `dim`, negative ones too. Raises RuntimeError for ranks, sizes or dtypes
    that don't fit.
    """
    op = "take_along_dim"
    check_tensor(op, "input", input)
    check_index(op, input, indices, "int64", RuntimeError)
    if dim is None:
        flat = input.reshape(-1) if input.array.size else input.reshape(0)
        return gather(flat, 0, indices.reshape(-1) if indices.array.size else indices.reshape(0))
    if input.ndim != indices.ndim:
        rule = f"must have the same number of dimensions as input ({input.ndim})"
        raise RuntimeError(message(op, "indices", f"{indices.ndim}-D", rule))
    dim = normalize_dim(op, dim, input.ndim)
    if not input.ndim:
        raise IndexError(message(op, "dim", dim, "names no dimension: the tensor has no dimensions"))
    a, b = list(input.array.shape), list(indices.array.shape)
    size = a[dim]
    common = broadcast_shapes(op, *(tuple(1 if d == dim else n for d, n in enumerate(s)) for s in (a, b)))
    wide = expand(input, *(size if d == dim else n for d, n in enumerate(common)))
    shape = tuple(b[dim] if d == dim else n for d, n in enumerate(common))
    places = array_module(indices.array).broadcast_to(indices.array, shape)
    return gather(wide, dim, Tensor._wrap(places % size if size else places))


@on_its_device
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """torch.masked_select: the elements where a bool mask holds, both broadcast; 1-d, a copy.

    Raises RuntimeError for another dtype of mask or shapes that don't broadcast.
    """
    op = "masked_select"
    check_tensor(op, "input", input)
    check_tensor(op, "mask", mask)
    if mask.array.dtype.kind != "b":
        raise RuntimeError(message(op, "mask.dtype", mask.dtype, "must be bool: expected BoolTensor for mask"))
    check_same_device(op, "mask", mask, input)
    shape = broadcast_shapes(op, input.array.shape, mask.array.shape) or (1,)
    wide = input if input.array.shape == shape else expand(input, *shape)
    where = array_module(mask.array).broadcast_to(mask.array, shape)
    result: Tensor = MaskedSelect.apply(wide.reshape(-1), (where.reshape(-1),))
    return result


@on_its_device
def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """torch.nn.functional.one_hot: (...) of int64 -> (..., num_classes), 1 at each class number; -1 counts them.

    Raises RuntimeError for another dtype, and for numbers below 0 or from num_classes on.
    """
    op = "one_hot"
    check_tensor(op, "input", input)
    x = input.array
    if x.dtype != np.int64:
        rule = "must be int64: one_hot is only applicable to index tensor of type LongTensor"
        raise RuntimeError(message(op, "input.dtype", input.dtype, rule, "use input.long()"))
    if not x.size and num_classes <= 0:
        raise RuntimeError(message(op, "num_classes", num_classes, "can not be inferred from an empty tensor"))
    count = num_classes if num_classes != -1 else int(x.max()) + 1 if x.size else 0

    def error(wrong: int) -> Exception:
        if wrong < 0:
            return RuntimeError(message(op, "input", wrong, "must not be negative: Class values must be non-negative"))
        rule = f"must be smaller than num_classes (={num_classes}): Class values must be smaller than num_classes"
        return RuntimeError(message(op, "input", wrong, rule))

    kernels_for(x).indices.check(x, 0, count, error)
    return Tensor._wrap((x[..., None] == array_module(x).arange(count)).astype(np.int64))
