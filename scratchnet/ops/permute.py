"""The order of the dimensions: permute, transpose, t, mT, T. Views."""

from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.ops.checks import check_tensor
from scratchnet.shapes import message, normalize_dim, normalize_dims, sizes

Gradients = tuple[Tensor | None, ...]


class Permute(Op):
    """The dimensions in another order."""

    view = True

    @staticmethod
    def forward(ctx: Any, x: Any, dims: tuple[int, ...]) -> Any:
        ctx.dims = dims
        return x.transpose(dims)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return Permute.apply(gy, tuple(int(i) for i in np.argsort(ctx.dims))), None


class Transpose(Permute):
    """Two dimensions swapped."""


class T_(Permute, node="TBackward0"):
    """A matrix transposed."""


def permute(input: Tensor, *dims: Any) -> Tensor:
    """torch.permute: dimension i of the result is dims[i] of the input; a view."""
    check_tensor("permute", "input", input)
    order = normalize_dims("permute", sizes(dims), input.ndim) if input.ndim else ()
    if len(order) != input.ndim:
        raise RuntimeError(
            message("permute", "dims", list(order), f"must name each of the {input.ndim} dimensions once")
        )
    result: Tensor = Permute.apply(input, order)
    return result


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """torch.transpose: two dimensions swapped; a view."""
    check_tensor("transpose", "input", input)
    ndim = input.ndim
    a, b = normalize_dim("transpose", dim0, ndim), normalize_dim("transpose", dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[a], order[b] = b, a
    result: Tensor = Transpose.apply(input, tuple(order))
    return result


def t(input: Tensor) -> Tensor:
    """torch.t: a matrix transposed; a vector or a number as it is. Raises RuntimeError for more dimensions."""
    check_tensor("t", "input", input)
    if input.ndim > 2:
        raise RuntimeError(
            message(
                "t",
                "input",
                f"{input.ndim}-D",
                "must have <= 2 dimensions: t() expects a tensor with <= 2 dimensions",
                "use mT",
            )
        )
    result: Tensor = T_.apply(input, tuple(reversed(range(input.ndim))))
    return result


def mT(input: Tensor) -> Tensor:  # noqa: N802
    """torch.Tensor.mT: the last two dimensions swapped."""
    if input.ndim < 2:
        raise RuntimeError(message("mT", "input", f"{input.ndim}-D", "must have at least 2 dimensions"))
    return transpose(input, -2, -1)


def T(input: Tensor) -> Tensor:  # noqa: N802
    """torch.Tensor.T: all dimensions reversed."""
    result: Tensor = Permute.apply(input, tuple(reversed(range(input.ndim))))
    return result
