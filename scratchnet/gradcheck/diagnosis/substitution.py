"""The right formula with wrong operands: another slot mirrored, transposed, or one array taken for another."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from scratchnet.gradcheck.diagnosis.case import Array, Guess, View
from scratchnet.gradcheck.diagnosis.paths import quick


def changed_operand(view: View) -> Iterator[Guess]:
    """A is N at values where one other slot is mirrored or transposed."""
    for position, name, value in view.others():
        for pattern, words, changed in variants(value):
            if np.array_equal(changed, value):
                continue
            values = view.replaced(position, changed)
            if quick(view, values) and view.fits(view.case.jacobian(values)):
                yield Guess(
                    pattern,
                    f"for the gradient of {view.name}, backward uses {name} {words}",
                    f"analytic = numeric computed with {name} {words}, in all {view.entries} entries that are not 0",
                )


def variants(value: Array) -> Iterator[tuple[str, str, Array]]:
    """Pattern, words and the array changed, of the same shape."""
    axes = range(value.ndim)
    spatial = list(axes)[2:] if value.ndim > 2 else list(axes)
    if (value.ndim > 2 and len(spatial) >= 2) or value.ndim == 2:
        turned = np.flip(value, tuple(spatial[-2:]))
        yield (
            "flip",
            "turned by 180 degrees (mirrored along its last two axes, or not mirrored where it should be)",
            turned,
        )
    for axis in reversed(spatial):
        yield "flip", f"mirrored along axis {axis} (or not mirrored where it should be)", np.flip(value, axis)
    for a, b in combinations(axes, 2):
        if value.shape[a] == value.shape[b] > 1:
            last = value.ndim > 3 and (a, b) == (value.ndim - 2, value.ndim - 1)
            words = "with height and width exchanged" if last else f"transposed (axes {a} and {b} exchanged)"
            yield ("height_width" if last else "transpose"), words, value.swapaxes(a, b)


def exchanged(view: View) -> Iterator[Guess]:
    """A is N at values where one array is taken for another of the same shape."""
    own, output = view.case.slot, view.output
    arrays = [(name, position, value) for position, name, value in view.others()]
    for name, position, value in arrays:
        for source, _, other in [*arrays, (view.name, own, view.value)]:
            if source != name and other.shape == value.shape and not np.array_equal(other, value):
                values = view.replaced(position, other)
                if quick(view, values) and view.fits(view.case.jacobian(values)):
                    yield Guess(
                        "wrong_operand",
                        f"the gradient of {view.name} uses {source} where it should use {name}",
                        f"analytic = numeric computed with {source} in the place of {name}, "
                        f"in all {view.entries} entries that are not 0",
                    )
    if output is None:
        return
    for name, position, value in [*arrays, (view.name, own, view.value)]:
        if output.shape == value.shape and output.dtype == value.dtype and not np.array_equal(output, value):
            values = view.replaced(position, output)
            if quick(view, values) and view.fits(view.case.jacobian(values)):
                yield Guess(
                    "output_for_input",
                    f"the derivative is taken at the output, where {name} belongs: the formula is for the input",
                    f"analytic = numeric computed with the output in the place of {name}, "
                    f"in all {view.entries} entries that are not 0",
                    complete=len(np.unique(np.round(view.N[view.filled] / view.scale, 5))) > 3,
                )
