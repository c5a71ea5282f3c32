"""Weights on disk: `.npz` (NumPy's archive) and `.safetensors`. Nothing read from disk is ever executed.

Metadata is a JSON object beside the tensors: in .npz the text array `__metadata__`, in .safetensors the entry
`scratchnet` of the header.
"""

import json
import math
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.device import to_host
from scratchnet.serialization.archive import check_count
from scratchnet.serialization.files import atomic
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

_METADATA = "__metadata__"
_HEADER_ENTRY = "scratchnet"
Arrays = OrderedDict[str, np.ndarray[Any, Any]]


def save_weights(path: str | Path, state_dict: Mapping[str, Tensor], metadata: Mapping[str, Any] | None = None) -> None:
    """Write a state_dict to a `.npz` or `.safetensors` file, all of it or nothing.

    `metadata` is any mapping that JSON can hold. Tensors on a GPU are written as those on the CPU are. Raises
    ValueError for another suffix, TypeError for a value that is no Tensor, ImportError where the library safetensors is
    needed and isn't installed.
    """
    path = Path(path)
    kind = _kind(path, "save_weights")
    for name, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise TypeError(message("save_weights", f"state_dict[{name!r}]", repr(value), "must be a Tensor"))
    arrays: Arrays = OrderedDict(
        (name, np.array(to_host(value.array), order="C")) for name, value in state_dict.items()
    )
    text = json.dumps(dict(metadata or {}), sort_keys=True)
    if kind == ".safetensors":
        content = _safetensors().numpy.save(dict(arrays), metadata={_HEADER_ENTRY: text})
        with atomic(path) as file:
            file.write(content)
        return
    if _METADATA in arrays:
        raise ValueError(message("save_weights", "state_dict", repr(_METADATA), "is the metadata's name; rename it"))
    arrays[_METADATA] = np.array(text)
    # Not np.savez: its own arguments take some names away from the tensors.
    with atomic(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def load_weights(path: str | Path) -> OrderedDict[str, Tensor]:
    """The state_dict in a `.npz` or `.safetensors` file: what `Module.load_state_dict` takes.

    Raises FileNotFoundError, and ValueError naming the file where it is cut short, damaged, or holds more than numbers.
    """
    arrays, _ = _read(Path(path), "load_weights")
    return OrderedDict((name, Tensor(array)) for name, array in arrays.items())


def load_metadata(path: str | Path) -> dict[str, Any]:
    """The metadata that `save_weights` wrote, {} where there is none. Raises as `load_weights` does."""
    _, text = _read(Path(path), "load_metadata")
    try:
        found = json.loads(text) if text else {}
    except json.JSONDecodeError as error:
        raise ValueError(message("load_metadata", "path", path, f"holds metadata that is no JSON: {error}")) from error
    if not isinstance(found, dict):
        raise ValueError(message("load_metadata", "path", path, "holds metadata that is no JSON object"))
    return found


def _kind(path: Path, op: str) -> str:
    if path.suffix not in (".npz", ".safetensors"):
        raise ValueError(message(op, "path", path, "must end in .npz or .safetensors"))
    return path.suffix


def _read(path: Path, op: str) -> tuple[Arrays, str]:
    kind = _kind(path, op)
    if not path.is_file():
        raise FileNotFoundError(message(op, "path", path, "must be a file, but there is none"))
    arrays, text = (_read_npz if kind == ".npz" else _read_safetensors)(path, op)
    for name, array in arrays.items():
        try:
            dtypes.of(array.dtype)
        except TypeError as error:
            raise ValueError(message(op, "path", path, f"holds {name!r}, which is no tensor: {error}")) from error
    return arrays, text


def _read_npz(path: Path, op: str) -> tuple[Arrays, str]:
    try:
        # Opened here and not by np.load, which leaves the file open when it is no archive.
        with open(path, "rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
            check_count(file, len(archive.files))
            zipped: Any = archive.zip
            for info in zipped.infolist():
                _check_size(zipped, info)
            arrays: Arrays = OrderedDict((name, archive[name]) for name in archive.files)
    except (zipfile.BadZipFile, EOFError, ValueError, OSError, NotImplementedError) as error:
        raise ValueError(message(op, "path", path, f"must be a whole .npz file of plain numbers: {error}")) from error
    for name, value in arrays.items():
        if not isinstance(value, np.ndarray):
            raise ValueError(message(op, "path", path, f"holds {name!r}, which is no array"))
    metadata = arrays.pop(_METADATA, None)
    return arrays, "" if metadata is None else str(metadata)


def _check_size(zipped: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Raises before room is made for numbers that the file can't hold. Deflate packs 1032 bytes into one at best."""
    if info.file_size > 1032 * info.compress_size + 1024:
        raise zipfile.BadZipFile(f"{info.filename!r} declares {info.file_size} bytes, more than it can hold")
    if not info.filename.endswith(".npy"):
        return
    with zipped.open(info) as member:
        version = np.lib.format.read_magic(member)
        if version not in ((1, 0), (2, 0)):
            raise ValueError(f"{info.filename!r} has the unknown version {version}")
        first = version == (1, 0)
        reader = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
        shape, _, kind = reader(member)
        if math.prod(shape) * kind.itemsize != info.file_size - member.tell():
            raise ValueError(f"{info.filename!r} declares {shape} numbers of {kind} in {info.file_size} bytes")


def _read_safetensors(path: Path, op: str) -> tuple[Arrays, str]:
    library = _safetensors()
    try:
        with library.safe_open(path, framework="numpy") as file:
            names = file.offset_keys() if hasattr(file, "offset_keys") else file.keys()
            arrays: Arrays = OrderedDict((name, file.get_tensor(name)) for name in names)
            text = (file.metadata() or {}).get(_HEADER_ENTRY, "")
    except (library.SafetensorError, OSError, ValueError, TypeError) as error:
        raise ValueError(message(op, "path", path, f"must be a whole .safetensors file: {error}")) from error
    return arrays, text


def _safetensors() -> ModuleType:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(".safetensors files need a library; install it with: pip install safetensors") from error
    return safetensors
