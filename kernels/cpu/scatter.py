"""Rows written to, added to or multiplied at places that may occur several times."""

import math
from typing import Any

import numpy as np

from scratchnet.kernels.cpu.layout import Array


def put(out: Array, places: Array, values: Array) -> Array:
    """out[places[i]] = values[i]: the last of several for one place stays."""
    out[places] = values
    return out


def add(out: Array, places: Array, values: Array) -> Array:
    """out[places[i]] += values[i], one after another."""
    return _combined(np.add, out, places, values)


def multiply(out: Array, places: Array, values: Array) -> Array:
    """out[places[i]] *= values[i], one after another."""
    return _combined(np.multiply, out, places, values)


def _combined(ufunc: Any, out: Array, places: Array, values: Array) -> Array:
    if out.dtype == np.float16:
        out[...] = _combined(ufunc, out.astype(np.float32), places, values)
    elif out.ndim == 1 or not out.flags.c_contiguous:
        ufunc.at(out, places, values)
    else:  # NumPy is five times faster with single numbers than with rows
        width = math.prod(out.shape[1:])
        given = np.broadcast_to(values, (places.size, *out.shape[1:]))
        ufunc.at(out.reshape(-1), (places[:, None] * width + np.arange(width)).reshape(-1), given.reshape(-1))
    return out
