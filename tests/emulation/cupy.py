"""A stand-in for the part of CuPy that scratchnet uses. Every name here exists in CuPy with the same meaning.

Arrays are stricter than CuPy's: memory of exactly their size, filled with NaN, each apart; no mixing with NumPy nor
with another device. Launches are stricter too: count, dtype and kind of the arguments are checked against the kernel's
parameters. `waits` counts what the host has waited for so far.
"""

from typing import Any

from numpy import (  # noqa: F401
    bool_,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    inf,
    int8,
    int16,
    int32,
    int64,
    nan,
    newaxis,
    uint8,
    uint16,
    uint32,
    uint64,
)

from emulation import cupy_core as _core  # noqa: F401
from emulation import cupy_creation, cupy_cuda, cupy_functions, cupy_memory, cupy_methods
from emulation import cupy_cuda as cuda
from emulation.cupy_array import ndarray
from emulation.cupy_calls import ufunc
from emulation.cupy_raw import RawModule

_MODULES = (cupy_functions, cupy_creation)
cupy_methods.put_on(ndarray)
__all__ = [
    "RawModule",
    "cuda",
    "get_default_memory_pool",
    "get_default_pinned_memory_pool",
    "ndarray",
    "ufunc",
    *cupy_functions.__all__,
    *cupy_creation.__all__,
]


def __getattr__(name: str) -> Any:
    if name == "waits":
        return cupy_cuda.waits
    for module in _MODULES:
        if name in module.__all__:
            return getattr(module, name)
    raise AttributeError(f"CuPy's stand-in has no {name}")


def get_default_memory_pool() -> cupy_memory.MemoryPool:
    """cupy.get_default_memory_pool."""
    return cupy_memory.pool


def get_default_pinned_memory_pool() -> cupy_memory.PinnedMemoryPool:
    """cupy.get_default_pinned_memory_pool."""
    return cupy_memory.pinned_pool
