"""The pickle inside a file of torch's (protocol 2), written instruction by instruction, and the storages beside it."""

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.device import device
from scratchnet.nn.parameter import Buffer, Parameter
from scratchnet.serialization.rebuild import STORAGES
from scratchnet.serialization.spans import Storages
from scratchnet.shapes import Size, message
from scratchnet.tensor import Tensor

_STORAGE_NAMES = {found: name for name, found in STORAGES.items()}


class Pickler:
    """Writes one object. With `storages` still empty the first run only notes tensors: nothing of it is kept."""

    def __init__(self, storages: Storages, noting: bool) -> None:
        self.storages, self.noting = storages, noting
        self.out = bytearray(b"\x80\x02")
        self.memo: dict[int, int] = {}
        self.alive: list[Any] = []  # ids in the memo must not be used again

    def dump(self, value: Any) -> bytes:
        """The whole pickle. Raises TypeError for what a file can't hold, ValueError for nesting beyond all measure."""
        try:
            self.write(value, "obj")
        except RecursionError:
            raise ValueError(message("save", "obj", type(value).__name__, "is nested too deeply to be saved")) from None
        return bytes(self.out + b".")

    def write(self, value: Any, path: str) -> None:
        """The instructions that put `value` on the stack; `path` names it in errors."""
        if id(value) in self.memo:
            self.out += b"j" + struct.pack("<I", self.memo[id(value)])
            return
        writer = _WRITERS.get(type(value))
        if writer is None:
            kind = f"{type(value).__module__}.{type(value).__qualname__}"
            rule = f"is a {kind}; files may hold tensors, containers, numbers and strings"
            if isinstance(value, np.generic):
                fix = f"use {path}.item()"
            elif hasattr(value, "state_dict"):
                fix = f"use {path}.state_dict()"
            else:
                fix = "make it a dict, list, tuple, tensor, number or string"
            raise TypeError(message("save", path, repr(value)[:80], rule, fix))
        writer(self, value, path)

    def remember(self, value: Any) -> None:
        """What is on the stack is `value`: the next time a reference to it is written."""
        self.memo[id(value)] = len(self.memo)
        self.alive.append(value)
        self.out += b"r" + struct.pack("<I", self.memo[id(value)])

    def name(self, module: str, name: str) -> None:
        """What the file calls module.name."""
        self.out += f"c{module}\n{name}\n".encode()

    def call(self, module: str, name: str, *args: Any, path: str) -> None:
        """module.name called with the arguments."""
        self.name(module, name)
        self.tuple(args, path)
        self.out += b"R"

    def tuple(self, values: Any, path: str) -> None:
        """A tuple that is not remembered."""
        self.out += b"("
        for index, value in enumerate(values):
            self.write(value, f"{path}[{index}]")
        self.out += b"t"


def _none(p: Pickler, value: None, path: str) -> None:
    p.out += b"N"


def _bool(p: Pickler, value: bool, path: str) -> None:
    p.out += b"\x88" if value else b"\x89"


def _int(p: Pickler, value: int, path: str) -> None:
    if -(1 << 31) <= value < 1 << 31:
        p.out += b"J" + struct.pack("<i", value)
        return
    data = value.to_bytes((value.bit_length() >> 3) + 1, "little", signed=True)
    if len(data) > 64:
        raise TypeError(message("save", path, f"{value.bit_length()} bits", "is too large a number for a file"))
    p.out += b"\x8a" + bytes([len(data)]) + data


def _float(p: Pickler, value: float, path: str) -> None:
    p.out += b"G" + struct.pack(">d", value)


def _str(p: Pickler, value: str, path: str) -> None:
    data = value.encode("utf-8", "surrogatepass")
    p.out += b"X" + struct.pack("<I", len(data)) + data
    p.remember(value)


def _bytes(p: Pickler, value: bytes, path: str) -> None:
    p.call("_codecs", "encode", value.decode("latin1"), "latin1", path=path)


def _list(p: Pickler, value: list[Any], path: str) -> None:
    p.out += b"]"
    p.remember(value)
    p.out += b"("
    for index, item in enumerate(value):
        p.write(item, f"{path}[{index}]")
    p.out += b"e"


def _tuple(p: Pickler, value: tuple[Any, ...], path: str) -> None:
    p.tuple(value, path)
    if value:
        p.remember(value)


def _entries(p: Pickler, value: dict[Any, Any], path: str) -> None:
    p.remember(value)
    p.out += b"("
    for key, item in value.items():
        if not isinstance(key, (str, int, float, bytes, tuple)) and key is not None:
            rule = f"has a key of type {type(key).__name__}; keys may be strings and numbers"
            raise TypeError(message("save", path, repr(key)[:80], rule))
        p.write(key, f"{path}'s key")
        p.write(item, f"{path}[{key!r}]")
    p.out += b"u"


def _dict(p: Pickler, value: dict[Any, Any], path: str) -> None:
    p.out += b"}"
    _entries(p, value, path)


def _ordered_dict(p: Pickler, value: OrderedDict[Any, Any], path: str) -> None:
    p.call("collections", "OrderedDict", path=path)
    _entries(p, value, path)
    if "_metadata" in vars(value):
        p.write({"_metadata": vars(value)["_metadata"]}, f"{path}.__dict__")
        p.out += b"b"


def _counter(p: Pickler, value: Counter[Any], path: str) -> None:
    p.call("collections", "Counter", dict(value), path=path)
    p.remember(value)


def _set(p: Pickler, value: set[Any], path: str) -> None:
    p.call("__builtin__", "set", list(value), path=path)
    p.remember(value)


def _size(p: Pickler, value: Size, path: str) -> None:
    p.call("torch", "Size", tuple(value), path=path)


def _device(p: Pickler, value: device, path: str) -> None:
    p.call("torch", "device", value.type, *([] if value.index is None else [value.index]), path=path)


def _dtype(p: Pickler, value: dtypes.dtype, path: str) -> None:
    p.name("torch", value.name)


def _tensor(p: Pickler, value: Tensor, path: str) -> None:
    if p.noting:
        p.storages.note(value.array)
        p.out += b"N"
        p.remember(value)
        return
    span, offset, shape, strides = p.storages.find(value.array)
    p.name("torch._utils", "_rebuild_tensor_v2")
    p.out += b"(("
    p.write("storage", path)
    p.name("torch", _STORAGE_NAMES[span.dtype])
    for part in (span.key, str(span.place), (span.high - span.low) // span.dtype.itemsize):
        p.write(part, path)
    p.out += b"tQ"
    arguments: tuple[Any, ...] = (offset, shape, strides, value.requires_grad, OrderedDict())
    for argument in arguments:
        p.write(argument, path)
    p.out += b"tR"
    p.remember(value)


def _parameter(p: Pickler, value: Parameter, path: str) -> None:
    twin = Tensor._wrap(value.array)
    p.call("torch._utils", "_rebuild_parameter", twin, value.requires_grad, OrderedDict(), path=path)
    p.remember(value)


_WRITERS: dict[type, Callable[[Pickler, Any, str], None]] = {
    type(None): _none,
    bool: _bool,
    int: _int,
    float: _float,
    str: _str,
    bytes: _bytes,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    OrderedDict: _ordered_dict,
    Counter: _counter,
    set: _set,
    Size: _size,
    device: _device,
    dtypes.dtype: _dtype,
    Tensor: _tensor,
    Buffer: _tensor,
    Parameter: _parameter,
}
