"""The names that files of torch use for tensors and what lies around them, and what each of them builds here."""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from scratchnet import dtypes
from scratchnet.device import array_module, device, device_of, on
from scratchnet.nn.parameter import Parameter
from scratchnet.serialization.unpickler import Builder, Unfinished, check_keys
from scratchnet.shapes import Size
from scratchnet.tensor import Tensor

STORAGES = {
    "FloatStorage": dtypes.float32,
    "DoubleStorage": dtypes.float64,
    "HalfStorage": dtypes.float16,
    "LongStorage": dtypes.int64,
    "IntStorage": dtypes.int32,
    "ShortStorage": dtypes.int16,
    "CharStorage": dtypes.int8,
    "ByteStorage": dtypes.uint8,
    "BoolStorage": dtypes.bool_,
}
_OUTSIDE = "BFloat16 ComplexFloat ComplexDouble QInt8 QInt32 QUInt8 QUInt4x2 QUInt2x4 Untyped".split()


class Storage(Unfinished):
    """A run of numbers in a file, (numel,) of one dtype: the memory that tensors look into."""

    def __init__(self, array: Any) -> None:
        self.array = array


def _ints(what: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or any(type(n) is not int or not 0 <= n < 1 << 62 for n in values):
        raise UnpicklingError(f"a tensor's {what} must be whole numbers from 0 up")
    return tuple(values)


def _tensor(
    storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False, hooks: Any = None, meta: Any = None
) -> Tensor:
    """A tensor on part of a storage: every element it can reach must lie inside."""
    if not isinstance(storage, Storage):
        raise UnpicklingError(f"a tensor's storage is a {type(storage).__name__}")
    shape, steps, (start,) = _ints("size", size), _ints("stride", stride), _ints("offset", (offset,))
    if len(shape) != len(steps) or len(shape) > 64:
        raise UnpicklingError(f"a tensor has {len(shape)} sizes and {len(steps)} strides")
    array, empty = storage.array, 0 in shape
    last = start + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    if not empty and last >= array.size:
        raise UnpicklingError(f"a tensor reaches element {last} of a storage of {array.size}")
    if math.prod(shape) * array.itemsize >= 1 << 62 or type(requires_grad) is not bool or hooks or meta:
        raise UnpicklingError("a tensor is too large, has hooks or is quantized")
    xp, strides = array_module(array), tuple(step * array.itemsize for step in steps)
    with on(device_of(array)):
        view = xp.empty(shape, array.dtype) if empty else xp.lib.stride_tricks.as_strided(array[start:], shape, strides)
    result = Tensor._wrap(view)
    if requires_grad:
        if not result.dtype.is_floating_point:
            raise UnpicklingError(f"a tensor of {result.dtype.name} requires grad")
        result.requires_grad = True
    return result


def _parameter(data: Any, requires_grad: Any = True, hooks: Any = None) -> Parameter:
    if type(data) is not Tensor or type(requires_grad) is not bool or hooks:
        raise UnpicklingError("a parameter must be made of a tensor and have no hooks")
    if requires_grad and not data.dtype.is_floating_point:
        raise UnpicklingError(f"a parameter of {data.dtype.name} requires grad")
    return Parameter(data, requires_grad)


def _ordered_dict(pairs: Any = ()) -> OrderedDict[Any, Any]:
    check_keys([key for key, _ in pairs])
    return OrderedDict((key, value) for key, value in pairs)


def _counter(counts: Any = None) -> Counter[Any]:
    counts = {} if counts is None else counts
    if type(counts) is not dict or any(type(n) is not int for n in counts.values()):
        raise UnpicklingError("a Counter must hold counts")
    return Counter(counts)


def _size(values: Any = ()) -> Size:
    return Size(_ints("size", values))


def _device(kind: Any, index: Any = None) -> device:
    if not isinstance(kind, str) or not (index is None or type(index) is int):
        raise UnpicklingError("a device has no name")
    try:
        return device(kind, index)
    except RuntimeError as error:
        raise UnpicklingError(str(error)) from error


def _set(values: Any = ()) -> set[Any]:
    if type(values) is not list and values != ():
        raise UnpicklingError("a set must be made of a list")
    check_keys(values)
    return set(values)


def _encoded(text: Any, encoding: Any) -> bytes:
    """How pickles of protocol 2 hold bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnpicklingError("bytes must be text in latin1")
    return text.encode("latin1")


def _bytes(*nothing: Any) -> bytes:
    if nothing:
        raise UnpicklingError("bytes are made of nothing but text in latin1")
    return b""


def _refused(name: str) -> Builder:
    """A name known to be outside: its kind of number is not one of the engine's."""

    def build(*args: Any) -> Any:
        raise UnpicklingError(f"{name} is not supported")

    return Builder(name, build)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_parameter": _parameter,
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "torch.Size": _size,
    "torch.device": _device,
    "_codecs.encode": _encoded,
    "builtins.set": _set,
    "__builtin__.set": _set,
    "builtins.bytes": _bytes,
    "__builtin__.bytes": _bytes,
}
NAMES: dict[str, Builder] = {name: Builder(name, build) for name, build in _FUNCTIONS.items()}
NAMES |= {f"torch.{name}": Builder(f"torch.{name}", value=None) for name in STORAGES}
NAMES |= {f"torch.{name}Storage": _refused(f"torch.{name}Storage") for name in _OUTSIDE}
NAMES |= {f"torch.{found.name}": Builder(f"torch.{found.name}", value=found) for found in dtypes.ALL}


def storage_dtype(kind: Any) -> dtypes.dtype:
    """The dtype of a storage's class. Raises UnpicklingError for kinds of numbers that the engine doesn't have."""
    found = STORAGES.get(kind.name.removeprefix("torch.")) if isinstance(kind, Builder) else None
    if found is None:
        name = kind.name if isinstance(kind, Builder) else repr(kind)[:100]
        known = ", ".join(d.name for d in dtypes.ALL)
        raise UnpicklingError(f"{name} holds numbers that are not supported; convert them to one of {known} first")
    return found
