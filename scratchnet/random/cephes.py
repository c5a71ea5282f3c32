"""The arithmetic behind PyTorch's normal numbers: float32 log, sine and cosine, and the fused multiply-add, in NumPy.

torch's AVX2 and AVX-512 builds draw float32 normals through the Cephes polynomials in single precision, each multiply
and add fused into one rounding. Written the same way here, they give the same bits.
Source: S. Moshier, Cephes, logf.c and sinf.c.
"""

import numpy as np

_LOG = [7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1]
_LOG += [-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]
_SIN = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]
_COS = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]
_QUARTER_PI = [0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8]  # in three parts


def fma32(a: np.ndarray, b: np.ndarray | float, c: np.ndarray | float) -> np.ndarray:
    """a * b + c of float32 values: the product is exact in float64, the sum is rounded there and then to float32."""
    return (a.astype(np.float64) * b + c).astype(np.float32)


def _polynomial(x: np.ndarray, coefficients: list[float]) -> np.ndarray:
    y = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        y = fma32(y, x, float(np.float32(coefficient)))
    return y


def log32(x: np.ndarray) -> np.ndarray:
    """log of positive normal float32 numbers, as torch's AVX builds compute it."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < np.float32(0.707106781186547524)
    e = (exponent - low).astype(np.float32)
    m = np.where(low, mantissa + mantissa, mantissa) - np.float32(1)
    square = m * m
    y = fma32(_polynomial(m, _LOG) * m, square, e * np.float32(-2.12194440e-4)) - square * np.float32(0.5)
    return fma32(e, 0.693359375, m + y)


def sincos32(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sine and cosine of float32 numbers in [0, 8192), as torch's AVX builds compute them."""
    octant = ((x * np.float32(1.27323954473516)).astype(np.int32) + 1) & ~1
    multiple = octant.astype(np.float32)
    for part in _QUARTER_PI:
        x = fma32(multiple, -float(np.float32(part)), x)
    square = x * x
    cosine = fma32(_polynomial(square, _COS) * square, square, square * np.float32(-0.5)) + np.float32(1)
    sine = fma32(_polynomial(square, _SIN) * square, x, x)
    swapped = (octant & 2) != 0
    s, c = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(octant & 4, -s, s), np.where((octant - 2) & 4, c, -c)


def _two_sum(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rounded sum and its rounding error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`a` as a sum of two numbers of 26 bits (Veltkamp)."""
    t = a * 134217729.0
    high = t - (t - a)
    return high, a - high


def fma64(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """a * b + c of float64 values with one rounding, for magnitudes far from overflow and underflow.

    Source: Boldo and Melquiond, Emulation of a FMA and correctly rounded sums (2008): the small parts are added with
    rounding to odd, so that the last addition rounds as the exact sum would.
    """
    factor = np.full_like(a, b)
    product = a * factor
    (ah, al), (bh, bl) = _halves(a), _halves(factor)
    error = ((ah * bh - product) + ah * bl + al * bh) + al * bl
    high, low = _two_sum(np.full_like(a, c), error)
    total, rest = _two_sum(product, high)
    odd, lost = _two_sum(rest, low)
    bits = odd.view(np.int64)
    bits += np.where((lost != 0) & (bits & 1 == 0), np.where((lost > 0) == (odd > 0), 1, -1), 0)
    result: np.ndarray = total + odd
    return result
