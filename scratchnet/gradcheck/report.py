"""What a check found: one result per input and parameter, what else was tried, and the explanations of a failure."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class GradcheckError(RuntimeError):
    """A gradient that a check found wrong. torch.autograd.gradcheck.GradcheckError."""


@dataclass(frozen=True)
class Source:
    """A line of the code that computes a gradient: file, line number from 1, the line's text."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text.strip()}"


@dataclass(frozen=True)
class Tolerance:
    """How far analytic and numeric value may be apart: four parts, added up.

    `relative` = rtol * |numeric|; `differences`: what the steps of different length disagree by, times a safety factor;
    `rounding`: the noise of the function's own float arithmetic, divided by the step; `absolute` = atol.
    """

    relative: float
    differences: float
    rounding: float
    absolute: float

    @property
    def total(self) -> float:
        return self.relative + self.differences + self.rounding + self.absolute

    def __str__(self) -> str:
        return (
            f"{self.total:.1e} = {self.relative:.1e} (rtol) + {self.differences:.1e} (differences) + "
            f"{self.rounding:.1e} (rounding) + {self.absolute:.1e} (atol)"
        )


@dataclass(frozen=True)
class Finding:
    """One explanation of a wrong gradient.

    `certain`: it explains every entry, and no other explanation does; otherwise the facts are consistent with it.
    """

    pattern: str
    sentence: str
    evidence: str
    certain: bool
    slot: str
    source: Source | None = None

    def __str__(self) -> str:
        hedged = self.certain or self.sentence.startswith("consistent with")
        sentence = _wrapped(self.sentence if hedged else f"perhaps: {self.sentence}")
        where = f"\n      look at {self.source}" if self.source else ""
        return f"{sentence}\n      {_wrapped(f'evidence: {self.evidence}')}{where}"


def _wrapped(text: str) -> str:
    """In lines of 110 characters, the second and later ones indented as a finding's are."""
    return "\n      ".join(textwrap.wrap(text, 104, break_long_words=False, break_on_hyphens=False))


@dataclass(frozen=True)
class SlotResult:
    """One input or parameter.

    `worst_index` is the entry of the slot whose value is furthest outside its tolerance (or nearest to it),
    `output_index` the output's entry it was seen from (None: the random sum over all outputs). `bad` of `checked`
    entries are wrong, `kinks` more lie where the function has no derivative. `error` has the slot's shape: |analytic -
    numeric| as far as it is known entry by entry, else None.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    ok: bool
    worst_index: tuple[int, ...] | None
    output_index: tuple[int, ...] | None
    numeric: float
    analytic: float
    tolerance: Tolerance
    bad: int
    checked: int
    kinks: int = 0
    error: "np.ndarray[Any, Any] | None" = None
    problem: str = ""

    @property
    def absolute(self) -> float:
        """|analytic - numeric| at the worst entry."""
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """The same over the larger of the two magnitudes; 0 where both are 0."""
        largest = max(abs(self.analytic), abs(self.numeric))
        return self.absolute / largest if largest else 0.0

    @property
    def both_zero(self) -> bool:
        """Whether both values are the noise of rounding, of which a relative error says nothing."""
        part = self.tolerance
        noise = part.differences + part.rounding + part.absolute
        return self.ok and max(abs(self.analytic), abs(self.numeric)) <= noise

    def __str__(self) -> str:
        shape = " x ".join(map(str, self.shape)) or "scalar"
        head = f"{'ok    ' if self.ok else 'WRONG '} {self.kind} {self.name} ({shape})"
        kinks = f", {self.kinks} at kinks" if self.kinks else ""
        if self.problem:
            return f"{head}: {self.problem}"
        if self.ok:
            directions = self.worst_index is None and self.error is None
            checked = f"{self.checked} {'random directions' if directions else 'entries'}"
            error = "both are 0" if self.both_zero else f"relative error {self.relative:.1e}"
            return f"{head}: {checked}, {error}{kinks}"
        place = f"at {self.worst_index}" if self.worst_index is not None else "along a random direction"
        seen = f" of output {self.output_index}" if self.output_index is not None else ""
        return (
            f"{head}: {self.bad} of {self.checked} wrong{kinks}; worst {place}{seen}\n"
            f"      analytic {self.analytic:.10g}, numeric {self.numeric:.10g}, "
            f"error {self.absolute:.2e} (relative {self.relative:.2e})\n      allowed {self.tolerance}"
        )


@dataclass(frozen=True)
class Property:
    """Something that every backward must do, apart from being right: name, whether it does, what was seen."""

    name: str
    ok: bool
    detail: str = ""

    def __str__(self) -> str:
        return f"{'ok    ' if self.ok else 'WRONG '} {self.name}{': ' + self.detail if self.detail else ''}"


@dataclass(frozen=True)
class Report:
    """The result of `check`: true where everything holds; `print(report)` tells it in full."""

    name: str
    method: str
    mode: str
    slots: tuple[SlotResult, ...]
    properties: tuple[Property, ...] = ()
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    evaluations: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return all(slot.ok for slot in self.slots) and all(held.ok for held in self.properties)

    @property
    def worst(self) -> float:
        """The largest relative error of any slot; values that are but noise don't count."""
        return max((slot.relative for slot in self.slots if not slot.both_zero), default=0.0)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        verdict = "the gradient is right" if self.ok else "the gradient is WRONG"
        yield f"{self.name}: {verdict}"
        method = "complex step" if self.method == "complex" else f"{self.method.replace('_', '-')} differences"
        yield f"  ({method}, {self.mode}, {self.evaluations} evaluations, {self.seconds:.2f} s)"
        for result in self.slots:
            yield f"  {result}"
            for finding in self.findings:
                if finding.slot == result.name:
                    yield f"    - {finding}"
        broken = [held for held in self.properties if not held.ok]
        for held in broken:
            yield f"  {held}"
        for finding in self.findings:
            if finding.slot not in {slot.name for slot in self.slots}:
                yield f"    - {finding}"
        if self.ok and self.properties:
            tried = f"also right: {'; '.join(held.name for held in self.properties)}"
            yield from textwrap.wrap(tried, 110, initial_indent="  ", subsequent_indent="    ")
        for note in self.notes:
            yield f"  note: {note}"

    def raise_if_failed(self) -> None:
        """Raise GradcheckError with the report as its text, unless everything holds."""
        if not self.ok:
            raise GradcheckError(str(self))
