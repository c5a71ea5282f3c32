"""Counting: all, any, count_nonzero, bincount."""

import builtins
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_optional_tensor, check_tensor
from scratchnet.ops.reduce import Dims
from scratchnet.shapes import message, normalize_dims


def _holds(op: str, input: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    """Over `dim`; None: over all; an empty list of dims: element by element, as torch has it."""
    check_tensor(op, "input", input)
    nothing = isinstance(dim, (tuple, list)) and not dim
    dims = () if nothing else normalize_dims(op, dim, input.ndim)
    kind = np.uint8 if input.array.dtype == np.uint8 else np.bool_
    return computed(op, lambda xp, x: getattr(xp, op)(x != 0, axis=dims, keepdims=keepdim).astype(kind), input)


def all(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """torch.all: whether no element along `dim` (default: all) is 0; true of nothing. bool, of uint8: uint8."""
    return _holds("all", input, dim, keepdim)


def any(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """torch.any: whether an element along `dim` (default: all) isn't 0; false of nothing. bool, of uint8: uint8."""
    return _holds("any", input, dim, keepdim)


def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """torch.count_nonzero: how many elements along `dim` (default: all) aren't 0, NaN being none; int64."""
    check_tensor("count_nonzero", "input", input)
    dims = normalize_dims("count_nonzero", dim, input.ndim)
    return computed("count_nonzero", lambda xp, x: (x != 0).sum(axis=dims, dtype=np.int64), input)


class Bincount(Op, node="NotImplemented"):
    """How often each number occurs, or the sum of its weights."""

    @staticmethod
    def forward(ctx: Any, x: Any, weights: Any, minlength: int) -> Any:
        xp = array_module(x)
        if not x.size:
            return xp.zeros(minlength, np.int64)
        if weights is None:
            return xp.bincount(x, None, minlength).astype(np.int64, copy=False)
        sums = xp.zeros(builtins.max(minlength, int(x.max()) + 1), np.float64)
        kernels_for(sums).scatter.add(sums, x.astype(np.int64), weights.astype(np.float64))  # CuPy adds in any order
        return sums.astype(weights.dtype if weights.dtype == np.float32 else np.float64, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        raise RuntimeError("bincount: derivative for bincount is not implemented; use index_add")


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """torch.bincount: how often 0, 1, ... occur in a 1-d tensor, or the sum of the weights at each; int64.

    With weights float32 (of float32 weights) or float64; backward raises RuntimeError, as torch's does. Raises
    RuntimeError for negative numbers or other shapes, NotImplementedError for floats and bools.
    """
    check_tensor("bincount", "input", input)
    check_optional_tensor("bincount", "weights", weights)
    x = input.array
    if minlength < 0:
        raise RuntimeError(message("bincount", "minlength", minlength, "must not be negative: should be >= 0"))
    if x.dtype.kind not in "iu":
        rule = "must be an integer dtype: bincount is not implemented for it"
        raise NotImplementedError(message("bincount", "input.dtype", input.dtype.name, rule, "use input.long()"))
    if x.ndim != 1 or any(input < 0):
        rule = "must be 1-d and non-negative: bincount only supports 1-d non-negative integral inputs"
        raise RuntimeError(message("bincount", "input", f"shape {list(x.shape)}", rule))
    if weights is not None and weights.array.shape != x.shape:
        rule = f"must be 1-d and have the same length as input, {x.size}"
        raise RuntimeError(message("bincount", "weights", f"shape {list(weights.array.shape)}", rule))
    result: Tensor = Bincount.apply(input, weights, minlength)
    return result
