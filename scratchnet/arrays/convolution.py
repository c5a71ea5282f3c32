"""Convolution of plain arrays over any number of axes of space, and its two gradients: checks, then the kernels."""

from typing import Any

import numpy as np

from scratchnet.arrays.checks import Shape, check_floats, check_out, delivered, sizes, widened
from scratchnet.device import array_module
from scratchnet.ops.conv_plan import Geometry, planned
from scratchnet.ops.conv_shapes import (
    check_batched,
    check_bias_shape,
    check_channels,
    check_image,
    check_output,
    check_plan,
    check_rank,
)
from scratchnet.ops.geometry import Sizes, conv_size, each, resolve_padding


def _geometry(
    op: str, x_shape: Shape, w_shape: Shape, stride: Any, padding: Any, dilation: Any, groups: Any
) -> tuple[Geometry, Sizes]:
    """The numbers, checked, and how much more 'same' pads after each axis than before."""
    n = len(w_shape) - 2
    steps, spread = each(stride, n, op, "stride"), each(dilation, n, op, "dilation")
    check_plan(op, w_shape, steps, spread, groups)
    before, after = resolve_padding(padding, w_shape[2:], steps, spread, op)
    check_channels(op, x_shape, w_shape, groups)
    check_image(op, x_shape[-n:], w_shape[2:], (before, after), spread)
    return (steps, before, spread, groups), tuple([b - a for a, b in zip(before, after, strict=True)])


def _output_shape(x_shape: Shape, w_shape: Shape, geometry: Geometry, more: Sizes) -> Shape:
    """(N, K, OH, OW), N where x_shape has one."""
    n = len(w_shape) - 2
    numbers = zip(_grown_shape(x_shape, more)[-n:], w_shape[2:], *geometry[:3], strict=True)
    return (*x_shape[: -n - 1], w_shape[0] if x_shape[-n - 1] else 0, *[conv_size(*of) for of in numbers])


def _grown_shape(shape: Shape, more: Sizes) -> Shape:
    if not any(more):
        return shape
    image = [size + extra for size, extra in zip(shape[-len(more) :], more, strict=True)]
    return (*shape[: -len(more)], *image)


def grown(x: Any, more: Sizes) -> Any:
    """x with `more` zeros after its axes of space."""
    if not any(more):
        return x
    return array_module(x).pad(x, [(0, 0)] * (x.ndim - len(more)) + [(0, extra) for extra in more])


@np.errstate(all="ignore")
def convolve(
    op: str,
    n: int,
    input: Any,
    weight: Any,
    bias: Any,
    arguments: tuple[Any, Any, Any, Any],
    algorithm: str,
    out: Any,
) -> Any:
    """Convolution over n axes of space; `arguments`: stride, padding, dilation, groups."""
    check_floats(op, input=input, weight=weight, bias=bias)
    x_shape, w_shape = input.shape, weight.shape
    check_rank(op, x_shape, w_shape, n)
    geometry, more = _geometry(op, x_shape, w_shape, *arguments)
    check_bias_shape(op, None if bias is None else bias.shape, w_shape[0])
    y_shape = _output_shape(x_shape, w_shape, geometry, more)
    check_out(op, out, y_shape, input, input=input, weight=weight, bias=bias)
    x = input if len(x_shape) == n + 2 else input[None]
    plan = planned(op, algorithm, x, _grown_shape(x.shape, more), w_shape, geometry)
    if not x.shape[1]:  # torch: no channels in, no channels out
        weight, bias = weight[:0], None if bias is None else bias[:0]
    room = out if out is None or len(x_shape) == n + 2 else out[None]
    y = plan.forward(grown(x, more), weight, bias, out=room)
    return out if out is not None else y.reshape(y_shape)


@np.errstate(all="ignore")
def by_input(
    op: str,
    n: int,
    input_size: Any,
    weight: Any,
    grad_output: Any,
    arguments: tuple[Any, Any, Any, Any],
    algorithm: str,
    out: Any,
) -> Any:
    """The gradient by the input; `arguments`: stride, padding, dilation, groups."""
    check_floats(op, grad_output=grad_output, weight=weight)
    x_shape, w_shape = sizes(op, "input_size", input_size), weight.shape
    check_batched(op, n, input=x_shape, weight=w_shape, grad_output=grad_output.shape)
    geometry, more = _geometry(op, x_shape, w_shape, *arguments)
    check_output(op, n, grad_output.shape, _output_shape(x_shape, w_shape, geometry, more))
    check_out(op, out, x_shape, weight, weight=weight, grad_output=grad_output)
    image = _grown_shape(x_shape, more)
    plan = planned(op, algorithm, weight, image, w_shape, geometry)
    if not x_shape[1]:
        weight = weight[:0]
    if n == 2 and image == x_shape:
        return plan.grad_input(grad_output, weight, x_shape, out=out)
    gx = plan.grad_input(widened(grad_output), widened(weight), image)
    inside = (..., *(slice(size) for size in x_shape[2:]))
    return delivered(array_module(gx).ascontiguousarray(gx[inside]) if out is None else gx[inside], weight.dtype, out)


@np.errstate(all="ignore")
def by_weight(
    op: str,
    n: int,
    input: Any,
    weight_size: Any,
    grad_output: Any,
    arguments: tuple[Any, Any, Any, Any],
    algorithm: str,
    out: Any,
) -> Any:
    """The gradient by the weight; `arguments`: stride, padding, dilation, groups."""
    check_floats(op, grad_output=grad_output, input=input)
    x_shape, w_shape = input.shape, sizes(op, "weight_size", weight_size)
    check_batched(op, n, input=x_shape, weight=w_shape, grad_output=grad_output.shape)
    geometry, more = _geometry(op, x_shape, w_shape, *arguments)
    check_output(op, n, grad_output.shape, _output_shape(x_shape, w_shape, geometry, more))
    check_out(op, out, w_shape, input, input=input, grad_output=grad_output)
    x = grown(input, more)
    plan = planned(op, algorithm, x, x.shape, w_shape, geometry)
    return plan.grad_weight(grad_output, x, w_shape, out=out)
