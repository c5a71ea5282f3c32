"""Derivatives by differences, with an honest estimate of their error.

A difference over a step h is wrong twice: by truncation, which grows with h, and by rounding, which grows with 1/h. One
step serves when the function is tame. Where it isn't, a ladder of steps, each a tenth of the one before, is climbed
down, and the rung is taken whose neighbours agree with it best: how far they disagree is the error.
Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982; More, Wild, "Estimating derivatives of noisy
simulations", 2012.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from scratchnet.gradcheck.subjects import refusals
from scratchnet.gradcheck.subjects.subject import Array, Subject, Values

SAFETY = 5.0  # the estimates are of the error's size, not bounds


@dataclass(frozen=True)
class Estimate:
    """A derivative of every output, by how much steps of other lengths disagree, and the noise of rounding."""

    value: Array
    differences: Array
    rounding: Array


def join(outputs: Sequence[Array]) -> Array:
    """All outputs in one row."""
    return np.concatenate([output.ravel() for output in outputs]) if outputs else np.zeros(0)


class Point:
    """A subject at given values: its outputs there, and along straight lines from there."""

    def __init__(self, subject: Subject, values: Values) -> None:
        self.subject = subject
        self.values = tuple(values)
        self.evaluations = 0
        self.outputs = self.evaluate(self.values)
        self.base = join(self.outputs)

    def evaluate(self, values: Values) -> tuple[Array, ...]:
        """The outputs at other values. They get copies: a function that writes into its inputs changes nothing here."""
        self.evaluations += 1
        with np.errstate(all="ignore"):
            return self.subject.run([value.copy() for value in values])

    def along(self, slot: int, direction: Array) -> "Line":
        """The line values[slot] + t * direction."""
        return Line(self, slot, direction)

    def entry(self, slot: int, index: int) -> "Line":
        """The line on which one entry alone moves, by t."""
        direction = np.zeros_like(self.values[slot])
        direction.flat[index] = 1
        return Line(self, slot, direction, index)


class Line:
    """The outputs, all in one row, as a function of t."""

    def __init__(self, point: Point, slot: int, direction: Array, index: int | None = None) -> None:
        self._point, self._slot, self._direction, self._index = point, slot, direction, index

    def __call__(self, t: float) -> Array:
        point = self._point
        values = list(point.values)
        values[self._slot] = np.asarray(values[self._slot] + t * self._direction, values[self._slot].dtype)
        outputs = point.evaluate(values)
        refusals.require_shapes(point.subject.name, point.outputs, outputs)
        return join(outputs).astype(np.float64)

    def step(self, t: float) -> float:
        """The step that rounding lets an entry take instead of t."""
        if self._index is None:
            return t
        x = self._point.values[self._slot].flat[self._index]
        return float(((x + x.dtype.type(t)) - (x - x.dtype.type(t))) / 2)


def stencil(line: Callable[[float], Array], t: float, step: float, five_point: bool) -> tuple[Array, Array]:
    """(derivative, largest magnitude among the values it is made of): error of order step^2, or step^4."""
    ahead, behind = line(t), line(-t)
    size = np.maximum(np.abs(ahead), np.abs(behind))
    with np.errstate(all="ignore"):
        if not five_point:
            return (ahead - behind) / (2 * step), size
        far, back = line(2 * t), line(-2 * t)
        return (8 * (ahead - behind) - (far - back)) / (12 * step), np.maximum(size, np.abs(far))


def quick(line: Line, scale: float, eps: float, five_point: bool) -> Estimate:
    """One stencil at the step that suits a function whose scale is that of its input."""
    t = scale * eps ** (1 / 5 if five_point else 1 / 3)
    step = line.step(t)
    if step == 0:
        return ladder(line, scale, scale, eps, five_point)
    value, size = stencil(line, t, step, five_point)
    return Estimate(value, np.zeros_like(value), eps * size / step)


def ladder(
    line: Line, largest: float, scale: float, eps: float, five_point: bool, weights: Array | None = None
) -> Estimate:
    """The best of many steps, for each output by itself; with `weights`, of the weighted sum of the outputs.

    Steps go from `largest` down to a millionth of what the quick step would be at `scale`.
    """
    rungs: list[Array] = []
    noises: list[Array] = []
    refused: Exception | None = None
    t = largest
    while t > scale * eps ** (2 / 3) and len(rungs) < 40:
        step = line.step(t)
        if step != 0:
            try:
                value, size = stencil(line, t, step, five_point)
            except (ValueError, ArithmeticError, IndexError, RuntimeError) as error:
                refused = error  # so long a step leaves the function's domain
            else:
                if weights is not None:
                    value, size = np.array([value @ weights]), np.array([size @ np.abs(weights)])
                rungs.append(value)
                noises.append(eps * size / step)
        t /= 10
    if not rungs and refused is not None:
        raise refused
    values, noise = np.stack(rungs), np.stack(noises)
    with np.errstate(all="ignore"):
        apart = np.abs(np.diff(values, axis=0))
    apart[~np.isfinite(apart)] = np.inf
    ends = np.full((1, values.shape[1]), 0.0)
    differences = np.maximum(np.concatenate([ends, apart]), np.concatenate([apart, ends]))
    cost = differences + noise
    cost[~np.isfinite(cost)] = np.inf
    best = cost.argmin(axis=0)
    columns = np.arange(values.shape[1])
    value = values[best, columns]
    lost = ~np.isfinite(cost[best, columns])
    return Estimate(
        np.where(lost, np.nan, value), np.where(lost, np.inf, differences[best, columns]), noise[best, columns]
    )


def scales(values: Array) -> Array:
    """Per entry, how far is far: its magnitude, but at least a tenth of the array's root mean square, or 1 of zeros."""
    magnitude = np.abs(np.asarray(values, np.float64))
    typical = float(np.sqrt(np.mean(magnitude**2))) if values.size else 0.0
    return np.maximum(magnitude, 0.1 * typical) if typical > 0 else np.ones_like(magnitude)
