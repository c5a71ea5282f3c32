"""What the shapes and numbers of unfold and fold must be, with torch's exception types and key phrases. No Tensors."""

from collections.abc import Sequence
from typing import Any

from scratchnet.ops.geometry import Pair, check_at_least, conv_size, pair
from scratchnet.shapes import message

Shape = tuple[int, ...]


def window(op: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> tuple[Pair, dict[str, Pair]]:
    """kernel_size, and the other three by name, as pairs. Raises RuntimeError, TypeError."""
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


def blocks(image: Sequence[int], kernel: Pair, geometry: dict[str, Pair]) -> Pair:
    """(OH, OW): how many windows lie below and beside each other."""
    rows, columns = (
        conv_size(image[i], kernel[i], geometry["stride"][i], geometry["padding"][i], geometry["dilation"][i])
        for i in (0, 1)
    )
    return rows, columns


def check_unfold(shape: Shape, kernel: Pair, geometry: dict[str, Pair]) -> None:
    """(N, C, H, W) or (C, H, W) with room for a window. Raises IndexError, RuntimeError."""
    if len(shape) < 3:
        rule = "must have 3 or 4 dimensions: Dimension out of range"
        raise IndexError(message("unfold", "input.shape", list(shape), rule, "use (N, C, H, W) or (C, H, W)"))
    if len(shape) > 4 or 0 in shape[-3:]:
        rule = "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions"
        raise RuntimeError(message("unfold", "input.shape", list(shape), rule, "use (N, C, H, W) or (C, H, W)"))
    rows, columns = blocks(shape[-2:], kernel, geometry)
    if rows < 1 or columns < 1:
        rule = f"calculated shape of the array of sliding blocks ({rows}, {columns}): each must be at least one"
        raise RuntimeError(message("unfold", "kernel_size", kernel, rule, "use a smaller kernel or more padding"))


def check_fold(shape: Shape, image: Pair, kernel: Pair, geometry: dict[str, Pair]) -> None:
    """(N, C KH KW, L) or (C KH KW, L), L the windows of the image. Raises RuntimeError."""
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        rule = "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions"
        raise RuntimeError(message("fold", "input.shape", list(shape), rule, "use (N, C KH KW, L) or (C KH KW, L)"))
    rows, taps = shape[-2], kernel[0] * kernel[1]
    if rows % taps:
        rule = f"must be divisible by the product of kernel_size {kernel}, {taps}"
        raise RuntimeError(message("fold", "input.size(1)", rows, rule, f"use {max(rows // taps, 1) * taps} rows"))
    down, right = blocks(image, kernel, geometry)
    if down < 1 or right < 1 or down * right != shape[-1]:
        counted = f"sliding blocks {down} * {right} = {down * right}"
        rule = f"must match the calculated number of {counted} for output_size {image}"
        raise RuntimeError(message("fold", "input.size(2)", shape[-1], rule, "change output_size, stride or padding"))
