"""Batch normalisation: a fused op, and a fused backward whose own backward is composed of it and of plain ops."""

import math
from typing import Any

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import check_writable
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for, on
from scratchnet.ops.checks import check_floating, check_optional_tensor, check_tensor
from scratchnet.ops.conv import ChannelSum
from scratchnet.shapes import message


def _per_channel(value: Tensor, ndim: int) -> Tensor:
    """(C,) as (C, 1, ...), to broadcast over (N, C, ...)."""
    shaped: Tensor = value.reshape((-1,) + (1,) * (ndim - 2))
    return shaped


class NativeBatchNorm(Op):
    """(x - mean) / sqrt(var + eps) * weight + bias by the batch's own mean and var; mean and invstd come out too."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, bias: Any, eps: float) -> Any:
        ctx.save_inputs(0, 1)
        ctx.mark_non_differentiable(1, 2)
        y, mean, invstd = kernels_for(x).norm.batch_norm(x, weight, bias, eps)
        ctx.save_arrays(mean, invstd)
        ctx.eps = eps
        return y, mean, invstd

    @staticmethod
    def backward(ctx: Any, gy: Tensor, *_: Tensor) -> Any:
        x, weight, mean, invstd = ctx.saved
        gx, gweight, gbias = BatchNormGrad.apply(gy, x, weight, mean, invstd, ctx.eps)
        needs = ctx.needs
        return (gx if needs[0] else None), (gweight if needs[1] else None), (gbias if needs[2] else None), None


class BatchNormGrad(Op):
    """gx = weight invstd (gy - mean(gy) - xhat mean(gy xhat)), gweight = sum(gy xhat), gbias = sum(gy), per channel.

    Source: Ioffe and Szegedy, Batch Normalization (2015), section 3; mean and invstd are those of x, saved by the
    forward.
    """

    @staticmethod
    def forward(ctx: Any, gy: Any, x: Any, weight: Any, mean: Any, invstd: Any, eps: float) -> Any:
        ctx.save_inputs(0, 1, 2, 3, 4)
        ctx.eps = eps
        return kernels_for(x).norm.batch_norm_grad(gy, x, weight, mean, invstd)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor, ggweight: Tensor, ggbias: Tensor) -> Any:
        gy, x, weight, mean, invstd = ctx.saved
        ndim, dtype = x.array.ndim, x.dtype
        count = max(x.array.size // max(x.array.shape[1], 1), 1)
        # From x again and not from the saved arrays, so that a third derivative sees how they depend on x.
        dims = (0, *range(2, ndim))
        centred = x - x.mean(dim=dims, keepdim=True)
        scale = 1.0 / ((centred * centred).mean(dim=dims, keepdim=True) + ctx.eps).sqrt()
        xhat = centred * scale
        w = 1.0 if weight is None else _per_channel(weight.to(dtype), ndim)
        slope = _per_channel(ggweight.to(dtype), ndim)

        def total(value: Tensor) -> Tensor:
            summed: Tensor = value.sum(dim=dims, keepdim=True)
            return summed

        needs_gy, needs_x, needs_weight = ctx.needs[:3]
        grad_gy = grad_x = grad_weight = None
        if needs_gy:
            projected = BatchNormGrad.apply(ggx, x, weight, mean, invstd, ctx.eps)[0]
            grad_gy = projected + slope * xhat + _per_channel(ggbias.to(dtype), ndim)
        if needs_x or needs_weight:
            a, b = total(ggx * xhat), total(gy * xhat)
            inner = total(ggx * gy) - total(ggx) * total(gy) / count - a * b / count  # <ggx, gx> / (weight scale)
            if needs_weight:
                grad_weight = (scale * inner).reshape(-1).to(weight.dtype)
            if needs_x:
                by_xhat = slope * gy - w * scale * (ggx * b + gy * a) / count
                through_xhat = BatchNormGrad.apply(by_xhat, x, None, mean, invstd, ctx.eps)[0]
                grad_x = through_xhat - w * inner * scale * scale * xhat / count
        return grad_gy, grad_x, grad_weight, None, None, None


class BatchNormEval(Op):
    """(x - mean) / sqrt(var + eps) * weight + bias by running statistics, which are constants."""

    @staticmethod
    def forward(ctx: Any, x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
        ctx.save_inputs(0, 1, 2, 3)
        ctx.eps = eps
        return kernels_for(x).norm.batch_norm_eval(x, mean, var, weight, bias, eps)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, mean, var, weight = ctx.saved
        ndim = x.array.ndim
        scale = 1.0 / (var.double() + ctx.eps).sqrt()
        gx = gweight = gbias = None
        if ctx.needs[0]:
            gx = gy * _per_channel((scale if weight is None else scale * weight.double()).to(x.dtype), ndim)
        if ctx.needs[3]:
            xhat = (x.double() - _per_channel(mean.double(), ndim)) * _per_channel(scale, ndim)
            gweight = ChannelSum.apply(gy.double() * xhat)
        if ctx.needs[4]:
            gbias = ChannelSum.apply(gy)
        return gx, None, None, gweight, gbias, None


BatchNormEval.node_type.__name__ = "NativeBatchNormBackward0"  # torch has one node for both


def _check(
    x: Any, stats: dict[str, Tensor | None], affine: dict[str, Tensor | None], training: bool, eps: float
) -> None:
    check_tensor("batch_norm", "input", x)
    for argument, value in (*stats.items(), *affine.items()):
        check_optional_tensor("batch_norm", argument, value)
    shape, kind = x.array.shape, x.array.dtype
    if not shape:
        raise IndexError(
            message("batch_norm", "input.shape", [], "has no channels: tuple index out of range", "use (N, C, ...)")
        )
    if not training:
        for argument, value in stats.items():
            if value is None:
                rule = f"{argument} must be defined in evaluation mode"
                raise RuntimeError(
                    message("batch_norm", argument, None, rule, "use training=True to take the batch's own")
                )
    if training and (stats["running_mean"] is None) != (stats["running_var"] is None):
        rule = "running_mean and running_var must either both be None or neither be None"
        raise ValueError(
            message("batch_norm", "running_mean, running_var", "one of them None", rule, "give both or none")
        )
    if eps < 0 or (training and eps == 0):
        rule = f"eps must be {'positive during training' if training else 'non-negative'}"
        raise ValueError(message("batch_norm", "eps", eps, rule, "use eps=1e-5"))
    channels = shape[1] if len(shape) > 1 else 0
    if training and len(shape) > 1 and math.prod((shape[0], *shape[2:])) == 1:
        rule = "Expected more than 1 value per channel when training: the variance of one value is no use"
        raise ValueError(
            message("batch_norm", "input.shape", list(shape), rule, "use a larger batch, or training=False")
        )
    if len(shape) > 1 and not channels and any(value is not None for value in affine.values()):
        rule = "has no channels: index 0 is out of range for weight and bias"
        raise IndexError(message("batch_norm", "input.shape", list(shape), rule, "use at least one channel"))
    check_floating("batch_norm", "input", x)
    for argument, value in (*stats.items(), *affine.items()):
        if value is None:
            continue
        if value.array.size != channels or (argument in stats and value.array.ndim != 1):
            rule = f"should contain {channels} elements not {value.array.size}"
            raise RuntimeError(
                message("batch_norm", f"{argument}.shape", list(value.shape), rule, f"use a shape of ({channels},)")
            )
        allowed = (kind, "float32") if kind == "float16" else (kind,)
        if value.array.dtype not in allowed and value.dtype is not x.dtype:
            rule = f"must have input's dtype {kind}: mixed dtype, expect parameter to have scalar type of {kind}"
            raise RuntimeError(
                message("batch_norm", f"{argument}.dtype", value.array.dtype, rule, f"use .to(scratchnet.{kind})")
            )
        if argument in stats and value.requires_grad:
            rule = f"is not differentiable with respect to argument '{argument}': it cannot have requires_grad True"
            raise RuntimeError(
                message("batch_norm", f"{argument}.requires_grad", True, rule, f"use {argument}.detach()")
            )


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """torch.nn.functional.batch_norm: (N, C, *) -> (N, C, *), (x - mean) / sqrt(var + eps) * weight + bias.

    Per channel. training: mean and biased var of the batch; the running ones, where given, move in place by momentum,
    with the unbiased var. Otherwise the running statistics are used. Raises ValueError for one value per channel in
    training, or eps not positive; RuntimeError for sizes or dtypes that don't fit. Source: Ioffe and Szegedy, Batch
    Normalization (2015), algorithms 1 and 2.
    """
    stats, affine = {"running_mean": running_mean, "running_var": running_var}, {"weight": weight, "bias": bias}
    _check(input, stats, affine, training, eps)
    if isinstance(momentum, bool) or not isinstance(momentum, (int, float)):
        raise TypeError(
            message("batch_norm", "momentum", momentum, f"must be float, not {type(momentum).__name__}", "use 0.1")
        )
    weight = weight if weight is None or weight.array.ndim == 1 else weight.reshape(-1)
    bias = bias if bias is None or bias.array.ndim == 1 else bias.reshape(-1)
    if not training:
        y: Tensor = BatchNormEval.apply(input, running_mean, running_var, weight, bias, eps)
        return y
    moving = [] if running_mean is None or running_var is None else [running_mean, running_var]
    for running in moving:
        check_writable(running, "batch_norm")
    y, mean, invstd = NativeBatchNorm.apply(input, weight, bias, eps)
    if input.array.size and moving:
        count = input.array.size // input.array.shape[1]
        with on(input.device):
            wide = invstd.array.astype(np.float64)
            unbiased = (1.0 / (wide * wide) - eps).clip(min=0.0) * (count / (count - 1))
            for running, batch in zip(moving, (mean.array, unbiased), strict=True):
                running.array[...] = (1.0 - momentum) * running.array + momentum * batch.real
                running._counter.value += 1
    return y
