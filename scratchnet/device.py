"""Where an array lives: device objects, the array module of an array, the kernels for it, and the way to another."""

import re
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from scratchnet.dtypes import stepping
from scratchnet.kernels.cuda import driver
from scratchnet.shapes import message

# torch's own list: an object for any of these can be made, tensors on the CPU and CUDA devices alone.
TYPES = tuple(
    "cpu cuda ipu xpu mkldnn opengl opencl ideep hip ve fpga maia xla lazy vulkan mps meta hpu mtia "
    "privateuseone".split()
)


class _Defaults(threading.local):
    """Where this thread makes its tensors (None: on the CPU), and what `with device(...)` has put aside."""

    place: "device | None" = None

    def __init__(self) -> None:
        self.before: list[device | None] = []


_defaults = _Defaults()


class device:
    """torch.device: `device("cpu")`, `device("cuda", 1)`, `device("cuda:1")`, `device(1)`.

    In a `with` statement new tensors are made there. Raises RuntimeError for a text that names no device.
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            if index is not None:
                raise TypeError("device(): argument 'type' (position 1) must be str, not device")
            type, index = type.type, type.index
        elif isinstance(type, int):
            type, index = "cuda", type
            if index >= 0 and not _runtime().count():
                raise RuntimeError("Cannot access accelerator device when none is available.")
        elif not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, int or device, not {_kind(type)} (={type!r})")
        if index is not None and index < 0:
            raise RuntimeError(f"device: index (={index}): Device index must not be negative")
        name, colon, number = type.partition(":")
        if not type:
            raise RuntimeError("Device string must not be empty")
        if name not in TYPES:
            raise RuntimeError(
                f"Expected one of {', '.join(TYPES)} device type at start of device string: {type}: use 'cpu' or 'cuda'"
            )
        if colon and not re.fullmatch("0|[1-9][0-9]*", number):
            raise RuntimeError(f"Invalid device string: '{type}': write 'cuda' or 'cuda:0'")
        if colon and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", int(number) if colon else index)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'scratchnet.device' objects is not writable")  # they are shared

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, device) and (self.type, self.index) == (other.type, other.index))

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type,) if self.index is None else (self.type, self.index)

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __enter__(self) -> "device":
        _defaults.before.append(_defaults.place)
        _defaults.place = self
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        _defaults.place = _defaults.before.pop()


CPU = device("cpu")
_cuda_devices: dict[int, device] = {}
_cuda_runtime: Any = None
_NOTHING: AbstractContextManager[None] = nullcontext()


def _kind(value: Any) -> str:
    return value.__class__.__name__


def set_default_device(device: Any) -> None:
    """torch.set_default_device: where new tensors are made that name no device, in this thread. None: on the CPU."""
    _defaults.place = None if device is None else _parsed("set_default_device", device)


def get_default_device() -> device:
    """torch.get_default_device: where new tensors are made that name no device."""
    place = _defaults.place
    return CPU if place is None else resolve("get_default_device", place) if place.index is None else place


def chosen_default() -> device | None:
    """The default device where one was chosen, else None."""
    return _defaults.place


def _parsed(op: str, place: Any) -> device:
    if isinstance(place, device):
        return place
    if not isinstance(place, (str, int)):
        raise TypeError(f"{op}(): argument 'device' must be torch.device, not {_kind(place)} (={place!r})")
    return device(place)


def resolve(op: str, place: Any = None) -> device:
    """The device object for `place` (None: the default device), with the index that arrays there have.

    Raises AssertionError without CuPy, RuntimeError for a device that isn't there, as torch does.
    """
    if place is None:
        place = _defaults.place
        if place is None:
            return CPU
    found = _parsed(op, place)
    if found.type == "cpu":
        return CPU
    if found.type != "cuda":
        raise RuntimeError(message(op, "device", str(found), "has no backend in this version", "use 'cpu' or 'cuda'"))
    return _cuda(_runtime().check(op, found.index))


def _cuda(index: int) -> device:
    known = _cuda_devices.get(index)
    if known is None:
        known = _cuda_devices[index] = device("cuda", index)
    return known


def _runtime() -> Any:
    global _cuda_runtime
    if _cuda_runtime is None:
        import scratchnet.kernels.cuda.runtime as runtime

        _cuda_runtime = runtime
    return _cuda_runtime


def is_array(value: Any) -> bool:
    """Whether `value` is an array that a Tensor can hold: NumPy's or CuPy's."""
    return isinstance(value, np.ndarray) or driver.owns(value)


def device_of(array: Any) -> device:
    """The device that holds `array`."""
    if type(array) is np.ndarray or not driver.owns(array):
        return CPU
    return _cuda(array.data.device_id)


def array_module(*arrays: Any) -> Any:
    """The module whose functions take `arrays`, numbers among them: NumPy or CuPy."""
    for array in arrays:
        if type(array) is not np.ndarray and driver.owns(array):
            return driver.cupy()
    return np


def module_on(place: Any) -> Any:
    """The module that makes arrays on `place`: NumPy or CuPy."""
    if place is CPU:
        return np
    return driver.cupy() if resolve("module_on", place).type == "cuda" else np


def on(place: Any) -> AbstractContextManager[None]:
    """Inside, arrays are made on `place` and kernels run there. Running out of memory raises OutOfMemoryError."""
    if place is CPU:
        return _NOTHING
    if not isinstance(place, device) or _cuda_devices.get(place.index or 0) is not place:  # else an array's own
        place = resolve("on", place)
        if place is CPU:
            return _NOTHING
    guard: AbstractContextManager[None] = _runtime().On(place.index)
    return guard


def moved(array: Any, place: Any, non_blocking: bool = False) -> Any:
    """`array` on `place`: itself if it is there already. The axes keep their order in memory."""
    target, source = resolve("moved", place), device_of(array)
    if target is source:
        return array
    if target is CPU:
        return to_host(array)
    with on(target):
        if source is CPU:
            return _runtime().upload(np.asarray(array), non_blocking)
        return _runtime().transfer(array)


def to_host(array: Any) -> Any:
    """`array` as NumPy's. Waits for the GPU, and raises what its kernels found wrong, such as an index out of range."""
    source = device_of(array)
    if source is CPU:
        return array
    with on(source):
        host = _runtime().download(array)
        raise_pending()
    return host


def copied(array: Any) -> Any:
    """A copy of `array` on its own device, in C order."""
    if type(array) is np.ndarray:
        return array.copy()
    with on(device_of(array)):  # CuPy copies to the current GPU
        return array.copy()


def owns_memory(array: Any) -> bool:
    """Whether the array has all its memory, NumPy's or our pool's, to itself: it is no part of another one's."""
    if type(array) is not np.ndarray or not array.flags.c_contiguous or not array.flags.writeable:
        return False
    buffers = sys.modules.get("scratchnet.kernels.cpu.buffers")  # not imported: nothing came from its pool
    return array.base is None or (buffers is not None and isinstance(array.base, buffers.Block))


def pinned(array: Any) -> Any:
    """A copy of a NumPy array in memory from which a GPU copies on its own. Raises RuntimeError where there is none."""
    if not _runtime().count():
        raise RuntimeError("Cannot access accelerator device when none is available.")
    return _runtime().pinned(array)


def is_pinned(array: Any) -> bool:
    """Whether `array` lies in memory from `pinned`."""
    return type(array) is np.ndarray and _cuda_runtime is not None and bool(_cuda_runtime.is_pinned(array))


def gpu_count() -> int:
    """How many GPUs there are: 0 also where CuPy or the driver is missing. Imports CuPy."""
    return int(_runtime().count())


def raise_pending() -> None:
    """Raise IndexError where a kernel has met an index out of range."""
    indices = sys.modules.get("scratchnet.kernels.cuda.indices")  # not imported: nothing was checked
    if indices is not None:
        indices.raise_pending()


class _Memory:
    """Memory described by NumPy's array interface; holds the array that owns it."""

    def __init__(self, owner: Any, interface: dict[str, Any]) -> None:
        self.owner, self.__array_interface__ = owner, interface


def strided(array: Any, by: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Any:
    """A view of the array's memory that starts `by` elements from its first one; strides in elements."""
    steps = tuple(stride * array.itemsize for stride in strides)
    if not isinstance(array, np.ndarray):
        return _runtime().strided(array, by * array.itemsize, shape, steps)
    interface = dict(array.__array_interface__)
    interface["data"] = (interface["data"][0] + by * array.itemsize, not array.flags.writeable)
    interface["shape"], interface["strides"] = shape, steps
    return np.asarray(_Memory(array, interface))


def reshaped(array: Any, shape: tuple[int, ...]) -> Any:
    """The array's memory in another shape. Raises ValueError where that would take a copy."""
    if isinstance(array, np.ndarray):
        return array.reshape(shape, copy=False)
    made = array.view()
    try:
        made.shape = shape  # CuPy 13's reshape can't be told not to copy
    except AttributeError as error:
        raise ValueError(str(error)) from error
    return made


def kernels_for(array: Any) -> ModuleType:
    """The kernels for `array`: the package scratchnet.kernels.cpu or .cuda, imported at the first call.

    Inside autograd.complex_step it is scratchnet.kernels.plain, which takes complex arrays.
    """
    global _cpu_kernels
    if stepping.active:
        import scratchnet.kernels.plain as plain_kernels

        return plain_kernels
    if type(array) is not np.ndarray and driver.owns(array):
        import scratchnet.kernels.cuda as cuda_kernels

        return cuda_kernels
    if _cpu_kernels is None:
        import scratchnet.kernels.cpu as cpu_kernels

        _cpu_kernels = cpu_kernels
    return _cpu_kernels


def kernels_anywhere() -> tuple[ModuleType, ...]:
    """The kernels of every kind of device, for what is asked before an array is at hand. Imports no CuPy."""
    import scratchnet.kernels.cuda as cuda_kernels

    return kernels_for(None), cuda_kernels


_cpu_kernels: ModuleType | None = None
