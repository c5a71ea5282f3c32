"""Dropout: zeros drawn from the engine's random stream, which is torch's."""

import math
import warnings
from typing import Any

import numpy as np

from scratchnet import random
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import assign, check_writable
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, device_of, kernels_for, on
from scratchnet.ops.checks import check_tensor
from scratchnet.shapes import message

SELU_FLOOR = 1.7580993408473766  # scale alpha: selu is above minus this


class Dropout(Op, node="MulBackward0"):
    """x * scale where a draw keeps it, else x * 0: the mask is kept for backward."""

    @staticmethod
    def forward(ctx: Any, x: Any, p: float) -> Any:
        ctx.scale = _scale(p, x.dtype)
        y, kept = random.stream_of(device_of(x)).dropout(x, 1 - p, ctx.scale)
        ctx.save_arrays(kept)
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return Masked.apply(gy, *ctx.saved, ctx.scale), None


class Masked(Op, node="MulBackward0"):
    """x * scale where a mask holds, else x * 0."""

    @staticmethod
    def forward(ctx: Any, x: Any, kept: Any, scale: float) -> Any:
        ctx.scale = scale
        ctx.save_arrays(kept)
        return kernels_for(x).dropout.scaled(x, kept, scale)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return Masked.apply(gy, *ctx.saved, ctx.scale), None, None


def _scale(p: float, dtype: Any) -> float:
    """1 / (1 - p) as torch rounds it."""
    wide = np.float32 if dtype == np.float16 else np.float64 if dtype.kind == "c" else dtype.type
    return float((dtype.type if dtype == np.float16 else wide)(wide(1) / wide(1 - p)))


def _check_dtype(op: str, array: Any) -> None:
    if array.dtype.kind not in "fc":
        rule = f"result type Float can't be cast to the desired output type {array.dtype}"
        raise RuntimeError(message(op, "input.dtype", array.dtype, rule, "use input.float()"))


def _noise(op: str, input: Tensor, shape: tuple[int, ...], order: list[int], p: float) -> Tensor:
    """Zeros with probability p, else 1 / (1 - p), in input's dtype; drawn with the axes in that order."""
    array, place = input.array, input.device
    _check_dtype(op, array)
    with on(place):
        if p == 1:
            return Tensor._wrap(array_module(array).zeros(shape, array.dtype))
        keep = random.stream_of(place).bernoulli_keep(tuple([shape[axis] for axis in order]), 1 - p)
        keep = keep.transpose([order.index(axis) for axis in range(len(order))])
        return Tensor._wrap(keep * array.dtype.type(_scale(p, array.dtype)))


def _check_probability(op: str, input: Any, p: float) -> None:
    check_tensor(op, "input", input)
    if p < 0.0 or p > 1.0:
        rule = f"dropout probability has to be between 0 and 1, but got {p}"
        raise ValueError(message(op, "p", p, rule, f"use p={min(max(p, 0.0), 1.0)}"))
    if np.isnan(p):
        raise RuntimeError(message(op, "p", p, "dropout probability has to be between 0 and 1", "use p=0.5"))


def _apply(input: Tensor, noise: Tensor, inplace: bool) -> Tensor:
    y: Tensor = input.mul_(noise) if inplace else input * noise
    return y


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout: each element is 0 with probability p, else x / (1 - p); any shape.

    training=False, p=0 or no elements: the input itself. The same seed gives torch's mask. p=1 multiplies by 0 (-0 and
    NaN stay). Raises ValueError for p outside [0, 1], RuntimeError for integers, and for inplace on a leaf that
    requires grad. Source: Srivastava et al., Dropout (2014), section 10 (scaled at training time).
    """
    _check_probability("dropout", input, p)
    if not training or p == 0 or input.array.size == 0:
        return input
    _check_dtype("dropout", input.array)
    if p == 1:
        return _apply(input, _noise("dropout", input, input.array.shape, [], p), inplace)
    if inplace:
        check_writable(input, "dropout_")
    y: Tensor = Dropout.apply(input, p)
    return assign(input, y, "dropout_") if inplace else y


def by_channel(op: str, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """Whole channels of (N, C, *) dropped."""
    shape = input.array.shape
    if len(shape) < 2:
        rule = "has no channels: Feature dropout requires at least 2 dimensions in the input"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use dropout"))
    if not training or p == 0 or input.array.size == 0:
        return input
    ones = (1,) * (len(shape) - 2)
    return _apply(input, _noise(op, input, shape[:2] + ones, list(range(len(shape))), p), inplace)


def _unbatched(op: str, input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    """The same for (C, *)."""
    y = by_channel(op, input.unsqueeze(0), p, training, inplace).squeeze(0)
    return input if inplace and input.array.size else y


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout1d: (N, C, L) or (C, L), whole channels are 0 with probability p, else x / (1 - p).

    Raises as dropout does, RuntimeError for other ranks.
    """
    _check_probability("dropout1d", input, p)
    rank = input.array.ndim
    if rank not in (2, 3):
        rule = f"Expected 2D or 3D input, but received a {rank}D input"
        raise RuntimeError(message("dropout1d", "input.dim()", rank, rule, "use (N, C, L)"))
    return (by_channel if rank == 3 else _unbatched)("dropout1d", input, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout2d: (N, C, H, W), whole channels are 0 with probability p, else x / (1 - p).

    Other ranks from 2 up warn, as in torch, and are taken as (N, C, ...). Raises as dropout does, RuntimeError below
    rank 2. Source: Tompson et al., Efficient Object Localization Using Convolutional Networks (2015), section 3.2.
    """
    _check_probability("dropout2d", input, p)
    rank = input.array.ndim
    if rank != 4:
        text = f"dropout2d: Received a {rank}-D input to dropout2d, taken as (N, C, ...). Use rank 4, or dropout."
        warnings.warn(text, UserWarning, stacklevel=2)
    return by_channel("dropout2d", input, p, training, inplace)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout3d: (N, C, D, H, W) or (C, D, H, W), whole channels are 0 with probability p.

    The others are x / (1 - p). Other ranks warn, as in torch, and are taken as (C, ...). Raises as dropout does.
    """
    _check_probability("dropout3d", input, p)
    rank = input.array.ndim
    if rank not in (4, 5):
        text = f"dropout3d: Received a {rank}-D input to dropout3d, taken as (C, ...). Use rank 4 or 5, or dropout."
        warnings.warn(text, UserWarning, stacklevel=2)
    return (by_channel if rank == 5 else _unbatched)("dropout3d", input, p, training, inplace)


def _alpha(op: str, input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    """input * noise + b: what is dropped becomes selu's lowest value, and mean and variance stay."""
    if not training or p == 0 or input.array.size == 0:
        return input
    order = random.memory_order(input.array) if op == "alpha_dropout" else list(range(len(shape)))
    noise = _noise(op, input, shape, order, p)
    if p == 1:
        return _apply(input, noise, inplace)
    kind = input.array.dtype
    a = 1 / math.sqrt((SELU_FLOOR * SELU_FLOOR * p + 1) * (1 - p))
    with on(input.device):
        kept = noise.array != 0
        b = (kept.astype(kind) - kind.type(1)) * kind.type(SELU_FLOOR * a) + kind.type(SELU_FLOOR * a * p)
        factor, offset = Tensor._wrap(kept * kind.type(a)), Tensor._wrap(b)
    y = _apply(input, factor, inplace)
    result: Tensor = y.add_(offset) if inplace else y + offset
    return result


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """torch.nn.functional.alpha_dropout: elements become selu's lowest value with probability p; any shape.

    The result is scaled and moved so that a mean of 0 and a variance of 1 stay. The same seed gives torch's mask.
    Raises as dropout does. Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    _check_probability("alpha_dropout", input, p)
    return _alpha("alpha_dropout", input, p, training, inplace, input.array.shape)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """torch.nn.functional.feature_alpha_dropout: alpha_dropout of whole channels, (N, C, *).

    Raises as dropout does, RuntimeError below rank 2.
    """
    op = "feature_alpha_dropout"
    _check_probability(op, input, p)
    shape = input.array.shape
    if len(shape) < 2 and training and p not in (0, 1) and input.array.size:
        rule = "has no channels: Feature dropout requires at least 2 dimensions in the input"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use alpha_dropout"))
    return _alpha(op, input, p, training, inplace, shape[:2] + (1,) * (len(shape) - 2))
