"""What pooling over windows checks, for any number of axes of space, and where its windows then lie."""

from typing import Any, NamedTuple

from scratchnet.autograd.core import Tensor
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import Sizes, remembered
from scratchnet.ops.pool_shapes import Shape, check_pooled, pooled_size, window


class Windows(NamedTuple):
    """The input with a batch, whether it came so, and one int an axis for each argument of the windows."""

    images: Tensor
    was_batched: bool
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    out_size: Sizes

    def as_planes(self) -> "Windows":
        """Rows as images of one row; anything else as it is."""
        if len(self.kernel) > 1:
            return self
        sizes = ((1, *self.kernel), (1, *self.stride), (0, *self.padding), (1, *self.dilation), (1, *self.out_size))
        return Windows(self.images.unsqueeze(-2), self.was_batched, *sizes)

    def shaped(self, y: Tensor) -> Tensor:
        """What was made of `as_planes` in the input's rank."""
        y = y.squeeze(-2) if len(self.kernel) == 1 else y
        return y if self.was_batched else y.squeeze(0)


def placed(
    op: str,
    n: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any = 1,
    ceil_mode: bool = False,
    *,
    integers: bool = False,
) -> Windows:
    """The windows over n axes of space, all checked; `integers` are refused unless allowed, bools always."""
    check_tensor(op, "input", input)
    case = (op, n, input.array.shape, bool(ceil_mode))
    sizes = _checked(case, kernel_size, stride, padding, dilation)
    was_batched = input.array.ndim == n + 2
    images = input if was_batched else input.unsqueeze(0)
    if not integers or input.array.dtype.kind == "b":
        check_floating(op, "input", input)
    return Windows(images, was_batched, *sizes)


@remembered
def _checked(
    case: tuple[str, int, Shape, bool], kernel_size: Any, stride: Any, padding: Any, dilation: Any
) -> tuple[Sizes, Sizes, Sizes, Sizes, Sizes]:
    """Kernel, stride, padding, dilation and output, each a number an axis. Raises TypeError, RuntimeError."""
    op, n, shape, ceil_mode = case
    arguments = window(op, n, kernel_size, stride, padding, dilation)
    check_pooled(op, n, shape)
    return *arguments, pooled_size(op, shape if len(shape) == n + 2 else (1, *shape), *arguments, ceil_mode)
