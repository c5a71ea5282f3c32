"""Linear layers, activations and batch normalisation on plain arrays, and their gradients."""

import math
from typing import Any

import numpy as np

from scratchnet.arrays.checks import check_floats, check_out, check_shape, delivered, widened
from scratchnet.device import kernels_for
from scratchnet.shapes import message, normalize_dim


def _product(a: Any, b: Any, out: Any) -> Any:
    """a @ b in the dtype computed in, in `out` where that can take it as it is."""
    room = out if out is not None and out.dtype == a.dtype and out.flags.c_contiguous else None
    return kernels_for(a).matmul.matmul(a, b, out=None if room is None else room.reshape(a.shape[0], b.shape[1]))


def _rows(x: Any) -> Any:
    """(..., I) -> (N, I)."""
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _check_linear(op: str, **shapes: tuple[int, ...]) -> None:
    for argument, shape in shapes.items():
        if not shape or (argument == "weight" and len(shape) != 2):
            rule = "must be a matrix (out, in)" if argument == "weight" else "needs at least 1 dimension"
            raise RuntimeError(message(op, f"{argument}.shape", list(shape), rule, "use (N, in) and (out, in)"))


@np.errstate(all="ignore")
def linear(input: Any, weight: Any, bias: Any = None, *, out: Any = None) -> Any:
    """torch.nn.functional.linear: y = x @ weight.T + bias, (..., I), (O, I), (O,) -> (..., O).

    Raises RuntimeError for dtypes or sizes that don't fit.
    """
    op = "linear"
    check_floats(op, input=input, weight=weight, bias=bias)
    _check_linear(op, input=input.shape, weight=weight.shape)
    if input.shape[-1] != weight.shape[1]:
        rule = f"must be weight's in_features (={weight.shape[1]}): mat1 and mat2 shapes cannot be multiplied"
        fix = f"use a weight of shape ({weight.shape[0]}, {input.shape[-1]})"
        raise RuntimeError(message(op, "input.shape[-1]", input.shape[-1], rule, fix))
    if bias is not None:
        check_shape(op, "bias", bias.shape, weight.shape[:1], "one number per output")
    shape = (*input.shape[:-1], weight.shape[0])
    check_out(op, out, shape, input, input=input, weight=weight, bias=bias)
    y = _product(widened(_rows(input)), widened(weight).T, out)
    if bias is not None:
        y += widened(bias)
    return _given(y, shape, input.dtype, out)


@np.errstate(all="ignore")
def linear_input(weight: Any, grad_output: Any, *, out: Any = None) -> Any:
    """linear's gradient by the input, gy @ weight: (O, I), (..., O) -> (..., I). Raises as linear does."""
    op = "linear_input"
    check_floats(op, grad_output=grad_output, weight=weight)
    _check_linear(op, weight=weight.shape, grad_output=grad_output.shape)
    rows = grad_output.shape[:-1]
    check_shape(op, "grad_output", grad_output.shape, (*rows, weight.shape[0]), "weight's outputs last")
    shape = (*rows, weight.shape[1])
    check_out(op, out, shape, weight, weight=weight, grad_output=grad_output)
    return _given(_product(widened(_rows(grad_output)), widened(weight), out), shape, weight.dtype, out)


@np.errstate(all="ignore")
def linear_weight(input: Any, grad_output: Any, *, out: Any = None) -> Any:
    """linear's gradient by the weight, the sum of gy x over the rows: (..., I), (..., O) -> (O, I).

    The gradient by the bias is bias_grad of the rows. Raises as linear does.
    """
    op = "linear_weight"
    check_floats(op, grad_output=grad_output, input=input)
    _check_linear(op, input=input.shape, grad_output=grad_output.shape)
    check_shape(op, "grad_output", grad_output.shape, (*input.shape[:-1], grad_output.shape[-1]), "input's rows")
    shape = (grad_output.shape[-1], input.shape[-1])
    check_out(op, out, shape, input, input=input, grad_output=grad_output)
    return _given(_product(widened(_rows(grad_output)).T, widened(_rows(input)), out), shape, input.dtype, out)


def _given(y: Any, shape: tuple[int, ...], dtype: Any, out: Any) -> Any:
    """What the caller gets of a product that may lie in `out` already."""
    if out is not None and out.dtype == y.dtype and out.flags.c_contiguous:
        return out
    return delivered(y.reshape(shape), dtype, out)


def bias_grad(grad_output: Any, *, out: Any = None) -> Any:
    """The gradient of a bias, of convolution or linear: (N, K, *) -> (K,), the sum over all but the channels.

    Raises RuntimeError for fewer than 2 dimensions.
    """
    op = "bias_grad"
    check_floats(op, grad_output=grad_output)
    if grad_output.ndim < 2:
        rule = "must have at least 2 dimensions"
        raise RuntimeError(message(op, "grad_output.shape", list(grad_output.shape), rule, "use (N, K, ...)"))
    check_out(op, out, grad_output.shape[1:2], grad_output, grad_output=grad_output)
    return kernels_for(grad_output).reduce.channel_sum(grad_output, out=out)


def _map(op: str, input: Any, out: Any) -> Any:
    check_floats(op, input=input)
    check_out(op, out, input.shape, input, input=input)
    return getattr(kernels_for(input).activation, op)(input, out=out)


def _map_grad(op: str, grad_output: Any, output: Any, out: Any) -> Any:
    check_floats(op, grad_output=grad_output, output=output)
    check_shape(op, "output", output.shape, grad_output.shape, "grad_output's shape")
    check_out(op, out, output.shape, output, grad_output=grad_output, output=output)
    return getattr(kernels_for(output).activation, op)(grad_output, output, out=out)


def relu(input: Any, *, out: Any = None) -> Any:
    """torch.relu: max(x, 0), any shape; NaN stays NaN. Raises NotImplementedError for integers."""
    return _map("relu", input, out)


def relu_grad(grad_output: Any, output: Any, *, out: Any = None) -> Any:
    """relu's gradient from its result: gy where y > 0, 0 elsewhere; where y is NaN, gy. RuntimeError for shapes."""
    return _map_grad("relu_grad", grad_output, output, out)


def sigmoid(input: Any, *, out: Any = None) -> Any:
    """torch.sigmoid: 1 / (1 + exp(-x)), any shape, no overflow. Raises NotImplementedError for integers."""
    return _map("sigmoid", input, out)


def sigmoid_grad(grad_output: Any, output: Any, *, out: Any = None) -> Any:
    """sigmoid's gradient from its result: gy y (1 - y). Raises RuntimeError for shapes that differ."""
    return _map_grad("sigmoid_grad", grad_output, output, out)


def tanh(input: Any, *, out: Any = None) -> Any:
    """torch.tanh, any shape. Raises NotImplementedError for integers."""
    return _map("tanh", input, out)


def tanh_grad(grad_output: Any, output: Any, *, out: Any = None) -> Any:
    """tanh's gradient from its result: gy (1 - y y). Raises RuntimeError for shapes that differ."""
    return _map_grad("tanh_grad", grad_output, output, out)


def _axis(op: str, dim: Any, ndim: int) -> int:
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(message(op, "dim", repr(dim), f"must be int, not {type(dim).__name__}", "use dim=1 for (N, C)"))
    return normalize_dim(op, dim, ndim)


def _along(op: str, input: Any, dim: int, out: Any) -> Any:
    check_floats(op, input=input)
    axis = _axis(op, dim, input.ndim)
    check_out(op, out, input.shape, input, input=input)
    return getattr(kernels_for(input).softmax, op)(input, axis, out=out)


def _along_grad(op: str, grad_output: Any, output: Any, dim: int, out: Any) -> Any:
    check_floats(op, grad_output=grad_output, output=output)
    axis = _axis(op, dim, output.ndim)
    check_shape(op, "output", output.shape, grad_output.shape, "grad_output's shape")
    check_out(op, out, output.shape, output, grad_output=grad_output, output=output)
    return getattr(kernels_for(output).softmax, op)(grad_output, output, axis, out=out)


def softmax(input: Any, dim: int, *, out: Any = None) -> Any:
    """torch.softmax: exp(x) / sum of exp(x) along dim, any shape; nothing overflows.

    A slice with inf or NaN, or of -inf alone, gives NaN. Raises IndexError for dim out of range.
    """
    return _along("softmax", input, dim, out)


def softmax_grad(grad_output: Any, output: Any, dim: int, *, out: Any = None) -> Any:
    """softmax's gradient from its result: y (gy - sum(gy y)) along dim. Raises RuntimeError, IndexError."""
    return _along_grad("softmax_grad", grad_output, output, dim, out)


def log_softmax(input: Any, dim: int, *, out: Any = None) -> Any:
    """torch.log_softmax: x - log(sum of exp(x)) along dim, any shape. Raises as softmax does."""
    return _along("log_softmax", input, dim, out)


def log_softmax_grad(grad_output: Any, output: Any, dim: int, *, out: Any = None) -> Any:
    """log_softmax's gradient from its result: gy - exp(y) sum(gy) along dim. Raises RuntimeError, IndexError."""
    return _along_grad("log_softmax_grad", grad_output, output, dim, out)
