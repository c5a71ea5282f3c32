"""Ranges of indices, checked without waiting: a kernel notes the first wrong number, the next wait raises its error."""

import os
import threading
from collections import deque
from collections.abc import Callable

import numpy as np

from scratchnet.kernels.cuda import buffers, driver
from scratchnet.kernels.cuda.launch import THREADS, Program
from scratchnet.kernels.cuda.layout import Array, plain
from scratchnet.kernels.cuda.runtime import On

ALONE = 1 << 12  # so many numbers are left to one block
MAX_BLOCKS = 1 << 10
KEPT = 1 << 12  # so many checks are remembered

Error = Callable[[int], Exception]

_KINDS = (("int32",), ("int64",))
PROGRAM = Program("indices", {"outside": _KINDS, "first_outside": _KINDS})


class _Notes:
    """A device's note of the first wrong number: {0, any}, or the check's serial number and the wrong number."""

    def __init__(self) -> None:
        self.noted = driver.cupy().zeros(2, np.int64)
        self.checks = 0
        self.errors: deque[Error] = deque(maxlen=KEPT)  # of the last checks
        self.streams: set[int] = set()  # those with checks that nobody has waited for

    def error(self, serial: int, wrong: int) -> Exception:
        """What the check raises for the wrong number."""
        age = self.checks - serial
        if age < len(self.errors):
            return self.errors[-1 - age](wrong)
        return IndexError(f"an index (={wrong}) was out of range, {age} checks ago; CUDA_LAUNCH_BLOCKING=1 tells where")


_numbering = threading.Lock()  # a check's number and its error belong together, whatever other threads check
_notes: dict[tuple[int, int], _Notes] = {}  # by generation of the driver and device


def check(index: Array, low: int, high: int, error: Error, ignored: int | None = None) -> None:
    """Have error(i) raised for the first i of `index` outside low ... high - 1; `ignored` may be anywhere.

    It is raised by the next raise_pending, or with CUDA_LAUNCH_BLOCKING=1 here. It should hold no array.
    """
    if not index.size:
        return
    with On(index.device.id):
        _check(index, low, high, error, ignored)


def _check(index: Array, low: int, high: int, error: Error, ignored: int | None) -> None:
    if high <= low and ignored is None:  # nothing is right, and what follows would fail
        raise error(int(index.reshape(-1)[0].get()))
    x = plain(index if index.dtype in (np.int32, np.int64) else index.astype(np.int64))
    with _numbering:
        notes = _notes.get(place := (driver.generation(), x.device.id))
        if notes is None:
            notes = _notes[place] = _Notes()
        notes.checks += 1
        notes.errors.append(error)
        notes.streams.add(driver.cupy().cuda.get_current_stream().ptr)
        serial, kind = np.int64(notes.checks), (x.dtype.name,)
    blocks = 1 if x.size <= ALONE else min(-(-x.size // THREADS), MAX_BLOCKS)
    places = buffers.empty((blocks,), np.uint64)
    bounds = (np.int64(low), np.int64(high), np.int64(ignored or 0), int(ignored is not None))
    PROGRAM.launch("outside", kind, 0, x, places, notes.noted, serial, *bounds, x.size, blocks=(blocks,))
    if blocks > 1:
        PROGRAM.launch("first_outside", kind, 0, x, places, notes.noted, serial, blocks, x.size, blocks=(1,))
    if os.environ.get("CUDA_LAUNCH_BLOCKING") == "1":
        raise_pending()


def raise_pending() -> None:
    """Raise the error of the first check that met a number out of range, if one did; afterwards all is as new.

    Waits for the current stream of each device that has checked something since the last call. A check that another
    stream hasn't done yet is seen by a later call.
    """
    for (generation, index), notes in list(_notes.items()):
        if generation != driver.generation() or not notes.streams:
            continue
        with driver.cupy().cuda.Device(index):
            serial, wrong = notes.noted.get().tolist()
            notes.streams.discard(driver.cupy().cuda.get_current_stream().ptr)
            if serial:
                notes.noted.fill(0)
                raise notes.error(serial, wrong)
