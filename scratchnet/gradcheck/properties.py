"""What every backward must do whatever it computes: each try gives a Property, and a reason where it is broken."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from scratchnet.gradcheck.measuring.differences import Point
from scratchnet.gradcheck.report import Finding, Property
from scratchnet.gradcheck.subjects.subject import Array, Gradients, Subject, Values


@dataclass(frozen=True)
class Conduct:
    """All properties, the findings about those that are broken, and whether gradients can be compared at all."""

    properties: tuple[Property, ...]
    findings: tuple[Finding, ...]
    steady: bool


def examine(point: Point, upstream: Values, others: Values) -> Conduct:
    """Try everything at a point, for a random upstream gradient and a second one."""
    subject, values = point.subject, point.values
    first = subject.pull(_copies(values), _copies(upstream))
    again, finding = _repeatable(subject, values, upstream, first)
    if not again.ok:  # nothing else can be told of a gradient that changes by itself
        return Conduct((again,), (finding,) if finding else (), False)
    tries = [
        (again, None),
        _used(point, upstream, others, first),
        _after_another_call(subject, values, upstream, first),
        _unchanged(subject, values, upstream),
        _kept_dtype(subject, first),
        _laid_out("non-contiguous input", point, [_spread(v) for v in values], upstream, first),
        _laid_out("non-contiguous upstream gradient", point, values, [_spread(u) for u in upstream], first),
        _laid_out("column-major upstream gradient", point, values, [np.array(u, order="F") for u in upstream], first),
    ]
    findings = {found.pattern: found for _, found in reversed(tries) if found is not None}
    if "in_place" in findings:
        findings.pop("layout", None)  # a changed upstream gradient is the reason for both
    return Conduct(tuple(held for held, _ in tries), tuple(findings.values()), True)


Try = tuple[Property, Finding | None]


def _copies(arrays: Values) -> list[Array]:
    return [array.copy() for array in arrays]


def _spread(array: Array) -> Array:
    """The same numbers, every other element of a larger array."""
    if array.ndim == 0:
        return array.copy()
    room = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
    room[..., ::2] = array
    return room[..., ::2]


def _explained(subject: Subject, pattern: str, sentence: str, evidence: str, slot: int | None = None) -> Finding:
    source = next(iter(subject.sources(slot)), None)
    return Finding(pattern, sentence, evidence, True, "", source)


def _noise(point: Point, upstream: Values) -> float:
    """What rounding may leave of a gradient whose terms cancel: a saturated softmax's is 0 but for that."""
    output = max((float(np.abs(out).max(initial=0.0)) for out in point.outputs), default=0.0)
    arriving = max((float(np.abs(u).max(initial=0.0)) for u in upstream), default=0.0)
    sizes = [float(np.abs(value).mean()) for value in point.values if value.size]
    return 64 * point.subject.eps * arriving * output / (min((size for size in sizes if size > 0), default=1.0))


class Gap(NamedTuple):
    """Which slot's gradient differs, and by what, in words."""

    slot: int
    words: str


def _apart(first: Gradients, again: Gradients, subject: Subject, tolerance: float, noise: float = 0.0) -> Gap | None:
    """The first gradient that differs by more than `tolerance` of the largest entry of all gradients; None if none.

    Of all: a gradient that is 0 but for rounding (a bias before a batch norm) has its noise from the others.
    """
    limit = tolerance * max((float(np.abs(a).max(initial=0.0)) for a in first if a is not None), default=0.0) + noise
    for number, (slot, a, b) in enumerate(zip(subject.slots, first, again, strict=True)):
        if a is None or b is None:
            if (a is None) != (b is None) and np.any(b if a is None else a):
                return Gap(number, f"the gradient of {slot.name} is None once and an array another time")
            continue
        if a.shape != b.shape:
            return Gap(number, f"the gradient of {slot.name} has shape {a.shape} once and {b.shape} another time")
        gap = np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64))
        if not (gap <= limit).all():
            return Gap(number, f"the gradient of {slot.name} differs by up to {float(gap.max()):.3g}")
    return None


def _repeatable(subject: Subject, values: Values, upstream: Values, first: Gradients) -> Try:
    """Equal bits. Where they differ by the same amount from call to call, something adds up."""
    second = _snapshot(subject.pull(_copies(values), _copies(upstream)))
    gap = _apart(first, second, subject, 0.0)
    if gap is None:
        return Property("the same gradient when run twice", True), None
    held = Property("the same gradient when run twice", False, gap.words)
    third, fourth = (_snapshot(subject.pull(_copies(values), _copies(upstream))) for _ in range(2))
    one, two = _difference(third, second), _difference(fourth, third)
    if not _apart(one, two, subject, 1e-6):
        sentence = "each call adds its gradient to what earlier calls left: the buffer must start from zero"
        evidence = "the same calls, one after another, rise evenly"
        return held, _explained(subject, "accumulated", sentence, evidence, gap.slot)
    sentence = "the gradient changes from call to call though nothing else does: it is random, or keeps old state"
    return held, _explained(subject, "random", sentence, gap.words, gap.slot)


def _snapshot(grads: Gradients) -> Gradients:
    return tuple(None if g is None else np.array(g) for g in grads)


def _difference(one: Gradients, two: Gradients) -> Gradients:
    return tuple(
        None if a is None or b is None or a.shape != b.shape else np.asarray(a - b, np.float64)
        for a, b in zip(one, two, strict=True)
    )


def _used(point: Point, one: Values, two: Values, first: Gradients) -> Try:
    """backward(2 a - 3 b) = 2 backward(a) - 3 backward(b), and so 0 for 0: a product with the upstream gradient."""
    subject, values = point.subject, point.values
    name = "linear in the upstream gradient, and zero for zero"
    first = _snapshot(first)
    other = _snapshot(subject.pull(_copies(values), _copies(two)))
    mixed = [np.asarray(2 * a - 3 * b) for a, b in zip(one, two, strict=True)]
    both = _snapshot(subject.pull(_copies(values), mixed))
    nothing = subject.pull(_copies(values), [np.zeros_like(u) for u in one])
    wanted: Gradients = tuple(
        None
        if a is None or b is None or a.shape != b.shape
        else np.asarray(2 * a.astype(np.float64) - 3 * b.astype(np.float64))
        for a, b in zip(first, other, strict=True)
    )
    coarsest = max((float(np.finfo(g.dtype).eps) for g in first if g is not None and g.dtype.kind == "f"), default=0.0)
    gap = _apart(wanted, both, subject, 1e4 * max(subject.eps, coarsest), _noise(point, mixed))
    detail = gap.words if gap else ""
    if not detail:
        wrong = [slot.name for slot, g in zip(subject.slots, nothing, strict=True) if g is not None and np.any(g)]
        detail = f"the gradient of {', '.join(wrong)} isn't 0 for a zero upstream gradient" if wrong else ""
    if detail and any(np.any(g) for g in first if g is not None) and not _apart(first, other, subject, 0.0):
        sentence = "the upstream gradient isn't used: backward gives the same whatever arrives"
        evidence = "two random upstream gradients give equal gradients"
        return Property(name, False, detail), _explained(subject, "upstream_ignored", sentence, evidence)
    return Property(name, not detail, detail), None


def _after_another_call(subject: Subject, values: Values, upstream: Values, first: Gradients) -> Try:
    """A forward and backward at other values in between must leave nothing behind."""
    name = "the same gradient after a call with other values"
    rng = np.random.default_rng(0)
    first = _snapshot(first)
    try:
        others = [rng.permutation(np.ravel(value)).reshape(value.shape) for value in values]
        subject.pull(others, _copies(upstream))
    except (ValueError, ArithmeticError, IndexError, RuntimeError):
        return Property(name, True, "not tried: the function refuses other values"), None
    gap = _apart(first, subject.pull(_copies(values), _copies(upstream)), subject, 0.0)
    if gap is None:
        return Property(name, True), None
    sentence = "backward uses what an earlier call left behind, not what its own forward saw"
    told = _explained(subject, "stale_state", sentence, gap.words, gap.slot)
    return Property(name, False, gap.words), told


def _unchanged(subject: Subject, values: Values, upstream: Values) -> Try:
    given, sent = _copies(values), _copies(upstream)
    subject.pull(given, sent)
    changed = [slot.name for slot, a, b in zip(subject.slots, given, values, strict=True) if not np.array_equal(a, b)]
    if any(not np.array_equal(a, b) for a, b in zip(sent, upstream, strict=True)):
        changed.append("the upstream gradient")
    name = "inputs and upstream gradient stay unchanged"
    if not changed:
        return Property(name, True), None
    detail = f"{', '.join(changed)} changed"
    sentence = f"it writes into {' and '.join(changed)}, which others still read"
    return Property(name, False, detail), _explained(subject, "in_place", sentence, detail)


def _kept_dtype(subject: Subject, first: Gradients) -> Try:
    wrong = [
        f"{slot.name}'s is {grad.dtype} for a {slot.value.dtype} input"
        for slot, grad in zip(subject.slots, first, strict=True)
        if grad is not None and grad.dtype != slot.value.dtype
    ]
    name, detail = "gradients have their inputs' dtype", "; ".join(wrong)
    if not wrong:
        return Property(name, True), None
    sentence = "the gradient has another dtype than its input: digits are lost, or memory doubles"
    return Property(name, False, detail), _explained(subject, "dtype", sentence, detail)


def _laid_out(name: str, point: Point, values: Values, upstream: Values, first: Gradients) -> Try:
    """The same numbers in another memory layout must give the same gradients, up to the order of sums."""
    subject = point.subject
    try:
        gap = _apart(first, subject.pull(values, upstream), subject, 1e3 * subject.eps, _noise(point, upstream))
        detail = gap.words if gap else ""
    except (ValueError, TypeError, RuntimeError, IndexError) as error:
        detail = f"{type(error).__name__}: {error}"
    if not detail:
        return Property(name, True), None
    sentence = f"wrong for a {name}: the code reads memory where it should read elements"
    told = _explained(subject, "layout", sentence, detail)
    return Property(name, False, detail), told
