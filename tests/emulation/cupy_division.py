"""Division rounded down and what it leaves, computed as CuPy computes them: x / y is rounded before its floor is taken,
and fmod of integers goes through float64.
"""

from typing import Any

import numpy as np

__all__ = ["FUNCTIONS"]


def _computed(name: str, x: Any, y: Any, dtype: np.dtype[Any]) -> Any:
    if dtype.kind != "f":
        wide = np.float64 if name == "fmod" else dtype
        return getattr(np, name)(np.asarray(x, wide), np.asarray(y, wide))
    wide = np.promote_types(dtype, np.float32)
    a, b = np.asarray(x, wide), np.asarray(y, wide)
    if name == "fmod":
        return np.fmod(a, b)
    down = np.floor(a / b)
    return down if name == "floor_divide" else a - down * b


def _function(name: str) -> Any:
    def called(x: Any, y: Any, out: Any = None, dtype: Any = None, casting: Any = "same_kind") -> Any:
        usual = np.dtype(np.result_type(x, y) if dtype is None else dtype)
        kind = getattr(np, name)(np.ones((), usual), np.ones((), usual)).dtype  # bools become int8
        result = _computed(name, x, y, kind).astype(kind)
        if out is None:
            return result
        np.copyto(out, result, casting)
        return out

    return called


FUNCTIONS = {name: _function(name) for name in ("floor_divide", "remainder", "fmod")}
FUNCTIONS["mod"] = FUNCTIONS["remainder"]
