"""Memory for results. Large blocks are kept when their array dies: fresh memory costs page faults at every step."""

import bisect
import math
import os
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

POOLED = 1 << 17  # bytes; smaller arrays are left to malloc, which reuses them itself
LOOSE = 2.0  # times what is asked for is the largest block that is given
ALIGNMENT = 64  # bytes: a cache line, and the widest vector

Memory = tuple[NDArray[Any], int]  # bytes, and the first address among theirs on a boundary

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


class Block:
    """Owner of pooled memory, the base of an array and its views: when the last of them dies it gives it back."""

    __slots__ = ("__array_interface__", "memory")

    def __init__(self, memory: Memory, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.memory = memory
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": dtype.str, "data": (memory[1], False)}

    def __del__(self) -> None:
        _give_back(self.memory)


def _give_back(memory: Memory) -> None:
    global _idle_bytes
    size = memory[0].size
    with _lock:
        if _idle_bytes + size <= _idle_limit:
            if size not in _idle:
                _idle[size] = []
                bisect.insort(_sizes, size)
            _idle[size].append(memory)
            _idle_bytes += size


def _take(size: int) -> Memory | None:
    """The smallest idle block that is large enough, and not much larger."""
    global _idle_bytes
    for i in range(bisect.bisect_left(_sizes, size), len(_sizes)):
        found = _sizes[i]
        if found > size * LOOSE:
            return None
        if _idle[found]:
            _idle_bytes -= found
            return _idle[found].pop()
    return None


def _new(size: int) -> Memory:
    memory = np.empty(size, np.uint8)
    return memory, -(-memory.ctypes.data // ALIGNMENT) * ALIGNMENT


def empty(shape: int | tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """np.empty: the values are whatever the memory held. Large arrays lie on a 64-byte boundary."""
    kind = np.dtype(dtype)
    if isinstance(shape, int):
        shape = (shape,)
    size = math.prod(shape) * kind.itemsize
    if size < POOLED:
        return np.empty(shape, kind)
    # Sizes are rounded up to an eighth of their power of two, so that slightly different batches share blocks.
    step = 1 << max(16, size.bit_length() - 4)
    size = -(-size // step) * step + ALIGNMENT
    with _lock:
        memory = _take(size)
    return np.asarray(Block(memory or _new(size), shape, kind))


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
