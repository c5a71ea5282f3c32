"""Grad mode, inference mode and anomaly mode: switches per thread, as context managers and decorators."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ContextDecorator, contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class State(threading.local):
    """What a thread's operations do: record the tape, make inference tensors, check for NaN."""

    recording = True
    inference = False
    anomaly = False
    anomaly_checks_nan = True
    quiet = False  # NumPy's warnings are off already: within a backward pass
    outside: Any = None  # NumPy's error state, np.geterr(), of the code that called for that pass


state = State()


class _Mode(ContextDecorator):
    """Sets fields of the thread's state on entry, puts the old ones back on exit; may be entered again while active."""

    def __init__(self, **fields: bool) -> None:
        self._fields = fields
        self._saved: list[dict[str, bool]] = []

    def __enter__(self) -> Self:
        self._saved.append({name: getattr(state, name) for name in self._fields})
        for name, value in self._fields.items():
            setattr(state, name, value)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, value in self._saved.pop().items():
            setattr(state, name, value)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, NumPy doesn't warn of what floats do, and no operation has to see to that itself."""
    before = state.quiet, state.outside
    state.quiet, state.outside = True, np.geterr()
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        state.quiet, state.outside = before


@contextmanager
def heard() -> Iterator[None]:
    """Within `quiet`, around code that isn't ours: NumPy warns again as it did outside."""
    if not state.quiet:
        yield
        return
    state.quiet = False
    try:
        with np.errstate(**state.outside):
            yield
    finally:
        state.quiet = True


class no_grad(_Mode):
    """torch.no_grad: inside, results don't require grad and nothing is recorded. A context manager or a decorator."""

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(recording=False)
        self._function = function

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        if function is None:
            return super().__new__(cls)
        return _decorated(function, cls)  # used as a bare decorator: @no_grad


class enable_grad(_Mode):
    """torch.enable_grad: inside, operations are recorded even within no_grad."""

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(recording=True)

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        if function is None:
            return super().__new__(cls)
        return _decorated(function, cls)


class set_grad_enabled(_Mode):
    """torch.set_grad_enabled(mode): takes effect at once; as a context manager it ends with the block."""

    def __init__(self, mode: bool) -> None:
        super().__init__(recording=bool(mode))
        self._before = state.recording
        state.recording = bool(mode)

    def __enter__(self) -> Self:
        self._saved.append({"recording": self._before})
        state.recording = self._fields["recording"]
        return self

    def __call__(self, function: Decorated) -> Decorated:
        state.recording = self._before  # a decorator acts when the function runs, not where it is defined
        self._before = True
        wrapped: Any = super().__call__(function)
        return wrapped

    def _recreate_cm(self) -> Self:
        return type(self)(self._fields["recording"])


class inference_mode(_Mode):
    """torch.inference_mode: no_grad whose results can never enter the tape. `inference_mode(False)` turns it off."""

    def __init__(self, mode: bool | Callable[..., Any] = True) -> None:
        super().__init__(inference=bool(mode), recording=not mode)

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        if isinstance(mode, bool):
            return super().__new__(cls)
        return _decorated(mode, cls)


def _decorated(function: Callable[..., Any], mode: type[_Mode]) -> Callable[..., Any]:
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with mode():
            return function(*args, **kwargs)

    return wrapper


def is_grad_enabled() -> bool:
    """Whether this thread's operations are recorded."""
    return state.recording


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside inference_mode."""
    return state.inference
