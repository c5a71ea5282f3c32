"""The choices of one check, and what follows from them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnet.shapes import message

METHODS = ("central", "five_point", "complex")
MODES = ("auto", "full", "directional")
KINKS = ("detect", "skip", "error")


@dataclass(frozen=True)
class Options:
    """See `check`. `eps`: the spacing of the subject's numbers at 1; `complex_column`: J e_i by the complex step."""

    method: str
    mode: str
    kinks: str
    seed: int
    rtol: float
    atol: float
    eps: float
    complex_column: Callable[..., Any]

    @property
    def five_point(self) -> bool:
        return self.method == "five_point"

    def generator(self, *path: int) -> np.random.Generator:
        """Random numbers of its own for each part of a check, so that adding a part changes no other."""
        return np.random.default_rng([self.seed & 0xFFFFFFFF, *path])


def require_known(method: str, mode: str, kinks: str) -> None:
    """ValueError for a choice that doesn't exist."""
    for argument, value, known in (("method", method, METHODS), ("mode", mode, MODES), ("kinks", kinks, KINKS)):
        if value not in known:
            raise ValueError(message("check", argument, repr(value), f"must be one of {', '.join(known)}"))
