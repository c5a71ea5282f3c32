"""Dropout: zeros drawn from the engine's random stream, which is torch's."""

import warnings
from typing import Any

import numpy as np

from scratchnet import random
from scratchnet.autograd.core import Tensor
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.shapes import message


def _noise(op: str, input: Tensor, shape: tuple[int, ...], order: list[int], p: float) -> Tensor:
    """Zeros with probability p, else 1 / (1 - p), in input's dtype; drawn with the axes in that order."""
    array = input.array
    if array.dtype.kind not in "fc":
        rule = f"result type Float can't be cast to the desired output type {array.dtype}"
        raise RuntimeError(message(op, "input.dtype", array.dtype, rule, "use input.float()"))
    if p == 1:
        return Tensor._wrap(array_module(array).zeros(shape, array.dtype))
    keep = random.bernoulli_keep(tuple([shape[axis] for axis in order]), 1 - p)
    keep = keep.transpose([order.index(axis) for axis in range(len(order))])
    wide = np.float32 if array.dtype == "float16" else array.dtype.type
    return Tensor._wrap(array_module(array).asarray(keep) * array.dtype.type(wide(1) / wide(1 - p)))


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
    strides, order = input.array.strides, list(range(input.array.ndim))
    if not input.array.flags.c_contiguous and 0 not in strides:
        order.sort(key=lambda axis: -strides[axis])  # torch draws in the order of the input's memory
    return _apply(input, _noise("dropout", input, input.array.shape, order, p), inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """torch.nn.functional.dropout2d: (N, C, H, W), whole channels are 0 with probability p, else x / (1 - p).

    Other ranks from 2 up warn, as in torch, and are taken as (N, C, ...). Raises as dropout does, RuntimeError below
    rank 2. Source: Tompson et al., Efficient Object Localization Using Convolutional Networks (2015), section 3.2.
    """
    _check_probability("dropout2d", input, p)
    shape = input.array.shape
    if len(shape) != 4:
        text = f"dropout2d: Received a {len(shape)}-D input to dropout2d, taken as (N, C, ...). Use rank 4, or dropout."
        warnings.warn(text, UserWarning, stacklevel=2)
    if len(shape) < 2:
        rule = "has no channels: Feature dropout requires at least 2 dimensions in the input"
        raise RuntimeError(message("dropout2d", "input.shape", list(shape), rule, "use dropout"))
    if not training or p == 0 or input.array.size == 0:
        return input
    ones = (1,) * (len(shape) - 2)
    return _apply(input, _noise("dropout2d", input, shape[:2] + ones, list(range(len(shape))), p), inplace)
