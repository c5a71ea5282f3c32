"""One slot after the other: directional first, the full Jacobian where that fails, and then the diagnosis."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.gradcheck.diagnosis import Case, diagnose
from scratchnet.gradcheck.measuring import directional
from scratchnet.gradcheck.measuring.differences import Point, join
from scratchnet.gradcheck.measuring.jacobian import Comparison, analytic_jacobians, compare, numeric_jacobian
from scratchnet.gradcheck.options import Options
from scratchnet.gradcheck.report import Finding, SlotResult, Tolerance
from scratchnet.gradcheck.subjects.subject import Array

LARGEST_SIDE = 5_000  # of a full Jacobian
LARGEST = 16_000_000  # its entries
SAMPLED = 200  # entries compared where it would be larger
NOTHING = Tolerance(0.0, 0.0, 0.0, 0.0)


class Examiner:
    """The slots of a subject at one point. `findings` and `notes` gather what is seen on the way."""

    def __init__(self, point: Point, options: Options, diagnose: bool) -> None:
        self.point, self.options, self._diagnose = point, options, diagnose
        self.findings: list[Finding] = []
        self.notes: list[str] = []
        self.mode = "directional" if options.mode != "full" else "full Jacobian"
        self._analytic: list[Array | None] | None = None
        self._upstreams = directional.upstreams(point, options)

    def slots(self, numbers: Sequence[int] | None = None) -> list[SlotResult]:
        """One result per slot, or for those of these numbers."""
        grads = [self.point.subject.pull([v.copy() for v in self.point.values], up) for up in self._upstreams]
        wanted = range(len(self.point.values)) if numbers is None else numbers
        return [self._slot(number, [given[number] for given in grads]) for number in wanted]

    def _slot(self, number: int, grads: list[Array | None]) -> SlotResult:
        slot, value = self.point.subject.slots[number], self.point.values[number]
        wrong = next((g for g in grads if g is not None and np.shape(g) != value.shape), None)
        if wrong is not None:
            problem = f"backward gives an array of shape {np.shape(wrong)}, not the input's {value.shape}"
            result = SlotResult(
                slot.name,
                slot.kind,
                value.shape,
                False,
                None,
                None,
                0.0,
                0.0,
                NOTHING,
                value.size,
                value.size,
                problem=problem,
            )
            self._explain(number, None)
            return result
        if self.options.mode != "full":
            filled = [np.zeros(value.shape) if g is None else g for g in grads]
            tries = [
                directional.project(self.point, number, up, grad, bool(i), self.options)
                for i, (up, grad) in enumerate(zip(self._upstreams, filled, strict=True))
            ]
            worst = max(tries, key=lambda seen: seen.excess)
            if worst.ok or self.options.mode == "directional":
                return SlotResult(
                    slot.name,
                    slot.kind,
                    value.shape,
                    worst.ok,
                    None,
                    None,
                    worst.numeric,
                    worst.analytic,
                    worst.tolerance,
                    sum(not seen.ok for seen in tries),
                    len(tries),
                )
        return self._full(number)

    def _full(self, number: int) -> SlotResult:
        rows, size = len(self.point.base), self.point.values[number].size
        if max(rows, size) > LARGEST_SIDE or rows * size > LARGEST:
            return self._sampled(number)
        self.mode = "full Jacobian" if self.options.mode == "full" else "directional, then the full Jacobian"
        if self._analytic is None:
            subject = self.point.subject
            self._analytic = analytic_jacobians(subject, self.point.values, self.point.outputs)
        analytic = self._analytic[number]
        if analytic is None:
            analytic = np.full((rows, size), np.nan)
        comparison = compare(self.point, number, analytic, self.options)
        if self.options.kinks == "skip" and comparison.kink.any():
            comparison = self._moved(number, comparison)
        return self._result(number, comparison, scalar=False)

    def _result(self, number: int, comparison: Comparison, scalar: bool) -> SlotResult:
        slot, value = self.point.subject.slots[number], self.point.values[number]
        bad = comparison.bad
        if self.options.kinks == "error":
            bad = bad | comparison.kink
        apart = np.abs(comparison.analytic - comparison.numeric)
        lost = bool(comparison.unresolved.any()) and comparison.unresolved.sum() > 0.5 * apart.size
        kinks = int((comparison.kink | comparison.unresolved).sum())
        problem = "differences of different steps don't agree: no derivative can be measured" if lost else ""
        error = np.full(value.size, np.nan) if len(comparison.columns) < value.size else np.zeros(value.size)
        unmeasured = comparison.kink | comparison.unresolved
        error[comparison.columns] = np.where(unmeasured, 0.0, apart).max(axis=0, initial=0.0)
        error[comparison.columns[unmeasured.any(axis=0) & ~bad.any(axis=0)]] = np.nan
        checked = apart.size
        if not checked:
            return SlotResult(
                slot.name,
                slot.kind,
                value.shape,
                True,
                None,
                None,
                0.0,
                0.0,
                NOTHING,
                0,
                0,
                error=error.reshape(value.shape),
            )
        with np.errstate(all="ignore"):
            excess = np.where(unmeasured, -1.0, apart / comparison.allowed)
        if self.options.kinks == "error":
            excess = np.where(comparison.kink, np.inf, excess)
        excess[np.isnan(excess)] = np.inf
        row, column = (int(i) for i in np.unravel_index(int(excess.argmax()), excess.shape))
        if bad.any():
            self._explain(number, comparison)
        where = np.unravel_index(int(comparison.columns[column]), value.shape)
        return SlotResult(
            slot.name,
            slot.kind,
            value.shape,
            not bad.any() and not lost,
            tuple(int(i) for i in where),
            None if scalar else self._output_index(row),
            float(comparison.numeric[row, column]),
            float(comparison.analytic[row, column]),
            comparison.tolerance(row, column),
            int(bad.sum()),
            checked,
            kinks,
            error.reshape(value.shape),
            problem,
        )

    def _output_index(self, row: int) -> tuple[int, ...]:
        """Which entry of the outputs a row stands for; led by the output's number where there are several."""
        for number, output in enumerate(self.point.outputs):
            if row < output.size:
                index = tuple(int(i) for i in np.unravel_index(row, output.shape))
                return index if len(self.point.outputs) == 1 else (number, *index)
            row -= output.size
        return ()

    def _sampled(self, number: int) -> SlotResult:
        """For slots too large for a Jacobian: single entries of the random upstream's gradient."""
        value, upstream = self.point.values[number], self._upstreams[0]
        self.mode = f"directional, then up to {SAMPLED} entries"
        grad = self.point.subject.pull([v.copy() for v in self.point.values], upstream)[number]
        given = np.zeros(value.size) if grad is None else np.asarray(grad, np.float64).ravel()
        chosen = self.options.generator(3, number).choice(value.size, min(SAMPLED, value.size), replace=False)
        weighted = _Weighted(self.point, join(upstream).astype(np.float64))
        comparison = compare(weighted, number, given[np.sort(chosen)][None], self.options, np.sort(chosen))
        return self._result(number, comparison, scalar=True)

    def _moved(self, number: int, comparison: Comparison) -> Comparison:
        """Step away from kinks: the entries that have one move a little, and everything is compared again."""
        kinked = comparison.columns[comparison.kink.any(axis=0)]
        self.notes.append(f"{len(kinked)} entries of {self.point.subject.slots[number].name} were moved off kinks")
        values = [value.copy() for value in self.point.values]
        rng = self.options.generator(4, number)
        size = float(np.abs(values[number]).mean()) or 1.0
        values[number].flat[kinked] += size * rng.uniform(0.05, 0.2, len(kinked)) * rng.choice([-1, 1], len(kinked))
        self.point = Point(self.point.subject, values)
        self._analytic = analytic_jacobians(self.point.subject, self.point.values, self.point.outputs)
        analytic = self._analytic[number]
        given = comparison.analytic if analytic is None else analytic
        return compare(self.point, number, given, self.options)

    def _explain(self, number: int, comparison: Comparison | None) -> None:
        rows, size = len(self.point.base), self.point.values[number].size
        if not self._diagnose or max(rows, size) > LARGEST_SIDE or rows * size > LARGEST or not rows * size:
            return
        if comparison is not None and comparison.analytic.shape != (rows, size):
            return
        if comparison is None:
            estimate = numeric_jacobian(self.point, number, self.options)
            numeric, analytic = estimate.value, None
            allowed = self.options.rtol * np.abs(numeric) + 5 * estimate.rounding + self.options.atol
        else:
            numeric, analytic, allowed = comparison.numeric, comparison.analytic, comparison.allowed
        subject, options = self.point.subject, self.options

        def jacobian(values: tuple[Array, ...]) -> Array:
            return numeric_jacobian(Point(subject, values), number, options).value

        case = Case(
            subject, number, self.point.values, self.point.outputs, analytic, numeric, allowed, options.seed, jacobian
        )
        self.findings.extend(diagnose(case))


class _Weighted(Point):
    """A point whose only output is the weighted sum of all outputs."""

    def __init__(self, point: Point, weights: Array) -> None:
        self._weights = weights
        super().__init__(point.subject, point.values)

    def evaluate(self, values: Any) -> tuple[Array, ...]:
        return (np.array([join(super().evaluate(values)).astype(np.float64) @ self._weights]),)
