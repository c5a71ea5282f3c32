"""Tensors joined along a dimension, and taken apart again."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.promotion import cast, result_type
from scratchnet.ops.shape import Slice, expand
from scratchnet.shapes import broadcast_shapes, message, normalize_dim

Gradients = tuple[Tensor | None, ...]


class Cat(Op):
    """Arrays one after another along a dimension."""

    silent = True

    @staticmethod
    def forward(ctx: Any, dim: int, *arrays: Any) -> Any:
        ctx.dim, ctx.lengths = dim, [a.shape[dim] for a in arrays]
        return kernels_for(arrays[0]).join.concatenate(arrays, dim)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        if all(ctx.needs[1:]) and math.prod(gy.array.shape[: ctx.dim]) > 1:
            return None, *Pieces.apply(gy, ctx.lengths, ctx.dim)
        starts = itertools.accumulate(ctx.lengths, initial=0)
        return None, *(
            Slice.apply(gy, ctx.dim, start, length) if needed else None
            for start, length, needed in zip(starts, ctx.lengths, ctx.needs[1:], strict=False)
        )


class Pieces(Op):
    """The parts that arrays were joined from, copied out at once: most of what takes them wants them in one piece."""

    silent = True

    @staticmethod
    def forward(ctx: Any, x: Any, lengths: Sequence[int], dim: int) -> Any:
        ctx.dim = dim
        return tuple(kernels_for(x).join.split(x, lengths, dim))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        return Cat.apply(ctx.dim, *grads), None, None


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """torch.cat: the tensors one after another along `dim`; an empty 1-d tensor counts for nothing.

    Raises TypeError for no tensors' list, RuntimeError for none or for sizes that differ.
    """
    return _joined("cat", _tensors("cat", tensors), dim)


def _joined(op: str, given: list[Tensor], dim: int) -> Tensor:
    ranks = [x.array.ndim for x in given]
    if min(ranks) == 0:
        raise RuntimeError(f"{op}: tensors: zero-dimensional tensor cannot be concatenated; use stack")
    parts = [x for x in given if x.array.shape != (0,)] if max(ranks) > min(ranks) else given
    first = parts[0].array.shape
    if len({x.array.dtype for x in given}) > 1:
        common = result_type(*given)
        parts = [cast(x, common) for x in parts]
    dim = normalize_dim(op, dim, len(first))
    for i, x in enumerate(parts):
        shape = x.array.shape
        if len(shape) != len(first):
            raise RuntimeError(
                message(
                    op,
                    f"tensors[{i}]",
                    f"{len(shape)}-D",
                    f"must have {len(first)} dimensions: Tensors must have same number of dimensions",
                )
            )
        if shape == first:
            continue
        for axis, (a, b) in enumerate(zip(first, shape, strict=True)):
            if axis != dim and a != b:
                rule = f"has size {b} in dimension {axis}, not {a}: sizes must match except in dimension {dim}"
                raise RuntimeError(message(op, f"tensors[{i}]", f"shape {list(shape)}", rule))
    result: Tensor = Cat.apply(dim, *parts)
    return result


def _tensors(op: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, Sequence):
        raise TypeError(f"{op}: tensors must be a tuple or list of Tensors, not {type(tensors).__name__}")
    if not tensors:
        kind = ValueError if op == "cat" else RuntimeError
        raise kind(f"{op}: tensors (=[]): expected a non-empty list of Tensors")
    for i, x in enumerate(tensors):
        if not isinstance(x, Tensor):
            raise TypeError(f"{op}: expected Tensor as element {i} in argument 0, but got {type(x).__name__}")
    return list(tensors)


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """torch.hstack: tensors side by side: along dimension 1, vectors and numbers along 0.

    Raises as cat does, RuntimeError for no tensors.
    """
    given = [x if x.ndim else x.reshape(1) for x in _tensors("hstack", tensors)]
    return _joined("hstack", given, 0 if given[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """torch.vstack: tensors below each other along dimension 0; a vector (N) is a row (1, N).

    Raises as cat does, RuntimeError for no tensors.
    """
    given = _tensors("vstack", tensors)
    return _joined("vstack", [x if x.ndim > 1 else x.reshape(1, x.array.size) for x in given], 0)


class Stack(Op):
    """Arrays of one shape along a new dimension."""

    @staticmethod
    def forward(ctx: Any, dim: int, *arrays: Any) -> Any:
        ctx.dim = dim
        return array_module(arrays[0]).stack(arrays, axis=dim)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return None, *unbind(gy, ctx.dim)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """torch.stack: tensors of one shape along a new dimension. Raises RuntimeError where a shape differs."""
    given = _tensors("stack", tensors)
    dim = normalize_dim("stack", dim, given[0].ndim + 1)
    for i, x in enumerate(given):
        if x.array.shape != given[0].array.shape:
            rule = (
                f"differs from tensors[0] (={list(given[0].array.shape)}): stack expects each tensor to be equal size"
            )
            raise RuntimeError(message("stack", f"tensors[{i}]", list(x.array.shape), rule))
    dtype = result_type(*given)
    result: Tensor = Stack.apply(dim, *(cast(x, dtype) for x in given))
    return result


class Split(Op):
    """Consecutive ranges of one dimension, all views."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, lengths: tuple[int, ...], dim: int) -> Any:
        ctx.dim = dim
        ends = np.cumsum(lengths)
        return tuple(x[(slice(None),) * dim + (slice(int(e) - n, int(e)),)] for e, n in zip(ends, lengths, strict=True))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        return cat(grads, ctx.dim), None, None


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """torch.split: pieces of a size (the last may be smaller), or of the sizes listed; views."""
    check_tensor("split", "tensor", tensor)
    if not tensor.ndim:
        raise RuntimeError("split: tensor (=0-D): split expects at least a 1-dimensional tensor")
    dim = normalize_dim("split", dim, tensor.ndim)
    size = tensor.array.shape[dim]
    if isinstance(split_size_or_sections, int):
        piece = split_size_or_sections
        if piece < 0 or (piece == 0 and size):
            raise RuntimeError(
                message("split", "split_size", piece, "must be positive: split expects split_size be non-negative")
            )
        count = -(-size // piece) if piece and size else 1
        lengths = [piece] * (count - 1) + [size - piece * (count - 1)]
    else:
        lengths = [int(n) for n in split_size_or_sections]
        if sum(lengths) != size or min(lengths, default=0) < 0:
            rule = f"must sum exactly to {size}, the size of dimension {dim}"
            raise RuntimeError(message("split", "split_sizes", lengths, rule))
    kind = Split if isinstance(split_size_or_sections, int) else SplitWithSizes
    result: tuple[Tensor, ...] = kind.apply(tensor, tuple(lengths), dim)
    return result


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """torch.chunk: at most `chunks` pieces of equal size, the last one smaller; views."""
    check_tensor("chunk", "input", input)
    if chunks <= 0:
        raise RuntimeError(
            message("chunk", "chunks", chunks, "must be greater than 0: chunk expects `chunks` to be greater than 0")
        )
    if not input.ndim:
        raise RuntimeError("chunk: input (=0-D): chunk expects at least a 1-dimensional tensor")
    at = normalize_dim("chunk", dim, input.ndim)
    size = input.array.shape[at]
    if not size:
        return split(input, [0] * chunks, at)
    return split(input, -(-size // chunks), at)


def tensor_split(
    input: Tensor, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None, sections: Any = None
) -> tuple[Tensor, ...]:
    """torch.tensor_split: `sections` pieces, the first ones longer by one where it doesn't divide, or pieces that
    start at `indices`; views. An index works as in a slice: negative from the end, beyond it an empty piece.

    Raises RuntimeError for no sections, for a 0-d tensor, for index tensors that aren't int64 vectors.
    """
    op = "tensor_split"
    check_tensor(op, "input", input)
    given = next((g for g in (indices_or_sections, indices, sections) if g is not None), None)
    if isinstance(given, Tensor):
        if given.array.dtype != np.int64 or given.ndim > 1:
            rule = "must be a vector or a number of int64: expected tensor_indices_or_sections to have dtype of long"
            raise RuntimeError(message(op, "indices_or_sections", f"{given.ndim}-D {given.dtype}", rule))
        given = given.array.tolist()
    if not isinstance(given, (int, tuple, list)):
        raise TypeError(message(op, "indices_or_sections", given, f"must be int or ints, not {type(given).__name__}"))
    if not input.ndim:
        raise RuntimeError(message(op, "input", "0-D", "must be at least a 1-dimensional tensor"))
    at = normalize_dim(op, dim, input.ndim)
    size = input.array.shape[at]
    if isinstance(given, int):
        if given <= 0:
            raise RuntimeError(message(op, "sections", given, "must be larger than 0: number of sections"))
        long, least = size % given, size // given
        bounds = [i * least + min(i, long) for i in range(given + 1)]
    else:
        bounds = [0, *(int(i) for i in given), size]
    pieces = []
    for first, last in itertools.pairwise(bounds):
        start, stop, _ = slice(first, last).indices(size)
        pieces.append(Slice.apply(input, at, start, max(stop - start, 0)))
    return tuple(pieces)


class SplitWithSizes(Split):
    """Split, by a list of sizes."""


class Unbind(Op):
    """The slices along one dimension, all views."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int) -> Any:
        ctx.dim = dim
        lead = (slice(None),) * dim
        return tuple(x[(*lead, i, ...)] for i in range(x.shape[dim]))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Gradients:
        return stack(grads, ctx.dim), None


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """torch.unbind: the slices along `dim`; views. What iterating over a tensor gives."""
    check_tensor("unbind", "input", input)
    if not input.ndim:
        raise IndexError("unbind: input (=0-D): dimension specified as 0 but tensor has no dimensions")
    dim = normalize_dim("unbind", dim, input.ndim)
    if not input.array.shape[dim]:
        return ()
    result: tuple[Tensor, ...] = Unbind.apply(input, dim)
    return result


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """torch.broadcast_tensors: each expanded to the shape that all broadcast to."""
    for i, x in enumerate(tensors):
        check_tensor("broadcast_tensors", f"tensors[{i}]", x)
    shape = broadcast_shapes("broadcast_tensors", *(x.array.shape for x in tensors))
    return tuple(expand(x, *shape) for x in tensors)
