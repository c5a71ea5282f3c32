"""torch.save and torch.load for data: PyTorch's zip files both ways, its older files to be read."""

import os
import sys
from pathlib import Path
from pickle import UnpicklingError
from typing import IO, Any

from scratchnet.device import moved
from scratchnet.serialization import legacy
from scratchnet.serialization.archive import Archive, write
from scratchnet.serialization.files import atomic
from scratchnet.serialization.pickler import Pickler
from scratchnet.serialization.places import place_of
from scratchnet.serialization.rebuild import NAMES, Storage, storage_dtype
from scratchnet.serialization.spans import Storages
from scratchnet.serialization.unpickler import Unpickler
from scratchnet.shapes import message

_VERSIONS = [str(n).encode() for n in range(1, 11)]  # of the file format; 3 is written, as by torch


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes]) -> None:
    """torch.save: write tensors, Parameters, containers, numbers and strings to a path or an open binary file.

    `torch.load(f, weights_only=True)` reads it. Tensors that share memory share it in the file, which notes the device
    of each. A path gets all of it or keeps what it had. Raises TypeError that names the place of anything else, before
    anything is written, RuntimeError where two dtypes look at the same memory.
    """
    storages = Storages()
    Pickler(storages, noting=True).dump(obj)
    storages.check()
    records: dict[str, Any] = {"data.pkl": Pickler(storages, noting=False).dump(obj)}
    records |= {".format_version": b"1", ".storage_alignment": b"64", "byteorder": sys.byteorder.encode()}
    records |= {f"data/{span.key}": span.content() for span in storages.spans.values()}
    records["version"] = b"3\n"
    if isinstance(f, (str, os.PathLike)):
        with atomic(Path(f)) as file:
            write(file, records)
    elif hasattr(f, "write"):
        write(f, records)
    else:
        raise AttributeError(message("save", "f", repr(f), "must be a path or have write()", "use a path"))


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
) -> Any:
    """torch.load with weights_only=True, which is the only way here: what torch.save or `save` wrote.

    From a path or an open binary file. Tensors go back to the device that they lay on, or with map_location to another:
    a name or device for all, a dict of names, or a function of (storage, name) that gives `storage` (the CPU) or
    `storage.cuda(1)`. Tensors that shared memory share it again.
    Raises UnpicklingError for whatever is no tensor, container, number or string (none of it is executed or imported),
    RuntimeError for damaged archives and unknown devices, FileNotFoundError.
    """
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return _load(file, os.fspath(f), map_location)
    if not hasattr(f, "read") or not hasattr(f, "seek"):
        raise AttributeError(message("load", "f", repr(f), "must be a path or have read() and seek()", "use a path"))
    return _load(f, getattr(f, "name", type(f).__name__), map_location)


def _load(file: IO[bytes], name: Any, map_location: Any) -> Any:
    def place(location: Any) -> Any:
        return place_of(location, map_location)

    start = file.tell()
    zipped = file.read(4) == b"PK\3\4"
    file.seek(start)
    try:
        return _read_zip(Archive(file), place) if zipped else legacy.read(file.read(), place)
    except UnpicklingError as error:
        rule = f"can't be loaded: {error}"
        raise UnpicklingError(message("load", "f", name, rule, "save a state_dict of plain tensors")) from error
    except RuntimeError as error:
        raise RuntimeError(message("load", "f", name, f"can't be loaded: {error}")) from error


def _read_zip(archive: Archive, place: Any) -> Any:
    for name in ("data.pkl", "version"):
        if name not in archive.records:
            what = "is one of TorchScript" if "constants.pkl" in archive.records else "is none of torch's"
            raise RuntimeError(f"the archive {what}: it lacks {name}")
    if archive.size("version") > 20 or archive.read("version").tobytes().strip() not in _VERSIONS:
        raise RuntimeError("the archive's version is unknown")
    named = archive.read("byteorder").tobytes() if "byteorder" in archive.records else b"little"
    if named not in (b"little", b"big"):
        raise RuntimeError(f"the archive's byte order is {named[:20]!r}")
    contents: dict[str, Any] = {}

    def storage(given: Any) -> Storage:
        if not isinstance(given, tuple) or len(given) != 5 or given[0] != "storage":
            raise UnpicklingError("a persistent id is no storage: files may not hold modules or code")
        _, kind, key, location, count = given
        dtype = storage_dtype(kind)
        if not isinstance(key, str) or type(count) is not int or count < 0:
            raise UnpicklingError("a storage's key or size is damaged")
        home = place(location)
        size = archive.size(f"data/{key}")
        if size != count * dtype.itemsize:
            raise RuntimeError(f"the storage {key!r} has {size} bytes, not {count} numbers of {dtype.name}")
        if key not in contents:
            contents[key] = archive.read(f"data/{key}")
            if named.decode() != sys.byteorder:
                contents[key].view(dtype.numpy).byteswap(inplace=True)
            contents[key] = moved(contents[key].view(dtype.numpy), home)
        return Storage(contents[key].view(dtype.numpy))

    return Unpickler(archive.read("data.pkl"), NAMES, storage).load()
