"""The checker is proved by layers with a planted bug, which it must all refuse, and right ones that must pass."""

from functools import cache

import numpy as np
import pytest
from awkward import AWKWARD
from mutants import MUTANTS
from mutants_judged import ALSO_TRUE

from scratchnet.gradcheck import Report, check


@cache
def report_of(row, seed) -> Report:
    return check(row.make(), row.inputs(np.random.default_rng(seed)), seed=seed)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_bug_is_refused(mutant):
    report = report_of(mutant, 0)
    assert not report
    right = {mutant.pattern, *mutant.also, ALSO_TRUE.get(mutant.name)}
    for finding in report.findings:
        assert not finding.certain or finding.pattern in right, f"certain and wrong: {finding}"
    wrong = {number for number, slot in enumerate(report.slots) if not slot.ok}
    assert not mutant.slots or wrong <= set(mutant.slots), "a right gradient is called wrong"


def test_nine_of_ten_bugs_that_have_a_name_are_named():
    named = [mutant for mutant in MUTANTS if mutant.pattern is not None]
    missed = []
    for mutant in named:
        said = {finding.pattern for finding in report_of(mutant, 0).findings}
        if not said & {mutant.pattern, *mutant.also}:
            missed.append(mutant.name)
    assert len(MUTANTS) >= 40
    assert len(missed) <= 0.1 * len(named), missed


@pytest.mark.parametrize("right", AWKWARD, ids=lambda right: right.name)
def test_right_layers_pass(right):
    assert len(AWKWARD) >= 40
    for seed in range(2):
        report = report_of(right, seed)
        assert report, report
