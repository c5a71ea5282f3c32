"""A stand-in for cupy.RawModule. Count, dtype and kind of a launch's arguments are checked, which CuPy doesn't do."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emulation import engine
from emulation.cupy_array import ndarray, unwrapped
from emulation.cupy_cuda import CompileException

__all__ = ["RawModule"]

MAX_THREADS, MAX_GRID = 1024, (2**31 - 1, 65535, 65535)
USUAL_SHARED, MAX_SHARED = (
    48 << 10,
    227 << 10,
)  # bytes of a block: what any launch may ask for, what it can be raised to


class RawModule:
    """cupy.RawModule: CUDA C and the template instances wanted of it, compiled at the first get_function."""

    def __init__(
        self, *, code: str, options: Sequence[str] = (), name_expressions: Sequence[str] | None = None
    ) -> None:
        self.code, self.options = code, tuple(options)
        self.name_expressions = tuple(name_expressions or ())

    def get_function(self, name: str) -> "_Kernel":
        try:
            function = engine.compiled(self.code, self.name_expressions, name)
        except RuntimeError as error:
            raise CompileException(str(error), self.code, "kernels.cu", self.options) from error
        return _Kernel(function)


class _Kernel:
    """What cupy.RawModule.get_function gives: called with (grid, block, args, shared_mem=bytes)."""

    def __init__(self, function: engine.Function) -> None:
        self._function = function
        self._shared = USUAL_SHARED

    @property
    def max_dynamic_shared_size_bytes(self) -> int:
        return self._shared

    @max_dynamic_shared_size_bytes.setter
    def max_dynamic_shared_size_bytes(self, size: int) -> None:
        if not 0 <= size <= MAX_SHARED:
            raise RuntimeError(f"{self._function.expression}: no device has {size} bytes of shared memory")
        self._shared = size

    def __call__(self, grid: Sequence[int], block: Sequence[int], args: Sequence[Any], *, shared_mem: int = 0) -> None:
        name, parameters = self._function.expression, self._function.parameters
        if (
            not all(0 < n <= most for n, most in zip(grid, MAX_GRID, strict=False))
            or not 0 < np.prod(block) <= MAX_THREADS
        ):
            raise RuntimeError(f"{name}: grid {tuple(grid)} of blocks {tuple(block)} can't be launched")
        if shared_mem > self._shared:
            raise RuntimeError(f"{name}: {shared_mem} bytes of shared memory can't be launched")
        if len(args) != len(parameters):
            raise TypeError(f"{name}: {len(args)} arguments for {len(parameters)} parameters")
        held = [_passed(f"{name}: argument {i}", *pair) for i, pair in enumerate(zip(args, parameters, strict=True))]
        self._function.launch(grid, block, [value.ctypes.data for value in held], shared_mem)


def _passed(what: str, arg: Any, parameter: str) -> NDArray[Any]:
    """The argument as the bytes that the kernel reads."""
    if isinstance(arg, ndarray):
        given, value = f"*{arg.dtype}", np.array([unwrapped(arg).ctypes.data], np.uintp)
    elif isinstance(arg, np.ndarray) and arg.size == 1 and arg.dtype.names:  # a struct by value, as CuPy has it
        value, given = arg, f"bytes{arg.itemsize}"
    elif isinstance(arg, (bool, int, float, np.generic)):
        value = np.array([arg])
        given = str(value.dtype)
    else:
        raise TypeError(f"{what}: unsupported type {type(arg)}")
    if given != parameter:
        raise TypeError(f"{what} is {given}, the parameter is {parameter}")
    return value
