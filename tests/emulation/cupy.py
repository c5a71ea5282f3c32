"""A stand-in for the part of CuPy that kernels/cuda uses. Every name here exists in CuPy with the same meaning.

Arrays are stricter than CuPy's: memory of exactly their size, filled with NaN, each apart; no mixing with NumPy.
Launches are stricter too: count, dtype and kind of the arguments are checked against the kernel's parameters.
"""

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from emulation import engine

__all__ = ["RawModule", "asarray", "ascontiguousarray", "asnumpy", "empty", "ndarray", "zeros"]

_libc = ctypes.CDLL(None)
_libc.malloc.restype = ctypes.c_void_p
_libc.malloc.argtypes = [ctypes.c_size_t]
_libc.free.argtypes = [ctypes.c_void_p]

_MAX_THREADS, _MAX_SHARED, _MAX_GRID = 1024, 48 << 10, (2**31 - 1, 65535, 65535)


class _Memory:
    """A block from malloc, freed with the last array on it."""

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype[Any], size: int) -> None:
        self.address = _libc.malloc(size)
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": dtype.str,
            "data": (self.address, False),
        }
        pattern = b"\xf2\xff" if dtype.kind == "f" else b"\xcc"  # NaN; or integers far from any place
        ctypes.memmove(self.address, pattern * (size // len(pattern)), size)

    def __del__(self) -> None:
        _libc.free(self.address)


class ndarray:
    """cupy.ndarray: an array that only kernels and the functions here can read."""

    __array_ufunc__ = None  # NumPy's operators refuse it

    def __init__(self, shape: int | tuple[int, ...], dtype: DTypeLike = float) -> None:
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        kind = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        self._host: NDArray[Any] = np.asarray(_Memory(shape, kind, size))

    @classmethod
    def _view(cls, host: NDArray[Any]) -> "ndarray":
        made = cls.__new__(cls)
        made._host = host
        return made

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    @property
    def shape(self) -> tuple[int, ...]:
        return self._host.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._host.dtype

    @property
    def size(self) -> int:
        return self._host.size

    @property
    def ndim(self) -> int:
        return self._host.ndim

    @property
    def flags(self) -> Any:
        return self._host.flags

    @property
    def T(self) -> "ndarray":  # noqa: N802
        return self._view(self._host.T)

    def __getitem__(self, key: Any) -> "ndarray":
        return self._view(self._host[key if isinstance(key, tuple) else (key, ...)])

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, np.ndarray):
            raise TypeError("Unsupported type <class 'numpy.ndarray'>")
        with np.errstate(over="ignore", invalid="ignore"):
            self._host[key] = value._host if isinstance(value, ndarray) else value

    def astype(self, dtype: DTypeLike, copy: bool = True) -> "ndarray":
        return self if not copy and self.dtype == dtype else _copied(self._host, dtype)

    def get(self) -> NDArray[Any]:
        return self._host.copy()


def _copied(host: NDArray[Any], dtype: DTypeLike | None = None) -> ndarray:
    made = ndarray(host.shape, host.dtype if dtype is None else dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        made._host[...] = host
    return made


def empty(shape: int | tuple[int, ...], dtype: DTypeLike = float) -> ndarray:
    """cupy.empty; filled with NaN, or integers far from any place."""
    return ndarray(shape, dtype)


def zeros(shape: int | tuple[int, ...], dtype: DTypeLike = float) -> ndarray:
    """cupy.zeros."""
    made = ndarray(shape, dtype)
    made[...] = 0
    return made


def asarray(a: Any, dtype: DTypeLike | None = None) -> ndarray:
    """cupy.asarray: moves a NumPy array to the device."""
    if isinstance(a, ndarray):
        return a if dtype is None else a.astype(dtype, copy=False)
    return _copied(np.asarray(a), dtype)


def ascontiguousarray(a: ndarray) -> ndarray:
    """cupy.ascontiguousarray, of arrays that lie on the device already."""
    if not isinstance(a, ndarray):
        raise TypeError(f"Unsupported type {type(a)}")
    return a if a._host.flags.c_contiguous else _copied(a._host)


def asnumpy(a: ndarray) -> NDArray[Any]:
    """cupy.asnumpy: moves an array to the host."""
    return a.get()


class RawModule:
    """cupy.RawModule: CUDA C and the template instances wanted of it, compiled at the first get_function."""

    def __init__(
        self, *, code: str, options: Sequence[str] = (), name_expressions: Sequence[str] | None = None
    ) -> None:
        self._code = code
        self._expressions = tuple(name_expressions or ())

    def get_function(self, name: str) -> "_Kernel":
        return _Kernel(engine.compiled(self._code, self._expressions)[name])


class _Kernel:
    """What cupy.RawModule.get_function gives: called with (grid, block, args, shared_mem=bytes)."""

    def __init__(self, function: engine.Function) -> None:
        self._function = function

    def __call__(self, grid: Sequence[int], block: Sequence[int], args: Sequence[Any], *, shared_mem: int = 0) -> None:
        name, parameters = self._function.expression, self._function.parameters
        if (
            not all(0 < n <= most for n, most in zip(grid, _MAX_GRID, strict=False))
            or not 0 < np.prod(block) <= _MAX_THREADS
        ):
            raise RuntimeError(f"{name}: grid {tuple(grid)} of blocks {tuple(block)} can't be launched")
        if shared_mem > _MAX_SHARED:
            raise RuntimeError(f"{name}: {shared_mem} bytes of shared memory can't be launched")
        if len(args) != len(parameters):
            raise TypeError(f"{name}: {len(args)} arguments for {len(parameters)} parameters")
        held = [_passed(f"{name}: argument {i}", *pair) for i, pair in enumerate(zip(args, parameters, strict=True))]
        self._function.launch(grid, block, [value.ctypes.data for value in held], shared_mem)


def _passed(what: str, arg: Any, parameter: str) -> NDArray[Any]:
    """The argument as the bytes that the kernel reads."""
    if isinstance(arg, ndarray):
        given, value = f"*{arg.dtype}", np.array([arg._host.ctypes.data], np.uintp)
    elif isinstance(arg, (bool, int, float, np.generic)):
        value = np.array([arg])
        given = str(value.dtype)
    else:
        raise TypeError(f"{what}: unsupported type {type(arg)}")
    if given != parameter:
        raise TypeError(f"{what} is {given}, the parameter is {parameter}")
    return value
