"""New arrays of the stand-in for CuPy, and the way from the host and back."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from emulation.cupy_array import Shape, foreign, fresh, ndarray, unwrapped
from emulation.cupy_cuda import Device, get_current_stream

__all__ = [
    "arange",
    "array",
    "asarray",
    "ascontiguousarray",
    "asnumpy",
    "copy",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "indices",
    "linspace",
    "ones",
    "ones_like",
    "tri",
    "zeros",
    "zeros_like",
]


def empty(shape: Shape, dtype: DTypeLike = float, order: Any = "C") -> ndarray:
    return ndarray(shape, dtype, order=order)


def full(shape: Shape, fill_value: Any, dtype: DTypeLike | None = None, order: Any = "C") -> ndarray:
    value = unwrapped(fill_value)
    made = ndarray(shape, np.asarray(value).dtype if dtype is None else dtype, order=order)
    made[...] = fill_value
    return made


def zeros(shape: Shape, dtype: DTypeLike = float, order: Any = "C") -> ndarray:
    return full(shape, 0, dtype, order)


def ones(shape: Shape, dtype: DTypeLike = float, order: Any = "C") -> ndarray:
    return full(shape, 1, dtype, order)


def empty_like(
    prototype: ndarray, dtype: DTypeLike | None = None, order: Any = "K", subok: None = None, shape: Any = None
) -> ndarray:
    kind = prototype.dtype if dtype is None else dtype
    if shape is not None or order in "CF":
        return ndarray(prototype.shape if shape is None else shape, kind, order=order if order in "CF" else "C")
    host = prototype._host
    axes = sorted(range(host.ndim), key=lambda axis: -abs(host.strides[axis]))
    dense = ndarray([host.shape[axis] for axis in axes], kind)
    return dense.transpose(np.argsort(axes).tolist()) if host.ndim else dense


def full_like(
    a: ndarray,
    fill_value: Any,
    dtype: DTypeLike | None = None,
    order: Any = "K",
    subok: None = None,
    shape: Any = None,
) -> ndarray:
    made = empty_like(a, dtype, order, subok, shape)
    made[...] = fill_value
    return made


def zeros_like(
    a: ndarray, dtype: DTypeLike | None = None, order: Any = "K", subok: None = None, shape: Any = None
) -> ndarray:
    return full_like(a, 0, dtype, order, subok, shape)


def ones_like(
    a: ndarray, dtype: DTypeLike | None = None, order: Any = "K", subok: None = None, shape: Any = None
) -> ndarray:
    return full_like(a, 1, dtype, order, subok, shape)


def eye(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = float, order: Any = "C") -> ndarray:
    return fresh(np.eye(N, M, k, dtype), order=order)


def tri(N: int, M: int | None = None, k: int = 0, dtype: DTypeLike = float) -> ndarray:
    return fresh(np.tri(N, M, k, dtype))


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: DTypeLike | None = None) -> ndarray:
    return fresh(np.arange(start, dtype=dtype) if stop is None else np.arange(start, stop, step, dtype=dtype))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: DTypeLike | None = None,
    axis: int = 0,
) -> ndarray:
    return fresh(np.linspace(unwrapped(start), unwrapped(stop), num, endpoint, False, dtype, axis))


def indices(dimensions: Any, dtype: DTypeLike = int) -> ndarray:
    return fresh(np.indices(dimensions, dtype))


def array(
    obj: Any,
    dtype: DTypeLike | None = None,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> ndarray:
    """cupy.array: from the host without waiting, from another library's device memory without a copy if asked."""
    if not isinstance(obj, ndarray) and hasattr(obj, "__cuda_array_interface__"):
        obj = foreign(_on_interface(obj))
    if isinstance(obj, ndarray):
        if not copy and (dtype is None or obj.dtype == dtype) and _ordered(obj, order):
            return obj
        return obj.astype(obj.dtype if dtype is None else dtype, order or "K")
    host = np.array(obj, dtype, ndmin=ndmin)
    column = order == "F" or (order == "K" and host.flags.f_contiguous and not host.flags.c_contiguous)
    return fresh(host, order="F" if column else "C")


def _ordered(x: ndarray, order: str | None) -> bool:
    return {"C": x.flags.c_contiguous, "F": x.flags.f_contiguous}.get(order or "K", True)


class _Described:
    """Memory that __cuda_array_interface__ describes, for NumPy."""

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        told = owner.__cuda_array_interface__
        self.__array_interface__ = {name: told.get(name) for name in ("shape", "typestr", "data", "strides")}
        self.__array_interface__["version"] = 3


def _writable(host: NDArray[Any]) -> NDArray[Any]:
    """The same memory, which NumPy takes for read-only where a capsule can't say."""
    memory = _Described.__new__(_Described)
    memory.owner = host
    memory.__array_interface__ = {**host.__array_interface__, "data": (host.ctypes.data, False)}
    return np.asarray(memory)


def _on_interface(owner: Any) -> NDArray[Any]:
    return np.asarray(_Described(owner))


def asarray(
    a: Any, dtype: DTypeLike | None = None, order: Any = None, *, copy: bool | None = None, blocking: bool = False
) -> ndarray:
    return array(a, dtype, copy or False, order or "K", blocking=blocking)


def ascontiguousarray(a: Any, dtype: DTypeLike | None = None) -> ndarray:
    if not isinstance(a, ndarray):
        raise TypeError(f"Unsupported type {type(a)}")
    made = asarray(a, dtype, "C")
    return made if made.ndim else made.reshape(1)


def copy(a: ndarray, order: Any = "K") -> ndarray:
    return a.copy(order)


def asnumpy(a: Any, stream: Any = None, order: Any = "C", out: Any = None, *, blocking: bool = True) -> NDArray[Any]:
    return a.get(stream, order, out, blocking) if isinstance(a, ndarray) else np.asarray(a, order=order)


class _Capsule:
    """A producer of one capsule, for NumPy."""

    def __init__(self, capsule: Any) -> None:
        self._capsule = capsule

    def __dlpack__(self, **options: Any) -> Any:
        return self._capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(array: Any, device: Any = None, copy: bool | None = None) -> ndarray:
    """cupy.from_dlpack: an array on the memory of another. Only of devices, and on the current stream."""
    kind, index = array.__dlpack_device__()
    if kind != 2:
        raise TypeError("CPU arrays cannot be directly imported to CuPy")
    with Device(index):
        capsule = array.__dlpack__(stream=get_current_stream().ptr or 1)
    made = foreign(_writable(np.from_dlpack(_Capsule(capsule))))
    made._device = index
    return made.copy() if copy else made
