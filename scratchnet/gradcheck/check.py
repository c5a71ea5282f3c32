"""`check`: is this gradient right, and if not, what is wrong with it?"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scratchnet.gradcheck import properties
from scratchnet.gradcheck.further import second_point
from scratchnet.gradcheck.measuring import directional
from scratchnet.gradcheck.measuring.differences import Point
from scratchnet.gradcheck.options import Options, require_known
from scratchnet.gradcheck.report import Property, Report
from scratchnet.gradcheck.slots import Examiner
from scratchnet.gradcheck.subjects import refusals
from scratchnet.gradcheck.subjects.adapt import subject_of
from scratchnet.gradcheck.subjects.subject import Subject
from scratchnet.gradcheck.subjects.tensors import ModuleSubject


def check(
    fn: Any,
    inputs: Any,
    params: Any = None,
    *,
    method: str = "central",
    mode: str = "auto",
    kinks: str = "detect",
    seed: int = 0,
    rtol: float = 1e-6,
    atol: float = 1e-12,
    allow_float32: bool = False,
    diagnose: bool = True,
    name: str | None = None,
) -> Report:
    """Compare the gradients that `fn`'s backward gives with the slopes of its forward, and explain a difference.

    fn: a function of tensors, a Module (in training and in evaluation mode), an autograd.Function, a NumPy layer with
    forward and backward, or a pair of such functions; of scratchnet, torch or neither. inputs: its arguments, float64;
    tensors are checked where they require grad, a Module's all. params: more tensors that fn reads, by name; for a
    layer {"W": "dW"}, where each parameter's gradient is found (default: the usual names).

    method: "central" differences (error about 1e-10), "five_point" (1e-12), or the "complex" step (exact; scratchnet's
    analytic operations only). mode: "directional" costs a few evaluations whatever the size; "full" compares every
    entry of the Jacobian; "auto" does the first, and the second where it fails. kinks: points without a derivative are
    told apart ("detect"), stepped away from ("skip"), or wrong ("error"). The upstream gradient is random, of `seed`.
    rtol, atol: see report.Tolerance. diagnose: whether to look for the reason of a failure.

    Raises ValueError, TypeError or RuntimeError for what can't be checked (see `refusals`), never for a wrong gradient.
    """
    require_known(method, mode, kinks)
    subject = subject_of(fn, inputs, params, name, seed)
    refusals.require_values(subject, allow_float32)
    eps = subject.eps
    if eps > np.finfo(np.float64).eps:  # float32: what its differences can tell
        rtol, atol = max(rtol, 20 * eps ** (2 / 3)), max(atol, eps)
    options = Options(method, mode, kinks, seed, rtol, atol, eps, _complex_column(method, subject))
    if isinstance(subject, ModuleSubject):
        return _both_modes(fn, subject, options, diagnose)
    return _examine(subject, options, diagnose)


def _examine(subject: Subject, options: Options, diagnose: bool) -> Report:
    start = time.perf_counter()
    point = Point(subject, [slot.value for slot in subject.slots])
    refusals.require_same(subject.name, point.outputs, point.evaluate(point.values))
    refusals.require_finite(subject.name, point.outputs)
    conduct = properties.examine(point, *directional.upstreams(point, options))
    examiner = Examiner(point, options, diagnose and conduct.steady)
    slots = examiner.slots()
    second, findings = second_point(examiner, slots) if conduct.steady else ((), ())
    return Report(
        subject.name,
        options.method,
        examiner.mode,
        tuple(slots),
        (*conduct.properties, *second),
        (*examiner.findings, *conduct.findings, *findings),
        time.perf_counter() - start,
        point.evaluations,
        tuple(examiner.notes),
    )


def _both_modes(module: Any, subject: ModuleSubject, options: Options, diagnose: bool) -> Report:
    """Training mode, then evaluation mode where that gives other outputs or gradients."""
    before = [(part, part.training) for part in module.modules()]
    try:
        module.train()
        report = _examine(subject, options, diagnose)
        values = [slot.value for slot in subject.slots]
        point = Point(subject, values)
        upstream = directional.upstreams(point, options)[0]
        trained = (*point.outputs, *subject.pull(values, upstream))
        module.eval()
        evaluated = (*subject.run(values), *subject.pull(values, upstream))
        if _alike(trained, evaluated):
            return report
        second = _examine(subject, options, diagnose)
    finally:
        for part, training in before:
            part.training = training
    return _merged(report, second)


def _alike(one: Sequence[Any], two: Sequence[Any]) -> bool:
    return all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b))
        for a, b in zip(one, two, strict=True)
    )


def _merged(training: Report, evaluation: Report) -> Report:
    def told(report: Report, where: str) -> Report:
        return replace(
            report,
            slots=tuple(replace(slot, name=f"{slot.name} ({where})") for slot in report.slots),
            properties=tuple(Property(f"{held.name} ({where})", held.ok, held.detail) for held in report.properties),
            findings=tuple(replace(finding, slot=f"{finding.slot} ({where})") for finding in report.findings),
        )

    one, two = told(training, "training"), told(evaluation, "evaluation")
    return replace(
        one,
        slots=one.slots + two.slots,
        properties=one.properties + two.properties,
        findings=one.findings + two.findings,
        seconds=one.seconds + two.seconds,
        evaluations=one.evaluations + two.evaluations,
        notes=one.notes + tuple(note for note in two.notes if note not in one.notes),
    )


def _complex_column(method: str, subject: Subject) -> Any:
    if method != "complex":
        return None
    from scratchnet.gradcheck.measuring.complex_method import column

    return column(subject)
