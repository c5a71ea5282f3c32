"""Compiling and launching: the `kernel` decorator around numba.njit."""

import inspect
import os
import sys
import threading
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from scratchnet.kernels import threads

if "numba" not in sys.modules:
    # Numba reads this once, when it is imported, and never starts more threads than it says.
    os.environ["NUMBA_NUM_THREADS"] = str(threads.limit())
# OpenMP's threads spin while they wait for each other: on a machine with other work that made training 8 times slower.
# Not at all is as wrong: to be woken takes five times as long as a small kernel. So they spin for some 0.2 ms, from one
# kernel of a step to the next.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

import numba
import numba.extending
from numba import prange

from scratchnet.kernels.cpu import apart, cache

__all__ = ["inline", "intrinsic", "kernel", "overload_by_dtype", "prange", "separate"]

# Numba's own annotations don't know what its decorators make of a function.
intrinsic: Any = numba.extending.intrinsic
_njit: Any = numba.njit
_config: Any = numba.config

SMALL = 1 << 16  # a launch costs up to a hundred microseconds on a busy machine: less work than this runs on one thread

_lock = threading.Lock()
_launched = False  # has this process started Numba's threads?
_forked = False  # has a process that had started them been forked into this one? Its threads are gone.


class _Masks(threading.local):
    """How many threads Numba would use for a launch from this Python thread, as far as we set it."""

    count = 0


_masks = _Masks()


def _after_fork() -> None:
    global _lock, _forked
    _lock = threading.Lock()
    _forked = _launched


if hasattr(os, "register_at_fork"):
    # The lock is held across the fork, so that no kernel is half way through its launch or its compilation.
    os.register_at_fork(
        before=lambda: _lock.acquire(), after_in_parent=lambda: _lock.release(), after_in_child=_after_fork
    )


class Kernel:
    """A loop nest compiled twice, each at its first call: in parallel, and serial for small work and for forked
    children.

    `kernel_name(work, *arguments)`: work is about the number of elements touched. It follows from shapes alone, and so
    does which twin runs. Launches take a lock: Numba's threading layers don't all allow two at once. OpenMP and Numba's
    own pool don't survive a fork: a child whose parent used them runs serially.
    """

    def __init__(self, function: Callable[..., Any], flags: set[str]) -> None:
        self.function = function
        self.flags = flags
        self.__name__, self.__doc__ = function.__name__, function.__doc__
        self._parallel: Any = None
        self._serial: Any = None

    def __call__(self, work: int, *arguments: Any) -> Any:
        if work < SMALL or _forked:
            return (self._serial or self._compile(parallel=False))(*arguments)
        return self._launch(arguments)

    def _launch(self, arguments: tuple[Any, ...]) -> Any:
        global _launched
        with _lock:
            compiled = self._parallel or self._compile(parallel=True)
            count = min(threads.count(), _config.NUMBA_NUM_THREADS)
            if _masks.count != count:
                numba.set_num_threads(count)
                _masks.count = count
            _launched = True
            return compiled(*arguments)

    def _compile(self, parallel: bool) -> Any:
        function = self.function
        if not parallel:
            # Numba's cache tells functions apart by name and line, not by options: the twin needs a name of its own.
            function = types.FunctionType(
                function.__code__, function.__globals__, f"{function.__name__}_serial", function.__defaults__
            )
            function.__qualname__ = function.__name__
            function.__module__ = self.function.__module__
        options = {"nogil": True, "error_model": "numpy", "fastmath": self.flags, "parallel": parallel}
        compiled = _njit(**options)(function)
        if cache.folder() is not None:
            compiled._cache = apart.Cache(function)  # instead of Numba's own
        if parallel:
            self._parallel = compiled
        else:
            self._serial = compiled
        return compiled


def kernel(*flags: str) -> Callable[[Callable[..., Any]], Kernel]:
    """Decorator of a loop nest with one `prange`. flags: LLVM's fast-math flags that it may use.

    "contract" lets it fuse a multiplication and an addition. "reassoc" and "nsz" let it cut sums into lanes, always in
    the same way. None of them changes what becomes of NaN and infinities. Flags that do ("nnan", "ninf") stay off.
    """
    return lambda function: Kernel(function, set(flags))


def inline(function: Callable[..., Any]) -> Any:
    """Decorator of a small function that kernels call. It becomes part of them."""
    return _njit(nogil=True, error_model="numpy", inline="never")(function)


def separate(function: Callable[..., Any], flags: set[str] | None = None) -> Any:
    """Decorator of a large function that kernels call. It is compiled once, for all of them. flags: as `kernel`'s."""
    dispatcher = _njit(nogil=True, error_model="numpy", fastmath=flags or set())(function)

    def call(typing: Any, *given: Any) -> Any:
        # The index of a prange has no sign: with it the function would be compiled a second time.
        kinds = tuple(numba.int64 if isinstance(kind, numba.types.Integer) else kind for kind in given)
        dispatcher.compile(kinds)
        signature = dispatcher.overloads[kinds].signature.return_type(*kinds)
        return signature, partial(apart.call, dispatcher)

    own = inspect.signature(function)
    context = inspect.Parameter("typing", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    vars(call)["__signature__"] = own.replace(parameters=[context, *own.parameters.values()])
    call.__name__ = call.__qualname__ = function.__name__
    return intrinsic(call)


def overload_by_dtype(function: Callable[..., Any], single: Callable[..., Any], double: Callable[..., Any]) -> None:
    """Let kernels call `function(v)`: they get `single` compiled for a float32, `double` for any other number."""

    @numba.extending.overload(function, jit_options={"fastmath": {"contract"}, "error_model": "numpy"}, strict=False)
    def choose(v: Any) -> Callable[..., Any]:
        return single if v == numba.float32 else double
