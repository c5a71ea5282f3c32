"""Inputs from shapes that a user writes on the command line."""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np


def inputs(specs: Sequence[str], library: ModuleType | None, seed: int) -> tuple[Any, ...]:
    """Normal float64 numbers of each shape "2,3,8,8"; "2,3:positive": between 0.5 and 1.5; "2,3:int10": whole numbers
    from 0 to 9; "scalar": no dimensions.

    As arrays, or as tensors of `library` that require grad where they are floating. Raises ValueError for other texts.
    """
    rng = np.random.default_rng(seed)
    made: list[Any] = []
    for spec in specs:
        array = _array(spec, rng)
        if library is None:
            made.append(array)
            continue
        tensor = library.from_numpy(array)
        made.append(tensor.requires_grad_() if array.dtype.kind == "f" else tensor)
    return tuple(made)


def _array(spec: str, rng: np.random.Generator) -> "np.ndarray[Any, Any]":
    text, _, kind = spec.partition(":")
    rule = f"argument --input: {spec!r} must be a shape such as 2,3,8,8 (or 2,3:positive, 2,3:int10, scalar)"
    try:
        shape = () if text == "scalar" else tuple(int(part) for part in text.split(","))
        high = int(kind[3:]) if kind.startswith("int") else 1
    except ValueError:
        raise ValueError(rule) from None
    if any(n < 0 for n in shape) or high < 1 or not (kind in ("", "positive") or kind.startswith("int")):
        raise ValueError(rule)
    if np.prod(shape, dtype=object) > 2**27:
        raise ValueError(f"argument --input: {spec!r} has more than 2**27 numbers; a check needs a few hundred")
    if kind == "positive":
        return np.asarray(rng.uniform(0.5, 1.5, shape))
    if kind:
        return np.asarray(rng.integers(0, high, shape))
    return np.asarray(rng.standard_normal(shape))
