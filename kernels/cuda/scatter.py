"""Rows written to, added to or multiplied at places that may occur several times: the same bits in every run.

The places are sorted, equal ones in their order; then each column of a row is one thread's, which needs no atomics.
"""

import math

import numpy as np

from scratchnet.kernels.cuda import driver
from scratchnet.kernels.cuda.launch import FLOATS, INTEGERS, Program
from scratchnet.kernels.cuda.layout import Array, plain

_BITS = {1: "int8", 2: "int16", 4: "int32", 8: "int64"}
PROGRAM = Program(
    "scatter",
    {
        "add": (*FLOATS, *INTEGERS),
        "multiply": (*FLOATS, *INTEGERS),
        "put": tuple((name,) for name in _BITS.values()),
    },
)


def put(out: Array, places: Array, values: Array) -> Array:
    """out[places[i]] = values[i]: the last of several for one place stays."""
    return _run("put", out, places, values)


def add(out: Array, places: Array, values: Array) -> Array:
    """out[places[i]] += values[i], one after another; float16 is added in float32 and rounded once."""
    return _run("add", out, places, values)


def multiply(out: Array, places: Array, values: Array) -> Array:
    """out[places[i]] *= values[i], one after another; float16 is computed in float32 and rounded once."""
    return _run("multiply", out, places, values)


def _run(name: str, out: Array, places: Array, values: Array) -> Array:
    cupy = driver.cupy()
    row = out.shape[1:]
    shape = (places.size, *row)
    if not math.prod(shape) or not out.size:
        return out
    if not driver.owns(values):  # a number
        values = cupy.full((), values, out.dtype)
    given, target, kind = cupy.broadcast_to(values, shape), plain(out), out.dtype
    if name == "put":
        kind = np.dtype(_BITS[kind.itemsize])
    elif kind == np.bool_:  # sums that wrap round never
        kind = np.dtype(np.int64)
        target, given = target.astype(kind), given.astype(kind)
    order = places.argsort()
    sizes = (places.size, math.prod(row), out.shape[0])
    arrays = (target.view(kind), places[order], order, plain(given).view(kind))
    PROGRAM.launch(name, (kind.name,), math.prod(shape), *arrays, *sizes, bound=out.size)
    if target is not out:
        out[...] = target
    return out
