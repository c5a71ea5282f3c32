"""Activations made of straight pieces: relu6, hardtanh, leaky_relu, prelu, rrelu, threshold, the shrinks."""

from typing import Any

import numpy as np

from scratchnet import random
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import assign, check_writable
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, on
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.curve import Curve, KernelCurve, StraightCurve
from scratchnet.shapes import message


def curve(kind: type[Op], op: str, input: Any, *numbers: Any, inplace: bool = False) -> Tensor:
    """The Curve of a floating-point tensor; inplace writes it over the tensor, which takes over its history."""
    check_tensor(op, "input", input)
    check_floating(op, "input", input)
    return written(kind, op, input, *numbers, inplace=inplace)


def written(kind: type[Op], op: str, input: Tensor, *numbers: Any, inplace: bool) -> Tensor:
    """The op's result, or the tensor with the result written over it."""
    if not inplace:
        y: Tensor = kind.apply(input, *numbers)
        return y
    check_writable(input, f"{op}_")
    return assign(input, kind.apply(input.clone(), *numbers), f"{op}_")  # backward reads what x was


class Hardtanh(StraightCurve):
    """x held between two numbers; flat at and beyond them."""

    curve = "hardtanh"


class LeakyRelu(StraightCurve):
    """x, times a slope where x <= 0."""

    curve = "leaky_relu"


class PreluKernel(Op):
    """x, times w where x <= 0; w broadcasts over x."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any) -> Any:
        ctx.save_inputs(0, 1)
        return array_module(x).where(x > 0, x, x * w)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, w = ctx.saved
        gx, gw = PreluKernelGrad.apply(gy, x, w)
        return (gx if ctx.needs[0] else None), (gw if ctx.needs[1] else None)


class PreluKernelGrad(Op):
    """The gradients of PreluKernel by x and by w. At 0 the first order's slope is w, the second order's is 1."""

    @staticmethod
    def forward(ctx: Any, gy: Any, x: Any, w: Any) -> Any:
        ctx.save_inputs(0, 1, 2)
        xp, zero = array_module(x), x.dtype.type(0)
        return xp.where(x > 0, gy, gy * w), xp.where(x >= 0, zero, gy * x)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor, ggw: Tensor) -> Any:
        gy, x, w = ctx.saved
        g_gy = where(x >= 0, ggx, ggx * w + ggw * x) if ctx.needs[0] else None
        g_x = where(x >= 0, 0.0, gy * ggw) if ctx.needs[1] else None
        return g_gy, g_x, (where(x >= 0, 0.0, gy * ggx) if ctx.needs[2] else None)


class RreluWithNoise(Op):
    """x * noise: 1 where x > 0, elsewhere a slope drawn for the element."""

    @staticmethod
    def forward(ctx: Any, x: Any, noise: Any) -> Any:
        ctx.save_arrays(noise)
        return x * noise

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (noise,) = ctx.saved
        return gy * noise, None


class Threshold(Curve):
    """x where it is above a number, else a value."""

    @staticmethod
    def value(xp: Any, x: Any, threshold: float, value: float) -> Any:
        return xp.where(x <= threshold, x.dtype.type(value), x)

    @staticmethod
    def slope(gy: Tensor, x: Tensor, threshold: float, value: float) -> Tensor:
        gx: Tensor = where(x <= threshold, 0.0, gy)
        return gx


class Hardsigmoid(StraightCurve):
    """min(max(x + 3, 0), 6) / 6."""

    curve = "hardsigmoid"


class Hardswish(KernelCurve):
    """x min(max(x + 3, 0), 6) / 6."""

    curve = "hardswish"

    @staticmethod
    def bend(g: Tensor, x: Tensor) -> Tensor:
        gx: Tensor = where((x > -3) & (x < 3), g / 3, 0.0)
        return gx


class Softshrink(Curve):
    """x moved towards 0 by lambd, 0 where that would cross it."""

    @staticmethod
    def value(xp: Any, x: Any, lambd: float) -> Any:
        step = x.dtype.type(lambd)
        return xp.where(x > step, x - step, xp.where(x < -step, x + step, x * 0))

    @staticmethod
    def slope(gy: Tensor, x: Tensor, lambd: float) -> Tensor:
        gx: Tensor = where((x >= -lambd) & (x <= lambd), 0.0, gy)
        return gx


class Hardshrink(Softshrink):
    """x, 0 where it lies within lambd of 0."""

    @staticmethod
    def value(xp: Any, x: Any, lambd: float) -> Any:
        return xp.where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """torch.nn.functional.hardtanh: input held between min_val and max_val, any shape; the gradient at both is 0.

    NaN stays NaN. Raises ValueError where min_val > max_val, RuntimeError for bool, and for an unsigned dtype with a
    negative bound.
    """
    return _held("hardtanh", input, min_val, max_val, inplace)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.relu6: min(max(x, 0), 6), any shape; the gradient at 0 and at 6 is 0. RuntimeError for bool.

    Source: Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10 (2010), section 2.
    """
    return _held("relu6", input, 0.0, 6.0, inplace)


def _held(op: str, input: Any, low: float, high: float, inplace: bool) -> Tensor:
    check_tensor(op, "input", input)
    kind = input.array.dtype.kind
    if low > high:
        rule = f"must not exceed max_val (={high}): min_val cannot be greater than max_val"
        raise ValueError(message(op, "min_val", low, rule, "swap them"))
    if kind == "b":
        raise RuntimeError(message(op, "input.dtype", "bool", "Bool inputs not supported", "use input.float()"))
    if kind == "u" and low < 0:
        rule = "cannot do hardtanh on an unsigned type with negative limits"
        raise RuntimeError(message(op, "min_val", low, rule, "use min_val=0"))
    return written(Hardtanh, op, input, low, high, inplace=inplace)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """torch.nn.functional.leaky_relu: x where x > 0, else negative_slope x; any shape. At 0 the negative one.

    Raises NotImplementedError for integers and bool. Source: Maas, Hannun and Ng, Rectifier Nonlinearities Improve
    Neural Network Acoustic Models (2013).
    """
    return curve(LeakyRelu, "leaky_relu", input, negative_slope, inplace=inplace)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """torch.prelu: x where x > 0, else weight x; (N, C, *) with weight (C,), or any shape with weight (1,) or ().

    Both have gradients; at 0 the slope is weight. Raises RuntimeError for another number of weights than channels, or
    for two dtypes. Source: He, Zhang, Ren and Sun, Delving Deep into Rectifiers (2015), section 2.1.
    """
    check_tensor("prelu", "input", input)
    check_tensor("prelu", "weight", weight)
    x, w = input.array, weight.array
    if input.dtype is not weight.dtype:
        rule = f"must have input's dtype: Type promoting not supported. Got {x.dtype} and {w.dtype}"
        raise RuntimeError(message("prelu", "weight.dtype", w.dtype, rule, f"use weight.to(scratchnet.{x.dtype})"))
    if w.size != 1:
        if not x.ndim:
            rule = "has no channels: Not allow zero-dim input tensor"
            raise RuntimeError(message("prelu", "input.shape", [], rule, "use a weight of one element"))
        channels = x.shape[1] if x.ndim > 1 else 1
        if w.size != channels:
            rule = f"Mismatch of parameter numbers and input channel size: input has {channels} channels"
            raise RuntimeError(message("prelu", "weight.shape", list(w.shape), rule, f"use a shape of ({channels},)"))
    if w.ndim > 1:
        rule = "must be a scalar or 1D tensor"
        raise RuntimeError(message("prelu", "weight.shape", list(w.shape), rule, "use weight.flatten()"))
    check_floating("prelu", "input", input)
    if w.ndim:
        weight = weight.reshape((1, -1) + (1,) * (x.ndim - 2) if x.ndim > 1 else (1,) * x.ndim)
    y: Tensor = PreluKernel.apply(input, weight)
    return y


def rrelu(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """torch.nn.functional.rrelu: x where x > 0, else a slope from U(lower, upper) times x, drawn for each element.

    training=False takes the middle of the two. The same seed gives torch's slopes. Raises NotImplementedError for
    integers, RuntimeError where lower > upper or one is not finite. Source: Xu, Wang, Chen and Li, Empirical
    Evaluation of Rectified Activations (2015).
    """
    check_tensor("rrelu", "input", input)
    for argument, bound in (("lower", lower), ("upper", upper)):
        if not np.isfinite(bound):
            raise RuntimeError(message("rrelu", argument, bound, "bound must be finite", "use lower=1/8, upper=1/3"))
    if lower > upper:
        rule = f"Lower bound should be less than or equal to the upper bound (={upper})"
        raise RuntimeError(message("rrelu", "lower", lower, rule, "swap them"))
    check_floating("rrelu", "input", input)
    if not training:
        return written(LeakyRelu, "rrelu", input, (lower + upper) / 2, inplace=inplace)
    x = input.array
    if x.dtype == np.float16:
        rule = "is not implemented for float16 in training"
        raise NotImplementedError(message("rrelu", "input.dtype", x.dtype, rule, "use input.float()"))
    low, high = (float(input.dtype.numpy.type(bound)) for bound in (lower, upper))  # in the input's dtype, as in torch
    with on(input.device):
        noise = random.stream_of(input.device).uniform_where(x <= 0, low, high, input.dtype.numpy)
    return written(RreluWithNoise, "rrelu", input, Tensor._wrap(noise), inplace=inplace)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """torch.nn.functional.threshold: x where x > threshold, else value; any shape; the gradient at the threshold is 0.

    NaN stays NaN. Raises NotImplementedError for bool.
    """
    check_tensor("threshold", "input", input)
    if input.array.dtype.kind == "b":
        check_floating("threshold", "input", input)
    return written(Threshold, "threshold", input, threshold, value, inplace=inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.hardsigmoid: min(max(x + 3, 0), 6) / 6, any shape; the gradient at -3 and 3 is 0.

    Raises NotImplementedError for integers and bool.
    """
    return curve(Hardsigmoid, "hardsigmoid", input, inplace=inplace)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.hardswish: x min(max(x + 3, 0), 6) / 6, any shape; the gradient is 0 at -3 and 1 at 3.

    Raises NotImplementedError for integers and bool. Source: Howard et al., Searching for
    MobileNetV3 (2019), section 5.2.
    """
    return curve(Hardswish, "hardswish", input, inplace=inplace)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """torch.nn.functional.softshrink: x - lambd above lambd, x + lambd below -lambd, else 0; any shape.

    The gradient at -lambd and lambd is 0. Raises RuntimeError for lambd < 0, NotImplementedError for integers.
    """
    check_tensor("softshrink", "input", input)
    check_floating("softshrink", "input", input)
    if not lambd >= 0:
        rule = f"lambda must be greater or equal to 0, but found to be {lambd}"
        raise RuntimeError(message("softshrink", "lambd", lambd, rule, "use lambd=0.5"))
    y: Tensor = Softshrink.apply(input, lambd)
    return y


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """torch.nn.functional.hardshrink: x where it is outside [-lambd, lambd], else 0; any shape; gradient 0 at both.

    Raises NotImplementedError for integers and bool.
    """
    return curve(Hardshrink, "hardshrink", input, lambd)
