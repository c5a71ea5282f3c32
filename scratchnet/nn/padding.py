"""Padding layers. `padding`: one number for all sides or (left, right, top, bottom, front, back); negative crop."""

from __future__ import annotations

from scratchnet.nn import functional as F
from scratchnet.nn.conv import ntuple
from scratchnet.nn.module import Module
from scratchnet.tensor import Tensor

Sides = int | tuple[int, ...]


class _ConstantPad(Module):
    """`value` around the last `_axes` axes: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right)."""

    _axes = 2

    def __init__(self, padding: Sides, value: float) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self._axes)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _ModePad(Module):
    """The image's own values around it, as F.pad's `_mode` has it."""

    _axes = 2
    _mode = ""

    def __init__(self, padding: Sides) -> None:
        super().__init__()
        self.padding = ntuple(padding, 2 * self._axes)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


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


class ZeroPad1d(ConstantPad1d):
    """Zeros around the row: (N, C, L) -> (N, C, left + L + right). Equals torch.nn.ZeroPad1d."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Zeros around the image: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.ZeroPad2d.
    """

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Zeros around the volume: (N, C, D, H, W), the last axis' sides first. Equals torch.nn.ZeroPad3d."""

    def __init__(self, padding: Sides) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_ModePad):
    """The row mirrored at its ends, the end itself not repeated: (N, C, L) -> (N, C, left + L + right).

    Equals torch.nn.ReflectionPad1d.
    """

    _axes = 1
    _mode = "reflect"


class ReflectionPad2d(_ModePad):
    """The image mirrored at its ends, the end itself not repeated: H -> top + H + bottom, W -> left + W + right.

    Equals torch.nn.ReflectionPad2d.
    """

    _axes = 2
    _mode = "reflect"


class ReflectionPad3d(_ModePad):
    """The volume mirrored at its ends, the end itself not repeated: (N, C, D, H, W), the last axis' sides first.

    Equals torch.nn.ReflectionPad3d.
    """

    _axes = 3
    _mode = "reflect"


class ReplicationPad1d(_ModePad):
    """The ends of the row repeated outwards: (N, C, L) -> (N, C, left + L + right).

    Equals torch.nn.ReplicationPad1d.
    """

    _axes = 1
    _mode = "replicate"


class ReplicationPad2d(_ModePad):
    """The ends of the image repeated outwards: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.ReplicationPad2d.
    """

    _axes = 2
    _mode = "replicate"


class ReplicationPad3d(_ModePad):
    """The ends of the volume repeated outwards: (N, C, D, H, W), the last axis' sides first.

    Equals torch.nn.ReplicationPad3d.
    """

    _axes = 3
    _mode = "replicate"


class CircularPad1d(_ModePad):
    """The row repeated, as on a torus: (N, C, L) -> (N, C, left + L + right). Equals torch.nn.CircularPad1d."""

    _axes = 1
    _mode = "circular"


class CircularPad2d(_ModePad):
    """The image repeated, as on a torus: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    Equals torch.nn.CircularPad2d.
    """

    _axes = 2
    _mode = "circular"


class CircularPad3d(_ModePad):
    """The volume repeated, as on a torus: (N, C, D, H, W), the last axis' sides first.

    Equals torch.nn.CircularPad3d.
    """

    _axes = 3
    _mode = "circular"
