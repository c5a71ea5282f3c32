"""Who finds what: every layer with a planted bug, and every right but awkward one, before ours and torch's gradcheck.

Prints a Markdown table of the layers with bugs (whether each checker refuses it; what ours says is wrong, beside what a
person would say), then the right layers that a checker refused, over many seeds.

Needs the extra [parity] for torch's column. Run from the checkout: python benchmarks/gradcheck_table.py [SEEDS]
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

from scratchnet.gradcheck import Report, check

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from awkward import AWKWARD
from mutants import MENDED_BY_TORCH, MUTANTS
from mutants_base import as_torch


def ours(layer: Any, arrays: tuple[np.ndarray, ...], seed: int, diagnose: bool) -> Report | str:
    """The report; what was raised instead, in words."""
    try:
        return check(layer, arrays, seed=seed, diagnose=diagnose)
    except (ValueError, TypeError, RuntimeError, IndexError) as error:
        return f"{type(error).__name__}: {error}"


def torch_accepts(make: Callable[[], Any], arrays: tuple[np.ndarray, ...], fast: bool = False) -> bool:
    """Whether torch.autograd.gradcheck, with its defaults, calls the layer right."""
    import torch

    inputs = tuple(
        torch.tensor(np.array(array)).requires_grad_(np.issubdtype(np.asarray(array).dtype, np.floating))
        for array in arrays
    )
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            return torch.autograd.gradcheck(as_torch(make), inputs, raise_exception=True, fast_mode=fast)
        except Exception:  # whatever it raises, it refuses
            return False


def mutants_table(with_torch: bool) -> None:
    """One line per bug; totals below."""
    caught = told = known = falsely = torch_caught = 0
    print("| layer with a bug | a person says | ours | what ours says | torch |\n|---|---|---|---|---|")
    for mutant in MUTANTS:
        arrays = mutant.inputs(np.random.default_rng(0))
        report = ours(mutant.make(), arrays, 0, diagnose=True)
        wrong = isinstance(report, str) or not report
        findings = () if isinstance(report, str) else report.findings
        said = {finding.pattern for finding in findings}
        right = {mutant.pattern, *mutant.also}
        caught += wrong
        known += mutant.pattern is not None
        told += mutant.pattern is not None and bool(said & right)
        sure = [finding.pattern for finding in findings if finding.certain]
        falsely += any(pattern not in right for pattern in sure)
        words = ", ".join(f"{f.pattern}{'' if f.certain else '?'}" for f in findings[:3])
        if not isinstance(report, str):
            words = words or "; ".join(held.name for held in report.properties if not held.ok)
        else:
            words = report[:60]
        verdict = ""
        if with_torch:
            refused = not torch_accepts(mutant.make, arrays)
            torch_caught += refused
            verdict = "refuses" if refused else "mends" if mutant.name in MENDED_BY_TORCH else "**accepts**"
        mine = "refuses" if wrong else "**accepts**"
        print(f"| {mutant.name} | {mutant.pattern or ''} | {mine} | {words} | {verdict} |")
    print(
        f"\nours refuses {caught} of {len(MUTANTS)}; torch {torch_caught}, and mends {len(MENDED_BY_TORCH)} more: its"
    )
    print("engine sums a gradient to its input's shape and casts it to its input's dtype")
    print(f"what is wrong: right in {told} of the {known} that have a name; stated as certain and wrong: {falsely}")


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
    false_alarms(seeds, with_torch)


if __name__ == "__main__":
    main()
