"""A stand-in for cupy.cuda: two devices in the host's memory, whose work is done at once. Every name exists in CuPy.

It counts what a program would wait for (`waits`). A stream is used on its own device only, as in CuPy.
"""

import threading
import time
from types import SimpleNamespace
from typing import Any

from emulation import cupy_memory
from emulation.cupy_memory import MemoryHook, alloc_pinned_memory, thread

__all__ = [
    "Device",
    "Event",
    "ExternalStream",
    "MemoryHook",
    "Stream",
    "alloc_pinned_memory",
    "compiler",
    "get_current_stream",
    "get_elapsed_time",
    "is_available",
    "memory",
    "runtime",
]

DEVICES = 2
waits = 0  # for the device, so far


class _Streams(threading.local):
    """The current stream of each device, by thread."""

    def __init__(self) -> None:
        self.current: dict[int, Stream] = {}


def waited() -> None:
    """Note that the host waits for a device."""
    global waits
    waits += 1


class CUDARuntimeError(RuntimeError):
    """cupy.cuda.runtime.CUDARuntimeError: what the CUDA runtime refuses."""


def _checked(index: int) -> int:
    if not 0 <= index < DEVICES:
        raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
    return index


class Device:
    """cupy.cuda.Device: the current one unless given; in a `with` statement it is the current one."""

    def __init__(self, device: "int | Device | None" = None) -> None:
        self.id = thread.device if device is None else int(device)
        self._before: list[int] = []

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def __enter__(self) -> "Device":
        self._before.append(thread.device)
        return self.use()

    def __exit__(self, *error: Any) -> None:
        thread.device = self._before.pop()

    def use(self) -> "Device":
        thread.device = _checked(self.id)
        return self

    def synchronize(self) -> None:
        waited()

    @property
    def compute_capability(self) -> str:
        return "90"

    @property
    def mem_info(self) -> tuple[int, int]:
        return cupy_memory.info(self.id)


class Stream:
    """cupy.cuda.Stream: what is queued has run by the time the call returns."""

    null: "Stream"

    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: int | None = None
    ) -> None:
        self.device_id = -1 if null else thread.device
        self.ptr = 0 if null else id(self)
        self.is_non_blocking, self.priority = non_blocking, priority or 0
        self._before: list[Stream] = []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and other.ptr == self.ptr

    def __hash__(self) -> int:
        return self.ptr

    def _matched(self) -> int:
        if self.device_id not in (-1, thread.device):
            raise RuntimeError(
                f"The device that the stream is created on ({self.device_id}) does not match with the current device "
                f"({thread.device})"
            )
        return thread.device

    def use(self) -> "Stream":
        _streams.current[self._matched()] = self
        return self

    def __enter__(self) -> "Stream":
        self._matched()
        self._before.append(get_current_stream())
        return self.use()

    def __exit__(self, *error: Any) -> None:
        self._before.pop().use()

    def synchronize(self) -> None:
        waited()

    @property
    def done(self) -> bool:
        return True

    def record(self, event: "Event | None" = None) -> "Event":
        found = event or Event()
        found.record(self)
        return found

    def wait_event(self, event: "Event") -> None:
        assert isinstance(event, Event)


class ExternalStream(Stream):
    """cupy.cuda.ExternalStream: a stream that something else has made."""

    def __init__(self, ptr: int, device_id: int = -1) -> None:
        super().__init__()
        self.ptr, self.device_id = ptr, device_id


Stream.null = Stream(null=True)


class Event:
    """cupy.cuda.Event: a moment, done as soon as it is recorded."""

    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self.ptr = id(self)
        self._timed, self._moment = not disable_timing, 0.0

    @property
    def done(self) -> bool:
        return True

    def record(self, stream: Stream | None = None) -> None:
        self._moment = time.perf_counter()

    def synchronize(self) -> None:
        waited()


def get_elapsed_time(start_event: Event, end_event: Event) -> float:
    """cupy.cuda.get_elapsed_time in milliseconds."""
    if not (start_event._timed and end_event._timed and start_event._moment and end_event._moment):
        raise CUDARuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
    return (end_event._moment - start_event._moment) * 1e3


def get_current_stream(device_id: int = -1) -> Stream:
    """cupy.cuda.get_current_stream: this thread's, of one device."""
    return _streams.current.get(thread.device if device_id == -1 else device_id, Stream.null)


def is_available() -> bool:
    """cupy.cuda.is_available."""
    return DEVICES > 0


def _device_properties(device: int) -> dict[str, Any]:
    _checked(device)
    return {
        "name": f"Emulated device {device}".encode(),
        "totalGlobalMem": cupy_memory.CAPACITY,
        "multiProcessorCount": 1,
        "major": 9,
        "minor": 0,
        "warpSize": 32,
        "maxThreadsPerMultiProcessor": 2048,
        "regsPerMultiprocessor": 65536,
        "sharedMemPerBlock": 48 << 10,
        "l2CacheSize": 1 << 20,
        "isMultiGpuBoard": 0,
        "integrated": 0,
        "uuid": bytes(range(16)),
    }


def _use(device: int) -> None:
    thread.device = _checked(device)


class CompileException(Exception):  # noqa: N818
    """cupy.cuda.compiler.CompileException: what the compiler said of a program."""

    def __init__(self, msg: str, source: str, name: str, options: tuple[str, ...], backend: str = "nvrtc") -> None:
        self.source, self.name, self.options, self.backend = source, name, options, backend
        super().__init__()
        self._msg = msg

    def __str__(self) -> str:
        return self._msg


_streams = _Streams()
memory = SimpleNamespace(MemoryPool=cupy_memory.MemoryPool, OutOfMemoryError=cupy_memory.OutOfMemoryError)
compiler = SimpleNamespace(CompileException=CompileException)
runtime = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError,
    getDeviceCount=lambda: DEVICES,
    getDevice=lambda: thread.device,
    setDevice=_use,
    getDeviceProperties=_device_properties,
    deviceSynchronize=waited,
    deviceCanAccessPeer=lambda device, peer: int(device != peer),
    memGetInfo=lambda: cupy_memory.info(thread.device),
    driverGetVersion=lambda: 13000,
    runtimeGetVersion=lambda: 12090,
)
