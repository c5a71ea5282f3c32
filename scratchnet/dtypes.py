"""dtype objects, torch's promotion rules and the default dtype. NumPy never promotes for us."""

import threading
from typing import Any

import numpy as np


class dtype:
    """torch.dtype: the kind of number that a tensor holds. `numpy` is NumPy's dtype for it."""

    __slots__ = ("category", "is_floating_point", "is_signed", "itemsize", "name", "numpy")

    def __init__(self, name: str) -> None:
        self.name = name
        self.numpy = np.dtype(name)
        self.itemsize: int = self.numpy.itemsize
        self.is_floating_point: bool = self.numpy.kind == "f"
        self.is_signed: bool = self.numpy.kind in "fi"
        self.category: int = (
            "biuf".index(self.numpy.kind) if self.numpy.kind != "u" else 1
        )  # bool 0, integers 1, floats 3

    is_complex = False

    def __repr__(self) -> str:
        return f"scratchnet.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


float16, float32, float64 = dtype("float16"), dtype("float32"), dtype("float64")
int8, int16, int32, int64, uint8 = dtype("int8"), dtype("int16"), dtype("int32"), dtype("int64"), dtype("uint8")
bool_ = dtype("bool")
half, float_, double, short, int_, long = float16, float32, float64, int16, int32, int64

ALL = (bool_, uint8, int8, int16, int32, int64, float16, float32, float64)
_OF_NUMPY = {d.numpy: d for d in ALL}
_default = float32


class _Stepping(threading.local):
    """Whether this thread is inside autograd.complex_step: there an array of complex128 plays float64."""

    active = False


stepping = _Stepping()


def _by_name(name: str) -> dtype:
    return _OF_NUMPY[np.dtype(name)]


def of(kind: Any) -> dtype:
    """Our dtype for NumPy's. Raises TypeError for kinds outside the engine (complex, strings, unsigned words)."""
    found = _OF_NUMPY.get(np.dtype(kind))
    if found is None:
        if stepping.active and np.dtype(kind) == np.complex128:
            return float64
        raise TypeError(f"dtype {np.dtype(kind)} is not supported; use one of {', '.join(d.name for d in ALL)}")
    return found


def get_default_dtype() -> dtype:
    """The dtype of floating-point values made from Python numbers: float32 unless set."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """torch.set_default_dtype. Raises TypeError unless `d` is a floating-point dtype."""
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            f"set_default_dtype: d (={d!r}) must be a floating-point dtype: only floating-point types are supported"
        )
    _default = d


def of_scalar(value: Any) -> dtype:
    """The dtype that a Python number brings into an operation. Raises TypeError for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    if isinstance(value, (float, np.floating)):
        return _default
    raise TypeError(f"a number is needed, not {type(value).__name__} (={value!r})")


def promote_types(a: dtype, b: dtype) -> dtype:
    """torch.promote_types: floats win over integers, integers over bool; uint8 with int8 gives int16."""
    if a is b:
        return a
    if a.category != b.category:
        return a if a.category > b.category else b
    if uint8 in (a, b):
        signed = b if a is uint8 else a
        return int16 if signed is int8 else signed
    return a if a.itemsize > b.itemsize else b


def combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """One priority class over a lower one (dimensions, 0-d, numbers): the lower one wins only by its category."""
    if higher is None or lower is None:
        return higher or lower
    return promote_types(higher, lower) if lower.category > higher.category else higher


def result_kind(value: Any) -> str:
    """NumPy's one-letter kind of a tensor, an array or a NumPy scalar: b, i, u or f (complex steps count as f)."""
    kind: str = getattr(value, "array", value).dtype.kind
    return "f" if kind == "c" else kind
