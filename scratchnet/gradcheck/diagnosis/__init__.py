"""What kind of mistake a wrong gradient looks like: hypotheses, each tested on every entry of the Jacobian.

`diagnose` asks every pattern of `PATTERNS`. A guess is certain if it predicts all entries and no other one does so as
directly; what only fits in part, or is one of several that fit, is said as "consistent with".
"""

import logging
from collections.abc import Callable, Iterator

import numpy as np

from scratchnet.gradcheck.diagnosis.calls import accumulated, stale, upstream_use
from scratchnet.gradcheck.diagnosis.case import PLACE, Case, Guess, View
from scratchnet.gradcheck.diagnosis.elementwise import (
    formula_of_output,
    inverted,
    missing_function,
    sums_to_one,
    threshold,
)
from scratchnet.gradcheck.diagnosis.factors import factor, factor_per_index
from scratchnet.gradcheck.diagnosis.layout import layout, paired, reshaped
from scratchnet.gradcheck.diagnosis.operands import operands
from scratchnet.gradcheck.diagnosis.paths import (
    missing_constant,
    missing_identity,
    one_output,
    one_path,
    rows_kept,
    unconnected,
)
from scratchnet.gradcheck.diagnosis.places import border, outside, overlap, summed_upstream
from scratchnet.gradcheck.diagnosis.routing import routing
from scratchnet.gradcheck.diagnosis.shapes import restricted, wrong_shape
from scratchnet.gradcheck.diagnosis.statistics import normalised, raw_input, shared_term, statistics
from scratchnet.gradcheck.diagnosis.substitution import changed_operand, exchanged
from scratchnet.gradcheck.diagnosis.templates import templates
from scratchnet.gradcheck.diagnosis.windows import windows
from scratchnet.gradcheck.report import Finding

__all__ = ["PATTERNS", "Case", "diagnose"]

logger = logging.getLogger("scratchnet")
Pattern = Callable[[View], Iterator[Guess]]
BETWEEN_CALLS: tuple[Pattern, ...] = (accumulated, upstream_use, stale)
PATTERNS: tuple[Pattern, ...] = (
    unconnected,
    factor,
    layout,
    changed_operand,
    exchanged,
    formula_of_output,
    sums_to_one,
    inverted,
    operands,
    restricted,
    templates,
    windows,
    paired,
    reshaped,
    summed_upstream,
    statistics,
    normalised,
    shared_term,
    raw_input,
    missing_identity,
    one_output,
    one_path,
    overlap,
    border,
    threshold,
    missing_function,
    routing,
    factor_per_index,
    missing_constant,
    rows_kept,
    outside,
)


# Mistakes made where a gradient is cut to size or returned, rather than where it is written.
AT_THE_END = ("padding_offset", "border", "unconnected")


def diagnose(case: Case) -> list[Finding]:
    """The explanations of one slot's wrong gradient, the best first; at most one of them is certain."""
    view = View(case)
    if case.analytic is None:
        guesses = collect(view, (unconnected, wrong_shape))
    else:
        guesses = []
        for pattern in BETWEEN_CALLS:  # each of them makes what comes after it meaningless
            guesses += collect(view, (pattern,))
            if any(guess.complete for guess in guesses):
                break
        else:
            guesses += collect(view, PATTERNS) if view.bad.any() else []
    sources = case.subject.sources(case.slot)
    return [
        Finding(
            guess.pattern,
            guess.sentence if certain else f"consistent with: {guess.sentence}",
            guess.evidence,
            certain,
            view.name,
            (sources[-1] if guess.pattern in AT_THE_END else sources[0]) if sources else None,
        )
        for guess, certain in judge(guesses)
    ]


def collect(view: View, patterns: tuple[Pattern, ...]) -> list[Guess]:
    """All guesses. A pattern may run the user's code at values it refuses: such a pattern says nothing."""
    found: list[Guess] = []
    for pattern in patterns:
        try:
            with np.errstate(all="ignore"):
                found += pattern(view)
        except Exception as error:  # whatever the user's forward or backward raises at other values
            logger.debug("diagnosis: %s says nothing: %r", pattern.__name__, error)
    return found


def judge(guesses: list[Guess]) -> list[tuple[Guess, bool]]:
    """Each guess with whether it is certain: complete, and alone among the complete ones of the lowest level."""
    complete = [g for g in guesses if g.complete]
    if not complete:
        ranked = sorted(guesses, key=lambda g: g.level)
        return [(g, False) for g in ranked if g.level <= PLACE or len(ranked) == 1 or g is ranked[-1]][:4]
    lowest = min(g.level for g in complete)
    best = [g for g in complete if g.level == lowest]
    best = [g for g in best if not any(o.pattern == g.pattern and o.vague < g.vague for o in best)]
    best = list({(g.pattern, g.sentence): g for g in best}.values())
    if len(best) == 1:
        return [(best[0], True)]
    return [(g, False) for g in best]
