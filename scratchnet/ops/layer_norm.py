"""Normalisation of groups within a sample: layer_norm, group_norm, instance_norm, rms_norm, local_response_norm."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import check_writable
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for, on
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_tensor
from scratchnet.ops.functions import sqrt
from scratchnet.ops.norm import BatchNormGrad, NativeBatchNorm, batch_norm
from scratchnet.ops.pad import pad
from scratchnet.ops.pool_average import avg_pool2d
from scratchnet.shapes import message


class NativeLayerNorm(Op):
    """(x - mean) / sqrt(var + eps) in each of `rows` equal parts of x, times weight, plus bias, both broadcast."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, bias: Any, rows: int, eps: float) -> Any:
        ctx.save_inputs(0, 1)
        ctx.rows, ctx.eps = rows, eps
        y, mean, invstd = kernels_for(x).norm.batch_norm(x.reshape(1, rows, x.size // max(rows, 1)), None, None, eps)
        ctx.save_arrays(mean, invstd)
        y = y.reshape(x.shape)
        if weight is not None:
            y = y * weight
        return (y if bias is None else y + bias).astype(x.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, weight, mean, invstd = ctx.saved
        parts = (1, ctx.rows, x.array.size // max(ctx.rows, 1))
        gx = gweight = None
        if ctx.needs[0]:
            scaled = (gy if weight is None else gy * weight).reshape(parts)
            gx = BatchNormGrad.apply(scaled, x.reshape(parts), None, mean, invstd, ctx.eps)[0].reshape(x.shape)
        if ctx.needs[1]:
            xhat = NativeBatchNorm.apply(x.reshape(parts), None, None, ctx.eps)[0]
            gweight = _summed(gy * xhat.reshape(x.shape), weight)
        return gx, gweight, (_summed(gy, None) if ctx.needs[2] else None), None, None


class NativeGroupNorm(NativeLayerNorm):
    """The same for groups of channels; of empty images torch's weight gets NaN."""

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        gx, gweight, *rest = NativeLayerNorm.backward(ctx, gy)
        if gweight is not None and ctx.rows and not gy.array.size:
            gweight = ctx.saved[1].detach() * math.nan
        return gx, gweight, *rest


class NativeInstanceNorm(NativeLayerNorm, node="ViewBackward0"):
    """The same for each channel: torch makes it of views and batch_norm, and the last of them shows."""


def _summed(gradient: Tensor, weight: Tensor | None) -> Tensor:
    """The gradient in float64: the tape walk sums it over what was broadcast, and rounds once."""
    return gradient.double() if gradient.dtype.itemsize > 2 else gradient.float()


def _check_affine(op: str, input: Tensor, weight: Tensor | None, bias: Tensor | None, shape: tuple[int, ...]) -> None:
    kind = input.array.dtype
    for argument, value in (("weight", weight), ("bias", bias)):
        if value is None:
            continue
        if value.array.shape != shape:
            rule = f"Expected {argument} to be of same shape as normalized_shape or channels, {list(shape)}"
            raise RuntimeError(message(op, f"{argument}.shape", list(value.shape), rule, f"use a shape of {shape}"))
        if value.dtype is not input.dtype and not (kind == "float16" and value.array.dtype == "float32"):
            rule = f"must have input's dtype {kind}: mixed dtype, expect parameter to have scalar type of {kind}"
            raise RuntimeError(message(op, f"{argument}.dtype", value.array.dtype, rule, f"use .to(scratchnet.{kind})"))


def _last_dims(op: str, input: Tensor, normalized_shape: Any) -> tuple[int, ...]:
    if isinstance(normalized_shape, int) or not isinstance(normalized_shape, Sequence):
        rule = f"must be tuple of ints, not {type(normalized_shape).__name__}"
        raise TypeError(message(op, "normalized_shape", normalized_shape, rule, "use (10,)"))
    shape = tuple(normalized_shape)
    if not shape:
        rule = "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element"
        raise RuntimeError(message(op, "normalized_shape", [], rule, "use (input.size(-1),)"))
    if input.array.shape[-len(shape) :] != shape:
        rule = f"must end input's shape {list(input.shape)}: expected input with shape [*, {str(list(shape))[1:]}"
        raise RuntimeError(message(op, "normalized_shape", list(shape), rule, "use input.shape[1:]"))
    return shape


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """torch.nn.functional.layer_norm: (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions.

    (*, normalized_shape) -> the same; weight and bias have normalized_shape; var is the biased variance. Raises
    RuntimeError for shapes or dtypes that don't fit, NotImplementedError for integers. Source: Ba, Kiros and Hinton,
    Layer Normalization (2016).
    """
    check_tensor("layer_norm", "input", input)
    check_optional_tensor("layer_norm", "weight", weight)
    check_optional_tensor("layer_norm", "bias", bias)
    shape = _last_dims("layer_norm", input, normalized_shape)
    _check_affine("layer_norm", input, weight, bias, shape)
    check_floating("layer_norm", "input", input)
    rows = math.prod(input.array.shape[: input.array.ndim - len(shape)])
    y: Tensor = NativeLayerNorm.apply(input, weight, bias, rows, eps)
    return y


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """torch.nn.functional.group_norm: (N, C, *) -> the same; layer_norm of each group of C / num_groups channels.

    weight and bias are (C,). Raises RuntimeError where C is no multiple of num_groups, or for shapes that don't fit,
    ValueError for groups of one value, NotImplementedError for integers. Source: Wu and He, Group Normalization (2018).
    """
    op = "group_norm"
    check_tensor(op, "input", input)
    check_optional_tensor(op, "weight", weight)
    check_optional_tensor(op, "bias", bias)
    shape = input.array.shape
    if len(shape) < 2:
        rule = f"Expected at least 2 dimensions for input tensor but received {len(shape)}"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use (N, C, *)"))
    if num_groups <= 0:
        kind = ZeroDivisionError if num_groups == 0 else RuntimeError
        raise kind(message(op, "num_groups", num_groups, "Expected num groups to be greater than 0", "use 1"))
    if shape[0] * shape[1] // num_groups * math.prod(shape[2:]) == 1:
        rule = "Expected more than 1 value per channel when training: the variance of one value is no use"
        raise ValueError(message(op, "input.shape", list(shape), rule, "use a larger image, or fewer groups"))
    if shape[1] % num_groups:
        rule = f"Expected number of channels in input ({shape[1]}) to be divisible by num_groups"
        raise RuntimeError(message(op, "num_groups", num_groups, rule, "use num_groups=1"))
    _check_affine(op, input, weight, bias, shape[1:2])
    check_floating(op, "input", input)
    wide = (-1,) + (1,) * (len(shape) - 2)
    weight, bias = (None if value is None else value.reshape(wide) for value in (weight, bias))
    y: Tensor = NativeGroupNorm.apply(input, weight, bias, shape[0] * num_groups, eps)
    return y


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """torch.nn.functional.instance_norm: (N, C, *) -> the same, each channel of each sample normalised by itself.

    The running statistics, where given, move by momentum towards the mean over the samples, in place;
    use_input_stats=False normalises by them instead. Raises ValueError for one value per channel, RuntimeError for
    sizes or dtypes that don't fit. Source: Ulyanov, Vedaldi and Lempitsky, Instance Normalization (2016).
    """
    op = "instance_norm"
    check_tensor(op, "input", input)
    for argument, value in (("running_mean", running_mean), ("running_var", running_var), ("bias", bias)):
        check_optional_tensor(op, argument, value)
    shape = input.array.shape
    if use_input_stats and math.prod(shape[2:]) == 1:
        rule = "Expected more than 1 spatial element when training"
        raise ValueError(message(op, "input.shape", list(shape), rule, "use a larger image"))
    if len(shape) > 1 and not shape[0] * shape[1] and (weight is not None or bias is not None):
        rule = "has no samples or no channels: index 0 is out of range for weight and bias"
        raise IndexError(message(op, "input.shape", list(shape), rule, "use at least one of each"))
    if not use_input_stats:
        if running_mean is None or running_var is None:
            rule = "Expected running_mean and running_var to be defined when use_input_stats is false"
            raise RuntimeError(message(op, "running_mean", running_mean, rule, "give both"))
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    _check_affine(op, input, weight, bias, shape[1:2])
    check_floating(op, "input", input)
    moving = [(name, v) for name, v in (("running_mean", running_mean), ("running_var", running_var)) if v is not None]
    for name, running in moving:
        if running.array.shape != shape[1:2]:
            rule = f"should contain {shape[1]} elements not {running.array.size}"
            raise RuntimeError(message(op, f"{name}.shape", list(running.shape), rule, f"use ({shape[1]},)"))
        check_writable(running, op)
    wide = (-1,) + (1,) * (len(shape) - 2)
    weight, bias = (None if value is None else value.reshape(wide) for value in (weight, bias))
    y: Tensor = NativeInstanceNorm.apply(input, weight, bias, shape[0] * shape[1], eps)
    if moving and (input.array.size or not shape[0]):
        axes = tuple(range(2, len(shape)))
        for name, running in moving:
            with on(input.device), np.errstate(invalid="ignore"):  # the mean over no samples is NaN
                values = input.array.astype(np.float64)
                batch = values.mean(axis=axes) if name == "running_mean" else values.var(axis=axes, ddof=1)
                running.array[...] = (1.0 - momentum) * running.array + momentum * (
                    batch.real.sum(axis=0) / np.float64(shape[0])
                )
            running._counter.value += 1
    return y


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """torch.nn.functional.rms_norm: x / sqrt(mean(x²) + eps) * weight over the last dimensions, normalized_shape.

    eps=None is the smallest step of the dtype (float16: float32's). Raises RuntimeError for shapes that don't fit,
    NotImplementedError for integers. Source: Zhang and Sennrich, Root Mean Square Layer Normalization (2019).
    """
    op = "rms_norm"
    check_tensor(op, "input", input)
    check_optional_tensor(op, "weight", weight)
    shape = _last_dims(op, input, normalized_shape)
    if weight is not None and weight.array.shape != shape:
        rule = f"Expected weight to be of same shape as normalized_shape, {list(shape)}"
        raise RuntimeError(message(op, "weight.shape", list(weight.shape), rule, f"use a shape of {shape}"))
    check_floating(op, "input", input)
    wide = input.float() if input.array.dtype == "float16" else input
    eps = float(np.finfo(wide.array.dtype).eps) if eps is None else eps
    y: Tensor = wide * (1 / sqrt((wide * wide).mean(dim=tuple(range(-len(shape), 0)), keepdim=True) + eps))
    if weight is not None:
        y = y * weight
    return y if wide is input else y.to(input.dtype)


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """torch.nn.functional.local_response_norm: x / (k + alpha mean(x²)) ** beta, the mean over `size` channels.

    (N, C, *) -> the same, * at least one dimension; channels from c - size // 2 to c + (size - 1) // 2, zeros outside.
    Raises ValueError below rank 3. Source: Krizhevsky, Sutskever and Hinton (2012), section 3.3.
    """
    check_tensor("local_response_norm", "input", input)
    shape = input.array.shape
    if len(shape) < 3:
        rule = f"Expected 3D or higher dimensionality input (got {len(shape)} dimensions)"
        raise ValueError(message("local_response_norm", "input.dim()", len(shape), rule, "use (N, C, L)"))
    if not input.array.size:
        return input
    squares = pad((input * input).reshape(shape[0], 1, shape[1], -1), (0, 0, size // 2, (size - 1) // 2))
    scale = (avg_pool2d(squares, (size, 1), stride=1).reshape(shape) * alpha + k) ** beta
    y: Tensor = input / scale
    return y
