"""The full comparison: every output by every entry of a slot, analytic beside numeric, each with its tolerance."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scratchnet.gradcheck.measuring import kinks
from scratchnet.gradcheck.measuring.differences import SAFETY, Estimate, Point, ladder, quick, scales
from scratchnet.gradcheck.options import Options
from scratchnet.gradcheck.report import Tolerance
from scratchnet.gradcheck.subjects.subject import Array, Subject, Values

MOST_REFINED = 400  # columns that get the ladder of steps, at most
ENOUGH = 40  # wrong columns, after which the rest are taken as first measured
UNRESOLVED = 1e-3  # a numeric value is worthless when its own error is more than this part of it


@dataclass
class Comparison:
    """Arrays of shape (all outputs, entries compared); `columns` says which entries of the slot those are."""

    columns: Array
    analytic: Array
    numeric: Array
    differences: Array
    rounding: Array
    kink: Array
    unresolved: Array
    options: Options

    @property
    def allowed(self) -> Array:
        """The tolerance of each entry: see report.Tolerance."""
        parts = self.options.rtol * np.abs(self.numeric) + SAFETY * (self.differences + self.rounding)
        return np.where(self.kink | self.unresolved, np.inf, parts + self.options.atol)

    @property
    def bad(self) -> Array:
        """Where analytic and numeric value are further apart than allowed."""
        return ~(np.abs(self.analytic - self.numeric) <= self.allowed)

    def tolerance(self, row: int, column: int) -> Tolerance:
        """The four parts of one entry's tolerance."""
        return Tolerance(
            self.options.rtol * abs(float(self.numeric[row, column])),
            SAFETY * float(self.differences[row, column]),
            SAFETY * float(self.rounding[row, column]),
            self.options.atol,
        )


def unit_upstreams(outputs: Sequence[Array]) -> Iterator[tuple[Array, ...]]:
    """One upstream gradient per output entry: 1 there, 0 everywhere else."""
    for number, output in enumerate(outputs):
        for index in range(output.size):
            upstream = tuple(np.zeros_like(other) for other in outputs)
            upstream[number].flat[index] = 1
            yield upstream


def analytic_jacobians(subject: Subject, values: Values, outputs: Sequence[Array]) -> list[Array | None]:
    """Per slot the (outputs, entries) matrix that backward gives; None where any gradient has another shape."""
    rows: list[list[Array]] = [[] for _ in subject.slots]
    fits = [True] * len(subject.slots)
    for grads in subject.pulls(values, unit_upstreams(outputs)):
        for number, (slot, grad) in enumerate(zip(subject.slots, grads, strict=True)):
            if grad is None:
                grad = np.zeros(slot.value.shape)
            if grad.shape != slot.value.shape:
                fits[number] = False
            elif fits[number]:
                rows[number].append(grad.astype(np.float64).ravel())
    shapes = [(sum(out.size for out in outputs), slot.value.size) for slot in subject.slots]
    return [
        np.stack(row) if fit and row else np.zeros(shape) if fit else None
        for row, fit, shape in zip(rows, fits, shapes, strict=True)
    ]


def numeric_jacobian(point: Point, slot: int, options: Options, columns: Array | None = None) -> Estimate:
    """The (outputs, entries) matrix by one stencil per entry; exact where the method is the complex step."""
    value = point.values[slot]
    wanted = np.arange(value.size) if columns is None else columns
    shape = (len(point.base), len(wanted))
    found, rounding = np.zeros(shape), np.zeros(shape)
    far = scales(value).ravel()
    for place, column in enumerate(wanted):
        if options.method == "complex":
            found[:, place] = options.complex_column(point, slot, int(column))
            rounding[:, place] = options.eps * np.abs(found[:, place]).max(initial=0.0)
        else:
            estimate = quick(point.entry(slot, int(column)), far[column], options.eps, options.five_point)
            found[:, place], rounding[:, place] = estimate.value, estimate.rounding
    return Estimate(found, np.zeros(shape), rounding)


def compare(point: Point, slot: int, analytic: Array, options: Options, columns: Array | None = None) -> Comparison:
    """Hold `analytic` (outputs, entries) against differences; what disagrees is measured again with more care."""
    wanted = np.arange(point.values[slot].size) if columns is None else columns
    first = numeric_jacobian(point, slot, options, wanted)
    off = np.zeros(analytic.shape, bool)
    result = Comparison(wanted, analytic, first.value, first.differences, first.rounding, off, off.copy(), options)
    if options.method == "complex":  # exact but for kinks, where its slope is the one to one side
        for place in np.flatnonzero(result.bad.any(axis=0))[:ENOUGH]:
            _excuse_kinks(point, slot, int(place), result, result.bad[:, place])
        return result
    with np.errstate(all="ignore"):
        largest = np.abs(first.value).max(axis=0, initial=0.0)
        near = options.rtol * np.abs(first.value) + np.minimum(first.rounding, options.rtol * largest)
        suspect = np.flatnonzero((~(np.abs(analytic - first.value) <= near)).any(axis=0))
        ratio = np.abs(analytic - first.value)[:, suspect].max(axis=0, initial=0.0)
    clearly_wrong = 0
    for place in suspect[np.argsort(-ratio, kind="stable")][:MOST_REFINED]:
        _refine(point, slot, int(place), result)
        clearly_wrong += int(result.bad[:, place].any())
        if clearly_wrong >= ENOUGH:
            break
    return result


def _refine(point: Point, slot: int, place: int, result: Comparison) -> None:
    """The ladder of steps for one entry; then, for what still disagrees, a look for a kink."""
    options = result.options
    column = int(result.columns[place])
    far, own = _reach(point, slot, column)
    best = ladder(point.entry(slot, column), far, own, options.eps, options.five_point)
    result.numeric[:, place] = best.value
    result.differences[:, place], result.rounding[:, place] = best.differences, best.rounding
    bound = SAFETY * (best.differences + best.rounding)
    apart = np.abs(result.analytic[:, place] - best.value)
    with np.errstate(all="ignore"):
        doubtful = bound > UNRESOLVED * np.maximum(np.abs(result.analytic[:, place]), np.abs(best.value))
        disagree = ~(apart <= options.rtol * np.abs(best.value) + best.rounding)
    if not disagree.any():
        return
    found = _excuse_kinks(point, slot, place, result, disagree)
    significant = np.abs(apart) > options.rtol * np.abs(result.numeric).max(initial=0.0)
    result.unresolved[:, place] = disagree & doubtful & significant & ~found


def _excuse_kinks(point: Point, slot: int, place: int, result: Comparison, disagree: Array) -> Array:
    """Mark what disagrees for a kink, and has a value between the slopes of both sides; where there are kinks."""
    column = int(result.columns[place])
    far = _reach(point, slot, column)[0]
    found = kinks.slopes(point.entry(slot, column), far, result.options.eps)
    low, high = np.minimum(found.left, found.right), np.maximum(found.left, found.right)
    slack = 1e-3 * np.maximum(np.abs(low), np.abs(high))
    given = result.analytic[:, place]
    inside = (low - slack <= given) & (given <= high + slack)
    result.kink[:, place] = found.found & disagree & inside
    return found.found


def _reach(point: Point, slot: int, column: int) -> tuple[float, float]:
    """(how far to step from an entry at most, its own magnitude or else that)."""
    value = point.values[slot]
    own = abs(float(value.flat[column]))
    far = max(own, float(scales(value).flat[column]))
    return far, own or far
