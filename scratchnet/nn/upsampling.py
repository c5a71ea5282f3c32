"""Layers that resize images."""

from __future__ import annotations

from typing import Any

from scratchnet.nn import functional as F
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor

Size = int | tuple[int, ...] | None
Factor = float | tuple[float, ...] | None


class Upsample(Module):
    """Resizes (N, C, H, W), rows or volumes to `size` or by `scale_factor`. Equals torch.nn.Upsample.

    F.interpolate with these arguments: OH = floor(H scale_factor).
    """

    def __init__(
        self,
        size: Size = None,
        scale_factor: Factor = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Any
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        what = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{what}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Upsample by the nearest pixel. Equals torch.nn.UpsamplingNearest2d."""

    def __init__(self, size: Size = None, scale_factor: Factor = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Upsample bilinearly with align_corners=True. Equals torch.nn.UpsamplingBilinear2d."""

    def __init__(self, size: Size = None, scale_factor: Factor = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
