"""Convolution layers with one bug each in backward. Written without sight of the checker."""

from functools import partial
from typing import Any

import numpy as np
from mutants_base import Mutant, normal
from numpy_layers_conv import Array, Conv2d, ConvTranspose2d, Window, as_if

# ---- the input's gradient


class InputSign(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return -super().input_gradient(gy)


class InputOnePercent(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return 1.01 * super().input_gradient(gy)


class InputKernelFlipped(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return Conv2d.input_gradient(as_if(self, weight=self.weight[:, :, ::-1, ::-1]), gy)


class InputKernelSideways(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return Conv2d.input_gradient(as_if(self, weight=self.weight.swapaxes(2, 3)), gy)


class InputKernelTransposed(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return Conv2d.input_gradient(as_if(self, weight=self.weight.swapaxes(0, 1)), gy)


class InputSideways(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return super().input_gradient(gy).swapaxes(2, 3)


class InputCroppedOneOff(Conv2d):
    def crop(self, padded: Array) -> Array:
        return padded[:, :, : -2 * self.padding, : -2 * self.padding]


class InputBorderLost(Conv2d):
    def crop(self, padded: Array) -> Array:
        gx = np.zeros_like(self.x)
        gx[:, :, 1:-1, 1:-1] = super().crop(padded)[:, :, 1:-1, 1:-1]
        return gx


class InputBorderFolded(Conv2d):
    """The padding's gradient is added to the border, as if forward had repeated the border instead of zeros."""

    def crop(self, padded: Array) -> Array:
        folded = padded.copy()
        folded[:, :, 1] += folded[:, :, 0]
        folded[:, :, -2] += folded[:, :, -1]
        return super().crop(folded)


class InputOverlapOverwritten(Conv2d):
    def place(self, target: Array, window: Window, value: Array) -> None:
        target[window] = value


class InputStrideIgnored(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return Conv2d.input_gradient(as_if(self, stride=1), gy)


class InputDilationIgnored(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return Conv2d.input_gradient(as_if(self, dilation=1), gy)


class InputNextGroup(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        shift = len(self.weight) // self.groups
        return Conv2d.input_gradient(as_if(self, weight=np.roll(self.weight, shift, axis=0)), gy)


class InputFirstGroupOnly(Conv2d):
    """Every group is taken back through the first group's kernels."""

    def input_gradient(self, gy: Array) -> Any:
        first = np.concatenate([self.weight[: len(self.weight) // self.groups]] * self.groups)
        return Conv2d.input_gradient(as_if(self, weight=first), gy)


class InputFirstChannelOnly(Conv2d):
    """The loop over the kernels ends after the first: the other output channels pass nothing back."""

    def input_gradient(self, gy: Array) -> Any:
        seen = np.zeros_like(gy)
        seen[:, 0] = gy[:, 0]
        return super().input_gradient(seen)


class InputLost(Conv2d):
    def input_gradient(self, gy: Array) -> Any:
        return None


# ---- the weight's gradient


class WeightTwice(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return 2 * super().weight_gradient(gy)


class WeightAveraged(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy) / len(gy)


class WeightTransposed(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy).swapaxes(0, 1)


class WeightFlipped(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy)[:, :, ::-1, ::-1]


class WeightSideways(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy).swapaxes(2, 3)


class WeightStrideIgnored(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return Conv2d.weight_gradient(as_if(self, stride=1), gy)


class WeightDilationIgnored(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return Conv2d.weight_gradient(as_if(self, dilation=1), gy)


class WeightNextGroup(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        shift = self.x.shape[1] // self.groups
        return Conv2d.weight_gradient(as_if(self, x=np.roll(self.x, shift, axis=1)), gy)


class WeightFirstSample(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        return Conv2d.weight_gradient(as_if(self, x=self.x[:1]), gy[:1])


class WeightPaddingForgotten(Conv2d):
    """The patches are cut from the image padded at its end only: every tap reads one pixel too far."""

    def weight_gradient(self, gy: Array) -> Any:
        p = self.padding
        ahead = np.pad(self.x, ((0, 0), (0, 0), (0, 2 * p), (0, 2 * p)))
        return Conv2d.weight_gradient(as_if(self, x=ahead, padding=0), gy)


class WeightRightInOneChannel(Conv2d):
    def weight_gradient(self, gy: Array) -> Any:
        gw = super().weight_gradient(gy)
        gw[1:] = gw[:1]
        return gw


# ---- the bias's gradient


class BiasFirstSample(Conv2d):
    def bias_gradient(self, gy: Array) -> Any:
        return gy[0].sum(axis=(1, 2))


class BiasNotSummed(Conv2d):
    def bias_gradient(self, gy: Array) -> Any:
        return gy.sum(axis=(2, 3))


class BiasAveraged(Conv2d):
    def bias_gradient(self, gy: Array) -> Any:
        return gy.mean(axis=(2, 3)).sum(axis=0)


class BiasLost(Conv2d):
    def bias_gradient(self, gy: Array) -> Any:
        return None


class BiasCountsPixels(Conv2d):
    def bias_gradient(self, gy: Array) -> Any:
        return np.ones_like(gy).sum(axis=(0, 2, 3))


class UpstreamOnes(Conv2d):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return super().backward(np.ones_like(gy))


# ---- transposed convolution


class TransposeWeightFlipped(ConvTranspose2d):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy)[:, :, ::-1, ::-1]


class TransposeInputFlipped(ConvTranspose2d):
    def input_gradient(self, gy: Array) -> Any:
        return ConvTranspose2d.input_gradient(as_if(self, weight=self.weight[:, :, ::-1, ::-1]), gy)


class TransposeStrideIgnored(ConvTranspose2d):
    def input_gradient(self, gy: Array) -> Any:
        return ConvTranspose2d.input_gradient(as_if(self, stride=1), gy)


SQUARE = normal((3, 2, 5, 5), (2, 2, 3, 3), (2,))  # an image and kernels as high as wide, as many channels out as in
TALL = normal((3, 2, 6, 4), (4, 2, 3, 2), (4,))
GROUPS = normal((2, 4, 4, 4), (6, 2, 3, 3), (6,))
DEPTHWISE = normal((2, 3, 5, 5), (3, 1, 3, 3), (3,))
WIDE = normal((1, 2, 8, 8), (3, 2, 3, 3), (3,))
UP = normal((2, 2, 3, 4), (2, 3, 3, 3))

CONV = (
    Mutant("conv2d input sign", partial(InputSign, padding=1), TALL, "sign", (0,)),
    Mutant("conv2d input off by one percent", InputOnePercent, TALL, "factor", (0,)),
    Mutant("conv2d input kernel flipped", partial(InputKernelFlipped, padding=1), SQUARE, "flip", (0,)),
    Mutant("conv2d stride 2 input kernel flipped", partial(InputKernelFlipped, stride=2), WIDE, "flip", (0,)),
    Mutant("conv2d input kernel sideways", partial(InputKernelSideways, padding=1), SQUARE, "height_width", (0,)),
    Mutant("conv2d input kernel transposed", InputKernelTransposed, SQUARE, "transpose", (0,)),
    Mutant("conv2d input sideways", partial(InputSideways, padding=1), SQUARE, "height_width", (0,)),
    Mutant("conv2d input cropped one off", partial(InputCroppedOneOff, padding=1), SQUARE, "padding_offset", (0,)),
    Mutant("conv2d input border lost", partial(InputBorderLost, padding=1), SQUARE, "border", (0,)),
    Mutant("conv2d input border folded", partial(InputBorderFolded, padding=1), TALL, "border", (0,)),
    Mutant("conv2d stride 2 overlap overwritten", partial(InputOverlapOverwritten, stride=2), WIDE, "overlap", (0,)),
    Mutant("conv2d overlap overwritten", partial(InputOverlapOverwritten, padding=1), TALL, "overlap", (0,)),
    Mutant("conv2d input stride ignored", partial(InputStrideIgnored, stride=2), WIDE, "stride", (0,)),
    Mutant("conv2d input stride 3 ignored", partial(InputStrideIgnored, stride=3, padding=1), WIDE, "stride", (0,)),
    Mutant("conv2d input dilation ignored", partial(InputDilationIgnored, dilation=2), WIDE, "dilation", (0,)),
    Mutant("conv2d input next group", partial(InputNextGroup, groups=2), GROUPS, "groups", (0,)),
    Mutant("conv2d depthwise next group", partial(InputNextGroup, groups=3), DEPTHWISE, "groups", (0,)),
    Mutant("conv2d input first group's kernels", partial(InputFirstGroupOnly, groups=2), GROUPS, "groups", (0,)),
    Mutant("conv2d input of one output channel", InputFirstChannelOnly, TALL, "part", (0,)),
    Mutant("conv2d input lost", InputLost, SQUARE, "unconnected", (0,)),
    Mutant("conv2d weight twice", WeightTwice, TALL, "factor", (1,)),
    Mutant("conv2d weight averaged over the batch", WeightAveraged, SQUARE, "factor", (1,)),
    Mutant("conv2d weight transposed", partial(WeightTransposed, padding=1), SQUARE, "transpose", (1,)),
    Mutant("conv2d weight flipped", partial(WeightFlipped, stride=2), SQUARE, "flip", (1,)),
    Mutant("conv2d weight sideways", partial(WeightSideways, padding=1), SQUARE, "height_width", (1,)),
    Mutant("conv2d weight stride ignored", partial(WeightStrideIgnored, stride=2), WIDE, "stride", (1,)),
    Mutant("conv2d weight dilation ignored", partial(WeightDilationIgnored, dilation=2), WIDE, "dilation", (1,)),
    Mutant("conv2d weight next group", partial(WeightNextGroup, groups=2, padding=1), GROUPS, "groups", (1,)),
    Mutant("conv2d weight of the first sample", WeightFirstSample, SQUARE, "batch_sum", (1,)),
    Mutant("conv2d weight padding forgotten", partial(WeightPaddingForgotten, padding=1), TALL, "padding_offset", (1,)),
    Mutant("conv2d weight right in one channel", WeightRightInOneChannel, TALL, None, (1,)),
    Mutant("conv2d bias of the first sample", BiasFirstSample, SQUARE, "batch_sum", (2,)),
    Mutant("conv2d bias not summed", BiasNotSummed, TALL, "batch_sum", (2,), also=("shape",)),
    Mutant("conv2d bias averaged over pixels", BiasAveraged, TALL, "factor", (2,)),
    Mutant("conv2d bias lost", BiasLost, SQUARE, "unconnected", (2,)),
    Mutant("conv2d bias counts pixels", BiasCountsPixels, SQUARE, "upstream_ignored", (2,)),
    Mutant("conv2d upstream taken as ones", partial(UpstreamOnes, padding=1), SQUARE, "upstream_ignored", (0, 1, 2)),
    Mutant("conv_transpose2d weight flipped", partial(TransposeWeightFlipped, stride=2), UP, "flip", (1,)),
    Mutant("conv_transpose2d input flipped", partial(TransposeInputFlipped, padding=1), UP, "flip", (0,)),
    Mutant("conv_transpose2d input stride ignored", partial(TransposeStrideIgnored, stride=2), UP, "stride", (0,)),
)
