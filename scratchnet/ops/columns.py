"""unfold (im2col) and fold (col2im): windows as columns and back, each the other's adjoint."""

from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import Pair, check_at_least, conv_size, pair
from scratchnet.shapes import message


class Im2Col(Op):
    """Windows copied into columns."""

    @staticmethod
    def forward(ctx: Any, x: Any, kernel_size: Pair, geometry: dict[str, Pair]) -> Any:
        ctx.image, ctx.kernel_size, ctx.geometry = x.shape[2:], kernel_size, geometry
        return kernels_for(x).columns.im2col(x, kernel_size, **geometry)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return Col2Im.apply(gy, ctx.image, ctx.kernel_size, ctx.geometry), None, None


class Col2Im(Op):
    """Columns added up where their windows lie."""

    @staticmethod
    def forward(ctx: Any, x: Any, image: Pair, kernel_size: Pair, geometry: dict[str, Pair]) -> Any:
        ctx.kernel_size, ctx.geometry = kernel_size, geometry
        return kernels_for(x).columns.col2im(x, image, kernel_size, **geometry)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return Im2Col.apply(gy, ctx.kernel_size, ctx.geometry), None, None, None


def _geometry(op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Pair, dict[str, Pair]]:
    kernel = pair(kernel_size, op, "kernel_size")
    geometry = {
        "stride": pair(stride, op, "stride"),
        "padding": pair(padding, op, "padding"),
        "dilation": pair(dilation, op, "dilation"),
    }
    check_at_least(op, "kernel_size", kernel, 1, "kernel size should be greater than zero")
    check_at_least(op, "stride", geometry["stride"], 1, "stride should be greater than zero")
    check_at_least(op, "dilation", geometry["dilation"], 1, "dilation should be greater than zero")
    check_at_least(op, "padding", geometry["padding"], 0, "padding should be non-negative")
    return kernel, geometry


def _blocks(image: Sequence[int], kernel: Pair, geometry: dict[str, Pair]) -> Pair:
    rows, columns = (
        conv_size(image[i], kernel[i], geometry["stride"][i], geometry["padding"][i], geometry["dilation"][i])
        for i in (0, 1)
    )
    return rows, columns


def unfold(
    input: Tensor,
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """torch.nn.functional.unfold (im2col): (N, C, H, W) -> (N, C KH KW, OH OW), a column per window; N optional.

    OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1. padding counts as zeros. conv2d is weight.view(K,
    -1) @ it. Raises RuntimeError where no window fits or an image is empty, IndexError for fewer than 3 dimensions.
    """
    check_tensor("unfold", "input", input)
    kernel, geometry = _geometry("unfold", kernel_size, dilation, padding, stride)
    shape = input.array.shape
    if len(shape) < 3:
        rule = "must have 3 or 4 dimensions: Dimension out of range"
        raise IndexError(message("unfold", "input.shape", list(shape), rule, "use (N, C, H, W) or (C, H, W)"))
    if len(shape) > 4 or 0 in shape[-3:]:
        rule = "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions"
        raise RuntimeError(message("unfold", "input.shape", list(shape), rule, "use (N, C, H, W) or (C, H, W)"))
    rows, columns = _blocks(shape[-2:], kernel, geometry)
    if rows < 1 or columns < 1:
        rule = f"calculated shape of the array of sliding blocks ({rows}, {columns}): each must be at least one"
        raise RuntimeError(message("unfold", "kernel_size", kernel, rule, "use a smaller kernel or more padding"))
    check_floating("unfold", "input", input)
    batched = input if len(shape) == 4 else input.unsqueeze(0)
    y: Tensor = Im2Col.apply(batched, kernel, geometry)
    return y if len(shape) == 4 else y.squeeze(0)


def fold(
    input: Tensor,
    output_size: int | Sequence[int],
    kernel_size: int | Sequence[int],
    dilation: int | Sequence[int] = 1,
    padding: int | Sequence[int] = 0,
    stride: int | Sequence[int] = 1,
) -> Tensor:
    """torch.nn.functional.fold (col2im): (N, C KH KW, L) -> (N, C, H, W) with (H, W) = output_size; N may be left out.

    Every pixel is the sum of the entries that unfold would have copied from it; unfold's adjoint, not its inverse.
    Raises RuntimeError unless dimension 1 is divisible by KH KW and L is the number of windows.
    """
    check_tensor("fold", "input", input)
    kernel, geometry = _geometry("fold", kernel_size, dilation, padding, stride)
    image = pair(output_size, "fold", "output_size")
    shape = input.array.shape
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        rule = "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions"
        raise RuntimeError(message("fold", "input.shape", list(shape), rule, "use (N, C KH KW, L) or (C KH KW, L)"))
    rows, taps = shape[-2], kernel[0] * kernel[1]
    if rows % taps:
        rule = f"must be divisible by the product of kernel_size {kernel}, {taps}"
        raise RuntimeError(message("fold", "input.size(1)", rows, rule, f"use {max(rows // taps, 1) * taps} rows"))
    down, right = _blocks(image, kernel, geometry)
    if down < 1 or right < 1 or down * right != shape[-1]:
        blocks = f"sliding blocks {down} * {right} = {down * right}"
        rule = f"must match the calculated number of {blocks} for output_size {image}"
        raise RuntimeError(message("fold", "input.size(2)", shape[-1], rule, "change output_size, stride or padding"))
    check_floating("fold", "input", input)
    batched = input if len(shape) == 3 else input.unsqueeze(0)
    y: Tensor = Col2Im.apply(batched, image, kernel, geometry)
    return y if len(shape) == 3 else y.squeeze(0)
