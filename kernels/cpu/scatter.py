"""Rows written to, added to or multiplied at places that may occur several times."""

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
        wide = out.astype(np.float32)
        ufunc.at(wide, places, values)
        out[...] = wide
    else:
        ufunc.at(out, places, values)
    return out
