"""NumPy's BLAS on one thread: a second pool of threads would fight Numba's, and cut sums by its own size."""

import ctypes
import functools
import glob
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

PREFIXES = ("scipy_openblas", "openblas")
SUFFIXES = ("64_", "")


@functools.cache
def _switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """OpenBLAS's functions that get and set its number of threads; None where NumPy uses another BLAS."""
    for path in _libraries():
        try:
            library = ctypes.CDLL(path)
        except OSError:
            continue
        for prefix in PREFIXES:
            for suffix in SUFFIXES:
                get: Any = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
                put: Any = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
                if get is not None and put is not None:
                    put.argtypes, put.restype = [ctypes.c_int], None
                    return get, put
    return None


def _libraries() -> list[str]:
    """Where NumPy's OpenBLAS may be: its wheel's own folder, or else among the files that this process has mapped."""
    package = os.path.dirname(np.__file__)
    names = glob.glob(os.path.join(package + ".libs", "*openblas*")) + glob.glob(
        os.path.join(package, ".dylibs", "*openblas*")
    )
    if not names and sys.platform == "linux":
        with open("/proc/self/maps", encoding="utf-8") as maps:
            names = sorted({line.split()[-1] for line in maps if "openblas" in line and "/" in line})
    return names


class _OneThread:
    """`with one_thread:` around products. Several Python threads may be inside at once: the last one out restores."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 1

    def __enter__(self) -> None:
        switch = _switch()
        if switch is None:
            return
        with self._lock:
            if self._inside == 0:
                self._before = switch[0]()
                if self._before != 1:
                    switch[1](1)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        switch = _switch()
        if switch is None:
            return
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._before != 1:
                switch[1](self._before)

    def renew(self) -> None:
        """In a forked child: the thread that forked is the only one, and holds no lock."""
        self._lock = threading.Lock()
        self._inside = 0


one_thread = _OneThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=one_thread.renew)
