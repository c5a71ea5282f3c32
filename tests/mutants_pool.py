"""Pooling and normalising layers with one bug each in backward. Written without sight of the checker."""

from functools import partial
from typing import Any

import numpy as np
from mutants_base import Mutant, normal, spaced
from numpy_layers import BatchNorm2d, LayerNorm
from numpy_layers_conv import Array, AvgPool2d, MaxPool2d, Window, as_if

# ---- pooling


class AvgUndivided(AvgPool2d):
    def share(self, gy: Array) -> Array:
        return gy


class AvgDividedByHeightTwice(AvgPool2d):
    """Divides by KH * KH instead of KH * KW."""

    def share(self, gy: Array) -> Array:
        return gy / self.kernel[0] ** 2


class AvgOverwritten(AvgPool2d):
    def place(self, target: Array, window: Window, value: Array) -> None:
        target[window] = value


class AvgStrideIgnored(AvgPool2d):
    def backward(self, gy: Array) -> Any:
        return AvgPool2d.backward(as_if(self, stride=1), gy)


class AvgPaddingUncounted(AvgPool2d):
    """Divides by the number of pixels in the image, as forward does not."""

    def share(self, gy: Array) -> Array:
        inside = self.pad(np.ones_like(self.x))
        return gy / sum(inside[self.window(i, j)] for i, j in self.taps())


class AvgCroppedOneOff(AvgPool2d):
    def crop(self, padded: Array) -> Array:
        return padded[:, :, 2 * self.padding :, 2 * self.padding :]


class AvgSideways(AvgPool2d):
    def backward(self, gy: Array) -> Any:
        return super().backward(gy).swapaxes(2, 3)


class MaxOverwritten(MaxPool2d):
    def place_at(self, target: Array, chosen: Array, gy: Array) -> None:
        target[chosen] = gy[chosen]


class MaxToFirst(MaxPool2d):
    """The gradient goes to each window's first pixel."""

    def backward(self, gy: Array) -> Any:
        return MaxPool2d.backward(as_if(self, winner=np.zeros_like(self.winner)), gy)


class MaxSpread(MaxPool2d):
    """The gradient is shared by the whole window, as average pooling does."""

    def place_at(self, target: Array, chosen: Array, gy: Array) -> None:
        target += gy / np.prod(self.kernel)


class MaxSideways(MaxPool2d):
    """Row and column of the winner are confused."""

    def backward(self, gy: Array) -> Any:
        row, column = np.divmod(self.winner, self.kernel[1])
        return MaxPool2d.backward(as_if(self, winner=column * self.kernel[1] + row), gy)


class MaxStrideIgnored(MaxPool2d):
    def backward(self, gy: Array) -> Any:
        return MaxPool2d.backward(as_if(self, stride=1), gy)


class MaxCroppedOneOff(MaxPool2d):
    def crop(self, padded: Array) -> Array:
        return padded[:, :, : -2 * self.padding, : -2 * self.padding]


class MaxBorderLost(MaxPool2d):
    def crop(self, padded: Array) -> Array:
        gx = super().crop(padded).copy()
        gx[:, :, -1], gx[:, :, :, -1] = 0, 0
        return gx


POOL = (
    Mutant("avg_pool2d undivided", partial(AvgUndivided, (3, 2)), normal((2, 2, 5, 4)), "factor", (0,)),
    Mutant("avg_pool2d height twice", partial(AvgDividedByHeightTwice, (3, 2)), normal((2, 2, 5, 4)), "factor", (0,)),
    Mutant("avg_pool2d overwritten", partial(AvgOverwritten, (3, 3), 2), normal((2, 2, 5, 5)), "overlap", (0,)),
    Mutant("avg_pool2d stride ignored", partial(AvgStrideIgnored, (2, 2), 2), normal((2, 2, 6, 6)), "stride", (0,)),
    Mutant("avg_pool2d padding", partial(AvgPaddingUncounted, (3, 3), 1, 1), normal((2, 2, 5, 6)), "border", (0,)),
    Mutant("avg_pool2d one off", partial(AvgCroppedOneOff, (3, 3), 2, 1), normal((2, 2, 6, 6)), "padding_offset", (0,)),
    Mutant("avg_pool2d sideways", partial(AvgSideways, (3, 2), 2), normal((2, 2, 6, 6)), "height_width", (0,)),
    Mutant("max_pool2d overwritten", partial(MaxOverwritten, (3, 3), 1), spaced((2, 2, 6, 6)), "overlap", (0,)),
    Mutant("max_pool2d to the first pixel", partial(MaxToFirst, (2, 2), 2), spaced((2, 2, 4, 6)), None, (0,)),
    Mutant("max_pool2d spread", partial(MaxSpread, (2, 2), 2), spaced((2, 2, 4, 6)), None, (0,)),
    Mutant("max_pool2d sideways", partial(MaxSideways, (3, 3), 3), spaced((2, 2, 6, 6)), "height_width", (0,)),
    Mutant("max_pool2d stride ignored", partial(MaxStrideIgnored, (2, 2), 2), spaced((2, 2, 6, 6)), "stride", (0,)),
    Mutant("max_pool2d one off", partial(MaxCroppedOneOff, (3, 3), 2, 1), spaced((2, 2, 5, 6)), "padding_offset", (0,)),
    Mutant("max_pool2d last row lost", partial(MaxBorderLost, (2, 2), 1), spaced((2, 2, 5, 5)), "border", (0,)),
)

# ---- normalisation


class MeanConstant(BatchNorm2d):
    def through_mean(self, g: Array) -> Any:
        return 0


class VarianceConstant(BatchNorm2d):
    def through_variance(self, g: Array) -> Any:
        return 0


class StatisticsConstant(BatchNorm2d):
    def input_gradient(self, gy: Array) -> Any:
        return self.scale * self.weight * gy


class UnbiasedVariance(BatchNorm2d):
    """Scales by the deviation over n - 1, which forward keeps for its running statistics."""

    def input_gradient(self, gy: Array) -> Any:
        n = gy.size // gy.shape[1]
        return super().input_gradient(gy) * np.sqrt((n - 1) / n)


class EpsilonOutsideRoot(BatchNorm2d):
    def input_gradient(self, gy: Array) -> Any:
        return BatchNorm2d.input_gradient(as_if(self, scale=1 / (np.sqrt(self.var) + self.eps)), gy)


class WeightOmitted(BatchNorm2d):
    def input_gradient(self, gy: Array) -> Any:
        return BatchNorm2d.input_gradient(as_if(self, weight=np.ones_like(self.weight)), gy)


class WeightSeesInput(BatchNorm2d):
    def weight_gradient(self, gy: Array) -> Any:
        return (gy * self.x).sum(axis=self.rest)


class BiasMean(BatchNorm2d):
    def bias_gradient(self, gy: Array) -> Any:
        return gy.mean(axis=self.rest)


class BiasFirstSampleOnly(BatchNorm2d):
    def bias_gradient(self, gy: Array) -> Any:
        return gy[0].sum(axis=(1, 2))


class StatisticsOfFirstSample(BatchNorm2d):
    """The corrections for mean and variance are averages over the first sample only."""

    def through_mean(self, g: Array) -> Any:
        return g[:1].mean(axis=self.axes, keepdims=True)


class RowMeanConstant(LayerNorm):
    def through_mean(self, g: Array) -> Any:
        return 0


class RowVarianceConstant(LayerNorm):
    def through_variance(self, g: Array) -> Any:
        return 0


class RowStatisticsDownTheBatch(LayerNorm):
    def through_mean(self, g: Array) -> Any:
        return g.mean(axis=0, keepdims=True)


class RowWeightFirstSample(LayerNorm):
    def weight_gradient(self, gy: Array) -> Any:
        return (gy * self.xhat)[0]


class RowBiasNotSummed(LayerNorm):
    def bias_gradient(self, gy: Array) -> Any:
        return gy


IMAGES = normal((3, 2, 3, 4), (2,), (2,))
ROWS = normal((4, 5), (5,), (5,))

NORM = (
    Mutant("batch_norm mean constant", MeanConstant, IMAGES, "statistics", (0,)),
    Mutant("batch_norm variance constant", VarianceConstant, IMAGES, "statistics", (0,)),
    Mutant("batch_norm statistics constant", StatisticsConstant, IMAGES, "statistics", (0,)),
    Mutant("batch_norm unbiased variance", partial(UnbiasedVariance, 1e-12), IMAGES, "factor", (0,)),
    Mutant("batch_norm epsilon outside the root", partial(EpsilonOutsideRoot, 0.5), IMAGES, None, (0,)),
    Mutant("batch_norm weight omitted", WeightOmitted, IMAGES, None, (0,)),
    Mutant("batch_norm weight sees the input", WeightSeesInput, IMAGES, None, (1,)),
    Mutant("batch_norm bias averaged", BiasMean, IMAGES, "factor", (2,)),
    Mutant("batch_norm bias of the first sample", BiasFirstSampleOnly, IMAGES, "batch_sum", (2,)),
    Mutant("batch_norm mean of the first sample", StatisticsOfFirstSample, IMAGES, None, (0,), also=("statistics",)),
    Mutant("layer_norm mean constant", RowMeanConstant, ROWS, "statistics", (0,)),
    Mutant("layer_norm variance constant", RowVarianceConstant, ROWS, "statistics", (0,)),
    Mutant("layer_norm mean down the batch", RowStatisticsDownTheBatch, ROWS, None, (0,), also=("statistics",)),
    Mutant("layer_norm weight of the first sample", RowWeightFirstSample, ROWS, "batch_sum", (1,)),
    Mutant("layer_norm bias not summed", RowBiasNotSummed, ROWS, "batch_sum", (2,), also=("shape", "broadcast_sum")),
)
