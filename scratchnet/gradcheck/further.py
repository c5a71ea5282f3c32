"""A second point: what one call keeps and the next one finds doesn't show where all calls have the same inputs."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from scratchnet.gradcheck.measuring.differences import Point
from scratchnet.gradcheck.options import Options
from scratchnet.gradcheck.report import Finding, Property, SlotResult
from scratchnet.gradcheck.slots import Examiner
from scratchnet.gradcheck.subjects.subject import Array, Subject

NAME = "right at other values too"


def second_point(first: Examiner, slots: Sequence[SlotResult]) -> tuple[tuple[Property, ...], tuple[Finding, ...]]:
    """Check the slots that were right once more, elsewhere; say whether earlier calls are to blame for a failure."""
    right = [number for number, result in enumerate(slots) if result.ok]
    point = next((found for values in _others(first) if (found := _point(first.point, values))), None)
    if point is None or not right:
        return (), ()
    options = replace(first.options, mode="auto" if first.options.mode == "full" else first.options.mode)
    second = Examiner(point, options, False)
    wrong = [result for result in second.slots(right) if not result.ok]
    first.point.evaluations += point.evaluations
    if not wrong:
        return (Property(NAME, True),), ()
    detail = "; ".join(
        f"the gradient of {result.name} is wrong there: {result.numeric:.6g} by differences, {result.analytic:.6g} by "
        "backward"
        for result in wrong
    )
    return (Property(NAME, False, detail),), _blame(first.point.subject, point, options, wrong, detail)


def _others(first: Examiner) -> Iterator[list[Array]]:
    """The same numbers in another order, moved a little; or, where the function has no value there, only moved."""
    rng = first.options.generator(5)
    for shuffled in (True, False):
        values = []
        for value in first.point.values:
            moved = value * (1 + 0.1 * rng.uniform(-1, 1, value.shape))
            if shuffled:
                moved = rng.permutation(np.ravel(moved)).reshape(value.shape)
            values.append(np.asarray(moved, value.dtype))
        yield values


def _point(first: Point, values: list[Array]) -> Point | None:
    try:
        point = Point(first.subject, values)
    except (ValueError, ArithmeticError, IndexError, RuntimeError):
        return None
    same = [out.shape for out in point.outputs] == [out.shape for out in first.outputs]
    return point if same and all(np.isfinite(out).all() for out in point.outputs) else None


def _blame(
    subject: Subject, point: Point, options: Options, wrong: Sequence[SlotResult], detail: str
) -> tuple[Finding, ...]:
    """Stale state if a copy that was never called before is right there; else the values themselves matter."""
    fresh = subject.fresh()
    slot = wrong[0].name
    source = next(iter(subject.sources([held.name for held in subject.slots].index(slot))), None)
    if fresh is not None:
        alone = Examiner(Point(fresh, point.values), options, True)
        if all(result.ok for result in alone.slots()):
            sentence = "backward uses what an earlier call left behind: right in a first call, wrong in a later one"
            return (Finding("stale_state", sentence, detail, True, slot, source),)
        return tuple(alone.findings)
    sentence = "right at the first values and wrong at others: it may use what an earlier call left behind"
    return (Finding("stale_state", sentence, detail, False, slot, source),)
