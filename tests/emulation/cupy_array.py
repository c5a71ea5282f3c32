"""A stand-in for cupy.ndarray: memory of exactly the array's size on one of the devices, which the host can't read.

New memory holds NaN, or integers far from any place. Operators and most methods are put on by cupy_methods.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from emulation import cupy_indexing as indexing
from emulation import cupy_memory as memory
from emulation import engine
from emulation.cupy_cuda import Device, Stream, waited

__all__ = ["Flags", "MemoryPointer", "foreign", "fresh", "ndarray", "root", "unwrapped"]

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_void_p]

Host = NDArray[Any]
Shape = int | Sequence[int]


class _Memory:
    """A block from malloc, freed with the last array on it."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], strides: tuple[int, ...] | None) -> None:
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        self.device, self._charged = memory.take(size)
        self.address, self.size = _libc.malloc(size), size
        engine.arrays[self.address] = size
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": dtype.str,
            "data": (self.address, False),
            "strides": strides,
        }
        pattern = indexing.POISON[dtype.kind in "fc"]
        ctypes.memmove(self.address, pattern * (size // len(pattern)), size)

    def __del__(self) -> None:
        if hasattr(self, "address"):
            del engine.arrays[self.address]
            _libc.free(self.address)
            memory.give(self.device, self._charged)


class MemoryPointer:
    """cupy.cuda.MemoryPointer: where an array begins, or some bytes from there."""

    def __init__(self, array: "ndarray", offset: int = 0) -> None:
        self.ptr, self.device_id = array._host.ctypes.data + offset, array._device
        self._array, self._offset = array, offset

    def __add__(self, offset: int) -> "MemoryPointer":
        return MemoryPointer(self._array, self._offset + offset)

    def laid_out(self, shape: tuple[int, ...], dtype: np.dtype[Any], strides: tuple[int, ...] | None) -> Host:
        """The memory from here on. Raises ValueError where an element would lie outside of it."""
        host = np.asarray(_Here(self._array._host, self.ptr, shape, dtype, strides))
        holder, (first, end) = root(host), np.lib.array_utils.byte_bounds(host)
        if not host.size or not isinstance(holder, _Memory):
            return host
        if not holder.address <= first <= end <= holder.address + holder.size:
            raise ValueError(f"shape {shape} with strides {strides} leaves the array's memory")
        return host


class _Here:
    """Memory that an array holds, described for NumPy."""

    def __init__(self, base: Host, address: int, shape: Any, dtype: np.dtype[Any], strides: Any) -> None:
        self.base = base
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": dtype.str,
            "data": (address, False),
            "strides": strides,
        }


class Flags:
    """What CuPy tells of an array's memory; nothing is read-only there."""

    def __init__(self, host: Host, owndata: bool) -> None:
        self.c_contiguous, self.f_contiguous = host.flags.c_contiguous, host.flags.f_contiguous
        self.owndata = owndata

    @property
    def forc(self) -> bool:
        return self.c_contiguous or self.f_contiguous


class ndarray:
    """cupy.ndarray: an array that only kernels and the functions here can read."""

    __array_ufunc__ = None  # NumPy's operators refuse it
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    _host: Host
    _device: int
    base: "ndarray | None"

    def __init__(
        self,
        shape: Shape,
        dtype: DTypeLike = float,
        memptr: MemoryPointer | None = None,
        strides: tuple[int, ...] | None = None,
        order: str = "C",
    ) -> None:
        sizes, kind = _sizes(shape), checked(np.dtype(dtype))
        if memptr is not None:
            self._host, self._device = memptr.laid_out(sizes, kind, strides), memptr.device_id
            self.base = None
            return
        if order == "F":
            strides = tuple(kind.itemsize * int(np.prod(sizes[:axis])) for axis in range(len(sizes)))
        block = _Memory(sizes, kind, strides)
        self._host, self._device, self.base = np.asarray(block), block.device, None

    @classmethod
    def _view(cls, host: Host, device: int, base: "ndarray | None" = None) -> "ndarray":
        made = cls.__new__(cls)
        made._host, made._device, made.base = host, device, base
        return made

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_function__(self, function: Any, *rest: Any) -> Any:
        raise TypeError(f"numpy.{function.__name__} of a CuPy array: call the array's own module")

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        inner = self._host.__array_interface__
        return {
            "version": 3,
            "shape": self.shape,
            "typestr": inner["typestr"],
            "descr": inner["descr"],
            "data": (self.data.ptr, False),
            "strides": None if self.flags.c_contiguous else self.strides,
            "stream": 1,
        }

    def __dlpack__(
        self, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
    ) -> Any:
        """A capsule on the host's memory: what reads it must believe __dlpack_device__."""
        return (self._host if not copy else self._host.copy()).__dlpack__()

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, self._device

    dtype = property(lambda self: self._host.dtype)
    size = property(lambda self: self._host.size)
    ndim = property(lambda self: self._host.ndim)
    strides = property(lambda self: self._host.strides)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    flags = property(lambda self: Flags(self._host, self.base is None))
    device = property(lambda self: Device(self._device))
    data = property(lambda self: MemoryPointer(self))

    @property
    def shape(self) -> tuple[int, ...]:
        return self._host.shape

    @shape.setter
    def shape(self, value: Shape) -> None:
        try:
            self._host = self._host.reshape(value, copy=False)
        except ValueError as error:
            raise AttributeError(f"incompatible shape: {error}") from error

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Any:
        return (self[place] for place in range(len(self)))

    def __getitem__(self, key: Any) -> "ndarray":
        place, advanced = indexing.prepared(self, key)
        if not advanced:
            return self._view(self._host[place], self._device, self if self.base is None else self.base)
        return fresh(unwrapped(self)[place])

    def __setitem__(self, key: Any, value: Any) -> None:
        place, advanced = indexing.prepared(self, key, value)
        host, given = unwrapped(self), unwrapped(value)
        with np.errstate(all="ignore"):
            host[place] = given
        if advanced and isinstance(given, np.ndarray) and given.ndim:
            indexing.poison_clashes(host, place, given)

    def get(self, stream: Stream | None = None, order: str = "C", out: Any = None, blocking: bool = True) -> Host:
        if blocking:
            waited()
        if out is None:
            return self._host.copy(order)
        out[...] = self._host
        return out

    def set(self, arr: Host, stream: Stream | None = None) -> None:
        if type(arr) is not np.ndarray:
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype or arr.shape != self.shape:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array of shape {self.shape}")
        if not self.flags.forc:
            raise RuntimeError("Cannot set to non-contiguous array")
        if stream is None:
            waited()
        self._host[...] = arr

    def item(self) -> Any:
        waited()
        return self._host.item()

    def tolist(self) -> Any:
        waited()
        return self._host.tolist()

    def __bool__(self) -> bool:
        waited()
        return bool(self._host)

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        waited()
        return self._host.__index__()

    def __repr__(self) -> str:
        waited()
        return repr(self._host)


def _sizes(shape: Shape) -> tuple[int, ...]:
    return tuple(map(int, shape)) if isinstance(shape, Sequence) else (int(shape),)


def checked(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype, which must be one that CuPy has."""
    if dtype.kind not in "?biufc" or dtype.char in "gG":
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


def root(host: Any) -> Any:
    """What holds the memory of a NumPy array."""
    while (base := getattr(host, "base", None)) is not None:
        host = base
    return host


def unwrapped(value: Any) -> Any:
    """An argument as NumPy takes it. Raises TypeError for NumPy's arrays, ValueError for one on another device."""
    if isinstance(value, ndarray):
        if value._device != memory.thread.device:
            raise ValueError(
                "Array device must be same as the current device: "
                f"array device = {value._device} while current = {memory.thread.device}"
            )
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        return type(value)(map(unwrapped, value))
    return value


def fresh(host: Any, dtype: DTypeLike | None = None, order: str = "C") -> ndarray:
    """A new array with these values, in one of the orders C, F and K."""
    values = np.asarray(host)
    if order != "K":
        made = ndarray(values.shape, values.dtype if dtype is None else dtype, order=order)
    else:
        axes = sorted(range(values.ndim), key=lambda axis: -abs(values.strides[axis]))
        dense = ndarray([values.shape[axis] for axis in axes], values.dtype if dtype is None else dtype)
        made = dense._view(dense._host.transpose(np.argsort(axes)), dense._device)
    with np.errstate(all="ignore"):
        made._host[...] = values
    return made


def foreign(host: Host) -> ndarray:
    """An array on memory that others hold."""
    return ndarray._view(host, memory.thread.device)
