"""Elements in another arrangement: copies that turn, repeat, cut triangles, and lists of places."""

import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import on_its_device
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, moved, to_host
from scratchnet.ops.checks import check_integer, check_tensor
from scratchnet.ops.gather import index_select
from scratchnet.ops.shape import expand
from scratchnet.ops.views import DiagonalAdjoint, diagonal, diagonal_view
from scratchnet.shapes import Size, message, normalize_dim, normalize_dims, sizes

Gradients = tuple[Tensor | None, ...]


class DiagonalCopy(Op, node="DiagonalBackward0_copy"):
    """A matrix's diagonal, copied."""

    @staticmethod
    def forward(ctx: Any, x: Any, offset: int) -> Any:
        ctx.shape, ctx.offset = x.shape, offset
        return diagonal_view(x, offset, 0, 1).copy()

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return DiagonalAdjoint.apply(gy, ctx.shape, ctx.offset, 0, 1), None


class DiagEmbed(Op):
    """A matrix of zeros with the vector on its diagonal."""

    @staticmethod
    def forward(ctx: Any, x: Any, offset: int) -> Any:
        ctx.offset = offset
        return array_module(x).diag(x, offset)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return diagonal(gy, ctx.offset), None


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """torch.diag: (N) -> (N + |d|, N + |d|) with the vector on diagonal d; (M, N) -> the diagonal, copied.

    Raises RuntimeError for other numbers of dimensions.
    """
    check_tensor("diag", "input", input)
    if input.ndim not in (1, 2):
        raise RuntimeError(message("diag", "input", f"{input.ndim}-D", "must be 1-D or 2-D", "use diagonal"))
    result: Tensor = (DiagEmbed if input.ndim == 1 else DiagonalCopy).apply(
        input, check_integer("diag", "diagonal", diagonal)
    )
    return result


class Flip(Op):
    """Some dimensions read from the end."""

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...]) -> Any:
        ctx.dims = dims
        return x[(*(slice(None, None, -1 if d in dims else 1) for d in range(x.ndim)), ...)].copy()

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Flip.apply(gy, ctx.dims), None


def flip(input: Tensor, *dims: Any) -> Tensor:
    """torch.flip: the order of the elements turned round along `dims`; a copy.

    Raises IndexError out of range, RuntimeError for a dim named twice.
    """
    check_tensor("flip", "input", input)
    given = sizes(dims)
    turned = normalize_dims("flip", given, input.ndim) if given else ()
    result: Tensor = Flip.apply(input, turned)
    return result


class Roll(Op):
    """Elements moved along dimensions (None: in the flat order), those beyond the end to the front."""

    @staticmethod
    def forward(ctx: Any, x: Any, shifts: tuple[int, ...], dims: tuple[int, ...] | None) -> Any:
        ctx.back, ctx.dims = tuple(-s for s in shifts), dims
        return array_module(x).roll(x, shifts if dims else shifts[0], dims)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Roll.apply(gy, ctx.back, ctx.dims), None, None


def roll(input: Tensor, shifts: Any, dims: Any = ()) -> Tensor:
    """torch.roll: elements moved `shifts` places along `dims`, round the end; without dims over the flat tensor.

    Raises RuntimeError for lists of unequal lengths, IndexError out of range.
    """
    check_tensor("roll", "input", input)
    by, at = sizes((shifts,)), sizes((dims,))
    if not by:
        raise RuntimeError("roll: shifts (=[]) must not be empty: `shifts` required")
    if len(by) != len(at) and (at or len(by) > 1):
        raise RuntimeError(message("roll", "shifts", list(by), f"must be as many as dims (={list(at)})"))
    if at and not input.ndim:
        raise IndexError(message("roll", "dims", list(at), "must be empty: the tensor has no dimensions"))
    axes = tuple(normalize_dim("roll", d, input.ndim) for d in at)
    result: Tensor = Roll.apply(input, by, axes) if axes else Roll.apply(input, by[:1], None)
    return result


class Repeat(Op):
    """The array again and again along each dimension."""

    @staticmethod
    def forward(ctx: Any, x: Any, repeats: tuple[int, ...]) -> Any:
        ctx.repeats, ctx.shape = repeats, (1,) * (len(repeats) - x.ndim) + x.shape
        return array_module(x).tile(x, repeats)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        if not ctx.repeats:
            return gy, None
        pairs = [n for pair in zip(ctx.repeats, ctx.shape, strict=True) for n in pair]
        return gy.reshape(pairs).sum(tuple(range(0, len(pairs), 2))), None  # the tape walk drops leading dims of 1


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """torch.Tensor.repeat: the tensor repeats[i] times along dimension i, more dimensions in front; a copy.

    (N, M) by (a, b) -> (a * N, b * M). Raises RuntimeError for fewer numbers than dimensions or negative ones.
    """
    check_tensor("repeat", "input", input)
    return _repeat("repeat", input, sizes(repeats))


def _repeat(op: str, input: Tensor, times: tuple[int, ...]) -> Tensor:
    if len(times) < input.ndim:
        rule = f"must have at least the {input.ndim} dimensions of the tensor: can not be smaller"
        raise RuntimeError(message(op, "repeats", list(times), rule))
    if min(times, default=0) < 0:
        raise RuntimeError(
            message(op, "repeats", list(times), "must not be negative: Trying to create tensor with negative dimension")
        )
    result: Tensor = Repeat.apply(input, times)
    return result


def tile(input: Tensor, *dims: Any) -> Tensor:
    """torch.tile: repeat, with 1 in front where `dims` names fewer dimensions than there are."""
    check_tensor("tile", "input", input)
    times = sizes(dims)
    return _repeat("tile", input, (1,) * (input.ndim - len(times)) + times)


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """torch.repeat_interleave: each entry of `dim` (None: of the flat tensor) `repeats` times in a row.

    `repeats` is a number or an int tensor, one number per entry. With one tensor alone: its values are the numbers,
    the result the indices. Raises RuntimeError for negative numbers and sizes that don't fit.
    """
    op = "repeat_interleave"
    check_tensor(op, "input", input)
    if repeats is None:
        counts = _counts(input)
        return Tensor._wrap(moved(np.repeat(np.arange(counts.size, dtype=counts.dtype), counts), input.device))
    if dim is None:
        input, dim = (input.reshape(-1) if input.array.size else input.reshape(0)), 0
    if not input.ndim:
        if not isinstance(repeats, Tensor) and repeats >= 0:
            raise IndexError(message(op, "dim", dim, "is out of range: Dimension out of range, the tensor has none"))
        input = input.reshape(1)
    at = normalize_dim(op, dim, input.ndim)
    size = input.array.shape[at]
    if (
        isinstance(repeats, Tensor)
        and repeats.ndim <= 1
        and repeats.array.size == 1
        and repeats.array.dtype.kind == "i"
    ):
        counts = np.broadcast_to(_counts(repeats.reshape(1)), size)
    elif isinstance(repeats, Tensor):
        counts = _counts(repeats)
        if counts.size != size:
            rule = f"must be as long as dimension {at} ({size}): repeats must have the same size as input along dim"
            raise RuntimeError(message(op, "repeats", f"of length {counts.size}", rule))
    elif repeats < 0:
        raise RuntimeError(message(op, "repeats", repeats, "must not be negative"))
    else:
        shape = input.array.shape
        wide = expand(input.unsqueeze(at + 1), *shape[: at + 1], repeats, *shape[at + 1 :])
        return wide.contiguous().clone().view(*shape[:at], size * repeats, *shape[at + 1 :])
    if output_size is not None and output_size != int(counts.sum()):
        rule = f"must be the sum of repeats ({int(counts.sum())}): allocated size does not match required size"
        raise RuntimeError(message(op, "output_size", output_size, rule))
    return index_select(input, at, Tensor._wrap(moved(np.repeat(np.arange(size), counts), input.device)))


def _counts(repeats: Tensor) -> Any:
    """The numbers of a repeats tensor on the host, which needs their sum, checked."""
    op, counts = "repeat_interleave", to_host(repeats.array)
    if counts.ndim > 1 or (counts.ndim == 0 and counts.dtype.kind not in "i"):
        raise RuntimeError(message(op, "repeats", f"{counts.ndim}-D", "must be 0-dim or 1-dim tensor"))
    if counts.dtype not in (np.int32, np.int64):
        rule = f"must be int32 or int64: not implemented for {counts.dtype}"
        raise NotImplementedError(message(op, "repeats.dtype", counts.dtype, rule, "use repeats.long()"))
    if counts.size and counts.min() < 0:
        raise RuntimeError(message(op, "repeats", int(counts.min()), "can not be negative"))
    return counts


class Triangle(Op):
    """One side of a diagonal of the last two dimensions, the diagonal with it; 0 elsewhere. `side`: NumPy's name."""

    side: ClassVar[str]

    @staticmethod
    def forward(ctx: Any, x: Any, diagonal: int) -> Any:
        ctx.diagonal = diagonal
        return getattr(array_module(x), ctx.op.side)(x, diagonal)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return ctx.op.apply(gy, ctx.diagonal), None


class Tril(Triangle):
    """What lies on the diagonal and below it."""

    side = "tril"


class Triu(Triangle):
    """What lies on the diagonal and above it."""

    side = "triu"


def _triangle(op: str, kind: type[Op], input: Tensor, diagonal: int) -> Tensor:
    check_tensor(op, "input", input)
    if input.ndim < 2:
        raise RuntimeError(message(op, "input", f"{input.ndim}-D", "must have at least 2 dimensions"))
    result: Tensor = kind.apply(input, check_integer(op, "diagonal", diagonal))
    return result


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """torch.tril: the lower triangle of each matrix (..., M, N), its bound `diagonal` places right of the main one."""
    return _triangle("tril", Tril, input, diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """torch.triu: the upper triangle of each matrix (..., M, N), its bound `diagonal` places right of the main one."""
    return _triangle("triu", Triu, input, diagonal)


@on_its_device
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """torch.nonzero: where the elements other than 0 are, row after row: (count, ndim) of int64.

    With as_tuple one vector per dimension, which indexes the tensor; a 0-d tensor counts as 1-d there.
    """
    check_tensor("nonzero", "input", input)
    x = input.array
    if as_tuple:
        return tuple(Tensor._wrap(found) for found in (x if x.ndim else x.reshape(1)).nonzero())
    return Tensor._wrap(array_module(x).argwhere(x))


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """torch.meshgrid: vectors (N), (M), .. as coordinates of a grid (N, M, ..), each a view; "xy" swaps the first two.

    Without `indexing` it is "ij", with torch's UserWarning. Raises RuntimeError for none, for matrices, for dtypes that
    differ and for another `indexing`.
    """
    if len(tensors) == 1 and not isinstance(tensors[0], Tensor):
        if not isinstance(tensors[0], Iterable) or isinstance(tensors[0], np.ndarray):
            raise TypeError(f"meshgrid: tensors must be Tensors, not {type(tensors[0]).__name__}")
        tensors = tuple(tensors[0])
    for i, x in enumerate(tensors):
        check_tensor("meshgrid", f"tensors[{i}]", x)
        if x.ndim > 1:
            raise RuntimeError(message("meshgrid", f"tensors[{i}]", f"{x.ndim}-D", "must be 0D or 1D"))
        if x.dtype != tensors[0].dtype:
            rule = f"must be {tensors[0].dtype}: meshgrid expects all tensors to have the same dtype"
            raise RuntimeError(message("meshgrid", f"tensors[{i}].dtype", x.dtype, rule))
    if not tensors:
        raise RuntimeError("meshgrid: tensors (=[]): meshgrid expects a non-empty TensorList")
    if indexing is None:
        text = "meshgrid: in an upcoming release, it will be required to pass the indexing argument"
        warnings.warn(f"{text}: use indexing='ij'", UserWarning, stacklevel=2)
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(message("meshgrid", "indexing", indexing, 'must be one of "xy" or "ij"'))
    swap = indexing == "xy" and len(tensors) > 1
    order = [1, 0, *range(2, len(tensors))] if swap else list(range(len(tensors)))
    shape = Size(int(tensors[i].array.size) for i in order)
    seen = []
    for axis, i in enumerate(order):
        flat = tensors[i].view(*(1,) * axis, -1 if shape[axis] else 0, *(1,) * (len(shape) - axis - 1))
        seen.append(expand(flat, shape))
    return (seen[1], seen[0], *seen[2:]) if swap else tuple(seen)
