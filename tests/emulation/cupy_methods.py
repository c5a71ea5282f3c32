"""Operators and methods of the stand-in's arrays, put on its class."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from emulation import cupy_functions as functions
from emulation.cupy_array import fresh, ndarray, unwrapped
from emulation.cupy_calls import call, ufunc
from emulation.cupy_memory import thread

OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "true_divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "lshift": "left_shift",
    "rshift": "right_shift",
    "matmul": "matmul",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}
UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}
SAME_AS_FUNCTIONS = (
    "all any argpartition argsort compress cumprod cumsum diagonal dot max mean min nonzero prod ravel repeat round "
    "searchsorted squeeze std sum swapaxes take trace var"
).split()


def _operand(x: ndarray, other: Any) -> bool:
    """Whether `other` leaves the operation to x. TypeError for NumPy's arrays."""
    if isinstance(other, np.ndarray):
        raise TypeError(f"Unsupported type {type(other)}")
    return isinstance(other, (ndarray, np.generic, bool, int, float, complex))


def _binary(name: str, reflected: bool = False) -> Callable[[ndarray, Any], Any]:
    function = getattr(functions, name)

    def operator(x: ndarray, other: Any) -> Any:
        if not _operand(x, other):
            return NotImplemented
        return function(other, x) if reflected else function(x, other)

    return operator


def _in_place(name: str) -> Callable[[ndarray, Any], Any]:
    function = getattr(functions, name)

    def operator(x: ndarray, other: Any) -> Any:
        return function(x, other, out=x) if _operand(x, other) else NotImplemented

    return operator


def _unary(function: ufunc) -> Callable[[ndarray], Any]:
    return lambda x: function(x)


def _method(name: str) -> Callable[..., Any]:
    function = getattr(functions, name)

    def method(self: ndarray, *args: Any, **kwargs: Any) -> Any:
        return function(self, *args, **kwargs)

    return method


def _astype(
    self: ndarray,
    dtype: DTypeLike,
    order: str = "K",
    casting: Any = None,
    subok: Any = None,
    copy: bool = True,
) -> ndarray:
    if not copy and self.dtype == dtype:
        return self
    return fresh(unwrapped(self), dtype, order)


def _copy(self: ndarray, order: str = "C") -> ndarray:
    return fresh(self._host, order=order)  # from any device to the current one


def _sizes(given: tuple[Any, ...]) -> Any:
    return given[0] if len(given) == 1 else given


def _reshape(self: ndarray, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
    return call(np.reshape, self, _sizes(shape), order, copy=copy)


def _transpose(self: ndarray, *axes: Any) -> Any:
    host = self._host.transpose(_sizes(axes) if axes else None)  # of any device: nothing is read
    return ndarray._view(host, self._device, self if self.base is None else self.base)


def _view(self: ndarray, dtype: Any = None, type: Any = None) -> Any:
    host = self._host.view() if dtype is None else self._host.view(dtype)
    return ndarray._view(host, self._device, self if self.base is None else self.base)


def _fill(self: ndarray, value: Any) -> None:
    unwrapped(self)[...] = unwrapped(value)


def _sort(self: ndarray, axis: int = -1, kind: Any = None) -> None:
    unwrapped(self).sort(axis, kind="stable")


def _clip(self: ndarray, min: Any = None, max: Any = None, out: Any = None) -> Any:
    return functions.clip(self, min, max, out)


def _argument(name: str) -> Callable[..., Any]:
    function = getattr(functions, name)

    def method(self: ndarray, axis: Any = None, out: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        return function(self, axis, dtype, out, keepdims)

    return method


def _flatten(self: ndarray, order: str = "C") -> ndarray:
    return fresh(unwrapped(self).ravel(order))


def _put(self: ndarray, indices: Any, values: Any, mode: str = "wrap") -> None:
    functions.put(self, indices, values, mode)


def _deepcopy(self: ndarray, memo: Any) -> ndarray:
    before, thread.device = thread.device, self._device  # a copy on the array's own device, as CuPy makes it
    try:
        return fresh(self._host)
    finally:
        thread.device = before


def _divmod(x: ndarray, other: Any) -> Any:
    return x // other, x % other


def put_on(kind: type[ndarray]) -> None:
    """Give the class its operators and methods."""
    made: dict[str, Any] = {
        "T": property(_transpose),
        "__copy__": _copy,
        "__deepcopy__": _deepcopy,
        "__divmod__": _divmod,
        "argmax": _argument("argmax"),
        "argmin": _argument("argmin"),
        "astype": _astype,
        "clip": _clip,
        "conj": lambda self: functions.conj(self),
        "copy": _copy,
        "fill": _fill,
        "flatten": _flatten,
        "imag": property(lambda self: functions.imag(self)),
        "mT": property(lambda self: self.swapaxes(-1, -2)),
        "put": _put,
        "real": property(lambda self: functions.real(self)),
        "reshape": _reshape,
        "sort": _sort,
        "transpose": _transpose,
        "view": _view,
    }
    for word, name in OPERATORS.items():
        made[f"__{word}__"], made[f"__r{word}__"] = _binary(name), _binary(name, reflected=True)
        if word != "matmul":  # CuPy has no @=
            made[f"__i{word}__"] = _in_place(name)
    made |= {f"__{word}__": _binary(name) for word, name in COMPARISONS.items()}
    made |= {f"__{word}__": _unary(getattr(functions, name)) for word, name in UNARY.items()}
    made |= {name: _method(name) for name in SAME_AS_FUNCTIONS}
    for name, member in made.items():
        setattr(kind, name, member)
