"""PyTorch's zip files: records that are stored as they are, under one folder. What isn't so is refused."""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import IO, Any

import numpy as np

ALIGNMENT = 64  # bytes: torch maps records into memory at such places
_HEADER = struct.Struct("<4s4xH16xHH")  # signature, method, lengths of the name and of the extra field
_UTF8 = 0x800


class Archive:
    """The records of a zip file by name, without their common folder.

    Raises RuntimeError for damage: compressed, encrypted or overlapping records, sizes beyond the file, names that
    are given twice or leave the folder.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.length = file.seek(0, 2)
        with _damage():
            zipped = zipfile.ZipFile(file)
            check_count(file, len(zipped.infolist()))
            self.records = dict(self._checked(zipped.infolist()))

    def _checked(self, infos: list[zipfile.ZipInfo]) -> Iterator[tuple[str, zipfile.ZipInfo]]:
        folders, seen, end = set(), set(), 0
        for info in sorted(infos, key=lambda found: found.header_offset):
            folder, slash, name = info.orig_filename.partition("/")
            outside = {"", ".", ".."} & {folder, *name.split("/")} or set("\\:\0") & set(info.orig_filename)
            if outside or not slash:
                raise RuntimeError(f"the record {info.orig_filename!r} leaves the archive's folder")
            folders.add(folder)
            if len(folders) > 1:
                raise RuntimeError(f"the records lie in several folders: {sorted(folders)}")
            if name in seen:
                raise RuntimeError(f"the record {name!r} is there twice")
            seen.add(name)
            if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1 or info.compress_size != info.file_size:
                raise RuntimeError(f"the record {name!r} is compressed or encrypted, which torch never does")
            if info.header_offset < end or info.header_offset + _HEADER.size + info.file_size > self.length:
                raise RuntimeError(f"the record {name!r} of {info.file_size} bytes overlaps another or leaves the file")
            end = info.header_offset + _HEADER.size + info.file_size
            yield name, info

    def size(self, name: str) -> int:
        """How many bytes a record has. Raises RuntimeError where there is none of that name."""
        if name not in self.records:
            raise RuntimeError(f"the record {name!r} is missing")
        return self.records[name].file_size

    def read(self, name: str) -> np.ndarray:
        """A record's bytes (n,) uint8, held to their checksum."""
        data: Any = np.empty(self.size(name), np.uint8)
        info = self.records[name]
        with _damage():
            self.file.seek(info.header_offset)
            signature, method, names, extra = _HEADER.unpack(self.file.read(_HEADER.size))
            called = self.file.read(names).decode("utf-8" if info.flag_bits & _UTF8 else "cp437")
            if signature != b"PK\3\4" or method or called != info.orig_filename:
                raise RuntimeError(f"the record {name!r} has a damaged header")
            self.file.seek(extra, 1)
            view, at = memoryview(data), 0
            while at < len(view):
                part = self.file.read(min(len(view) - at, 1 << 24))
                if not part:
                    raise RuntimeError(f"the record {name!r} is cut short")
                view[at : at + len(part)] = part
                at += len(part)
        if zlib.crc32(data) != info.CRC:
            raise RuntimeError(f"the record {name!r} is damaged: its checksum differs")
        return data


def check_count(file: IO[bytes], found: int) -> None:
    """Raises BadZipFile where the file's end promises more entries than its directory gave, which zipfile lets pass."""
    file.seek(-22, 2)
    signature, count = struct.unpack("<4s6xH", file.read(12))
    if signature == b"PK\5\6" and count not in (found, 0xFFFF):
        raise zipfile.BadZipFile(f"{count} entries are promised, {found} found")


class _damage:
    """Turns what zipfile raises on damaged files into RuntimeError."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        wrong = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, OSError, IndexError, OverflowError)
        if isinstance(error, (*wrong, NotImplementedError)):
            raise RuntimeError(f"the zip archive is damaged: {error}") from error


def write(file: IO[bytes], records: Mapping[str, Any]) -> None:
    """Write the records under the folder "archive", each on a boundary of 64 bytes: the same bytes every time."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as zipped:
        for name, content in records.items():
            data = memoryview(content).cast("B") if len(content) else memoryview(b"")
            info = zipfile.ZipInfo(f"archive/{name}")
            info.file_size = len(data)
            large = 20 if len(data) * 1.05 > zipfile.ZIP64_LIMIT else 0  # the field for long sizes comes first
            start = zipped.start_dir + 30 + len(info.filename) + large + 4
            info.extra = b"FB" + struct.pack("<H", -start % ALIGNMENT) + b"Z" * (-start % ALIGNMENT)
            with zipped.open(info, "w") as record:
                record.write(data)
