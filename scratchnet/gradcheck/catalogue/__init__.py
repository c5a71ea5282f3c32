"""Every differentiable op of the engine with sample inputs: what `scratchnet gradcheck` runs.

One file a subject; a row is one call. In-place twins (`add_`, `relu_`, ...) are made of the first sample of their op.
"""

from collections.abc import Sequence
from functools import cache
from importlib import import_module

from scratchnet.gradcheck.catalogue.in_place import twins
from scratchnet.gradcheck.catalogue.sample import Recipe, Sample

SUBJECTS = (
    *("arithmetic", "functions", "reductions", "shapes", "indexing", "products", "convolution", "pooling"),
    *("activations", "norms", "losses", "resampling", "chance"),
)


@cache
def catalogue() -> tuple[Sample, ...]:
    """All samples, in the order of the subjects."""
    found: list[Sample] = []
    for subject in SUBJECTS:
        found += import_module(f"scratchnet.gradcheck.catalogue.{subject}").SAMPLES
    return (*found, *twins(found))


def samples(names: Sequence[str] = ()) -> tuple[Sample, ...]:
    """The samples of the ops named; of all without a name. ValueError for a name that no sample has."""
    everything = catalogue()
    known = {sample.op for sample in everything}
    for name in names:
        if name not in known:
            near = ", ".join(sorted(op for op in known if name.strip("_") in op or op.strip("_") in name)[:8])
            raise ValueError(f"gradcheck: no op is called {name!r}" + (f"; near it: {near}" if near else ""))
    return tuple(sample for sample in everything if not names or sample.op in names)


__all__ = ["Recipe", "Sample", "catalogue", "samples"]
