"""Uniform and exponential numbers."""

import math
from typing import Any

import numpy as np

from scratchnet.random.cephes import fma32, fma64
from scratchnet.random.checks import Shape, check_exponential, check_range, element_count, floating_dtype
from scratchnet.random.default import default_generator
from scratchnet.random.generator import Generator

_CACHEFUL = 1 << 15  # numbers made at a time: through the cache they take half the time


def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """torch.rand, Tensor.uniform_: numbers in [low, high). 24 random bits (float64: 53), multiply and add rounded once.

    float16 is the float32 number rounded. A number that rounds up to `high` becomes `low`.
    Raises RuntimeError where low > high or the range overflows, NotImplementedError for an integer dtype.
    """
    sizes, n = element_count("uniform_", shape)
    kind, g = floating_dtype("uniform_", dtype), generator or default_generator
    check_range(low, high, kind)
    values = np.empty(n, kind)
    with g.lock:
        for start in range(0, n, _CACHEFUL):
            part = values[start : start + _CACHEFUL]
            part[:] = _between(g, len(part), low, high, kind)
    return values.reshape(sizes)


def _between(g: Generator, n: int, low: float, high: float, kind: "np.dtype[Any]") -> np.ndarray:
    values = g.units64(n) if kind == np.float64 else g.units32(n)
    if (low, high) != (0.0, 1.0):
        if kind == np.float64:
            values = fma64(values, high - low, low)
        else:
            start, stop = np.float32(low), np.float32(high)
            values = fma32(values, float(stop - start), float(start))
    values = values.astype(kind, copy=False)
    values[values == kind.type(high)] = kind.type(low)
    return values


def uniform_where(where: np.ndarray, low: float, high: float, dtype: Any) -> np.ndarray:
    """Numbers of 53 bits from low to high where the mask holds, else 1: a draw for each of the former alone."""
    values: np.ndarray = np.ones(where.shape, dtype)
    values[where] = uniform(int(where.sum()), dtype=np.float64) * (high - low) + low
    return values


def exponential(
    shape: Shape, lambd: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """Tensor.exponential_: -log1p(-u) / lambd of 53 random bits u, by the C library's log1p, rounded.

    Raises RuntimeError unless lambd > 0 and for an integer dtype.
    """
    kind: np.dtype[Any] = np.dtype(dtype)
    sizes, n = element_count("exponential_", shape)
    check_exponential(lambd, kind)
    uniforms = (generator or default_generator).units64(n)
    logs = np.array(list(map(math.log1p, (-uniforms).tolist())), dtype=np.float64)
    values = -1.0 / lambd * logs
    if kind == np.float16:
        values = values.astype(np.float32)  # torch rounds on the way, too
    return values.astype(kind).reshape(sizes)
