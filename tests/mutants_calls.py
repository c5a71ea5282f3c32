"""Layers that go wrong from call to call, or in memory: state, noise, writing, dtype, strides.

Written without sight of the checker.
"""

from functools import partial
from typing import Any

import numpy as np
from mutants_base import Mutant, clear_of_zero, normal, spaced
from numpy_layers import Array, BatchNorm2d, Linear, ReLU, Sigmoid, Sum, Tanh
from numpy_layers_conv import Conv2d, MaxPool2d, as_if


class ConvFirstImage(Conv2d):
    """Padded once, at the first call, and kept: the cure for a slow forward that was."""

    def weight_gradient(self, gy: Array) -> Any:
        if not hasattr(self, "kept"):
            self.kept = self.x.copy()
        return Conv2d.weight_gradient(as_if(self, x=self.kept), gy)


class ReLUFirstMask(ReLU):
    def backward(self, gy: Array) -> Any:
        if not hasattr(self, "mask"):
            self.mask = self.slope()
        return gy * self.mask


class PoolPreviousWinner(MaxPool2d):
    """The winners of the call before: the new ones are stored after they are needed."""

    def backward(self, gy: Array) -> Any:
        kept = getattr(self, "kept", self.winner)
        self.kept = self.winner
        return MaxPool2d.backward(as_if(self, winner=kept), gy)


class NormFirstStatistics(BatchNorm2d):
    def input_gradient(self, gy: Array) -> Any:
        if not hasattr(self, "kept"):
            self.kept = self.scale
        return BatchNorm2d.input_gradient(as_if(self, scale=self.kept), gy)


class LinearAccumulates(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        self.total = getattr(self, "total", 0) + super().weight_gradient(gy)
        return self.total


class ConvAccumulates(Conv2d):
    """The input's gradient is summed in a buffer that no one clears."""

    def input_gradient(self, gy: Array) -> Any:
        if not hasattr(self, "buffer"):
            self.buffer = np.zeros_like(self.x)
        self.buffer += super().input_gradient(gy)
        return self.buffer.copy()


class TanhNoise(Tanh):
    """A thousandth of noise, new in every call."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(7)

    def slope(self) -> Array:
        return super().slope() + 1e-3 * self.rng.standard_normal(self.x.shape)


class LinearRandomRows(Linear):
    """The bias's gradient is estimated from random samples."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(8)

    def bias_gradient(self, gy: Array) -> Any:
        return gy[self.rng.integers(len(gy), size=len(gy))].sum(axis=0)


class ReLUClearsInput(ReLU):
    def backward(self, gy: Array) -> Any:
        gx = gy * self.slope()
        self.x[self.x < 0] = 0
        return gx


class SigmoidScalesUpstream(Sigmoid):
    def backward(self, gy: Array) -> Any:
        gy *= self.slope()
        return gy.copy()


class ConvScalesUpstream(Conv2d):
    """gy becomes zero once the gradients are computed: a buffer handed back too early."""

    def backward(self, gy: Array) -> tuple[Any, ...]:
        gradients = super().backward(gy)
        gy[...] = 0
        return gradients


class LinearSingle(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy).astype(np.float32)


class TanhSingle(Tanh):
    def backward(self, gy: Array) -> Any:
        return super().backward(gy).astype(np.float32)


class TanhMemoryOrder(Tanh):
    """Runs over gy as it lies in memory, which is another order once gy is transposed."""

    def backward(self, gy: Array) -> Any:
        return super().backward(gy.ravel(order="K").reshape(gy.shape))


def strides_ignored(gy: Array) -> Array:
    """The numbers that lie in memory from gy's first one on: what code sees that is handed a pointer and a shape."""
    low, high = np.lib.array_utils.byte_bounds(gy)
    if low != gy.__array_interface__["data"][0] or high - low < gy.nbytes:
        return gy  # reversed or repeated: don't read what isn't ours
    return np.lib.stride_tricks.as_strided(gy, gy.shape, np.empty_like(gy, order="C").strides)


class ConvPointer(Conv2d):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return super().backward(strides_ignored(gy))


class SumPointer(Sum):
    def backward(self, gy: Array) -> Any:
        return super().backward(strides_ignored(gy))


ROWS = normal((3, 4))
LINEAR = normal((3, 4), (2, 4), (2,))
CONV = normal((2, 2, 4, 5), (3, 2, 3, 2), (3,))

CALLS = (
    Mutant("conv2d first image kept", ConvFirstImage, CONV, "stale_state", ()),
    Mutant("relu first mask kept", ReLUFirstMask, clear_of_zero((3, 4)), "stale_state", ()),
    Mutant(
        "max_pool2d previous winners", partial(PoolPreviousWinner, (2, 2), 2), spaced((2, 2, 4, 6)), "stale_state", ()
    ),
    Mutant("batch_norm first scale kept", NormFirstStatistics, normal((3, 2, 2, 3), (2,), (2,)), "stale_state", ()),
    Mutant("linear weight accumulates", LinearAccumulates, LINEAR, "accumulated", (), also=("stale_state",)),
    Mutant("conv2d input accumulates", ConvAccumulates, CONV, "accumulated", (), also=("stale_state",)),
    Mutant("tanh noise", TanhNoise, ROWS, "random", (0,)),
    Mutant("linear bias of random samples", LinearRandomRows, normal((8, 4), (2, 4), (2,)), "random", (2,)),
    Mutant("relu clears its input", ReLUClearsInput, clear_of_zero((3, 4)), "in_place", ()),
    Mutant("sigmoid scales upstream", SigmoidScalesUpstream, ROWS, "in_place", ()),
    Mutant("conv2d clears upstream", partial(ConvScalesUpstream, padding=1), CONV, "in_place", ()),
    Mutant("linear weight in float32", LinearSingle, LINEAR, "dtype", ()),
    Mutant("tanh in float32", TanhSingle, ROWS, "dtype", ()),
    Mutant("tanh in memory order", TanhMemoryOrder, ROWS, "layout", ()),
    Mutant("conv2d strides of upstream ignored", ConvPointer, CONV, "layout", ()),
    Mutant("sum strides of upstream ignored", partial(SumPointer, 0), normal((3, 4, 2)), "layout", ()),
)
