"""torch's files from before version 1.6: pickles one after the other, then the numbers of each storage."""

import struct
from pickle import UnpicklingError
from typing import Any, Literal

import numpy as np

from scratchnet.device import CPU, moved
from scratchnet.serialization.rebuild import NAMES, Storage, storage_dtype
from scratchnet.serialization.unpickler import Unpickler

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001


def read(data: bytes, place: Any) -> Any:
    """The object in the file's bytes. `place(location)` gives the device of a storage, or raises.

    The numbers stand behind the tensors: where some go to a GPU, the tensors are read again once they are there. Raises
    UnpicklingError for what is no such file, is damaged, or holds more than tensors, containers, numbers and strings.
    Numbers that the file can't hold are not made room for.
    """
    storages: dict[str, np.ndarray] = {}
    homes: dict[str, Any] = {}
    filled: dict[str, Any] = {}
    promised = 0

    def storage(given: Any) -> Storage:
        nonlocal promised
        if not isinstance(given, tuple) or len(given) != 6 or given[0] != "storage":
            raise UnpicklingError("a persistent id is no storage: files may not hold modules or code")
        _, kind, key, location, count, window = given
        dtype = storage_dtype(kind)
        if not isinstance(key, str) or type(count) is not int or count < 0:
            raise UnpicklingError("a storage's key or size is damaged")
        homes[key] = place(location)
        if key not in storages:
            promised += count * dtype.itemsize
            if promised > len(data):
                raise UnpicklingError(f"storages of {promised} bytes are promised by a file of {len(data)}")
            storages[key] = np.zeros(count, dtype.numpy)
        found = storages[key]
        if found.dtype != dtype.numpy or found.size != count:
            raise UnpicklingError(f"the storage {key!r} has two sizes or dtypes")
        if window is not None:
            _, start, length = window
            if type(start) is not int or type(length) is not int or not 0 <= start <= start + length <= count:
                raise UnpicklingError(f"a part of the storage {key!r} lies outside it")
            return Storage(filled.get(key, found)[start : start + length])
        return Storage(filled.get(key, found))

    position, parts, starts = 0, [], []
    for number in range(5):
        starts.append(position)
        reader = Unpickler(data, NAMES, storage if number == 3 else _no_storage, position)
        parts.append(reader.load())
        position = reader.position
        if number == 0 and parts[0] != MAGIC:
            raise UnpicklingError("the file is none of torch's: its first number is another")
        if number == 1 and parts[1] != PROTOCOL:
            raise UnpicklingError(f"the file's protocol is {parts[1]!r}, not {PROTOCOL}")
    _, _, system, result, keys = parts
    order: Literal["<", ">"] = "<" if not isinstance(system, dict) or system.get("little_endian", True) else ">"
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise UnpicklingError("the list of storages doesn't fit the tensors")
    for key in keys:
        position = _fill(storages[key], data, position, order, key)
    if all(home is CPU for home in homes.values()):
        return result
    filled.update((key, moved(array, homes[key])) for key, array in storages.items())
    return Unpickler(data, NAMES, storage, starts[3]).load()


def _fill(storage: np.ndarray, data: bytes, position: int, order: Literal["<", ">"], key: str) -> int:
    """Copy a storage's numbers out of the file; the place where they end."""
    end = position + 8 + storage.nbytes
    if end > len(data) or struct.unpack_from(f"{order}q", data, position)[0] != storage.size:
        raise UnpicklingError(f"the storage {key!r} is cut short")
    storage[...] = np.frombuffer(data, storage.dtype.newbyteorder(order), storage.size, position + 8)
    return end


def _no_storage(given: Any) -> Any:
    raise UnpicklingError("a storage outside the object")
