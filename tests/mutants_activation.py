"""Activations with one bug each in backward. Written without sight of the checker."""

from functools import partial
from typing import Any

import numpy as np
from mutants_base import Mutant, clear_of_zero, normal
from numpy_layers import GELU, Array, Cos, Dropout, Exp, ReLU, Sigmoid, Square, Swish, Tanh


class SigmoidAtInput(Sigmoid):
    def slope(self) -> Array:
        return self.x * (1 - self.x)


class SigmoidOfOutput(Sigmoid):
    """The formula for an input is given the output: sigmoid is applied twice."""

    def slope(self) -> Array:
        again = self.value(self.y)
        return again * (1 - again)


class TanhAtInput(Tanh):
    def slope(self) -> Array:
        return 1 - self.x**2


class TanhOfOutput(Tanh):
    def slope(self) -> Array:
        return 1 - np.tanh(self.y) ** 2


class TanhSquareForgotten(Tanh):
    def slope(self) -> Array:
        return 1 - self.y


class ReLUMaskOfUpstream(ReLU):
    def backward(self, gy: Array) -> Any:
        return gy * (gy > 0)


class ReLUWithoutMask(ReLU):
    def slope(self) -> Array:
        return np.ones_like(self.x)


class ReLUUpstreamOnes(ReLU):
    def backward(self, gy: Array) -> Any:
        return self.slope()


class ExpAtInput(Exp):
    def slope(self) -> Array:
        return self.x


class ExpClipped(Exp):
    """Guards against overflow that forward does not: wrong only above 2."""

    def slope(self) -> Array:
        return np.exp(np.minimum(self.x, 2))


class CosSign(Cos):
    def slope(self) -> Array:
        return np.sin(self.x)


class SquareWithoutTwo(Square):
    def slope(self) -> Array:
        return self.x


class SwishGateConstant(Swish):
    def slope(self) -> Array:
        return self.gate


class SwishGateOnly(Swish):
    def slope(self) -> Array:
        return self.x * self.gate * (1 - self.gate)


class GELUOneTerm(GELU):
    def slope(self) -> Array:
        return 0.5 * (1 + self.t)


class GELUThreeForgotten(GELU):
    def inner(self) -> Array:
        return self.root * (1 + 0.044715 * self.x**2)


class DropoutUnscaled(Dropout):
    def slope(self) -> Array:
        return self.mask


class DropoutWithoutMask(Dropout):
    def slope(self) -> Array:
        return np.full_like(self.mask, 1 / (1 - self.p))


class TanhRolled(Tanh):
    def backward(self, gy: Array) -> Any:
        return np.roll(super().backward(gy), 1, axis=-1)


class TanhOneEntryOff(Tanh):
    """One entry alone, by a tenth."""

    def backward(self, gy: Array) -> Any:
        gx = super().backward(gy)
        gx[1, 2] *= 1.1
        return gx


class TanhFirstColumnOnly(Tanh):
    def backward(self, gy: Array) -> Any:
        gx = np.zeros_like(self.x)
        gx[:, 0] = super().backward(gy)[:, 0]
        return gx


MASK = np.array([[1.0, 0, 1, 1], [0, 1, 1, 0], [1, 1, 0, 1]])
ROWS = normal((3, 4))

ACTIVATION = (
    Mutant("sigmoid at the input", SigmoidAtInput, ROWS, "output_for_input", (0,)),
    Mutant("sigmoid of the output", SigmoidOfOutput, ROWS, "output_for_input", (0,)),
    Mutant("tanh at the input", TanhAtInput, ROWS, "output_for_input", (0,)),
    Mutant("tanh of the output", TanhOfOutput, ROWS, "output_for_input", (0,)),
    Mutant("tanh square forgotten", TanhSquareForgotten, ROWS, None, (0,)),
    Mutant("exp at the input", ExpAtInput, ROWS, "output_for_input", (0,)),
    Mutant("exp wrong above 2", ExpClipped, lambda rng: (np.append(rng.uniform(-1, 1.9, 6), [2.5, 3.0]),), None, (0,)),
    Mutant("relu mask of upstream", ReLUMaskOfUpstream, clear_of_zero((3, 4)), None, (0,)),
    Mutant("relu without mask", ReLUWithoutMask, clear_of_zero((3, 4)), None, (0,)),
    Mutant("relu upstream taken as ones", ReLUUpstreamOnes, clear_of_zero((3, 4)), "upstream_ignored", (0,)),
    Mutant("cos sign", CosSign, ROWS, "sign", (0,)),
    Mutant("square without 2", SquareWithoutTwo, ROWS, "factor", (0,)),
    Mutant("square without 2, batch of 2", SquareWithoutTwo, normal((2, 4)), "factor", (0,)),
    Mutant("swish gate constant", SwishGateConstant, ROWS, "part", (0,)),
    Mutant("swish gate only", SwishGateOnly, ROWS, "part", (0,)),
    Mutant("gelu one term", GELUOneTerm, ROWS, "part", (0,)),
    Mutant("gelu 3 forgotten", GELUThreeForgotten, ROWS, None, (0,)),
    Mutant("dropout unscaled", partial(DropoutUnscaled, MASK, 0.3), ROWS, "factor", (0,)),
    Mutant("dropout without mask", partial(DropoutWithoutMask, MASK, 0.3), ROWS, None, (0,)),
    Mutant("tanh rolled by one", TanhRolled, ROWS, None, (0,), also=("padding_offset",)),
    Mutant("tanh one entry off", TanhOneEntryOff, ROWS, None, (0,)),
    Mutant("tanh first column only", TanhFirstColumnOnly, ROWS, None, (0,), also=("part",)),
)
