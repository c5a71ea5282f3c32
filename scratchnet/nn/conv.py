"""Convolution layers over 1, 2 and 3 axes, both directions; Unfold and Fold: an image as columns and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from scratchnet.nn import functional as F
from scratchnet.nn import init
from scratchnet.nn.activation import ReLU
from scratchnet.nn.calling import Hooked
from scratchnet.nn.module import Module
from scratchnet.nn.parameter import Parameter, registered
from scratchnet.ops.conv import conv2d_relu
from scratchnet.ops.creation import empty
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

Pair = int | tuple[int, int]
Sizes = int | tuple[int, ...]
PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def ntuple(value: Any, n: int) -> tuple[int, ...]:
    """A number n times, or an iterable as a tuple."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * n


class _ConvNd(Module):
    """What convolutions of both directions share: arguments, parameters, initial values, printing."""

    weight: Parameter = registered()
    bias: Parameter | None = registered()

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: str | tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        _check(type(self).__name__, in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = _pad_argument(padding, kernel_size, dilation)
        first, second = (in_channels, out_channels) if transposed else (out_channels, in_channels)
        self.weight = Parameter(empty((first, second // groups, *kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew: uniform within 1 / sqrt(fan_in), as torch draws them."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", 0), ("dilation", 1), ("output_padding", 0)):
            value = getattr(self, name)
            if value != (usual,) * len(value):
                text += f", {name}={value}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _check(
    op: str,
    in_channels: int,
    out_channels: int,
    stride: tuple[int, ...],
    padding: str | tuple[int, ...],
    groups: int,
    padding_mode: str,
) -> None:
    if groups <= 0:
        raise ValueError(message(op, "groups", groups, "must be a positive integer"))
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            fix = f"use groups={math.gcd(channels, groups)}"
            raise ValueError(message(op, name, channels, f"must be divisible by groups (={groups})", fix))
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(message(op, "padding", repr(padding), "must be 'same', 'valid' or numbers"))
        if padding == "same" and any(s != 1 for s in stride):
            rule = f"padding='same' is not supported for strided convolutions (stride={stride})"
            raise ValueError(message(op, "padding", repr(padding), rule, "use stride=1 or numbers"))
    if padding_mode not in PADDING_MODES:
        rule = f"padding_mode must be one of {PADDING_MODES}"
        raise ValueError(message(op, "padding_mode", repr(padding_mode), rule))


def _pad_argument(
    padding: str | tuple[int, ...], kernel_size: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[int, ...]:
    """What F.pad takes: (left, right, top, bottom), the last dimension first."""
    if not isinstance(padding, str):
        return tuple(p for p in reversed(padding) for _ in range(2))
    totals = [d * (k - 1) if padding == "same" else 0 for d, k in zip(dilation, kernel_size, strict=True)]
    return tuple(side for total in reversed(totals) for side in (total // 2, total - total // 2))


class _Conv(_ConvNd):
    """Convolution over `_axes` axes of space."""

    _axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: str | Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        n = self._axes
        super().__init__(
            in_channels,
            out_channels,
            ntuple(kernel_size, n),
            ntuple(stride, n),
            padding if isinstance(padding, str) else ntuple(padding, n),
            ntuple(dilation, n),
            False,
            (0,) * n,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
            padding = (0,) * self._axes
        convolve = F.conv2d if self._axes == 2 else F.conv1d if self._axes == 1 else F.conv3d
        return convolve(input, weight, bias, self.stride, padding, self.dilation, self.groups)

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Conv):
    """Cross-correlation of rows with learned kernels: (N, C, L) -> (N, K, OL). Equals torch.nn.Conv1d.

    OL = (L + 2 padding - dilation (KL - 1) - 1) // stride + 1. Weight (K, C/groups, KL); arguments as Conv2d's.
    """

    _axes = 1


class Conv2d(_Conv):
    """Cross-correlation of images with learned kernels. Equals torch.nn.Conv2d.

    (N, C, H, W) or (C, H, W) -> (N, K, OH, OW), OH = (H + 2 padding - dilation (KH - 1) - 1) // stride + 1.
    Weight (K, C/groups, KH, KW), bias (K,). `padding`: numbers, "valid" (none) or "same" (OH = H, stride 1 only);
    `padding_mode`: "zeros", "reflect", "replicate" or "circular".
    """

    _axes = 2

    def _joined(self, after: Hooked) -> Callable[[Any], Any] | None:
        """With the ReLU that follows in a Sequential, unless somebody could see what lies between the two."""
        if type(after) is ReLU and self._is_exactly(Conv2d) and after._is_exactly(ReLU) and not after.inplace:
            return self._rectified if self.padding_mode == "zeros" else None
        return None

    def _rectified(self, input: Tensor) -> Tensor:
        return conv2d_relu(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Conv3d(_Conv):
    """Cross-correlation of volumes with learned kernels: (N, C, D, H, W) -> (N, K, OD, OH, OW). Equals torch.nn.Conv3d.

    OD = (D + 2 padding - dilation (KD - 1) - 1) // stride + 1. Weight (K, C/groups, KD, KH, KW); arguments as Conv2d's.
    """

    _axes = 3


class _ConvTranspose(_ConvNd):
    """Transposed convolution over `_axes` axes of space."""

    _axes = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            name = type(self).__name__
            rule = f'Only "zeros" padding mode is supported for {name}'
            raise ValueError(message(name, "padding_mode", repr(padding_mode), rule))
        n = self._axes
        super().__init__(
            in_channels,
            out_channels,
            ntuple(kernel_size, n),
            ntuple(stride, n),
            ntuple(padding, n),
            ntuple(dilation, n),
            True,
            ntuple(output_padding, n),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        padding, extra = ntuple(self.padding, self._axes), self.output_padding
        if output_size is not None:
            extra = self._padding_for(input, output_size)
        convolve = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}[self._axes]
        return convolve(input, self.weight, self.bias, self.stride, padding, extra, self.groups, self.dilation)

    def _padding_for(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        n = self._axes
        lead = input.dim() - n
        wanted = list(output_size)[lead:] if len(output_size) == lead + n else list(output_size)
        if len(wanted) != n:
            rule = f"output_size must have {n} or {lead + n} elements for {input.dim()}D input (got {len(output_size)})"
            raise ValueError(message(type(self).__name__, "output_size", list(output_size), rule))
        padding = ntuple(self.padding, n)
        arguments = zip(input.shape[lead:], self.stride, padding, self.dilation, self.kernel_size, strict=True)
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in arguments]
        most = [size + s - 1 for size, s in zip(least, self.stride, strict=True)]
        if any(not low <= size <= high for low, size, high in zip(least, wanted, most, strict=True)):
            rule = f"valid sizes range from {least} to {most} (for an input of {list(input.shape[lead:])})"
            raise ValueError(message(type(self).__name__, "output_size", wanted, rule))
        return tuple(size - low for size, low in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """Conv1d's input gradient as a layer: (N, C, L) -> (N, K, OL). Equals torch.nn.ConvTranspose1d.

    OL = (L - 1) stride - 2 padding + dilation (KL - 1) + output_padding + 1; the rest as ConvTranspose2d.
    """

    _axes = 1


class ConvTranspose2d(_ConvTranspose):
    """The gradient of a convolution with respect to its input, as a layer. Equals torch.nn.ConvTranspose2d.

    (N, C, H, W) -> (N, K, OH, OW), OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1.
    Weight (C, K/groups, KH, KW), bias (K,). `forward(input, output_size)` picks the output_padding that gives
    this size; ValueError where none does.
    """

    _axes = 2


class ConvTranspose3d(_ConvTranspose):
    """Conv3d's input gradient as a layer: (N, C, D, H, W) -> (N, K, OD, OH, OW). Equals torch.nn.ConvTranspose3d.

    OD = (D - 1) stride - 2 padding + dilation (KD - 1) + output_padding + 1; the rest as ConvTranspose2d.
    """

    _axes = 3


class Unfold(Module):
    """The patches under a sliding kernel as columns: (N, C, H, W) -> (N, C KH KW, L). Equals torch.nn.Unfold."""

    def __init__(self, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added up into an image, Unfold's adjoint: (N, C KH KW, L) -> (N, C, H, W). Equals torch.nn.Fold."""

    def __init__(
        self, output_size: Pair, kernel_size: Pair, dilation: Pair = 1, padding: Pair = 0, stride: Pair = 1
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
