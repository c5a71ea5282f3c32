"""Padding layers. `padding` is a number for all four sides or (left, right, top, bottom); negative numbers crop."""

from __future__ import annotations

from scratchnet.nn import functional as F
from scratchnet.nn.conv import ntuple
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor

Sides = int | tuple[int, int, int, int]


class ConstantPad2d(Module):
    """`value` around the image: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right)."""

    def __init__(self, padding: Sides, value: float) -> None:
        super().__init__()
        self.padding = ntuple(padding, 4)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ZeroPad2d(ConstantPad2d):
    """Zeros around the image. Equals torch.nn.ZeroPad2d."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ModePad2d(Module):
    _mode = ""

    def __init__(self, padding: Sides) -> None:
        super().__init__()
        self.padding = ntuple(padding, 4)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad2d(_ModePad2d):
    """The image mirrored at its edges, the edge itself not repeated. Equals torch.nn.ReflectionPad2d."""

    _mode = "reflect"


class ReplicationPad2d(_ModePad2d):
    """The edge repeated outwards. Equals torch.nn.ReplicationPad2d."""

    _mode = "replicate"


class CircularPad2d(_ModePad2d):
    """The image repeated, as on a torus. Equals torch.nn.CircularPad2d."""

    _mode = "circular"
