"""Memory for results. Large blocks are kept when their array dies: fresh memory costs page faults at every step."""

import bisect
import math
import os
import threading
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

POOLED = 1 << 17  # bytes; smaller arrays are left to malloc, which reuses them itself
LOOSE = 2.0  # times what is asked for is the largest block that is given
ALIGNMENT = 64  # bytes: a cache line, and the widest vector

_BYTES = np.dtype(np.uint8)
_Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]


class Memory(_Bytes):
    """Bytes from a boundary on."""

    __slots__ = ()


_idle: dict[int, list[Memory]] = {}  # size of the block -> blocks nobody uses
_sizes: list[int] = []  # its keys, in rising order
_idle_bytes = 0
_idle_limit = 1 << 30
_lock = threading.RLock()  # reentrant: garbage collection may give a block back while this thread takes one


def _renew_lock() -> None:
    global _lock
    _lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Block(_Bytes):
    """Memory in use, the base of an array: when the array and its views have died it is given back.

    Both are classes of their own since NumPy looks for an array's base beyond arrays of the same class.
    """

    __slots__ = ()

    def __del__(self) -> None:
        if type(self.base) is Memory:  # not a view of a block
            _give_back(self.base)


def _give_back(memory: Memory) -> None:
    global _idle_bytes
    size = memory.size
    with _lock:
        if _idle_bytes + size <= _idle_limit:
            if size not in _idle:
                _idle[size] = []
                bisect.insort(_sizes, size)
            _idle[size].append(memory)
            _idle_bytes += size


def _larger(size: int) -> list[Memory]:
    """The idle blocks of the least size above that there are any of, and not much above."""
    for i in range(bisect.bisect_right(_sizes, size), len(_sizes)):
        if _sizes[i] > size * LOOSE:
            break
        if _idle[_sizes[i]]:
            return _idle[_sizes[i]]
    return []


def _new(size: int) -> Memory:
    memory = np.empty(size + ALIGNMENT, _BYTES)
    return np.ndarray.__new__(Memory, size, _BYTES, memory, -memory.ctypes.data % ALIGNMENT)


def empty(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """np.empty: the values are whatever the memory held. Large arrays lie on a 64-byte boundary."""
    global _idle_bytes
    size = _block_size(shape, dtype)
    if not size:
        return np.empty(shape, dtype)
    memory = None
    with _lock:
        fitting = _idle.get(size) or _larger(size)
        if fitting:
            memory = fitting.pop()
            _idle_bytes -= memory.size
    if memory is None:
        memory = _new(size)
    return np.ndarray(shape, dtype, np.ndarray.__new__(Block, memory.size, _BYTES, memory))


@lru_cache(4096)
def _block_size(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Of the block for such an array: bytes, rounded up to an eighth of their power of two, so that slightly different
    batches share blocks. 0: malloc's.
    """
    size = (shape if isinstance(shape, int) else math.prod(shape)) * np.dtype(dtype).itemsize
    step = 1 << max(16, size.bit_length() - 4)
    return 0 if size < POOLED else -(-size // step) * step


def idle_bytes() -> int:
    """How much memory the pool holds that no array uses."""
    return _idle_bytes


def clear() -> None:
    """Give the memory that no array uses back to the system."""
    global _idle_bytes
    with _lock:
        _idle.clear()
        _sizes.clear()
        _idle_bytes = 0


def set_idle_limit(size: int) -> None:
    """Hold at most `size` bytes that no array uses (1 GiB unless set; 0 switches the pool off)."""
    global _idle_limit
    with _lock:
        _idle_limit = size
        if _idle_bytes > size:
            clear()
