"""The seam to CuPy: the one place that imports it. Another module with the same names can stand in for it."""

import sys
from typing import Any

_module: Any = None
_generation = 0


def cupy() -> Any:
    """The module CuPy, imported at the first call, or what stands in for it."""
    global _module
    if _module is None:
        import cupy as module

        _module = module
    return _module


def loaded() -> bool:
    """Whether the first call of `cupy` has been made."""
    return _module is not None


def present() -> bool:
    """Whether there can be arrays of CuPy's: somebody has imported it."""
    return _module is not None or "cupy" in sys.modules


def owns(array: Any) -> bool:
    """Whether `array` is CuPy's, or its stand-in's. Doesn't import CuPy: without it there are none."""
    module = _module or sys.modules.get("cupy")
    return module is not None and isinstance(array, getattr(module, "ndarray", ()))


def use(module: Any) -> Any:
    """Let `module` stand in for CuPy (None: CuPy itself again). Gives what was in use before."""
    global _module, _generation
    before, _module = _module, module
    _generation += 1
    return before


def generation() -> int:
    """A number that is another one after each `use`: what was compiled before belongs to another module."""
    return _generation
