"""Pooling, unfold and fold on plain arrays, and their gradients."""

from collections.abc import Sequence
from typing import Any

from scratchnet.arrays.checks import Shape, check_floats, check_indices, check_out, check_shape, sizes
from scratchnet.device import kernels_for
from scratchnet.ops import column_shapes
from scratchnet.ops.geometry import Pair, Sizes, check_at_least, pair
from scratchnet.ops.pool_shapes import check_divisor, check_pooled, pooled_size, window
from scratchnet.shapes import message

Ints = int | Sequence[int]


def _images(x: Any, ndim: int = 4) -> Any:
    """x with a batch, or None."""
    return x if x is None or x.ndim == ndim else x[None]


def _placed(
    op: str, shape: Shape, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Sizes, Sizes, Sizes, Sizes, Shape]:
    """The windows' numbers, checked, and the shape of the result."""
    arguments = window(op, 2, kernel_size, stride, padding, dilation)
    check_pooled(op, 2, shape)
    return *arguments, (*shape[:-2], *pooled_size(op, shape, *arguments, ceil_mode))


def max_pool2d(
    input: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    *,
    out: Any = None,
) -> tuple[Any, Any]:
    """torch.nn.functional.max_pool2d_with_indices: (N, C, H, W) -> (N, C, OH, OW) twice: values and flat positions.

    The positions h * W + w (int64) are what max_pool2d_grad takes; `out` is for the values. OH = floor((H + 2 padding -
    dilation (KH - 1) - 1) / stride) + 1 (ceil_mode: rounded up); stride None is kernel_size; N may be left out.
    padding counts as minus infinity. Of equal values the first wins, of several NaN the last. Raises RuntimeError for
    padding over half the kernel, or no window.
    """
    op = "max_pool2d"
    check_floats(op, input=input)
    kernel, step, margin, spread, shape = _placed(op, input.shape, kernel_size, stride, padding, dilation, ceil_mode)
    check_out(op, out, shape, input, input=input)
    numbers = {"stride": step, "padding": margin, "dilation": spread, "out_size": shape[-2:]}
    y, indices = kernels_for(input).pool.max_pool2d(_images(input), kernel, **numbers, out=_images(out))
    return (y.reshape(shape) if out is None else out), indices.reshape(shape)


def max_pool2d_grad(grad_output: Any, indices: Any, input_size: Sequence[int], *, out: Any = None) -> Any:
    """max_pool2d's gradient: (N, C, OH, OW) and its positions -> input_size, (N, C, H, W); N may be left out.

    Each value is added where its position points; positions outside the plane take no part. Raises RuntimeError for
    shapes that don't fit or positions that aren't int64.
    """
    op = "max_pool2d_grad"
    check_floats(op, grad_output=grad_output)
    check_indices(op, "indices", indices, grad_output)
    shape = sizes(op, "input_size", input_size)
    check_pooled(op, 2, shape)
    check_shape(op, "indices", indices.shape, grad_output.shape, "grad_output's shape")
    check_shape(op, "grad_output", grad_output.shape, (*shape[:-2], *grad_output.shape[-2:]), "input_size before H, W")
    check_out(op, out, shape, grad_output, grad_output=grad_output, indices=indices)
    scatter = kernels_for(grad_output).pool.scatter_planes
    gx = scatter(_images(grad_output), _images(indices), shape[-2:], out=_images(out))
    return gx.reshape(shape) if out is None else out


def avg_pool2d(
    input: Any,
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Any = None,
) -> Any:
    """torch.nn.functional.avg_pool2d: (N, C, H, W) -> (N, C, OH, OW), the mean of each window; N optional.

    OH = floor((H + 2 padding - KH) / stride) + 1 (ceil_mode: rounded up). padding adds zeros, which count in the
    divisor unless count_include_pad=False; what ceil_mode adds beyond never counts; divisor_override replaces it.
    Raises RuntimeError for padding over half the kernel, no window or divisor_override=0.
    """
    op = "avg_pool2d"
    check_floats(op, input=input)
    check_divisor(op, divisor_override)
    kernel, step, margin, _, shape = _placed(op, input.shape, kernel_size, stride, padding, 1, ceil_mode)
    check_out(op, out, shape, input, input=input)
    rule = {"count_include_pad": bool(count_include_pad), "divisor_override": divisor_override}
    numbers = {"stride": step, "padding": margin, "out_size": shape[-2:]}
    y = kernels_for(input).pool.avg_pool2d(_images(input), kernel, **numbers, **rule, out=_images(out))
    return y.reshape(shape) if out is None else out


def avg_pool2d_grad(
    grad_output: Any,
    input_size: Sequence[int],
    kernel_size: Ints,
    stride: Ints | None = None,
    padding: Ints = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    out: Any = None,
) -> Any:
    """avg_pool2d's gradient: (N, C, OH, OW) -> input_size, (N, C, H, W); N may be left out.

    Every value is shared out evenly over its window: the adjoint. Raises as avg_pool2d does, and RuntimeError where
    grad_output doesn't have the shape of its result.
    """
    op = "avg_pool2d_grad"
    check_floats(op, grad_output=grad_output)
    check_divisor(op, divisor_override)
    shape = sizes(op, "input_size", input_size)
    kernel, step, margin, _, y_shape = _placed(op, shape, kernel_size, stride, padding, 1, ceil_mode)
    check_shape(op, "grad_output", grad_output.shape, y_shape, "the shape of avg_pool2d's result")
    check_out(op, out, shape, grad_output, grad_output=grad_output)
    rule = {"count_include_pad": bool(count_include_pad), "divisor_override": divisor_override}
    spread = kernels_for(grad_output).pool.avg_pool2d_grad
    gx = spread(_images(grad_output), shape[-2:], kernel, stride=step, padding=margin, **rule, out=_images(out))
    return gx.reshape(shape) if out is None else out


def _regions(op: str, shape: Shape, output_size: Any) -> Pair:
    """Adaptive pooling's output size as a pair, the input's shape checked. None keeps a side."""
    if len(shape) not in (3, 4):
        rule = "Expected 3D or 4D tensor"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use (N, C, H, W) or (C, H, W)"))
    if isinstance(output_size, (tuple, list)) and len(output_size) == 2:
        output_size = tuple([shape[i - 2] if output_size[i] is None else output_size[i] for i in (0, 1)])
    size = pair(output_size, op, "output_size")
    check_at_least(op, "output_size", size, 0, "elements of output_size must be greater than or equal to 0")
    if 0 in shape[-2:]:
        rule = "Expected input to have non-zero size for non-batch dimensions"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use an image of at least one pixel"))
    return size


def adaptive_avg_pool2d(input: Any, output_size: int | Sequence[int | None], *, out: Any = None) -> Any:
    """torch.nn.functional.adaptive_avg_pool2d: (N, C, H, W) -> (N, C, *output_size); N optional; None keeps a side.

    Output i is the mean of the pixels from floor(i H / OH) to ceil((i + 1) H / OH) - 1. Raises RuntimeError for a
    negative size, an empty image or ranks other than 3 and 4. Source: He et al., Spatial Pyramid Pooling (2014), 2.3.
    """
    op = "adaptive_avg_pool2d"
    check_floats(op, input=input)
    size = _regions(op, input.shape, output_size)
    shape = (*input.shape[:-2], *size)
    check_out(op, out, shape, input, input=input)
    y = kernels_for(input).pool.adaptive_avg_pool2d(_images(input), size, out=_images(out))
    return y.reshape(shape) if out is None else out


def adaptive_avg_pool2d_grad(grad_output: Any, input_size: Sequence[int], *, out: Any = None) -> Any:
    """adaptive_avg_pool2d's gradient: (N, C, OH, OW) -> input_size, (N, C, H, W); N may be left out.

    Every value is shared out evenly over its region: the adjoint. Raises RuntimeError for shapes that don't fit.
    """
    op = "adaptive_avg_pool2d_grad"
    check_floats(op, grad_output=grad_output)
    shape = sizes(op, "input_size", input_size)
    size = _regions(op, shape, grad_output.shape[-2:])
    check_shape(op, "grad_output", grad_output.shape, (*shape[:-2], *size), "input_size before H, W")
    check_out(op, out, shape, grad_output, grad_output=grad_output)
    spread = kernels_for(grad_output).pool.adaptive_avg_pool2d_grad
    gx = spread(_images(grad_output), shape[-2:], out=_images(out))
    return gx.reshape(shape) if out is None else out


def unfold(
    input: Any, kernel_size: Ints, dilation: Ints = 1, padding: Ints = 0, stride: Ints = 1, *, out: Any = None
) -> Any:
    """torch.nn.functional.unfold (im2col): (N, C, H, W) -> (N, C KH KW, OH OW), a column per window; N optional.

    OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1; padding counts as zeros. conv2d is
    weight.reshape(K, -1) @ it. Its gradient is fold. Raises RuntimeError where no window fits or an image is empty,
    IndexError for fewer than 3 dimensions.
    """
    op = "unfold"
    check_floats(op, input=input)
    kernel, geometry = column_shapes.window(op, kernel_size, dilation, padding, stride)
    column_shapes.check_unfold(input.shape, kernel, geometry)
    down, right = column_shapes.blocks(input.shape[-2:], kernel, geometry)
    shape = (*input.shape[:-3], input.shape[-3] * kernel[0] * kernel[1], down * right)
    check_out(op, out, shape, input, input=input)
    y = kernels_for(input).columns.im2col(_images(input), kernel, **geometry, out=_images(out, 3))
    return y.reshape(shape) if out is None else out


def fold(
    input: Any,
    output_size: Ints,
    kernel_size: Ints,
    dilation: Ints = 1,
    padding: Ints = 0,
    stride: Ints = 1,
    *,
    out: Any = None,
) -> Any:
    """torch.nn.functional.fold (col2im): (N, C KH KW, L) -> (N, C, H, W) with (H, W) = output_size; N may be left out.

    Every pixel is the sum of the entries that unfold would have copied from it: unfold's adjoint, and its gradient is
    unfold. Raises RuntimeError unless dimension 1 is divisible by KH KW and L is the number of windows.
    """
    op = "fold"
    check_floats(op, input=input)
    kernel, geometry = column_shapes.window(op, kernel_size, dilation, padding, stride)
    image = pair(output_size, op, "output_size")
    column_shapes.check_fold(input.shape, image, kernel, geometry)
    shape = (*input.shape[:-2], input.shape[-2] // (kernel[0] * kernel[1]), *image)
    check_out(op, out, shape, input, input=input)
    y = kernels_for(input).columns.col2im(_images(input, 3), image, kernel, **geometry, out=_images(out))
    return y.reshape(shape) if out is None else out
