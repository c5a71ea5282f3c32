"""Where compiled kernels are kept from process to process.

Numba looks at the file of a function alone to see whether its machine code is stale; but a kernel is made of several
files, and of what the processor can do. So each state of all of these has a folder of its own.
"""

import hashlib
import os
import platform
import shutil
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import llvmlite
import llvmlite.binding
import numba
from numba.core import caching

KEPT = 4  # folders; older ones are removed when another is made
# What else changes the machine code.
SETTINGS = ("SCRATCHNET_VECTORS", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_OPT", "NUMBA_DEBUGINFO")
_SOURCES = Path(__file__).parent


def base() -> Path | None:
    """The folder of the folders: SCRATCHNET_CACHE_DIR, NUMBA_CACHE_DIR or the user's. None for "off"."""
    chosen = os.environ.get("SCRATCHNET_CACHE_DIR", os.environ.get("NUMBA_CACHE_DIR"))
    if chosen is not None:
        return None if chosen.lower() in ("", "off") else Path(chosen)
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local"))
    elif sys.platform == "darwin":
        root = Path("~/Library/Caches")
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    with suppress(RuntimeError):  # no home
        return root.expanduser() / "scratchnet"
    return None


@cache
def state() -> str:
    """A name for all that machine code depends on: the sources of the kernels, Python, Numba and the processor."""
    digest = hashlib.sha256()
    for path in sorted(_SOURCES.rglob("*.py")):
        digest.update(str(path.relative_to(_SOURCES)).encode() + b"\0" + path.read_bytes() + b"\0")
    features = llvmlite.binding.get_host_cpu_features().flatten()
    names = (sys.version, numba.__version__, llvmlite.__version__, platform.machine(), features)
    settings = [f"{name}={os.environ.get(name)}" for name in SETTINGS]
    digest.update("\0".join((*names, llvmlite.binding.get_host_cpu_name(), *settings)).encode())
    return f"kernels-{digest.hexdigest()[:16]}"


@cache
def folder() -> Path | None:
    """This state's folder, made at the first call; None where there can't be one."""
    top = base()
    if top is None:
        return None
    made = top / state()
    try:
        made.mkdir(parents=True, exist_ok=True)
        made.touch()
        probe = made / f"{os.getpid()}.probe"
        probe.touch()
        probe.unlink()
    except OSError:
        return None
    for old in sorted(top.glob("kernels-*"), key=_age, reverse=True)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return made


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # removed by another process
        return 0.0


def clear() -> None:
    """Remove all compiled kernels, of all states. Running processes keep theirs."""
    top = base()
    if top is not None:
        for old in top.glob("kernels-*"):
            shutil.rmtree(old, ignore_errors=True)
    folder.cache_clear()


class Locator(caching._CacheLocator):
    """Tells Numba where our functions' machine code lies."""

    def __init__(self, function: FunctionType, path: Path) -> None:
        self._function, self._path = function, path

    def get_cache_path(self) -> str:
        return str(self._path)

    def get_source_stamp(self) -> str:
        return state()

    def get_disambiguator(self) -> str:
        return str(self._function.__code__.co_firstlineno)

    @classmethod
    def from_function(cls, function: Any, file: str) -> "Locator | None":
        path = folder()
        return None if path is None else cls(function, path / Path(file).relative_to(_SOURCES).with_suffix(""))
