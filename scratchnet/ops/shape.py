"""Shapes: views that share memory wherever torch's do, copies, and ranges of one dimension."""

import math
from collections.abc import Sequence
from typing import Any

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for, reshaped
from scratchnet.ops.checks import check_integer, check_tensor
from scratchnet.shapes import expandable, message, normalize_dim, normalize_dims, sizes

Gradients = tuple[Tensor | None, ...]


class View(Op):
    """The same memory in another shape."""

    view = True
    silent = True

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...]) -> Any:
        ctx.shape = x.shape
        return reshaped(x, shape)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return gy.reshape(ctx.shape), None


def _infer(op: str, input: Tensor, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with its -1 worked out. Raises RuntimeError where the number of elements doesn't fit."""
    count, known, unknown = input.array.size, 1, 0
    for length in shape:
        if length == -1:
            unknown += 1
        elif length < 0:
            raise RuntimeError(
                message(op, "shape", list(shape), "must not hold negative sizes other than -1: invalid shape dimension")
            )
        else:
            known *= length
    if unknown > 1:
        raise RuntimeError(message(op, "shape", list(shape), "may hold -1 once: only one dimension can be inferred"))
    if unknown:
        if not known:
            raise RuntimeError(message(op, "shape", list(shape), "leaves -1 ambiguous: the other sizes multiply to 0"))
        if count % known == 0:
            return tuple([count // known if length == -1 else length for length in shape])
    elif known == count:
        return shape
    rule = f"is invalid for input of size {count} with shape {list(input.array.shape)}"
    raise RuntimeError(message(op, "shape", list(shape), rule, "use sizes whose product is that size"))


def view(input: Tensor, *shape: Any) -> Tensor:
    """torch.Tensor.view: the same memory as `shape` (one -1 allowed). Raises RuntimeError where strides forbid it.

    `view(dtype)` reads the memory's bytes as another dtype of the same size.
    """
    check_tensor("view", "input", input)
    if len(shape) == 1 and isinstance(shape[0], dtypes.dtype):
        return _view_dtype(input, shape[0])
    target = _infer("view", input, sizes(shape))
    try:
        result: Tensor = View.apply(input, target)
    except ValueError:
        rule = (
            "is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
            "subspaces)"
        )
        raise RuntimeError(message("view", "shape", list(target), rule, "Use .reshape(...) instead")) from None
    return result


def _view_dtype(input: Tensor, dtype: dtypes.dtype) -> Tensor:
    if dtype.itemsize != input.dtype.itemsize:
        raise RuntimeError(message("view", "dtype", dtype, f"must have as many bytes as {input.dtype}"))
    twin = input.detach()
    twin.array = twin.array.view(dtype.numpy)
    return twin


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """torch.reshape: a view where the strides allow it, else a copy."""
    check_tensor("reshape", "input", input)
    target = _infer("reshape", input, sizes(shape))
    if target == input.array.shape:
        return alias(input, target)
    try:
        result: Tensor = View.apply(input, target)
    except ValueError:
        result = UnsafeView.apply(input.contiguous(), target)
    return result


def alias(input: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A view of the same shape."""
    result: Tensor = View.apply(input, shape)
    return result


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """torch.flatten: the dimensions start_dim..end_dim as one; the input itself where there is nothing to do."""
    check_tensor("flatten", "input", input)
    ndim = input.ndim
    start, end = normalize_dim("flatten", start_dim, ndim), normalize_dim("flatten", end_dim, ndim)
    if start > end:
        raise RuntimeError(message("flatten", "start_dim", start_dim, f"must not come after end_dim (={end_dim})"))
    if ndim == 0:
        return input.reshape(1)
    if start == end:
        return input
    shape = input.array.shape
    merged = math.prod(shape[start : end + 1])
    return input.reshape(*shape[:start], merged, *shape[end + 1 :])


class UnsafeView(View):
    """View of a copy made on the way."""


class Squeeze(View):
    """All dimensions of length 1 dropped."""


class SqueezeDim(View, node="SqueezeBackward1"):
    """One dimension of length 1 dropped."""


class SqueezeDims(View, node="SqueezeBackward2"):
    """Several dimensions of length 1 dropped."""


class Unsqueeze(View):
    """A dimension of length 1 put in."""


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """torch.squeeze: without the dimensions of length 1, or those of them that `dim` names; a view."""
    check_tensor("squeeze", "input", input)
    dims = normalize_dims("squeeze", dim, input.ndim)
    shape = tuple(n for i, n in enumerate(input.array.shape) if n != 1 or i not in dims)
    kind = Squeeze if dim is None else SqueezeDim if isinstance(dim, int) else SqueezeDims
    result: Tensor = kind.apply(input, shape)
    return result


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """torch.unsqueeze: a dimension of length 1 put at `dim` (from -ndim-1 to ndim); a view."""
    check_tensor("unsqueeze", "input", input)
    at = normalize_dim("unsqueeze", dim, input.ndim + 1)
    shape = input.array.shape
    result: Tensor = Unsqueeze.apply(input, (*shape[:at], 1, *shape[at:]))
    return result


class Expand(Op):
    """Dimensions of length 1 repeated without copying."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...]) -> Any:
        xp = array_module(x)
        return xp.lib.stride_tricks.as_strided(x, shape, xp.broadcast_to(x, shape).strides)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return gy, None  # the tape walk sums it over what was repeated


def expand(input: Tensor, *shape: Any) -> Tensor:
    """torch.Tensor.expand: dimensions of length 1 seen as `shape` says (-1 keeps one); a view with stride 0."""
    check_tensor("expand", "input", input)
    given, old = sizes(shape), input.array.shape
    lead = len(given) - len(old)
    if lead < 0:
        raise RuntimeError(
            message("expand", "shape", list(given), f"must have at least the {len(old)} dimensions of the tensor")
        )
    target = tuple([old[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(given)])
    if target and min(target) < 0:
        raise RuntimeError(
            message("expand", "shape", list(given), "must not hold -1 in a leading, non-existing dimension")
        )
    if not expandable(old, target):
        rule = f"must match the existing size at each non-singleton dimension of {list(old)}"
        raise RuntimeError(message("expand", "shape", list(given), rule))
    result: Tensor = Expand.apply(input, target)
    return result


def broadcast_to(input: Tensor, shape: Sequence[int]) -> Tensor:
    """torch.broadcast_to: expand to `shape`."""
    check_tensor("broadcast_to", "input", input)
    return expand(input, *shape)


def sum_to_size(input: Tensor, *shape: Any) -> Tensor:
    """torch.Tensor.sum_to_size: the adjoint of expand, summed to `shape`.

    Raises RuntimeError where `shape` doesn't expand to the input's.
    """
    check_tensor("sum_to_size", "input", input)
    target = sizes(shape)
    if not expandable(target, tuple(input.array.shape)):
        raise RuntimeError(
            message("sum_to_size", "size", list(target), f"is not expandable to size {list(input.array.shape)}")
        )
    lead = input.ndim - len(target)
    dims = [i for i, n in enumerate(input.array.shape) if i < lead or (target[i - lead] == 1 and n != 1)]
    summed = input.sum(dims, keepdim=True) if dims else input
    return summed.reshape(target) if summed.array.shape != target else summed


class Clone(Op):
    """A copy in memory of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.copy(order="K") if 0 not in x.strides else x.copy(order="C")

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return (gy,)


def clone(input: Tensor) -> Tensor:
    """torch.clone: a copy in memory of its own, on the tape."""
    check_tensor("clone", "input", input)
    result: Tensor = Clone.apply(input)
    return result


class ContiguousCopy(Op, node="CloneBackward0"):
    """A copy laid out row after row."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return kernels_for(x).join.contiguous(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return (gy,)


def contiguous(input: Tensor) -> Tensor:
    """torch.Tensor.contiguous: the tensor itself where it lies row after row, else a copy that does."""
    check_tensor("contiguous", "input", input)
    if input.array.flags.c_contiguous:
        return input
    result: Tensor = ContiguousCopy.apply(input)
    return result


class Slice(Op):
    """A range of one dimension: start, length, step."""

    view = True
    silent = True

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, start: int, length: int) -> Any:
        ctx.shape, ctx.dim, ctx.start = x.shape, dim, start
        return x[(slice(None),) * dim + (slice(start, start + length),)]

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Embed.apply(gy, ctx.shape, ctx.dim, ctx.start), None, None, None


class Embed(Op):
    """Zeros of a shape with x put at `start` of a dimension: the adjoint of Slice."""

    @staticmethod
    def forward(ctx: Any, x: Any, shape: tuple[int, ...], dim: int, start: int) -> Any:
        ctx.dim, ctx.start, ctx.length = dim, start, x.shape[dim]
        out = array_module(x).zeros(shape, x.dtype)
        out[(slice(None),) * dim + (slice(start, start + x.shape[dim]),)] = x
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Slice.apply(gy, ctx.dim, ctx.start, ctx.length), None, None, None


def narrow(input: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """torch.narrow: `length` entries of `dim` from `start` on; a view. Raises IndexError, RuntimeError out of range."""
    check_tensor("narrow", "input", input)
    if not input.ndim:
        raise RuntimeError("narrow: input (=0-D): narrow() cannot be applied to a 0-dim tensor")
    dim = normalize_dim("narrow", dim, input.ndim)
    start, length = check_integer("narrow", "start", start), check_integer("narrow", "length", length)
    size = input.array.shape[dim]
    if length < 0:
        raise RuntimeError(message("narrow", "length", length, "must be non-negative"))
    if not -size <= start <= size:
        raise IndexError(
            message("narrow", "start", start, f"is out of range: expected to be in range of [{-size}, {size}]")
        )
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(message("narrow", "start + length", start + length, f"exceeds dimension size ({size})"))
    result: Tensor = Slice.apply(input, dim, start, length)
    return result
