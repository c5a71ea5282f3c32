"""CUDA kernels with faults: a barrier taken out or a text replaced, and which scenarios show it in which order.

Each <stem>.cu has a file scenarios_<stem>.py of three names:

scenarios(kernels, rng): a generator of (function, arrays). `kernels` is scratchnet.kernels.cuda or .cpu: the function
    is called with the arrays moved there, and what it returns (an array, or tuples and lists of them and of None) must
    be the same on both, to 1e-12. So arrays are float64, or integers; for kernels of float32 alone they hold small
    integers, whose sums are exact. Where there is no CPU kernel the generator may yield plain NumPy code in its place
    (`if kernels.__name__.endswith("cpu")`). Sizes: more than a warp, more than a block, no multiples of either.
FAULTS: [(right, wrong), ...], texts of the .cu file or of a header that it includes; the first place is replaced.
HIDDEN: {number: why}, the barriers of the .cu file, counted from 0 in the order of the text, whose absence can't show.

`python -m emulated_mutants [stem ...]`, from the folder tests, prints what catches each.
"""

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from emulation import cupy, engine

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch

STEMS = sorted(path.stem for path in launch.FOLDER.glob("*.cu"))
HEADERS = sorted(path.name for path in launch.FOLDER.glob("*.cuh"))
BARRIER = re.compile(r"__sync(?:threads|warp)\([^()]*\);")


@dataclass(frozen=True)
class Caught:
    """A scenario that shows a fault: one of engine.CHECKS, the kernels launched, and the finding."""

    check: str
    scenario: str
    how: str


def scenario_file(stem: str) -> Any:
    """The module scenarios_<stem>."""
    return importlib.import_module(f"scenarios_{stem}")


def has_scenarios(stem: str) -> bool:
    """Whether the stem's file exists."""
    return (Path(__file__).parent / f"scenarios_{stem}.py").exists()


def barriers(name: str) -> int:
    """How many barriers the text of a .cu file or a header has."""
    return len(BARRIER.findall((launch.FOLDER / name).read_text(encoding="utf-8")))


def users(name: str) -> list[str]:
    """The stems that a .cu file or a header is part of."""
    return [stem for stem in STEMS if f'#line 1 "{name}"' in launch.source(stem)]


def without_barrier(stem: str, name: str, number: int) -> str:
    """The stem's source without the barrier `number` of its part that comes from the file `name`."""
    source, found, file = launch.source(stem), 0, ""
    for match in re.finditer(rf'#line \d+ "([\w.]+)"|{BARRIER.pattern}', source):
        if match[1]:
            file = match[1]
        elif file == name:
            if found == number:
                return source[: match.start()] + ";" + source[match.end() :]
            found += 1
    raise LookupError(f"{name} has no barrier {number} in {stem}.cu")


def with_fault(stem: str, right: str, wrong: str) -> str:
    """The stem's source with the first `right` replaced."""
    source = launch.source(stem)
    if right not in source:
        raise LookupError(f"{stem}.cu: the fault's place is gone: {right}")
    return source.replace(right, wrong, 1)


@contextmanager
def standing_in(stem: str = "", source: str = "") -> Iterator[None]:
    """Inside, kernels run on the CPU; those of `stem` are compiled from `source`."""
    before, whole = driver.use(cupy), launch.source
    if stem:
        launch.source = lambda name: source if name == stem else whole(name)
    engine.one_by_one = bool(stem)  # most faults are found by the first kernels
    try:
        # One compilation serves all checks.
        with engine.built("watched" if engine.RACES in engine.CHECKS else engine.build):
            yield
    finally:
        engine.one_by_one = False
        launch.source = whole
        driver.use(before)


def caught(stem: str) -> Iterator[Caught]:
    """What differs from the CPU's kernels, leaves its arrays or races: for each check the first scenario."""
    for check in engine.CHECKS:
        if found := _first_caught(stem, check):
            yield found


def _first_caught(stem: str, check: str) -> Caught | None:
    pairs = zip(
        *(scenario_file(stem).scenarios(kernels, np.random.default_rng(1)) for kernels in (cuda, cpu)), strict=True
    )
    with engine.checked(check):
        for number, ((ours, arrays), (theirs, same)) in enumerate(pairs):
            engine.launched.clear()
            try:
                _compare(_down(ours(*map(_up, arrays))), theirs(*same))
            except (AssertionError, RuntimeError) as error:
                kernels = ", ".join(dict.fromkeys(name.split("<")[0] for name in engine.launched))
                return Caught(check, f"scenario {number} ({kernels})", _first_line(error))
    return None


def _up(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_up, value))
    return cupy.asarray(value) if isinstance(value, np.ndarray) else value


def _down(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_down(v) for v in value]
    return value.get() if isinstance(value, cupy.ndarray) else value


def _compare(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (list, tuple)):
        for a, b in zip(ours, theirs, strict=True):
            _compare(a, b)
    elif theirs is not None:
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def _first_line(error: Exception) -> str:
    lines = [
        line
        for line in str(error).splitlines()
        if line.startswith("Mismatched") or "diverges" in line or "a race" in line
    ]
    return (lines or str(error).strip().splitlines() or [type(error).__name__])[0].strip()


def caught_without_barrier(name: str, number: int) -> Iterator[Caught]:
    """What catches a missing barrier of a .cu file, or of a header: by any stem that includes it."""
    for stem in users(name):
        with standing_in(stem, without_barrier(stem, name, number)):
            yield from caught(stem)


def main(stems: list[str]) -> None:
    """Print two tables in Markdown: barrier -> checks, fault -> the first scenario that shows it."""
    print("| file | barrier | caught by |\n|---|---|---|")
    for name in [f"{stem}.cu" for stem in stems] or [*(f"{stem}.cu" for stem in STEMS), *HEADERS]:
        for number in range(barriers(name)):
            checks = ", ".join(dict.fromkeys(found.check for found in caught_without_barrier(name, number)))
            why = scenario_file(name[:-3]).HIDDEN.get(number) if name.endswith(".cu") else None
            print(f"| {name} | {number} | {checks or why or 'NOT CAUGHT'} |", flush=True)
    print("\n| file | fault | caught by |\n|---|---|---|")
    for stem in stems or STEMS:
        for right, wrong in scenario_file(stem).FAULTS:
            with standing_in(stem, with_fault(stem, right, wrong)):
                found = next(caught(stem), None)
            where = f"{found.scenario}, {found.check}: {found.how}" if found else "NOT CAUGHT"
            cells = [" ".join(text.split()).replace("|", "\\|") for text in (right, wrong, where)]
            print(f"| {stem}.cu | `{cells[0]}` becomes `{cells[1]}` | {cells[2]} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
