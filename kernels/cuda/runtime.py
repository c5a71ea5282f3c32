"""The GPUs of this machine through CuPy: how many, the current one, arrays to and fro, memory that ran out."""

import re
import threading
from types import TracebackType
from typing import Any

import numpy as np

from scratchnet.kernels.cuda import driver

Array = Any  # cupy.ndarray, or numpy.ndarray on the host
MISSING = "Torch not compiled with CUDA enabled: scratchnet computes on GPUs through CuPy, "
MEND = "install it with: pip install 'scratchnet[cuda12]' (CUDA 13: 'scratchnet[cuda13]')"

_in_flight: list[tuple[Any, Array]] = []  # pinned memory that is still being copied from, with the event of its end
_in_flight_lock = threading.Lock()


class OutOfMemoryError(RuntimeError):
    """torch.OutOfMemoryError: the GPU has too little memory left. Nothing was changed; smaller work goes on."""


def library() -> Any:
    """CuPy. Raises AssertionError, torch's type, where it isn't installed, RuntimeError where it can't be imported."""
    try:
        return driver.cupy()
    except ModuleNotFoundError as error:
        if error.name != "cupy":
            raise RuntimeError(f"the installed CuPy is broken ({_reason(error)}); {MEND}") from error
        raise AssertionError(f"{MISSING}which is not installed; {MEND}") from None
    except Exception as error:  # a missing libcuda, two CuPys at once: CuPy raises ImportError and others
        raise RuntimeError(f"the installed CuPy is broken ({_reason(error)}); {MEND}") from error


def _reason(error: BaseException) -> str:
    """What was wrong, on one line: CuPy wraps it in a page of advice."""
    return " ".join(str(error.__cause__ or error).split())


def count() -> int:
    """How many GPUs there are: 0 also where CuPy or the driver is missing."""
    try:
        return int(library().cuda.runtime.getDeviceCount())
    except (AssertionError, RuntimeError):  # CuPy's CUDARuntimeError is a RuntimeError
        return 0


def trouble() -> str:
    """Why there is no GPU, in one sentence; "" where there is one."""
    try:
        found = int(library().cuda.runtime.getDeviceCount())
    except (AssertionError, RuntimeError) as error:
        return str(error)
    return "" if found else "CuPy finds none"


def current() -> int:
    """The index of this thread's current GPU."""
    return int(library().cuda.runtime.getDevice())


def set_current(index: int) -> None:
    """Make a GPU this thread's current one."""
    library().cuda.runtime.setDevice(index)


def is_loaded() -> bool:
    """Whether CuPy, or what stands in for it, has been imported for our use."""
    return driver.loaded()


def check(op: str, index: int | None) -> int:
    """The index (None: the current GPU's). Raises RuntimeError where there is no such GPU."""
    library()
    found = count()
    if not found:
        raise RuntimeError(f"{op}: No CUDA GPUs are available ({trouble()}); use device='cpu'")
    if index is None:
        return current()
    if index >= found:
        raise RuntimeError(
            f"{op}: device (=cuda:{index}) must be below cuda:{found}: CUDA error: invalid device ordinal. GPU device "
            "may be out of range, do you have enough GPUs?"
        )
    return index


class On:
    """Inside, GPU `index` is the current one. CuPy's errors of memory leave it as OutOfMemoryError."""

    __slots__ = ("_device", "_index")

    def __init__(self, index: int) -> None:
        self._index = index
        self._device: Any = None

    def __enter__(self) -> None:
        if current() != self._index:
            self._device = library().cuda.Device(self._index)
            self._device.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        device, self._device = self._device, None
        if device is not None:
            device.__exit__(kind, error, trace)
        if isinstance(error, library().cuda.memory.OutOfMemoryError):
            raise OutOfMemoryError(_out_of_memory(str(error), self._index)) from error


def _out_of_memory(text: str, index: int) -> str:
    """torch's words, with CuPy's number of bytes."""
    wanted = re.search(r"allocating ([\d,]+) bytes", text)
    words = "CUDA out of memory."
    if wanted:
        words += f" Tried to allocate {size(int(wanted[1].replace(',', '')))}."
    try:
        with library().cuda.Device(index):
            free, total = library().cuda.runtime.memGetInfo()
        pool = library().get_default_memory_pool()
        held, used = pool.total_bytes(), pool.used_bytes()
    except Exception:  # a stand-in or a driver that can't tell
        return f"{words} ({text})"
    return (
        f"{words} GPU {index} has a total capacity of {size(total)} of which {size(free)} is free. Of the allocated "
        f"memory {size(used)} is in use, and {size(held - used)} is reserved but unallocated."
    )


def size(count: int) -> str:
    """Bytes as torch writes them: 1.50 GiB, 20.00 MiB, 512 bytes."""
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        if count >= 1 << power:
            return f"{count / (1 << power):.2f} {unit}"
    return f"{count} bytes"


def upload(host: Array, non_blocking: bool = False) -> Array:
    """A copy of a NumPy array on the current GPU, its axes in the same order in memory.

    From pinned memory and with `non_blocking` the copy goes on while the program does; from other memory CuPy copies
    through a buffer of its own.
    """
    cupy = library()
    order = memory_order(host)
    dense = np.ascontiguousarray(host.transpose(order)).reshape([host.shape[axis] for axis in order])
    if non_blocking and is_pinned(dense) and dense.size:
        made = cupy.empty(dense.shape, dense.dtype)
        stream = cupy.cuda.get_current_stream()
        made.set(dense, stream=stream)
        with _in_flight_lock:
            _in_flight[:] = [(event, kept) for event, kept in _in_flight if not event.done]
            _in_flight.append((stream.record(), dense))
    else:
        made = cupy.asarray(dense)
    return made.transpose(np.argsort(order).tolist())


def transfer(array: Array) -> Array:
    """A copy of another GPU's array on the current GPU, its axes in the same order in memory.

    The copy waits for what is queued there, and what is queued there later waits for the copy, as in torch.
    """
    cupy, order = library(), memory_order(array)
    with On(array.device.id):
        dense = cupy.ascontiguousarray(array.transpose(order)).reshape([array.shape[axis] for axis in order])
        source = cupy.cuda.get_current_stream()
        ready = source.record()
    target = cupy.cuda.get_current_stream()
    target.wait_event(ready)
    made = dense.copy()
    copied = target.record()
    with On(array.device.id):
        source.wait_event(copied)
    return made.transpose(np.argsort(order).tolist())


def download(array: Array) -> Array:
    """A copy on the host, its axes in the same order in memory. Waits for the GPU."""
    cupy = library()
    order = memory_order(array)
    host = cupy.asnumpy(cupy.ascontiguousarray(array.transpose(order)).reshape([array.shape[a] for a in order]))
    return host.transpose(np.argsort(order))


def strided(array: Array, by: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Array:
    """A view of the array's memory that starts `by` bytes from its first element; strides in bytes."""
    return library().ndarray(shape, array.dtype, memptr=array.data + by, strides=strides)


def memory_order(array: Array) -> list[int]:
    """The axes from the widest stride to the narrowest."""
    if array.flags.c_contiguous:
        return list(range(array.ndim))
    strides = array.strides
    return sorted(range(array.ndim), key=lambda axis: -abs(strides[axis]))


def pinned(host: Array) -> Array:
    """A copy of a NumPy array in memory that stays in place, from which the GPU copies on its own."""
    memory = library().cuda.alloc_pinned_memory(max(host.nbytes, 1))
    made = np.frombuffer(memory, host.dtype, host.size).reshape(host.shape)
    made[...] = host
    return made


def is_pinned(host: Array) -> bool:
    """Whether a NumPy array lies in memory from `pinned`."""
    base: Any = host
    while base is not None:
        if type(base).__name__ == "PinnedMemoryPointer":
            return True
        base = base.obj if isinstance(base, memoryview) else getattr(base, "base", None)
    return False
