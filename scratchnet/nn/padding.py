"""Padding layers. `padding`: one number for all sides or (left, right, top, bottom, front, back); negative crop."""

from __future__ import annotations

from scratchnet.nn import functional as F
from scratchnet.nn.conv import ntuple
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor

Sides = int | tuple[int, ...]


class _Pad(Module):
    """What F.pad's `_mode` puts around the last `_axes` axes: (N, C, H, W) -> (N, C, top + H + bottom, ...)."""

    _axes = 2
    _mode = "constant"
    value: float | None = None

    def __init__(self, padding: Sides) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self._axes)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode, self.value)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    """`value` around the last axes."""

    def __init__(self, padding: Sides, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad(_ConstantPad):
    """Zeros around the last axes."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ReflectionPad(_Pad):
    _mode = "reflect"


class _ReplicationPad(_Pad):
    _mode = "replicate"


class _CircularPad(_Pad):
    _mode = "circular"


class ConstantPad1d(_ConstantPad):
    """`value` around the row: (N, C, L) -> (N, C, left + L + right). Equals torch.nn.ConstantPad1d."""

    _axes = 1


class ConstantPad2d(_ConstantPad):
    """`value` around the image: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.ConstantPad2d.
    """

    _axes = 2


class ConstantPad3d(_ConstantPad):
    """`value` around the volume: (N, C, D, H, W), the last axis' sides first. Equals torch.nn.ConstantPad3d."""

    _axes = 3


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Zeros around the row: (N, C, L) -> (N, C, left + L + right). Equals torch.nn.ZeroPad1d."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Zeros around the image: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.ZeroPad2d.
    """


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Zeros around the volume: (N, C, D, H, W), the last axis' sides first. Equals torch.nn.ZeroPad3d."""


class ReflectionPad1d(_ReflectionPad):
    """The row mirrored at its ends, the end itself not repeated: (N, C, L) -> (N, C, left + L + right).

    Equals torch.nn.ReflectionPad1d.
    """

    _axes = 1


class ReflectionPad2d(_ReflectionPad):
    """The image mirrored at its ends, the end itself not repeated: H -> top + H + bottom, W -> left + W + right.

    Equals torch.nn.ReflectionPad2d.
    """

    _axes = 2


class ReflectionPad3d(_ReflectionPad):
    """The volume mirrored at its ends, the end itself not repeated: (N, C, D, H, W), the last axis' sides first.

    Equals torch.nn.ReflectionPad3d.
    """

    _axes = 3


class ReplicationPad1d(_ReplicationPad):
    """The ends of the row repeated outwards: (N, C, L) -> (N, C, left + L + right).

    Equals torch.nn.ReplicationPad1d.
    """

    _axes = 1


class ReplicationPad2d(_ReplicationPad):
    """The ends of the image repeated outwards: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.ReplicationPad2d.
    """

    _axes = 2


class ReplicationPad3d(_ReplicationPad):
    """The ends of the volume repeated outwards: (N, C, D, H, W), the last axis' sides first.

    Equals torch.nn.ReplicationPad3d.
    """

    _axes = 3


class CircularPad1d(_CircularPad):
    """The row repeated, as on a torus: (N, C, L) -> (N, C, left + L + right). Equals torch.nn.CircularPad1d."""

    _axes = 1


class CircularPad2d(_CircularPad):
    """The image repeated, as on a torus: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.CircularPad2d.
    """

    _axes = 2


class CircularPad3d(_CircularPad):
    """The volume repeated, as on a torus: (N, C, D, H, W), the last axis' sides first.

    Equals torch.nn.CircularPad3d.
    """

    _axes = 3
