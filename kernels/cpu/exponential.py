"""exp and tanh for compiled loops: float32 as polynomials that LLVM vectorises, float64 by the C library.

Source of the polynomials: Cephes (Moshier), expf.c and tanhf.c.
"""

import math
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from scratchnet.kernels.cpu.jit import intrinsic, overload_by_dtype

f = np.float32
LOG2_E = f(1.44269504088896341)
LN2_HIGH, LN2_LOW = f(0.693359375), f(-2.12194440e-4)  # ln 2 in two parts: k * LN2_HIGH is exact
ROUND = f(12582912.0)  # 1.5 * 2**23: adding it leaves an integer in the last bits
P0, P1, P2 = f(1.9875691500e-4), f(1.3981999507e-3), f(8.3334519073e-3)
P3, P4, P5 = f(4.1665795894e-2), f(1.6666665459e-1), f(5.0000001201e-1)
T0, T1, T2 = f(-5.70498872745e-3), f(2.06390887954e-2), f(-5.37397155531e-2)
T3, T4 = f(1.33314422036e-1), f(-3.33332819422e-1)
ONE, TWO, HIGHEST, LOWEST, SMALL = f(1), f(2), f(89), f(-104), f(0.625)


@intrinsic
def _power_of_two(typingctx: Any, k: Any) -> Any:
    """2**k as float32 for int32 k in -126 .. 127, by writing its exponent bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        biased = builder.add(arguments[0], ir.Constant(ir.IntType(32), 127))
        return builder.bitcast(builder.shl(biased, ir.Constant(ir.IntType(32), 23)), ir.FloatType())

    return types.float32(types.int32), generate


def _exp32(v: Any) -> Any:
    """exp to about one unit in the last place; subnormal, infinite and NaN results as they should be."""
    # Comparisons this way round leave NaN as it is.
    u = HIGHEST if v > HIGHEST else v
    u = LOWEST if u < LOWEST else u
    k = (u * LOG2_E + ROUND) - ROUND
    r = u - k * LN2_HIGH
    r = r - k * LN2_LOW
    p = P0
    p = p * r + P1
    p = p * r + P2
    p = p * r + P3
    p = p * r + P4
    p = p * r + P5
    p = p * (r * r) + r + ONE
    n = np.int32(k if k == k else f(0))  # NaN has no integer; p is NaN already
    half = n >> np.int32(1)  # in two steps: 2**k itself may overflow or be subnormal where the result isn't
    return p * _power_of_two(np.int32(half)) * _power_of_two(np.int32(n - half))


def _exp64(v: Any) -> Any:
    return math.exp(v)


def exp(v: float) -> float:
    """e to the power of v, in v's dtype."""
    return float(np.exp(v))


overload_by_dtype(exp, _exp32, _exp64)


def _tanh32(v: Any) -> Any:
    a = abs(v)
    z = v * v
    p = T0
    p = p * z + T1
    p = p * z + T2
    p = p * z + T3
    p = p * z + T4
    near = p * z * v + v
    far = ONE - TWO / (exp(TWO * a) + ONE)
    far = -far if v < f(0) else far
    return near if a < SMALL else far


def _tanh64(v: Any) -> Any:
    return math.tanh(v)


def tanh(v: float) -> float:
    """The hyperbolic tangent of v, in v's dtype."""
    return float(np.tanh(v))


overload_by_dtype(tanh, _tanh32, _tanh64)
