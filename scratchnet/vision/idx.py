"""IDX, the file format of MNIST: a magic number, the lengths as big-endian 32-bit words, then the bytes.

Source: the format's description on the MNIST page of LeCun, Cortes and Burges.
"""

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from scratchnet.shapes import message

UNSIGNED_BYTES = 0x08


def read_idx(path: Path, dims: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The array of unsigned bytes in an IDX file with `dims` dimensions, gzipped or not (told by its first bytes).

    Raises ValueError naming the file where it is something else, cut short, too long, or damaged inside its gzip.
    """
    content = _read(path)
    header = 4 + 4 * dims
    if len(content) < header:
        raise ValueError(_text(path, f"holds {len(content)} bytes, but its header alone takes {header}", cut=True))
    expected = bytes([0, 0, UNSIGNED_BYTES, dims])
    if content[:4] != expected:
        rule = f"starts with {content[:4].hex()}, but IDX files of {dims}-dimensional bytes start with {expected.hex()}"
        raise ValueError(_text(path, rule))
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", dims, 4))
    size = header + math.prod(shape)
    if len(content) != size:
        rule = f"holds {len(content)} bytes, but its header says {' x '.join(map(str, shape))}, which takes {size}"
        raise ValueError(_text(path, rule, cut=len(content) < size))
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _read(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(_text(path, f"is not a whole gzip file: {error}", cut=True)) from error


def _text(path: Path, rule: str, cut: bool = False) -> str:
    return message("MNIST", "file", path, rule, "copy the file again, it seems to be cut short" if cut else "")
