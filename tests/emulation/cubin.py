"""What machine code for a GPU says of itself: its kernels, and the registers and memory that each takes.

A cubin is an ELF file. Its section .nv.info lists attributes of kernels, each an entry of a format byte, an attribute
byte and 16 bits that are the value or the size of the value that follows.
"""

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

_FRAME_SIZE, _REGISTERS, _SIZED = 0x11, 0x2F, 0x04


@dataclass
class Resources:
    """Of one thread: registers, and bytes of local memory (spilled registers and arrays); of a block: shared bytes,
    with the 1024 that the system takes from sm_80 on.
    """

    registers: int = 0
    local: int = 0
    shared: int = 0


@dataclass
class _Section:
    name: str
    kind: int
    size: int
    body: bytes


def kernels(code: bytes) -> dict[str, Resources]:
    """Symbol of each kernel -> what it takes (shared memory as it is declared: a launch may add to it)."""
    sections = _sections(code)
    by_name = {section.name: section for section in sections}
    found = {name.removeprefix(".text."): Resources() for name in by_name if name.startswith(".text.")}
    symbols = _symbols(by_name[".symtab"].body, by_name[".strtab"].body)
    for attribute, body in _attributes(by_name[".nv.info"].body):
        if attribute in (_FRAME_SIZE, _REGISTERS) and (kernel := found.get(symbols[struct.unpack_from("<I", body)[0]])):
            value = struct.unpack_from("<I", body, 4)[0]
            if attribute == _REGISTERS:
                kernel.registers = value
            else:
                kernel.local = value
    for name, kernel in found.items():
        if section := by_name.get(f".nv.shared.{name}"):
            kernel.shared = section.size
    return found


def _sections(code: bytes) -> list[_Section]:
    table, entry, count, names = struct.unpack_from("<Q10xHHH", code, 0x28)
    headers = [struct.unpack_from("<IIQQQQIIQQ", code, table + i * entry) for i in range(count)]
    strings = headers[names][4]

    def name(at: int) -> str:
        return code[strings + at : code.index(b"\0", strings + at)].decode()

    return [_Section(name(h[0]), h[1], h[5], b"" if h[1] == 8 else code[h[4] : h[4] + h[5]]) for h in headers]


def _symbols(table: bytes, strings: bytes) -> list[str]:
    offsets = [entry[0] for entry in struct.iter_unpack("<IBBHQQ", table)]
    return [strings[at : strings.index(b"\0", at)].decode() for at in offsets]


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(body):
        form, attribute, size = struct.unpack_from("<BBH", body, at)
        at += 4
        if form == _SIZED:
            yield attribute, body[at : at + size]
            at += size


def expressions(symbols: list[str]) -> dict[str, str]:
    """C++'s name of each kernel, template arguments included -> its symbol."""
    ran = subprocess.run(["c++filt"], input="\n".join(symbols), capture_output=True, text=True, check=True, timeout=60)
    names = ran.stdout.splitlines()
    return {_without_parameters(name): symbol for name, symbol in zip(names, symbols, strict=True)}


def _without_parameters(name: str) -> str:
    name = name.removeprefix("void ")
    return name[: name.index(">(") + 1] if ">(" in name else name.split("(")[0]
