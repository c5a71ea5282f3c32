"""Broadcasting, reductions, indices and paths with one bug each in backward.

Written without sight of the checker.
"""

from functools import partial
from typing import Any

import numpy as np
from mutants_base import Mutant, normal
from numpy_layers import (
    Add,
    Array,
    Concatenate,
    Cumsum,
    Divide,
    Gather,
    Mean,
    Mul,
    Residual,
    Subtract,
    Sum,
    unbroadcast,
)
from numpy_layers_conv import as_if


class AddNotSummed(Add):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy, gy


class MulFirstRow(Mul):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy * self.y, (gy * self.x)[0]


class MulAveraged(Mul):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        gx, gy_ = super().backward(gy)
        return gx, gy_ / len(self.x)


class MulSwapped(Mul):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy * self.x, gy * self.y


class MulColumnFirst(Mul):
    """The repeated axis is not summed: its first entry is taken, with the axis kept."""

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy * self.y, (gy * self.x)[:, :1]


class SubtractSign(Subtract):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return unbroadcast(gy, self.x.shape), unbroadcast(gy, self.y.shape)


class DivideSquareForgotten(Divide):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy / self.y, -gy * self.x / self.y


class DivideSign(Divide):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy / self.y, gy * self.x / self.y**2


class SumUpstreamOnes(Sum):
    def backward(self, gy: Array) -> Any:
        return np.ones_like(self.x)


class MeanUndivided(Mean):
    def backward(self, gy: Array) -> Any:
        return self.spread(gy)


class MeanWrongAxis(Mean):
    """gy is repeated along the other axis of a square."""

    def backward(self, gy: Array) -> Any:
        return super().backward(gy).T


class MeanHalfBatchOfTwo(Mean):
    def backward(self, gy: Array) -> Any:
        return 2 * super().backward(gy)


class ResidualWithoutSkip(Residual):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return self.inner(gy) @ self.weight.T, self.x.T @ self.inner(gy)


class ResidualSkipOnly(Residual):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy, self.x.T @ self.inner(gy)


class ResidualWeightLost(Residual):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return super().backward(gy)[0], None


class GatherOverwritten(Gather):
    def backward(self, gy: Array) -> Any:
        gx = np.zeros_like(self.table)
        gx[self.indices] += gy
        return gx


class GatherOneOff(Gather):
    def backward(self, gy: Array) -> Any:
        return Gather.backward(as_if(self, indices=self.indices - 1), gy)


class ConcatenateSecondLost(Concatenate):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy[:, : self.width], None


class ConcatenateSwapped(Concatenate):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return super().backward(gy)[::-1]


class ConcatenateOneOff(Concatenate):
    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy[:, : self.width], gy[:, self.width - 1 : -1]


class CumsumForwards(Cumsum):
    def backward(self, gy: Array) -> Any:
        return gy.cumsum(axis=-1)


def dividend_and_divisor(rng: np.random.Generator) -> tuple[Array, ...]:
    """A dividend and a divisor that is never small."""
    return rng.standard_normal((3, 4)), rng.uniform(0.5, 2, (3, 4))


SHAPES = (
    Mutant("add not summed", AddNotSummed, normal((3, 4), (4,)), "broadcast_sum", (1,), also=("shape", "batch_sum")),
    Mutant("mul first row", MulFirstRow, normal((3, 4), (4,)), "broadcast_sum", (1,), also=("batch_sum",)),
    Mutant("mul first column", MulColumnFirst, normal((4, 3), (4, 1)), "broadcast_sum", (1,)),
    Mutant("mul averaged", MulAveraged, normal((3, 4), (4,)), "factor", (1,)),
    Mutant("mul operands swapped", MulSwapped, normal((3, 4), (3, 4)), None, (0, 1)),
    Mutant("subtract sign", SubtractSign, normal((3, 4), (4,)), "sign", (1,)),
    Mutant("divide square forgotten", DivideSquareForgotten, dividend_and_divisor, None, (1,)),
    Mutant("divide sign", DivideSign, dividend_and_divisor, "sign", (1,)),
    Mutant("sum upstream taken as ones", partial(SumUpstreamOnes, 1), normal((3, 4)), "upstream_ignored", (0,)),
    Mutant("mean undivided", partial(MeanUndivided, 1), normal((3, 4)), "factor", (0,)),
    Mutant("mean along the other axis", partial(MeanWrongAxis, 1), normal((4, 4)), "transpose", (0,)),
    Mutant("mean of a batch of 2 doubled", partial(MeanHalfBatchOfTwo, 0), normal((2, 5)), "factor", (0,)),
    Mutant("residual without the skip", ResidualWithoutSkip, normal((3, 4), (4, 4)), "part", (0,)),
    Mutant("residual skip only", ResidualSkipOnly, normal((3, 4), (4, 4)), "part", (0,)),
    Mutant("residual weight lost", ResidualWeightLost, normal((3, 4), (4, 4)), "unconnected", (1,)),
    Mutant("gather overwritten", partial(GatherOverwritten, (1, 3, 1, 0, 1)), normal((5, 3)), "overlap", (0,)),
    Mutant("gather one row off", partial(GatherOneOff, (1, 3, 1, 2)), normal((5, 3)), None, (0,)),
    Mutant("concatenate second lost", ConcatenateSecondLost, normal((3, 2), (3, 4)), "unconnected", (1,)),
    Mutant("concatenate swapped", ConcatenateSwapped, normal((3, 4), (3, 4)), None, (0, 1)),
    Mutant("concatenate one off", ConcatenateOneOff, normal((3, 2), (3, 4)), None, (1,), also=("padding_offset",)),
    Mutant("cumsum forwards", CumsumForwards, normal((2, 5)), None, (0,), also=("transpose",)),
)
