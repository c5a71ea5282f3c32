"""Who finds what: every layer with a planted bug, and every right but awkward one, before ours and torch's gradcheck.

Prints a Markdown table of the layers with bugs (whether each checker refuses it; what ours says is wrong, beside what a
person would say), then the right layers that a checker refused, over many seeds.

Needs the extra [parity] for torch's column. Run from the checkout: python -m benchmarks.gradcheck_table [SEEDS]
"""

import contextlib
import io
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from scratchnet.gradcheck import Finding, Report, check

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from awkward import AWKWARD
from mutants import MENDED_BY_TORCH, MUTANTS
from mutants_base import Mutant, as_torch
from mutants_judged import ALSO_TRUE


def ours(layer: Any, arrays: tuple[np.ndarray, ...], seed: int, diagnose: bool) -> Report | str:
    """The report; what was raised instead, in words."""
    try:
        return check(layer, arrays, seed=seed, diagnose=diagnose)
    except (ValueError, TypeError, RuntimeError, IndexError) as error:
        return f"{type(error).__name__}: {error}"


def torch_accepts(make: Callable[[], Any], arrays: tuple[np.ndarray, ...], fast: bool = False) -> bool:
    """Whether torch.autograd.gradcheck, with its defaults, calls the layer right."""
    import torch

    def tensor(array: np.ndarray) -> Any:  # one without elements gets strides that torch's checker takes
        made = torch.tensor(np.array(array)) if np.size(array) else torch.zeros(array.shape, dtype=torch.float64)
        return made.requires_grad_(made.is_floating_point())

    inputs = tuple(map(tensor, arrays))
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return torch.autograd.gradcheck(as_torch(make), inputs, raise_exception=True, fast_mode=fast)
        except Exception:  # whatever it raises, it refuses
            return False


def truths(mutant: Mutant) -> set[str | None]:
    """The patterns that are true of this bug."""
    return {mutant.pattern, *mutant.also, ALSO_TRUE.get(mutant.name)}


def mutants_table(with_torch: bool) -> None:
    """One line per bug; totals below."""
    caught = told = known = torch_caught = 0
    print("| layer with a bug | a person says | ours | what ours says | torch |\n|---|---|---|---|---|")
    for mutant in MUTANTS:
        arrays = mutant.inputs(np.random.default_rng(0))
        report = ours(mutant.make(), arrays, 0, diagnose=True)
        findings = () if isinstance(report, str) else report.findings
        caught += isinstance(report, str) or not report
        known += mutant.pattern is not None
        told += mutant.pattern is not None and bool({f.pattern for f in findings} & {mutant.pattern, *mutant.also})
        words = report[:60] if isinstance(report, str) else ", ".join(dict.fromkeys(map(said, findings[:3])))
        verdict = ""
        if with_torch:
            refused = not torch_accepts(mutant.make, arrays)
            torch_caught += refused
            verdict = "refuses" if refused else "mends" if mutant.name in MENDED_BY_TORCH else "**accepts**"
        mine = "refuses" if isinstance(report, str) or not report else "**accepts**"
        print(f"| {mutant.name} | {mutant.pattern or ''} | {mine} | {words} | {verdict} |")
    print(f"\nours refuses {caught} of {len(MUTANTS)}")
    if with_torch:
        print(f"torch refuses {torch_caught}, and mends {len(MENDED_BY_TORCH)} more: its engine sums a gradient to its")
        print("input's shape and casts it to its input's dtype")
    print(f"of the {known} bugs that have a name, ours names {told}")


def said(finding: Finding) -> str:
    """The pattern, with a question mark where it isn't certain."""
    return finding.pattern + ("" if finding.certain else "?")


def more_seeds(seeds: int) -> None:
    """Whether other inputs change a verdict, and every explanation that was stated as certain and isn't true."""
    missed, wrong, count = 0, 0, 0
    for mutant in MUTANTS:
        for seed in range(seeds):
            report = ours(mutant.make(), mutant.inputs(np.random.default_rng(seed)), seed, diagnose=True)
            if isinstance(report, str) or not report:
                for finding in () if isinstance(report, str) else report.findings:
                    count += finding.certain
                    if finding.certain and finding.pattern not in truths(mutant):
                        wrong += 1
                        print(f"certain and wrong: {mutant.name}, seed {seed}: {finding.sentence}")
            else:
                missed += 1
                print(f"accepted: {mutant.name}, seed {seed}")
    sure = f"{count} explanations stated as certain, {wrong} of them wrong"
    print(f"{len(MUTANTS)} bugs x {seeds} seeds: {missed} accepted; {sure}")


def false_alarms(seeds: int, with_torch: bool) -> None:
    """Right layers that were refused."""
    start, alarms, torch_alarms = time.perf_counter(), 0, 0
    for right in AWKWARD:
        refused = []
        for seed in range(seeds):
            arrays = right.inputs(np.random.default_rng(seed))
            report = ours(right.make(), arrays, seed, diagnose=False)
            if not report or isinstance(report, str):
                refused.append(seed)
        alarms += len(refused)
        torch_refuses = with_torch and not torch_accepts(right.make, right.inputs(np.random.default_rng(0)))
        torch_alarms += torch_refuses
        if refused or torch_refuses:
            whose = [f"ours with seeds {refused[:5]}"] * bool(refused) + ["torch"] * torch_refuses
            print(f"refused though right: {right.name}, by {' and '.join(whose)}")
    seconds = time.perf_counter() - start
    print(f"\n{len(AWKWARD)} right layers x {seeds} seeds: {alarms} false alarms of ours ({seconds:.0f} s)")
    print(f"torch with its defaults, one seed: {torch_alarms}")


def main() -> None:
    """Both tables."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    try:
        import torch  # noqa: F401
    except ImportError:
        print("torch isn't installed: its column stays empty")
        with_torch = False
    else:
        with_torch = True
    mutants_table(with_torch)
    print()
    more_seeds(max(1, seeds // 10))
    print()
    false_alarms(seeds, with_torch)


if __name__ == "__main__":
    main()
