"""What the fixture `gradcheck` gives to a test, and `cases`, which makes one test of each layer."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scratchnet.gradcheck.check import check
from scratchnet.gradcheck.report import GradcheckError, Report
from scratchnet.shapes import message


class Gradcheck:
    """`check` for one test: a wrong gradient raises, and `rng` and the check's seed come from the test's name."""

    def __init__(self, name: str) -> None:
        self.seed = zlib.crc32(name.encode())
        self.rng = np.random.default_rng(self.seed)

    def __call__(self, fn: Any, inputs: Any, params: Any = None, **options: Any) -> Report:
        """See `check`; `inputs` may be a function of a NumPy Generator that makes them. Raises GradcheckError."""
        __tracebackhide__ = True  # the report says where the mistake is; this frame doesn't
        if callable(inputs):
            inputs = inputs(self.rng)
        report = check(fn, inputs, params, **{"seed": self.seed, **options})
        if not report.ok:  # raise_if_failed's own frame would stand in the test's traceback
            raise GradcheckError(str(report))
        return report


def cases(*listed: Any) -> Callable[[Any], Any]:
    """Run a test once for each layer, as its argument `case`: (layer, inputs), to be passed on as `gradcheck(*case)`.

    From {"name": (layer, inputs), ...} or from ("name", layer, inputs), ...; params may follow. Raises TypeError for
    anything else, ValueError for no case or for two of the same name.
    """
    import pytest

    rows: list[tuple[Any, ...]] = []
    for item in listed:
        if isinstance(item, Mapping):
            rows.extend((name, *case) if isinstance(case, tuple) else (name, case) for name, case in item.items())
        else:
            rows.append(item)
    for row in rows:
        if not (isinstance(row, tuple) and len(row) in (3, 4) and isinstance(row[0], str)):
            rule = 'must be ("name", layer, inputs), or a dict of "name": (layer, inputs)'
            raise TypeError(message("cases", "case", repr(row), rule))
    names = [row[0] for row in rows]
    if not names:
        raise ValueError(message("cases", "cases", "none", "must be at least one"))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(message("cases", "name", repr(twice), "must be a case's own, but two have it"))
    marked: Callable[[Any], Any] = pytest.mark.parametrize("case", [row[1:] for row in rows], ids=names)
    return marked
