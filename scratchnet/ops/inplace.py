"""Values written over a tensor: what fill_, zero_ and copy_ record."""

from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import assign, check_overlap, check_writable
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.promotion import number, to_device
from scratchnet.shapes import expandable, message

Gradients = tuple[Tensor | None, ...]


class Copy(Op):
    """The source in the shape and dtype of x, which loses its value and so its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Any, source: Any) -> Any:
        xp = array_module(x)
        return xp.broadcast_to(xp.asarray(source), x.shape).astype(x.dtype)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return (gy * 0.0 if ctx.needs[0] else None), gy


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """torch.Tensor.copy_: write `src`, broadcast and cast, into this tensor.

    Raises RuntimeError where it doesn't broadcast.
    """
    check_writable(self, "copy_")
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_: src must be Tensor, not {type(src).__name__}")
    check_overlap(self, src, "copy_")
    if not expandable(src.array.shape, self.array.shape):
        raise RuntimeError(
            message(
                "copy_", "src", f"shape {list(src.array.shape)}", f"must broadcast to shape {list(self.array.shape)}"
            )
        )
    return assign(self, Copy.apply(self, to_device(src, self.device, non_blocking)), "copy_")


def fill_(self: Tensor, value: Any) -> Tensor:
    """torch.Tensor.fill_: every element `value`, a number or a 0-d tensor.

    Raises RuntimeError for a tensor with dimensions.
    """
    check_writable(self, "fill_")
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(message("fill_", "value", f"{value.ndim}-D", "must be a number or a 0-dimensional tensor"))
    source = value if isinstance(value, Tensor) else number("fill_", value, self.dtype)
    return assign(self, Copy.apply(self, source), "fill_")


def zero_(self: Tensor) -> Tensor:
    """torch.Tensor.zero_: every element 0."""
    return fill_(self, 0)
