"""Compiles CUDA C with g++ and launches its kernels with checked arguments."""

import ctypes
import functools
import hashlib
import os
import re
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ORDERS = {"forward": 0, "reversed": 1, "shuffled": 2, "shuffled again": 3}  # in which a launch's threads run
RACES = "races"  # forward, and a launch ends at a race: in the build "watched"

FLAGS = ["-std=c++17", "-g1", "-gdwarf-4", "-fPIC", "-fno-gnu-unique", "-w"]
BUILDS = {
    "plain": ["-O1"],
    # -O0 compiles two to three times as fast as -O1, which takes longer than the tests' small arrays.
    "sanitized": [
        "-O0",
        "-fsanitize=address,undefined",
        "-fsanitize-sections=emulated_shared",
        "-fno-sanitize-recover=undefined",
    ],
    # Calls at each access to memory: races.h is what they call, not g++'s library.
    "watched": ["-O0", "-fsanitize=thread", "-fno-threadsafe-statics", "--param=tsan-instrument-func-entry-exit=0"],
}

FEW = 8  # kernels of a unit that may be compiled one by one: the larger ones, of which there are fewer
one_by_one = False  # each kernel is compiled alone when it is first asked for, not all of its unit at once
build = "sanitized" if os.environ.get("EMULATION_SANITIZE") == "1" else "plain"
CHECKS = ("forward",) if build == "sanitized" else (*ORDERS, RACES)  # what a kernel's test goes through
order = "forward"
launches = 0  # so far
synchronized = 0  # so far, those among them with a barrier or an atomic operation
arrays: dict[int, int] = {}  # address and size of each that is alive
_running = threading.Lock()  # a library's fibers are one thread's at a time
launched: deque[str] = deque(maxlen=1000)  # the latest kernels' expressions


@contextmanager
def ordered(name: str) -> Iterator[None]:
    """Inside, launches run their threads in the order `name` of ORDERS."""
    global order
    before, order = order, name
    try:
        yield
    finally:
        order = before


@contextmanager
def checked(name: str) -> Iterator[None]:
    """Inside, launches run in the order `name` of ORDERS, or are compiled for RACES and end at one."""
    with ordered(name), built("watched" if name == RACES else build):
        yield


@contextmanager
def built(name: str) -> Iterator[None]:
    """Inside, kernels are compiled as the build `name` of BUILDS. What CuPy's user has compiled before stays."""
    global build
    before, build = build, name
    try:
        yield
    finally:
        build = before


class Launch(ctypes.Structure):
    """struct Launch of blocks.h."""

    _fields_ = (
        ("grid", ctypes.c_uint * 3),
        ("block", ctypes.c_uint * 3),
        ("shared", ctypes.c_uint),
        ("order", ctypes.c_int),
        ("watched", ctypes.c_int),
        ("synchronized", ctypes.c_int),
        ("arrays", ctypes.c_void_p),
        ("arrays_count", ctypes.c_size_t),
        ("error", ctypes.c_char * 512),
    )


class Function:
    """One instance of a kernel: its parameters' types, and its launch."""

    def __init__(self, path: Path, library: ctypes.CDLL, number: int, expression: str, build: str) -> None:
        describe = library[f"signature_{number}"]
        describe.restype = ctypes.c_char_p
        self.expression = expression
        self.parameters: list[str] = describe().decode().split()
        self._path, self._watched = path, build == "watched"
        self._launch = library[f"launch_{number}"]

    def launch(self, grid: Sequence[int], block: Sequence[int], pointers: Sequence[Any], shared: int) -> None:
        """Run all blocks. RuntimeError where a barrier diverges, and for what a watched build finds."""
        global launches, synchronized
        launch = Launch(_three(grid), _three(block), shared, ORDERS.get(order, 0))
        if self._watched:
            ranges = np.array(sorted((start, start + size) for start, size in arrays.items()), np.uintp)
            launch.watched = 2 if order == RACES else 1
            launch.arrays, launch.arrays_count = ranges.ctypes.data, len(ranges)
        with _running:
            failed = self._launch(ctypes.byref(launch), (ctypes.c_void_p * len(pointers))(*pointers))
            launches += 1
            synchronized += launch.synchronized
            launched.append(self.expression)
        if failed:
            raise RuntimeError(f"{self.expression}: {_with_lines(launch.error.decode(), self._path)}")


def _three(sizes: Sequence[int]) -> Any:
    return (ctypes.c_uint * 3)(*sizes, *(1,) * (3 - len(sizes)))


def _with_lines(text: str, library: Path) -> str:
    """The places {in hexadecimal} in the machine code as lines of the source."""

    def line(place: re.Match[str]) -> str:
        command = ["addr2line", "-s", "-e", str(library), place[1]]
        return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.split(" (")[0].strip()

    return re.sub(r"\{([0-9a-f]+)\}", line, text)


def compiled(code: str, expressions: tuple[str, ...], wanted: str) -> Function:
    """The instance that C++ calls `wanted`, from CUDA C. RuntimeError with the compiler's words if there's none.

    It is compiled with all of `expressions`; with `one_by_one` alone, where they are few and so large ones. Libraries
    are kept in the temporary folder under a name that depends on all that went into them.
    """
    alone = one_by_one and len(expressions) <= FEW
    return _compiled(code, (wanted,) if alone else expressions, build)[wanted]


@functools.cache
def _compiled(code: str, expressions: tuple[str, ...], build: str) -> dict[str, Function]:
    lines = ['#include "cuda.h"', "namespace {", code, "}"]
    for number, expression in enumerate(expressions):
        lines += [
            f"static void body_{number}(void** args) {{ emulated::call({expression}, args); }}",
            f'extern "C" const char* signature_{number}() {{ return emulated::signature({expression}); }}',
            f'extern "C" int launch_{number}(emulated::Launch* launch, void** args) {{',
            f"  return emulated::run(launch, body_{number}, args);",
            "}",
        ]
    path = _library("\n".join(lines) + "\n", build)
    library = ctypes.CDLL(str(path))
    return {
        expression: Function(path, library, number, expression, build) for number, expression in enumerate(expressions)
    }


def _library(text: str, build: str) -> Path:
    flags = [*FLAGS, *BUILDS[build]]
    linked = ["-fsanitize=address,undefined"] if build == "sanitized" else []

    def make(work: Path) -> None:
        object_file = str(work / "kernel.o")
        _gpp([*flags, f"-I{_header(build)}", f"-I{HERE}", "-c", "-x", "c++", "-", "-o", object_file], text)
        _gpp(["-shared", *linked, object_file, "-o", str(work / "kernel.so")])

    return _made("kernel.so", make, text, *flags) / "kernel.so"


@functools.cache
def _header(build: str) -> Path:
    """The folder of cuda.h as g++ has read it: half of the time of a small kernel."""
    flags = [*FLAGS, *BUILDS[build]]

    def make(work: Path) -> None:
        _gpp([*flags, "-x", "c++-header", str(HERE / "cuda.h"), "-o", str(work / "cuda.h.gch")])

    return _made("cuda.h.gch", make, *flags)


def _made(name: str, make: Callable[[Path], None], *depends: str) -> Path:
    """The folder in which `make` has put the file `name`, one for each text of what it depends on beside the headers.

    Processes may make the same at once: the last one stays.
    """
    headers = [path.read_text(encoding="utf-8") for path in sorted(HERE.glob("*.h"))]
    key = hashlib.sha256("\0".join([name, *depends, *headers, _compiler()]).encode()).hexdigest()[:32]
    kept = Path(tempfile.gettempdir()) / f"scratchnet-emulation-{os.getuid()}"
    kept.mkdir(mode=0o700, exist_ok=True)
    folder = kept / key
    if not (folder / name).exists():
        with tempfile.TemporaryDirectory(dir=kept) as work:
            make(Path(work))
            folder.mkdir(exist_ok=True)
            (Path(work) / name).replace(folder / name)
    return folder


def _gpp(arguments: list[str], text: str = "") -> None:
    without = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # the sanitizer's: slow
    ran = subprocess.run(["g++", *arguments], input=text, env=without, capture_output=True, text=True, timeout=600)
    if ran.returncode:
        raise RuntimeError(f"g++ refuses the kernels:\n{ran.stderr}")


@functools.cache
def _compiler() -> str:
    return subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
