"""A stand-in for cupy.cuda.memory: what arrays hold on each device, counted, and refused beyond a limit."""

import ctypes
import threading
from typing import Any

__all__ = ["MemoryHook", "MemoryPool", "OutOfMemoryError", "PinnedMemoryPool", "alloc_pinned_memory"]

CAPACITY = 4 << 30  # bytes of each device
BLOCK = 512  # bytes: the pool hands out multiples


class _Thread(threading.local):
    """What CUDA and CuPy keep by thread."""

    device = 0

    def __init__(self) -> None:
        self.hooks: dict[str, MemoryHook] = {}


thread = _Thread()


class OutOfMemoryError(MemoryError):
    """cupy.cuda.memory.OutOfMemoryError."""

    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        text = f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes"
        super().__init__(text + (f", limit set to: {limit:,} bytes)." if limit else ")."))


class MemoryHook:
    """cupy.cuda.MemoryHook: inside its `with` statement this thread's allocations are told to it."""

    name = "MemoryHook"

    def __enter__(self) -> "MemoryHook":
        if self.name in thread.hooks:
            raise KeyError(f"memory hook {self.name} already exists")
        thread.hooks[self.name] = self
        return self

    def __exit__(self, *error: Any) -> None:
        del thread.hooks[self.name]

    def malloc_postprocess(self, **told: Any) -> None: ...

    def free_postprocess(self, **told: Any) -> None: ...


class _Held:
    """The bytes of one device: taken from the driver, and of these in use."""

    def __init__(self) -> None:
        self.total = self.used = self.limit = 0


class MemoryPool:
    """cupy.cuda.MemoryPool: one for all devices; its figures are those of the current one."""

    def __init__(self) -> None:
        self._devices: dict[int, _Held] = {}

    def _of(self, device: int) -> _Held:
        return self._devices.setdefault(device, _Held())

    def used_bytes(self) -> int:
        return self._of(thread.device).used

    def total_bytes(self) -> int:
        return self._of(thread.device).total

    def free_bytes(self) -> int:
        return self.total_bytes() - self.used_bytes()

    def n_free_blocks(self) -> int:
        return int(self.free_bytes() > 0)

    def free_all_blocks(self, stream: Any = None) -> None:
        held = self._of(thread.device)
        held.total = held.used

    def set_limit(self, size: int | None = None, fraction: float | None = None) -> None:
        self._of(thread.device).limit = int(CAPACITY * fraction) if size is None and fraction else size or 0

    def get_limit(self) -> int:
        return self._of(thread.device).limit


class PinnedMemoryPool:
    """cupy.cuda.PinnedMemoryPool."""

    def n_free_blocks(self) -> int:
        return 0

    def free_all_blocks(self) -> None: ...


pool, pinned_pool = MemoryPool(), PinnedMemoryPool()


def take(size: int) -> tuple[int, int]:
    """`size` bytes for an array on the current device: (device, bytes), to be given back. Raises OutOfMemoryError."""
    device = thread.device
    charged = -(-size // BLOCK) * BLOCK
    held = pool._of(device)
    if held.used + charged > (held.limit or CAPACITY):
        held.total = held.used  # CuPy frees what nothing uses, then tries again
        _tell("malloc_postprocess", device_id=device, size=size, mem_size=charged, mem_ptr=0, pmem_id=0)
        raise OutOfMemoryError(charged, held.total, held.limit)
    held.used += charged
    held.total = max(held.total, held.used)
    _tell("malloc_postprocess", device_id=device, size=size, mem_size=charged, mem_ptr=size and 1, pmem_id=0)
    return device, charged


def _tell(what: str, **told: int) -> None:
    """Tell this thread's hooks: also of memory that wasn't there, whose mem_ptr is 0."""
    for hook in tuple(thread.hooks.values()):
        getattr(hook, what)(**told)


def give(device: int, charged: int) -> None:
    """The end of what `take` gave."""
    pool._of(device).used -= charged
    _tell("free_postprocess", device_id=device, mem_size=charged, mem_ptr=1, pmem_id=0)


def info(device: int) -> tuple[int, int]:
    """The bytes that are free and all bytes of a device."""
    return CAPACITY - pool._of(device).total, CAPACITY


def alloc_pinned_memory(size: int) -> Any:
    """cupy.cuda.alloc_pinned_memory: memory with Python's buffer interface, of a type named as CuPy's."""
    kind = type("PinnedMemoryPointer", (ctypes.Array,), {"_length_": size, "_type_": ctypes.c_ubyte})
    return kind()
