"""Pooling layers over 1, 2 and 3 axes: the largest value, the mean or the power mean of each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratchnet.nn import functional as F
from scratchnet.nn.conv import ntuple
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor

Sizes = int | tuple[int, ...]
OutputSize = int | tuple[int | None, ...] | None


class _MaxPool(Module):
    """Maxima over `_axes` axes of space."""

    _axes = 2

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
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
        pool = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[self._axes]
        return pool(
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


class MaxPool1d(_MaxPool):
    """The largest value of each window: (N, C, L) -> (N, C, OL). Equals torch.nn.MaxPool1d; as MaxPool2d."""

    _axes = 1


class MaxPool2d(_MaxPool):
    """The largest value of each window: (N, C, H, W) -> (N, C, OH, OW). Equals torch.nn.MaxPool2d.

    OH = (H + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1, rounded up with `ceil_mode`; stride is
    kernel_size unless given. Padding counts as minus infinity. `return_indices` gives (output, indices).
    """

    _axes = 2


class MaxPool3d(_MaxPool):
    """The largest value of each block: (N, C, D, H, W) -> (N, C, OD, OH, OW). Equals torch.nn.MaxPool3d."""

    _axes = 3


class _MaxUnpool(Module):
    """Maxima back at their places, over `_axes` axes of space."""

    _axes = 2

    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, self._axes)
        self.stride = ntuple(kernel_size if stride is None else stride, self._axes)
        self.padding = ntuple(padding, self._axes)

    def forward(self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        unpool = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}[self._axes]
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """MaxPool1d's values back at their places, zeros elsewhere. Equals torch.nn.MaxUnpool1d."""

    _axes = 1


class MaxUnpool2d(_MaxUnpool):
    """MaxPool2d's values back at their places: (N, C, H, W) -> (N, C, OH, OW). Equals torch.nn.MaxUnpool2d.

    OH = (H - 1) stride - 2 padding + kernel_size, or as `forward(input, indices, output_size)` says.
    """

    _axes = 2


class MaxUnpool3d(_MaxUnpool):
    """MaxPool3d's values back at their places, zeros elsewhere. Equals torch.nn.MaxUnpool3d."""

    _axes = 3


class _AvgPool(Module):
    """Means over `_axes` axes of space."""

    _axes = 2

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
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
        pool = {2: F.avg_pool2d, 3: F.avg_pool3d}[self._axes]
        return pool(
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


class AvgPool1d(Module):
    """The mean of each window: (N, C, L) -> (N, C, OL). Equals torch.nn.AvgPool1d; as AvgPool2d, without a divisor."""

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = ntuple(kernel_size, 1)
        self.stride = ntuple(kernel_size if stride is None else stride, 1)
        self.padding = ntuple(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The mean of each window: (N, C, H, W) -> (N, C, OH, OW). Equals torch.nn.AvgPool2d.

    Padding counts as zeros; `count_include_pad=False` leaves it out of the divisor, `divisor_override` replaces that.
    """

    _axes = 2


class AvgPool3d(_AvgPool):
    """The mean of each block: (N, C, D, H, W) -> (N, C, OD, OH, OW). Equals torch.nn.AvgPool3d; as AvgPool2d."""

    _axes = 3


class _LPPool(Module):
    """Power means over `_axes` axes of space."""

    _axes = 2

    def __init__(
        self, norm_type: float, kernel_size: Sizes, stride: Sizes | None = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        pool = {1: F.lp_pool1d, 2: F.lp_pool2d, 3: F.lp_pool3d}[self._axes]
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """(sum of x^p)^(1/p) over each window: (N, C, L) -> (N, C, OL). Equals torch.nn.LPPool1d."""

    _axes = 1


class LPPool2d(_LPPool):
    """(sum of x^p)^(1/p) over each window: (N, C, H, W) -> (N, C, OH, OW). Equals torch.nn.LPPool2d."""

    _axes = 2


class LPPool3d(_LPPool):
    """(sum of x^p)^(1/p) over each block: (N, C, D, H, W) -> (N, C, OD, OH, OW). Equals torch.nn.LPPool3d."""

    _axes = 3


class _AdaptiveAvgPool(Module):
    """Means of regions over `_axes` axes of space."""

    _axes = 2

    def __init__(self, output_size: OutputSize) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        pool: Any = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}[self._axes]
        result: Tensor = pool(input, self.output_size)
        return result

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Means of regions chosen to give `output_size`: (N, C, L) -> (N, C, OL). Equals torch.nn.AdaptiveAvgPool1d."""

    _axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means of windows chosen to give `output_size`: (N, C, H, W) -> (N, C, *output_size).

    Equals torch.nn.AdaptiveAvgPool2d: row i averages rows i H // OH up to ceil((i + 1) H / OH); None keeps a side.
    """

    _axes = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Means of regions: (N, C, D, H, W) -> (N, C, *output_size). Equals torch.nn.AdaptiveAvgPool3d."""

    _axes = 3


class _AdaptiveMaxPool(Module):
    """Maxima of regions over `_axes` axes of space."""

    _axes = 2

    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        pool: Any = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}[self._axes]
        return pool(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The largest of AdaptiveAvgPool1d's regions: (N, C, L) -> (N, C, OL). Equals torch.nn.AdaptiveMaxPool1d."""

    _axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The largest value of AdaptiveAvgPool2d's regions: (N, C, H, W) -> (N, C, *output_size).

    Equals torch.nn.AdaptiveMaxPool2d. `return_indices` gives (output, indices).
    """

    _axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The largest value of AdaptiveAvgPool3d's regions. Equals torch.nn.AdaptiveMaxPool3d."""

    _axes = 3
