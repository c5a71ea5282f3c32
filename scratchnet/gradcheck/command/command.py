"""What `scratchnet gradcheck` does; cli.py holds its arguments."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from scratchnet import random
from scratchnet.gradcheck.check import check
from scratchnet.gradcheck.command import input_shapes
from scratchnet.gradcheck.command import target as targets
from scratchnet.gradcheck.report import Finding, Report
from scratchnet.gradcheck.subjects.pairs import GRADIENT_NAMES
from scratchnet.progress import Progress

OF_A_TARGET = ("input", "arg", "param", "method", "mode", "kinks", "rtol", "atol", "allow_float32", "html")


def run(arguments: argparse.Namespace) -> int:
    """`scratchnet gradcheck`: the exit code, 0 if everything is right and 1 if a gradient is wrong."""
    if arguments.target is None:
        given = next((name for name in OF_A_TARGET if getattr(arguments, name)), None)
        if given:
            option = given.replace("_", "-")
            raise ValueError(f"argument --{option}: needs a TARGET to check, as in layers.py:Conv2d")
        return _engine(arguments)
    if arguments.op:
        raise ValueError("argument --op: chooses among the engine's ops; leave it out where a TARGET is given")
    return _target(arguments)


def _engine(arguments: argparse.Namespace) -> int:
    from scratchnet.gradcheck.command import engine_table

    names = tuple(arguments.op or ())
    with Progress(engine_table.count(names), "op", "") as progress:
        rows = engine_table.run(names, on_done=lambda row: progress.advance(row.op))
    print(engine_table.format_table(rows))
    return 0 if all(row.ok for row in rows) else 1


def _target(arguments: argparse.Namespace) -> int:
    if not arguments.input:
        raise ValueError("argument --input: give the shape of each input, as in --input 2,3,8,8")
    input_shapes.inputs(arguments.input, None, 0)  # what is wrong with a shape is said before the user's code runs
    path, module, names = targets.load(arguments.target)
    _seed(arguments.seed)
    target = targets.make(path, module, names, arguments.arg or ())
    params = _params(arguments.param)
    held = _floating(target.fn)
    given = input_shapes.inputs(arguments.input, target.library, arguments.seed)
    if arguments.allow_float32 and target.library is None:
        given = tuple(item.astype(np.float32) if item.dtype.kind == "f" else item for item in given)
    inputs = (*given, *target.trailing)
    options: dict[str, Any] = {
        key: getattr(arguments, key)
        for key in ("method", "mode", "kinks", "rtol", "atol", "allow_float32")
        if getattr(arguments, key) is not None
    }
    count = len(arguments.input)
    quiet = np.errstate(all="ignore")  # what comes of it, NaN or infinity, is an error with a text of its own
    with quiet, targets.blaming(path, target.hint, f"{count} --input {'was' if count == 1 else 'were'} given"):
        report = check(target.fn, inputs, params, seed=arguments.seed, name=target.name, **options)
    report = _near(replace(report, notes=(*report.notes, *_unchecked(held, params, report))))
    print(report)
    if arguments.html is not None:
        from scratchnet.gradcheck.html import page

        page.write(report, arguments.html)
        print(f"the same as a page, with the error drawn on the tensor: {arguments.html}")
    return 0 if report.ok else 1


def _seed(seed: int) -> None:
    """Layers that draw their weights draw the same ones each time."""
    np.random.seed(seed % 2**32)
    random.manual_seed(seed)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(seed)


def _params(pairs: Sequence[str] | None) -> dict[str, str] | None:
    for pair in pairs or ():
        key, equals, gradient = pair.partition("=")
        if not (equals and key and gradient):
            raise ValueError(
                f"argument --param: {pair!r} must be NAME=GRADIENT, two attributes of the layer, as in W=dW"
            )
    return {key: gradient for key, _, gradient in (pair.partition("=") for pair in pairs)} if pairs else None


def _floating(layer: Any) -> list[str]:
    """The attributes of a NumPy layer that hold floating arrays."""
    if not callable(getattr(layer, "backward", None)) or isinstance(layer, type):
        return []
    attributes = getattr(layer, "__dict__", {})
    return [key for key, held in attributes.items() if isinstance(held, np.ndarray) and held.dtype.kind == "f"]


def _unchecked(held: Sequence[str], params: dict[str, str] | None, report: Report) -> list[str]:
    """A note on arrays of a layer for which no gradient was found: silence would pass for success."""
    seen = {slot.name for slot in report.slots}
    gradients = {pattern.format(key) for key in held for pattern in GRADIENT_NAMES} | set((params or {}).values())
    left = [key for key in held if key not in seen and key not in gradients]
    if not left:
        return []
    tried = ", ".join(pattern.format(left[0]) for pattern in GRADIENT_NAMES[:3])
    return [f"not checked: {', '.join(left)} (no gradient named {tried}, ...; name it with --param {left[0]}=GRADIENT)"]


def _near(report: Report) -> Report:
    """The report with files named from the current folder, as the user named them."""

    def near(finding: Finding) -> Finding:
        source = finding.source
        if source is None or not Path(source.file).is_relative_to(Path.cwd()):
            return finding
        return replace(finding, source=replace(source, file=str(Path(source.file).relative_to(Path.cwd()))))

    return replace(report, findings=tuple(near(finding) for finding in report.findings))
