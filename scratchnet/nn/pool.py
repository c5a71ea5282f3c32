"""Pooling layers."""

from __future__ import annotations

from typing import Any

from scratchnet.nn import functional as F
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor

Pair = int | tuple[int, int]


class MaxPool2d(Module):
    """The largest value of each window: (N, C, H, W) -> (N, C, OH, OW). Equals torch.nn.MaxPool2d.

    OH = (H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1, rounded up with `ceil_mode`; stride is
    kernel_size unless given. Padding counts as minus infinity. `return_indices` gives (output, indices).
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        dilation: Pair = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return F.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class AvgPool2d(Module):
    """The mean of each window: (N, C, H, W) -> (N, C, OH, OW). Equals torch.nn.AvgPool2d.

    Padding counts as zeros; `count_include_pad=False` leaves it out of the divisor, `divisor_override` replaces that.
    """

    def __init__(
        self,
        kernel_size: Pair,
        stride: Pair | None = None,
        padding: Pair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Module):
    """Means of windows chosen to give `output_size`: (N, C, H, W) -> (N, C, *output_size).

    Equals torch.nn.AdaptiveAvgPool2d: row i averages rows i H // OH up to ceil((i + 1) H / OH); None keeps a side.
    """

    def __init__(self, output_size: int | tuple[int | None, int | None] | None) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
