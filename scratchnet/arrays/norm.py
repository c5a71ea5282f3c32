"""Batch normalisation on plain arrays, and its gradients."""

import math
from typing import Any

from scratchnet.arrays.checks import Shape, check_array, check_floats, check_out
from scratchnet.device import kernels_for
from scratchnet.shapes import message


def _check_input(op: str, shape: Shape) -> None:
    if len(shape) < 2 or not shape[1]:
        rule = "must have channels in dimension 1"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use (N, C, ...)"))


def _check_channels(op: str, input: Any, **values: Any) -> None:
    """One number a channel each, or None, of the input's dtype; float32 for float16 too. RuntimeError, TypeError."""
    channels, kind = input.shape[1], input.dtype
    for argument, value in values.items():
        if value is None:
            continue
        check_array(op, argument, value, input)
        if value.shape != (channels,):
            rule = f"should contain {channels} elements, one a channel"
            fix = f"use a shape of ({channels},)"
            raise RuntimeError(message(op, f"{argument}.shape", list(value.shape), rule, fix))
        if value.dtype != kind and not (kind == "float16" and value.dtype == "float32"):
            rule = f"must have input's dtype {kind}: mixed dtype, expect parameter to have scalar type of {kind}"
            fix = f"use {argument}.astype('{kind}')"
            raise RuntimeError(message(op, f"{argument}.dtype", value.dtype, rule, fix))


def batch_norm(
    input: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, *, out: Any = None
) -> tuple[Any, Any, Any]:
    """torch.native_batch_norm in training: (N, C, *), (C,), (C,) -> y (N, C, *), mean (C,), invstd (C,).

    y = (x - mean) invstd weight + bias per channel; invstd is 1 / sqrt(biased variance + eps). Running statistics are
    the caller's: the unbiased variance is (1 / invstd**2 - eps) n / (n - 1) for n = N * numbers a channel. float16
    takes weight and bias in float32 too, and its statistics are float32. Raises ValueError for one value per channel or
    eps <= 0, RuntimeError for sizes or dtypes. Source: Ioffe and Szegedy, Batch Normalization (2015), algorithm 1.
    """
    op = "batch_norm"
    check_floats(op, input=input)
    _check_input(op, input.shape)
    if math.prod((input.shape[0], *input.shape[2:])) == 1:
        rule = "Expected more than 1 value per channel when training: the variance of one value is no use"
        raise ValueError(message(op, "input.shape", list(input.shape), rule, "use a larger batch, or batch_norm_eval"))
    if eps <= 0:
        raise ValueError(message(op, "eps", eps, "eps must be positive during training", "use eps=1e-5"))
    _check_channels(op, input, weight=weight, bias=bias)
    check_out(op, out, input.shape, input, input=input, weight=weight, bias=bias)
    y, mean, invstd = kernels_for(input).norm.batch_norm(input, weight, bias, eps, out=out)
    return y, mean, invstd


def batch_norm_grad(
    grad_output: Any, input: Any, mean: Any, invstd: Any, weight: Any = None, *, out: Any = None
) -> tuple[Any, Any, Any]:
    """batch_norm's gradients: gx (N, C, *), in `out` where given, gweight (C,), gbias (C,).

    gx = weight invstd (gy - mean(gy) - xhat mean(gy xhat)), gweight = sum(gy xhat), gbias = sum(gy) per channel, with
    batch_norm's own mean and invstd. Raises RuntimeError for sizes or dtypes that don't fit. Source: Ioffe and Szegedy
    (2015), section 3.
    """
    op = "batch_norm_grad"
    check_floats(op, grad_output=grad_output, input=input)
    _check_input(op, input.shape)
    if grad_output.shape != input.shape:
        rule = f"must be {list(input.shape)}, input's shape"
        raise RuntimeError(message(op, "grad_output.shape", list(grad_output.shape), rule))
    stats = {"mean": mean, "invstd": invstd}
    for argument, value in stats.items():
        check_array(op, argument, value, input)
    _check_channels(op, input, **stats, weight=weight)
    check_out(op, out, input.shape, input, grad_output=grad_output, input=input, **stats, weight=weight)
    gx, gweight, gbias = kernels_for(input).norm.batch_norm_grad(grad_output, input, weight, mean, invstd, out=out)
    return gx, gweight, gbias


def batch_norm_eval(
    input: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, *, out: Any = None
) -> Any:
    """torch.nn.functional.batch_norm with training=False: (x - mean) / sqrt(var + eps) * weight + bias, (N, C, *).

    mean, var, weight and bias are (C,), of the input's dtype or, for float16, float32. Raises RuntimeError for sizes or
    dtypes that don't fit, ValueError for a negative eps.
    """
    op = "batch_norm_eval"
    check_floats(op, input=input)
    _check_input(op, input.shape)
    stats = {"mean": mean, "var": var}
    for argument, value in stats.items():
        check_array(op, argument, value, input)
    _check_channels(op, input, **stats, weight=weight, bias=bias)
    if eps < 0:
        raise ValueError(message(op, "eps", eps, "eps must be non-negative", "use eps=1e-5"))
    check_out(op, out, input.shape, input, input=input, **stats, weight=weight, bias=bias)
    return kernels_for(input).norm.batch_norm_eval(input, mean, var, weight, bias, eps, out=out)
