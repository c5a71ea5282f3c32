"""unfold (im2col) and fold (col2im): windows as columns and back, each the other's adjoint."""

from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import kernels_for
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.column_shapes import check_fold, check_unfold, window
from scratchnet.ops.geometry import Pair, pair


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
    kernel, geometry = window("unfold", kernel_size, dilation, padding, stride)
    shape = input.array.shape
    check_unfold(shape, kernel, geometry)
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
    kernel, geometry = window("fold", kernel_size, dilation, padding, stride)
    image = pair(output_size, "fold", "output_size")
    shape = input.array.shape
    check_fold(shape, image, kernel, geometry)
    check_floating("fold", "input", input)
    batched = input if len(shape) == 3 else input.unsqueeze(0)
    y: Tensor = Col2Im.apply(batched, image, kernel, geometry)
    return y if len(shape) == 3 else y.squeeze(0)
