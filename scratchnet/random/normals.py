"""Normal numbers: in blocks of 16, or in pairs."""

import math
from typing import Any

import numpy as np

from scratchnet.random.cephes import fma32, fma64, log32, sincos32
from scratchnet.random.checks import Shape, check_deviation, element_count, floating_dtype
from scratchnet.random.default import default_generator
from scratchnet.random.generator import Generator


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    dtype: Any = np.float32,
    generator: Generator | None = None,
    blocks: bool = True,
) -> np.ndarray:
    """torch.randn, Tensor.normal_: from 16 numbers on blocks of 16 (8 radii, 8 angles), a ragged end redrawn whole.

    Fewer than 16, or blocks=False (torch's way with memory that isn't contiguous): pairs in float64, the second of a
    pair kept on the generator for its next call, whatever its dtype.
    Raises RuntimeError for std < 0, NotImplementedError for an integer dtype. Source: Box and Muller (1958).
    """
    sizes, n = element_count("normal", shape)
    kind, g = floating_dtype("normal", dtype), generator or default_generator
    check_deviation(std)
    with g.lock:
        if n < 16 or not blocks:
            values = g.pair_normals(n)
            if (mean, std) != (0.0, 1.0):
                values = fma64(values, std, mean)
            if kind == np.float16:
                values = values.astype(np.float32)  # torch rounds on the way, too
        else:
            unit, transform = (g.units64, _block64) if kind == np.float64 else (g.units32, _block32)
            whole = n - n % 16
            # float16 draws the whole blocks alone, the others every number once before the end is drawn again
            values = unit(n if kind != np.float16 else whole)
            values[:whole] = transform(values[:whole], mean, std)
            if n % 16:
                values = np.concatenate([values[: n - 16], transform(unit(16), mean, std)])
    return values.astype(kind, copy=False).reshape(sizes)


def _block32(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Box and Muller on float32 blocks of 16, a cacheful at a time."""
    out = np.empty((len(uniforms) // 16, 2, 8), np.float32)
    pairs = uniforms.reshape(out.shape)
    for start in range(0, len(out), 1024):
        part = slice(start, start + 1024)
        radius = np.sqrt(np.float32(-2) * log32(np.float32(1) - pairs[part, 0]))
        sine, cosine = sincos32(np.float32(2 * math.pi) * pairs[part, 1])
        out[part, 0], out[part, 1] = radius * cosine, radius * sine
    values = out.reshape(-1)
    return values if (mean, std) == (0.0, 1.0) else fma32(values, float(np.float32(std)), float(np.float32(mean)))


def _block64(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Box and Muller on float64 blocks of 16, by the C library's log, sine and cosine, as torch does."""
    pairs = uniforms.reshape(-1, 2, 8)
    logs = np.array(list(map(math.log, (1.0 - pairs[:, 0]).ravel().tolist())))
    angles = (2.0 * math.pi * pairs[:, 1]).ravel().tolist()
    radius = np.sqrt(-2.0 * logs)
    out = np.empty_like(pairs)
    out[:, 0] = (radius * np.array(list(map(math.cos, angles)))).reshape(-1, 8)
    out[:, 1] = (radius * np.array(list(map(math.sin, angles)))).reshape(-1, 8)
    values = out.reshape(-1)
    return values if (mean, std) == (0.0, 1.0) else fma64(values, std, mean)
