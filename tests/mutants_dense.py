"""Linear layers, softmax and cross-entropy with one bug each in backward. Written without sight of the checker."""

from functools import partial
from typing import Any

import numpy as np
from mutants_base import Mutant, normal
from numpy_layers import Array, CrossEntropy, Linear, Matmul, Softmax
from numpy_layers_conv import as_if

# ---- linear


class LinearWeightTransposed(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        return self.x.T @ gy


class LinearInputTransposed(Linear):
    def input_gradient(self, gy: Array) -> Any:
        return gy @ self.weight.T


class LinearWeightAveraged(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        return gy.T @ self.x / len(gy)


class LinearInputHalf(Linear):
    def input_gradient(self, gy: Array) -> Any:
        return 0.5 * super().input_gradient(gy)


class LinearWeightSign(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        return -super().weight_gradient(gy)


class LinearWeightFirstSample(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        return np.outer(gy[0], self.x[0])


class LinearWeightFlat(Linear):
    def weight_gradient(self, gy: Array) -> Any:
        return super().weight_gradient(gy).ravel()


class LinearBiasFirstSample(Linear):
    def bias_gradient(self, gy: Array) -> Any:
        return gy[0]


class LinearBiasNotSummed(Linear):
    def bias_gradient(self, gy: Array) -> Any:
        return gy


class LinearBiasKeepsAxis(Linear):
    def bias_gradient(self, gy: Array) -> Any:
        return gy.sum(axis=0, keepdims=True)


class LinearInputZero(Linear):
    def input_gradient(self, gy: Array) -> Any:
        return np.zeros_like(self.x)


class LinearUpstreamOnes(Linear):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return super().backward(np.ones_like(gy))


class MatmulForgetsTranspose(Matmul):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy @ self.b, self.a.T @ gy


class MatmulSwapped(Matmul):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return super().backward(gy)[::-1]


WIDE = normal((3, 4), (2, 4), (2,))
SQUARE = normal((3, 4), (4, 4), (4,))

LINEAR = (
    Mutant("linear weight transposed", LinearWeightTransposed, SQUARE, "transpose", (1,)),
    Mutant("linear input transposed", LinearInputTransposed, SQUARE, "transpose", (0,)),
    Mutant("linear weight averaged", LinearWeightAveraged, WIDE, "factor", (1,)),
    Mutant("linear input half, batch of 2", LinearInputHalf, normal((2, 4), (3, 4), (3,)), "factor", (0,)),
    Mutant("linear weight sign", LinearWeightSign, WIDE, "sign", (1,)),
    Mutant("linear weight of the first sample", LinearWeightFirstSample, WIDE, "batch_sum", (1,)),
    Mutant("linear weight flat", LinearWeightFlat, WIDE, "shape", (1,)),
    Mutant("linear bias of the first sample", LinearBiasFirstSample, WIDE, "batch_sum", (2,)),
    Mutant("linear bias not summed", LinearBiasNotSummed, WIDE, "batch_sum", (2,), also=("shape", "broadcast_sum")),
    Mutant("linear bias keeps an axis", LinearBiasKeepsAxis, WIDE, "shape", (2,)),
    Mutant("linear input zero", LinearInputZero, WIDE, "unconnected", (0,)),
    Mutant("linear upstream taken as ones", LinearUpstreamOnes, WIDE, "upstream_ignored", (0, 1, 2)),
    Mutant("matmul forgets the transpose", MatmulForgetsTranspose, normal((3, 4), (4, 4)), "transpose", (0,)),
    Mutant("matmul gradients swapped", MatmulSwapped, normal((4, 4), (4, 4)), None, (0, 1)),
)

# ---- softmax and cross-entropy


class SoftmaxDiagonal(Softmax):
    def backward(self, gy: Array) -> Any:
        return gy * self.y * (1 - self.y)


class SoftmaxOtherAxis(Softmax):
    def backward(self, gy: Array) -> Any:
        return Softmax.backward(as_if(self, axis=1 - self.axis), gy)


class LossSummed(CrossEntropy):
    def backward(self, gy: Array) -> Any:
        return len(self.p) * super().backward(gy)


class LossSign(CrossEntropy):
    def backward(self, gy: Array) -> Any:
        return -super().backward(gy)


class LossWithoutSoftmax(CrossEntropy):
    def backward(self, gy: Array) -> Any:
        return CrossEntropy.backward(as_if(self, p=self.x), gy)


class LossWithoutNormalisation(CrossEntropy):
    """exp of the logits, not divided by their sum."""

    def backward(self, gy: Array) -> Any:
        return CrossEntropy.backward(as_if(self, p=np.exp(self.x)), gy)


class LossTargetOnly(CrossEntropy):
    """As for the negative log-likelihood of log-probabilities: the normalisation passes nothing back."""

    def backward(self, gy: Array) -> Any:
        return CrossEntropy.backward(as_if(self, p=np.zeros_like(self.p)), gy)


class LossSmoothingIgnored(CrossEntropy):
    def backward(self, gy: Array) -> Any:
        return CrossEntropy.backward(as_if(self, smoothing=0.0), gy)


class LossLabelsShifted(CrossEntropy):
    def backward(self, gy: Array) -> Any:
        return CrossEntropy.backward(as_if(self, labels=(self.labels + 1) % self.p.shape[1]), gy)


class LossUpstreamIgnored(CrossEntropy):
    def backward(self, gy: Array) -> Any:
        return super().backward(np.ones_like(gy))


LABELS = (2, 0, 4)

LOSS = (
    Mutant("softmax diagonal only", SoftmaxDiagonal, normal((3, 4)), None, (0,), also=("part",)),
    Mutant("softmax along the other axis", SoftmaxOtherAxis, normal((4, 4)), None, (0,)),
    Mutant("cross_entropy summed", partial(LossSummed, LABELS), normal((3, 5)), "factor", (0,)),
    Mutant("cross_entropy summed, batch of 2", partial(LossSummed, (2, 0)), normal((2, 5)), "factor", (0,)),
    Mutant("cross_entropy sign", partial(LossSign, LABELS), normal((3, 5)), "sign", (0,)),
    Mutant("cross_entropy without softmax", partial(LossWithoutSoftmax, LABELS), normal((3, 5)), None, (0,)),
    Mutant("cross_entropy unnormalised", partial(LossWithoutNormalisation, LABELS), normal((3, 5)), None, (0,)),
    Mutant("cross_entropy target only", partial(LossTargetOnly, LABELS), normal((3, 5)), "part", (0,)),
    Mutant("cross_entropy smoothing ignored", partial(LossSmoothingIgnored, LABELS, 0.2), normal((3, 5)), None, (0,)),
    Mutant("cross_entropy labels shifted", partial(LossLabelsShifted, LABELS), normal((3, 5)), None, (0,)),
    Mutant("cross_entropy upstream", partial(LossUpstreamIgnored, LABELS), normal((3, 5)), "upstream_ignored", (0,)),
)
