"""Convolution on plain arrays, its two gradients, and transposed convolution."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.arrays.checks import check_floats, check_out, delivered, widened
from scratchnet.arrays.convolution import by_input, by_weight, convolve, grown
from scratchnet.ops.conv_plan import planned
from scratchnet.ops.conv_shapes import (
    check_bias_shape,
    check_channels,
    check_output_padding,
    check_plan,
    check_rank,
    transposed_image,
)
from scratchnet.ops.geometry import check_at_least, each
from scratchnet.shapes import message

Ints = int | Sequence[int]


def conv1d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.functional.conv1d: (N, C, L) * (K, C/groups, KL) + (K,) -> (N, K, OL); N optional.

    OL = floor((L + 2 padding - dilation (KL - 1) - 1) / stride) + 1. Arguments and errors are conv2d's.
    """
    arguments = (stride, padding, dilation, groups)
    return convolve("conv1d", 1, input, weight, bias, arguments, algorithm, out)


def conv1d_input(
    input_size: Sequence[int],
    weight: Any,
    grad_output: Any,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.grad.conv1d_input: (K, C/groups, KL), (N, K, OL) -> (N, C, L); else as conv2d_input."""
    arguments = (stride, padding, dilation, groups)
    return by_input("conv1d_input", 1, input_size, weight, grad_output, arguments, algorithm, out)


def conv1d_weight(
    input: Any,
    weight_size: Sequence[int],
    grad_output: Any,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.grad.conv1d_weight: (N, C, L), (N, K, OL) -> (K, C/groups, KL); else as conv2d_weight."""
    arguments = (stride, padding, dilation, groups)
    return by_weight("conv1d_weight", 1, input, weight_size, grad_output, arguments, algorithm, out)


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.functional.conv2d: (N, C, H, W) * (K, C/groups, KH, KW) + (K,) -> (N, K, OH, OW); N may be left out.

    OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1; no flip of the kernel. padding counts as zeros;
    'same' keeps the size (stride 1), 'valid' is 0. `algorithm` names how it is computed ("im2col", ...). The result is
    `out` where given. Raises TypeError for what is no array, RuntimeError for shapes and dtypes that don't fit,
    NotImplementedError for integers or where the algorithm can't do the case, ValueError for an `out` that can't be
    written to. Source: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016), section 2.
    """
    arguments = (stride, padding, dilation, groups)
    return convolve("conv2d", 2, input, weight, bias, arguments, algorithm, out)


def conv2d_input(
    input_size: Sequence[int],
    weight: Any,
    grad_output: Any,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.grad.conv2d_input: conv2d's gradient, (K, C/groups, KH, KW), (N, K, OH, OW) -> (N, C, H, W).

    gx[n, c, h, w] = the sum of gy[n, k, p, q] weight[k, c, r, s] over all windows that reach the pixel:
    p stride + r dilation - padding = h, likewise w. padding may be 'same' and 'valid' too. Raises as conv2d does, and
    RuntimeError where grad_output doesn't have the shape of conv2d's output.
    """
    arguments = (stride, padding, dilation, groups)
    return by_input("conv2d_input", 2, input_size, weight, grad_output, arguments, algorithm, out)


def conv2d_weight(
    input: Any,
    weight_size: Sequence[int],
    grad_output: Any,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.grad.conv2d_weight: conv2d's gradient, (N, C, H, W), (N, K, OH, OW) -> (K, C/groups, KH, KW).

    gw[k, c, r, s] = the sum over n, p, q of gy[n, k, p, q] x[n, c, h, w] at h = p stride + r dilation - padding,
    likewise w; outside the image x is 0. The gradient of the bias is bias_grad. Raises as conv2d_input does.
    """
    arguments = (stride, padding, dilation, groups)
    return by_weight("conv2d_weight", 2, input, weight_size, grad_output, arguments, algorithm, out)


def conv3d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.functional.conv3d: (N, C, D, H, W) * (K, C/groups, KD, KH, KW) + (K,) -> (N, K, OD, OH, OW); N optional.

    OD = floor((D + 2 padding - dilation (KD - 1) - 1) / stride) + 1, likewise OH and OW. Errors are conv2d's.
    """
    arguments = (stride, padding, dilation, groups)
    return convolve("conv3d", 3, input, weight, bias, arguments, algorithm, out)


def conv3d_input(
    input_size: Sequence[int],
    weight: Any,
    grad_output: Any,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.grad.conv3d_input: (K, C/groups, KD, KH, KW), (N, K, OD, OH, OW) -> (N, C, D, H, W).

    As conv2d_input.
    """
    arguments = (stride, padding, dilation, groups)
    return by_input("conv3d_input", 3, input_size, weight, grad_output, arguments, algorithm, out)


def conv3d_weight(
    input: Any,
    weight_size: Sequence[int],
    grad_output: Any,
    stride: Ints = 1,
    padding: Ints | str = 0,
    dilation: Ints = 1,
    groups: int = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.grad.conv3d_weight: (N, C, D, H, W), (N, K, OD, OH, OW) -> (K, C/groups, KD, KH, KW).

    As conv2d_weight.
    """
    arguments = (stride, padding, dilation, groups)
    return by_weight("conv3d_weight", 3, input, weight_size, grad_output, arguments, algorithm, out)


@np.errstate(all="ignore")
def conv_transpose2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Ints = 1,
    padding: Ints = 0,
    output_padding: Ints = 0,
    groups: int = 1,
    dilation: Ints = 1,
    *,
    algorithm: str = "auto",
    out: Any = None,
) -> Any:
    """torch.nn.functional.conv_transpose2d: (N, C, H, W) * (C, K/groups, KH, KW) + (K,) -> (N, K, OH, OW); N optional.

    OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1: conv2d_input as a layer. Its gradients
    are conv2d by the input and conv2d_weight(grad_output, weight.shape, input) by the weight. Raises as conv2d does.
    Source: Dumoulin and Visin (2016), section 4.
    """
    op = "conv_transpose2d"
    check_floats(op, input=input, weight=weight, bias=bias)
    x_shape, w_shape = input.shape, weight.shape
    check_rank(op, x_shape, w_shape, 2)
    named = {"stride": stride, "padding": padding, "output_padding": output_padding, "dilation": dilation}
    steps, border, extra, spread = [each(value, 2, op, name) for name, value in named.items()]
    check_plan(op, w_shape, steps, spread, groups)
    check_at_least(op, "padding", border, 0, "negative padding is not supported")
    check_output_padding(op, extra, steps, spread)
    check_channels(op, x_shape, w_shape, groups, transposed=True)
    channels = w_shape[1] * groups
    check_bias_shape(op, None if bias is None else bias.shape, channels)
    if 0 in x_shape[-2:] or not channels:
        rule = "has an empty image: Only zero batch or zero channel inputs are supported"
        raise RuntimeError(message(op, "input.shape", list(x_shape), rule, "use an image of at least one pixel"))
    image = transposed_image(op, x_shape[-2:], w_shape[2:], steps, border, spread, extra)
    shape = (*x_shape[:-3], channels, *image)
    check_out(op, out, shape, input, input=input, weight=weight, bias=bias)
    # where output_padding reaches the stride, the convolution of such an image has more positions: those see zeros
    x = grown(input, tuple([e // s for e, s in zip(extra, steps, strict=True)]))
    x = x if x.ndim == 4 else x[None]
    plan = planned(op, algorithm, x, (x.shape[0], channels, *image), w_shape, (steps, border, spread, groups))
    room = None if out is None or input.dtype == "float16" else out if len(x_shape) == 4 else out[None]
    y = plan.grad_input(widened(x), widened(weight), (x.shape[0], channels, *image), out=room)
    if bias is not None:
        y += widened(bias).reshape(-1, 1, 1)
    return out if room is not None else delivered(y.reshape(shape), input.dtype, out)
