"""NVIDIA's runtime compiler, from its package on PyPI: compiles kernels for a GPU without having one."""

import ctypes
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def find() -> ctypes.CDLL | None:
    """The library of the package nvidia-cuda-nvrtc-cu12 (or -cu13), or None where that isn't installed."""
    for name, pattern in (("nvidia.cuda_nvrtc", "lib/libnvrtc.so.*"), ("nvidia.cu13", "lib/libnvrtc.so.*")):
        try:
            spec = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            continue
        for folder in (spec.submodule_search_locations or []) if spec else []:
            for path in sorted(Path(folder).glob(pattern)):
                return ctypes.CDLL(str(path))
    return None


def cubin(
    library: ctypes.CDLL, code: str, options: Sequence[str], expressions: Sequence[str]
) -> tuple[bytes, list[bytes]]:
    """(machine code, the symbols of the expressions). RuntimeError with the compiler's log where it refuses."""
    program = ctypes.c_void_p()
    _call(library, "nvrtcCreateProgram", ctypes.byref(program), code.encode(), b"kernels.cu", 0, None, None)
    try:
        for expression in expressions:
            _call(library, "nvrtcAddNameExpression", program, expression.encode())
        given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        if library.nvrtcCompileProgram(program, len(options), given):
            raise RuntimeError(_bytes(library, "ProgramLog", program).decode())
        symbols = []
        for expression in expressions:
            symbol = ctypes.c_char_p()
            _call(library, "nvrtcGetLoweredName", program, expression.encode(), ctypes.byref(symbol))
            symbols.append(symbol.value or b"")
        return _bytes(library, "CUBIN", program), symbols
    finally:
        _call(library, "nvrtcDestroyProgram", ctypes.byref(program))


def _bytes(library: ctypes.CDLL, what: str, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    _call(library, f"nvrtcGet{what}Size", program, ctypes.byref(size))
    room = ctypes.create_string_buffer(size.value)
    _call(library, f"nvrtcGet{what}", program, room)
    return room.raw


def _call(library: ctypes.CDLL, name: str, *arguments: Any) -> None:
    code = library[name](*arguments)
    if code:
        raise RuntimeError(f"{name}: error {code}")
