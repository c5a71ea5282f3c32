"""Compiles CUDA C with g++ and launches its kernels with checked arguments."""

import ctypes
import functools
import hashlib
import os
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ORDERS = {"forward": 0, "reversed": 1, "shuffled": 2, "shuffled again": 3}  # in which a block's threads run
FLAGS = ["-std=c++17", "-O1", "-g", "-fPIC", "-shared", "-w"]
SANITIZE = ["-fsanitize=address,undefined", "-fsanitize-sections=emulated_shared", "-fno-sanitize-recover=undefined"]

order = "forward"
launches = 0  # so far
launched: deque[str] = deque(maxlen=1000)  # the latest kernels' expressions
sanitize = os.environ.get("EMULATION_SANITIZE") == "1"


@contextmanager
def ordered(name: str) -> Iterator[None]:
    """Inside, blocks run their threads in the order `name` of ORDERS."""
    global order
    before, order = order, name
    try:
        yield
    finally:
        order = before


class Launch(ctypes.Structure):
    """struct Launch of cuda.h."""

    _fields_ = (
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared", ctypes.c_uint),
        ("order", ctypes.c_int),
        ("watched", ctypes.c_int),
        ("synchronized", ctypes.c_int),
        ("error", ctypes.c_char * 512),
    )


class Function:
    """One instance of a kernel: its parameters' types, and its launch."""

    def __init__(self, library: ctypes.CDLL, number: int, expression: str) -> None:
        describe = library[f"signature_{number}"]
        describe.restype = ctypes.c_char_p
        self.expression = expression
        self.parameters: list[str] = describe().decode().split()
        self._library = library
        self._launch = library[f"launch_{number}"]

    def launch(self, grid: Sequence[int], block: Sequence[int], pointers: Sequence[Any], shared: int) -> None:
        """Run all blocks. RuntimeError where a barrier diverges."""
        global launches
        launches += 1
        launched.append(self.expression)
        launch = Launch(_three(grid), _three(block), shared, ORDERS[order])
        if self._launch(ctypes.byref(launch), (ctypes.c_void_p * len(pointers))(*pointers)):
            raise RuntimeError(f"{self.expression}: {launch.error.decode()}")


def _three(sizes: Sequence[int]) -> Any:
    return (ctypes.c_uint * 3)(*sizes, *(1,) * (3 - len(sizes)))


@functools.cache
def compiled(code: str, expressions: tuple[str, ...]) -> dict[str, Function]:
    """The instances that C++ calls `expressions`, from CUDA C. RuntimeError with the compiler's words if there's none.

    Libraries are kept in the temporary folder under a name that depends on all that went into them.
    """
    lines = ['#include "cuda.h"', "namespace {", code, "}"]
    for number, expression in enumerate(expressions):
        lines += [
            f"static void body_{number}(void** args) {{ emulated::call({expression}, args); }}",
            f'extern "C" const char* signature_{number}() {{ return emulated::signature({expression}); }}',
            f'extern "C" int launch_{number}(emulated::Launch* launch, void** args) {{',
            f"  return emulated::run(launch, body_{number}, args);",
            "}",
        ]
    library = ctypes.CDLL(str(_library("\n".join(lines) + "\n")))
    return {expression: Function(library, number, expression) for number, expression in enumerate(expressions)}


def _library(text: str) -> Path:
    flags = [*FLAGS, *(SANITIZE if sanitize else [])]
    headers = [path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.h"))]
    key = hashlib.sha256("\0".join([text, *headers, *flags, _compiler()]).encode()).hexdigest()[:32]
    folder = Path(tempfile.gettempdir()) / f"scratchnet-emulation-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{key}.so"
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=folder) as work:
            made = Path(work) / "kernel.so"
            command = ["g++", *flags, f"-I{HERE}", "-x", "c++", "-", "-o", str(made)]
            ran = subprocess.run(command, input=text, capture_output=True, text=True, timeout=300)
            if ran.returncode:
                raise RuntimeError(f"g++ refuses the kernels:\n{ran.stderr}")
            made.replace(path)
    return path


@functools.cache
def _compiler() -> str:
    return subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
