"""Calls of NumPy's functions on the stand-in's arrays, with CuPy's parameters."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from emulation import cupy_division
from emulation.cupy_array import fresh, ndarray, root, unwrapped
from emulation.cupy_cuda import waited

UFUNC_OPTIONS = ("out", "dtype", "casting")


def call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """NumPy's function on the arrays' memory. Results are views where NumPy's are, else arrays of their own."""
    given = [unwrapped(arg) for arg in args]
    options = {name: unwrapped(value) for name, value in kwargs.items()}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        result = function(*given, **options)
    holders = list(_arrays((*args, *kwargs.values())))
    return _delivered(result, holders)


def _arrays(values: Any) -> Any:
    for value in values:
        if isinstance(value, ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _arrays(value)


def _delivered(result: Any, holders: list[ndarray]) -> Any:
    if isinstance(result, (tuple, list)):
        kind = tuple if isinstance(result, tuple) else list
        return kind(_delivered(part, holders) for part in result)
    if result is None:
        return None
    if not isinstance(result, np.ndarray):
        return fresh(result)
    for holder in holders:
        if result is holder._host:
            return holder
        if root(result) is root(holder._host):
            return ndarray._view(result, holder._device, holder if holder.base is None else holder.base)
    return fresh(result)


def signature(parameters: str) -> inspect.Signature:
    """The signature that the text between a function's parentheses gives."""
    return inspect.signature(eval(f"lambda {parameters}: None"))


def function(name: str, parameters: str, waits: bool = False) -> Callable[..., Any]:
    """NumPy's function `name` with CuPy's parameters, which come in the same order."""
    expected, numpy_function = signature(parameters), getattr(np, name)

    def called(*args: Any, **kwargs: Any) -> Any:
        bound = expected.bind(*args, **kwargs)
        if waits:
            waited()
        return call(numpy_function, *bound.args, **bound.kwargs)

    called.__name__, called.__signature__ = name, expected  # type: ignore[attr-defined]
    called.__module__ = "emulation.cupy_functions"
    return called


class ufunc:
    """cupy.ufunc: an elementwise function, without NumPy's `where` and `at`."""

    def __init__(self, name: str) -> None:
        self._function: np.ufunc = getattr(np, name)
        self.name = name
        self.nin, self.nout = self._function.nin, self._function.nout

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if wrong := [name for name in kwargs if name not in UFUNC_OPTIONS]:
            raise TypeError(f"Wrong arguments {wrong}")
        if not self.nin <= len(args) <= self.nin + self.nout:
            raise TypeError(f"Wrong number of arguments for {self.name!r}: {len(args)}")
        for arg in args:
            if not isinstance(arg, (ndarray, np.generic, bool, int, float, complex)):
                raise TypeError(f"Unsupported type {type(arg)}")
        if kwargs.get("out", 0) is None:
            del kwargs["out"]
        return call(cupy_division.FUNCTIONS.get(self.name, self._function), *args, **kwargs)

    def __repr__(self) -> str:
        return f"<ufunc 'cupy_{self.name}'>"
