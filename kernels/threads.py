"""How many threads the kernels use. Pure Python: importing it costs nothing."""

import operator
import os
import sys


def _from_environment(name: str) -> int | None:
    """The first number of a variable like OMP_NUM_THREADS ("4" or "4,2"), None where it isn't a positive number."""
    value = os.environ.get(name, "").split(",")[0].strip()
    return int(value) if value.isdecimal() and int(value) > 0 else None


def available() -> int:
    """The number of CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


_default = _from_environment("OMP_NUM_THREADS") or _from_environment("NUMBA_NUM_THREADS") or available()
_limit = max(_default, available())
_count = _default


def limit() -> int:
    """The largest number that `set_count` takes: the CPUs available, or more if the environment asked for more.

    Numba reads its own limit when it is first imported: where somebody else did that before us, theirs holds.
    """
    numba = sys.modules.get("numba")
    config = getattr(numba, "config", None)
    return min(_limit, getattr(config, "NUMBA_NUM_THREADS", _limit))


def count() -> int:
    """How many threads the kernels use: from OMP_NUM_THREADS, else NUMBA_NUM_THREADS, else one a CPU, until set."""
    return _count


def set_count(n: int) -> None:
    """torch.set_num_threads. Results don't depend on n, not even in their last bit.

    Raises TypeError for no int, ValueError unless 1 <= n <= limit().
    """
    global _count
    if isinstance(n, bool):
        raise TypeError("set_num_threads: n must be an int, not bool")
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"set_num_threads: n must be an int, not {type(n).__name__}; use n=1 or more") from None
    if not 1 <= n <= limit():
        raise ValueError(
            f"set_num_threads: n (={n}) must be between 1 and {limit()}, the number of threads that could be started; "
            f"use n={min(max(n, 1), limit())}, or set NUMBA_NUM_THREADS before Python starts"
        )
    _count = n
