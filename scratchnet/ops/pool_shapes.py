"""What the shapes and numbers of pooling must be, with torch's exception types and key phrases. No Tensors."""

from typing import Any

from scratchnet.ops.geometry import LAYOUTS, Sizes, check_at_least, each, pool_size
from scratchnet.shapes import message

Shape = tuple[int, ...]


def window(
    op: str, n: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    """The four arguments as n ints each, checked. No stride means the kernel's size."""
    kernel = each(kernel_size, n, op, "kernel_size")
    absent = stride is None or (isinstance(stride, (tuple, list)) and not stride)
    step = kernel if absent else each(stride, n, op, "stride")
    margin, spread = each(padding, n, op, "padding"), each(dilation, n, op, "dilation")
    check_at_least(op, "kernel_size", kernel, 1, "kernel size should be greater than zero")
    check_at_least(op, "stride", step, 1, "stride should be greater than zero (stride should not be zero)")
    check_at_least(op, "dilation", spread, 1, "dilation should be greater than zero")
    check_at_least(op, "padding", margin, 0, "pad must be non-negative")
    if any(m > k // 2 for m, k in zip(margin, kernel, strict=True)):
        rule = f"pad should be at most half of effective kernel size, kernel_size={kernel}"
        raise RuntimeError(message(op, "padding", margin, rule, f"use padding={tuple([k // 2 for k in kernel])}"))
    return kernel, step, margin, spread


def check_pooled(op: str, n: int, shape: Shape) -> None:
    """An input with n axes of space, with or without a batch; only the batch may be empty. Raises RuntimeError."""
    if len(shape) not in (n + 1, n + 2) or 0 in shape[-n - 1 :]:
        rule = f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with optional 0 dim batch size, other dimensions"
        fix = f"use ({LAYOUTS[n]}) or ({LAYOUTS[n][3:]})"
        raise RuntimeError(message(op, "input.shape", list(shape), f"{rule} non-empty", fix))


def pooled_size(
    op: str, shape: tuple[int, ...], kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Sizes:
    """The output's axes of space. Raises RuntimeError where no window fits."""
    n = len(kernel)
    arguments = zip(shape[-n:], kernel, stride, padding, dilation, strict=True)
    sizes = tuple([pool_size(*numbers, ceil_mode) for numbers in arguments])
    if min(sizes) < 1:
        given, found = ("x".join(map(str, (shape[-n - 1], *image))) for image in (shape[-n:], sizes))
        rule = f"Given input size: ({given}). Calculated output size: ({found}). Output size is too small"
        raise RuntimeError(message(op, "kernel_size", kernel, rule, "use a smaller kernel or a larger image"))
    return sizes


def check_divisor(op: str, divisor_override: Any) -> None:
    """None, or an int that is not 0. Raises TypeError, RuntimeError."""
    if divisor_override is not None:
        if isinstance(divisor_override, bool) or not hasattr(divisor_override, "__index__"):
            raise TypeError(
                message(op, "divisor_override", repr(divisor_override), "must be int", "use divisor_override=None")
            )
        if divisor_override == 0:
            raise RuntimeError(
                message(op, "divisor_override", 0, "divisor must be not zero", "use divisor_override=None")
            )
