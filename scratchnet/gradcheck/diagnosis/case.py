"""The evidence of one wrong gradient, and the questions that every pattern asks of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from scratchnet.gradcheck.subjects.subject import Subject

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Case:
    """One slot whose gradient is wrong: both Jacobians (sum of output sizes, slot size), the tolerance of each entry.

    `analytic` is None where the backward gave no gradient or one of another shape; `allowed` is infinite at kinks;
    `jacobian` gives the slot's numeric Jacobian at other values.
    """

    subject: Subject
    slot: int
    values: tuple[Array, ...]
    outputs: tuple[Array, ...]
    analytic: Array | None
    numeric: Array
    allowed: Array
    seed: int
    jacobian: Callable[[tuple[Array, ...]], Array]


@dataclass(frozen=True)
class Guess:
    """What a pattern says: `complete` if it predicts every entry; of complete guesses the lowest level wins.

    `vague`: of the guesses of one pattern, those that say more exactly what it is (0) replace the others.
    """

    pattern: str
    sentence: str
    evidence: str
    level: int = 1
    complete: bool = True
    vague: int = 0


# Levels: how directly a guess names the mistake. Two complete guesses of one level leave it open which of them holds.
CALLS, CAUSE, STRUCTURE, PLACE = 0, 1, 2, 3


class View:
    """A case with both Jacobians as tensors, [output axes..., slot axes...], and the comparisons made on them."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.name = case.subject.slots[case.slot].name
        self.value = np.asarray(case.values[case.slot])
        self.slot_shape: tuple[int, ...] = self.value.shape
        one = len(case.outputs) == 1
        self.out_shape: tuple[int, ...] = case.outputs[0].shape if one else (case.numeric.shape[0],)
        self.output: Array | None = case.outputs[0] if one else None
        self.N = np.asarray(case.numeric, dtype=np.float64)
        self.A = np.zeros_like(self.N) if case.analytic is None else np.asarray(case.analytic, dtype=np.float64)
        self.known = np.isfinite(case.allowed) & np.isfinite(self.N) & np.isfinite(self.A)
        self.N = np.where(np.isfinite(self.N), self.N, 0.0)
        self.A = np.where(np.isfinite(self.A), self.A, 0.0)
        self.allowed = np.where(np.isfinite(case.allowed), case.allowed, 0.0)
        self.scale = float(np.abs(self.N).max(initial=0.0))
        self.size = max(self.scale, float(np.abs(self.A).max(initial=0.0)))
        self.E = self.A - self.N
        self.bad = self.known & (np.abs(self.E) > self.allowed + 1e-9 * self.size)

    @cached_property
    def tolerance(self) -> Array:
        """What a prediction made of numeric values may be off by."""
        return 2 * self.allowed + 1e-7 * self.size

    @cached_property
    def numeric_tensor(self) -> Array:
        return self.N.reshape(self.out_shape + self.slot_shape)

    @cached_property
    def analytic_tensor(self) -> Array:
        return self.A.reshape(self.out_shape + self.slot_shape)

    @cached_property
    def filled(self) -> Array:
        """Where the numeric Jacobian isn't zero."""
        return np.abs(self.N) > self.tolerance

    @cached_property
    def kept(self) -> Array:
        """Where the analytic Jacobian isn't zero."""
        return np.abs(self.A) > self.tolerance

    @cached_property
    def diagonal(self) -> bool:
        """Whether each output entry hangs on the slot's entry at the same place alone."""
        if self.out_shape != self.slot_shape or self.value.size < 2:
            return False
        return not (self.filled & ~np.eye(self.value.size, dtype=bool)).any()

    @cached_property
    def only_lost(self) -> bool:
        """Whether every wrong entry is 0: contributions are missing, none is at a wrong place."""
        return bool((~self.kept | (np.abs(self.E) <= self.tolerance)).all())

    @property
    def entries(self) -> int:
        return int((self.filled | self.kept).sum())

    def fits(self, prediction: Array, known: Array | None = None) -> bool:
        """Whether the prediction is the analytic Jacobian in every known entry, and the right one isn't."""
        seen = self.known if known is None else self.known & known
        tolerance = self.tolerance + 1e-6 * np.abs(prediction)
        right = np.abs(self.A - prediction) <= tolerance
        if not right[seen].all():
            return False
        differs = seen & (np.abs(self.N - prediction) > 3 * tolerance)
        return bool(differs.any()) and not (self.bad & ~seen).any()

    def tensors(self, flat: Array) -> Array:
        return flat.reshape(self.out_shape + self.slot_shape)

    @property
    def output_axes(self) -> range:
        return range(len(self.out_shape))

    @property
    def slot_axes(self) -> range:
        return range(len(self.slot_shape))

    def others(self) -> Iterator[tuple[int, str, Array]]:
        """Position, name and value of every other slot."""
        for position, slot in enumerate(self.case.subject.slots):
            if position != self.case.slot:
                yield position, slot.name, np.asarray(self.case.values[position])

    def replaced(self, position: int, value: Array) -> tuple[Array, ...]:
        """The case's values with one of them exchanged."""
        old = self.case.values
        return (*old[:position], np.ascontiguousarray(value), *old[position + 1 :])


def number(value: float) -> str:
    """Six digits, enough to tell 0.333333 from 1/3."""
    return f"{value:.6g}"


def spell(items: "list[int] | tuple[int, ...]", most: int = 6) -> str:
    """1, 2 and 5; a long list is cut."""
    words = [str(item) for item in items]
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
