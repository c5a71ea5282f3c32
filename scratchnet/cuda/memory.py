"""Memory of the GPUs: what arrays hold, what CuPy's pool keeps for later, what is free."""

import threading
from typing import Any

from scratchnet.cuda.devices import device_index
from scratchnet.kernels.cuda import runtime

_PEAKS = threading.Lock()
_watch: Any = None  # the hook that follows the peak, from the first call that asks for it
_followed = threading.local()  # .by: the hook that this thread has entered
_reserved_peak: dict[int, int] = {}


def _pool() -> Any:
    return runtime.library().get_default_memory_pool()


def memory_allocated(device: Any = None) -> int:
    """torch.cuda.memory_allocated: bytes that arrays hold on a GPU, rounded up to 512 each. 0 without a GPU."""
    if not runtime.count():
        return 0
    with runtime.On(device_index("memory_allocated", device)):
        return int(_pool().used_bytes())


def memory_reserved(device: Any = None) -> int:
    """torch.cuda.memory_reserved: bytes that the pool has taken from a GPU, in use or kept for later."""
    if not runtime.count():
        return 0
    with runtime.On(device_index("memory_reserved", device)):
        return int(_pool().total_bytes())


def max_memory_allocated(device: Any = None) -> int:
    """torch.cuda.max_memory_allocated: the most that memory_allocated was since reset_peak_memory_stats.

    CuPy keeps no such figure: a thread's allocations are followed from its first call of either function on.
    """
    if not runtime.count():
        return 0
    index = device_index("max_memory_allocated", device)
    return int(_watching().peak_of(index, memory_allocated(index)))


def max_memory_reserved(device: Any = None) -> int:
    """torch.cuda.max_memory_reserved: the most that memory_reserved was since reset_peak_memory_stats."""
    if not runtime.count():
        return 0
    index = device_index("max_memory_reserved", device)
    return _note_reserved(index)


def _note_reserved(index: int) -> int:
    """The pool grows until it is emptied: its size before that, and now, are all that need be compared."""
    with _PEAKS:
        _reserved_peak[index] = max(_reserved_peak.get(index, 0), memory_reserved(index))
        return _reserved_peak[index]


def reset_peak_memory_stats(device: Any = None) -> None:
    """torch.cuda.reset_peak_memory_stats: count the peaks of a GPU from here on."""
    if not runtime.count():
        return
    index = device_index("reset_peak_memory_stats", device)
    _watching().restart(index, memory_allocated(index))
    with _PEAKS:
        _reserved_peak[index] = memory_reserved(index)


def _watching() -> Any:
    """The hook, made at the first call, as CuPy isn't imported before; entered at each thread's own first call."""
    global _watch
    kind = runtime.library().cuda.MemoryHook
    with _PEAKS:
        if _watch is None or not isinstance(_watch, kind):
            _watch = type("_Watch", (_Peaks, kind), {"name": "scratchnet peaks"})()
        if getattr(_followed, "by", None) is not _watch:
            _watch.__enter__()
            _followed.by = _watch
        return _watch


class _Peaks:
    """What is held on each GPU and the most that it was, told by CuPy at each allocation."""

    def __init__(self) -> None:
        self._held: dict[int, int] = {}
        self._peak: dict[int, int] = {}

    def restart(self, device: int, held: int) -> None:
        self._held[device] = self._peak[device] = held

    def peak_of(self, device: int, held: int) -> int:
        self._held[device] = held
        self._peak[device] = max(self._peak.get(device, 0), held)
        return self._peak[device]

    def malloc_postprocess(self, *, device_id: int, mem_size: int, mem_ptr: int, **rest: Any) -> None:
        if not mem_ptr:  # there was no memory left
            return
        held = self._held[device_id] = self._held.get(device_id, 0) + mem_size
        if held > self._peak.get(device_id, 0):
            self._peak[device_id] = held

    def free_postprocess(self, *, device_id: int, mem_size: int, **rest: Any) -> None:
        self._held[device_id] = self._held.get(device_id, 0) - mem_size


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """torch.cuda.mem_get_info: the free bytes and all bytes of a GPU, other programs' counted as used."""
    with runtime.On(device_index("mem_get_info", device)):
        free, total = runtime.library().cuda.runtime.memGetInfo()
    return int(free), int(total)


def memory_stats(device: Any = None) -> dict[str, int]:
    """torch.cuda.memory_stats: its figures that CuPy has, allocated and reserved bytes, now and at their peak."""
    return {
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
        "reserved_bytes.all.peak": max_memory_reserved(device),
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """torch.cuda.memory_summary, short: allocated, reserved and free memory of a GPU, a line each."""
    index = device_index("memory_summary", device)
    free, total = mem_get_info(index)
    figures = {
        "allocated": (memory_allocated(index), max_memory_allocated(index)),
        "reserved": (memory_reserved(index), max_memory_reserved(index)),
    }
    lines = [f"memory of cuda:{index}: {runtime.size(free)} of {runtime.size(total)} free"]
    lines += [f"{name:<10} {runtime.size(now)}, peak {runtime.size(peak)}" for name, (now, peak) in figures.items()]
    return "\n".join(lines)


def empty_cache() -> None:
    """torch.cuda.empty_cache: give what the pools keep for later, of every GPU and of pinned memory, back."""
    for index in range(runtime.count() if runtime.is_loaded() else 0):
        _note_reserved(index)
        with runtime.On(index):
            _pool().free_all_blocks()
    if runtime.is_loaded():
        runtime.library().get_default_pinned_memory_pool().free_all_blocks()


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> None:
    """torch.cuda.set_per_process_memory_fraction: let arrays hold so much of a GPU and no more; 1 is all of it.

    Raises ValueError outside 0 to 1.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"Invalid fraction value:{fraction}. Allowed range: 0~1")
    with runtime.On(device_index("set_per_process_memory_fraction", device)):
        _pool().set_limit(fraction=fraction)
