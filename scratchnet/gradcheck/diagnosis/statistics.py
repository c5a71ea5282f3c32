"""Means, variances and sums over entries that backward takes for constants."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, STRUCTURE, Array, Guess, View, number


def grouped(view: View, axes: tuple[int, ...], flat: Array) -> Array:
    """[outputs, groups, entries of a group]: groups are what the statistic is taken over."""
    rest = [a for a in view.slot_axes if a not in axes]
    shape = (flat.shape[0], *view.slot_shape)
    count = int(np.prod([view.slot_shape[a] for a in axes]))
    return flat.reshape(shape).transpose(0, *(1 + a for a in rest), *(1 + a for a in axes)).reshape(shape[0], -1, count)


def statistics(view: View) -> Iterator[Guess]:
    """The error of each output is constant over some axes (mean), or linear in x - mean (variance), or both."""
    if not view.bad.any() or len(view.slot_shape) > 5:
        return
    x = np.asarray(view.value, dtype=np.float64).reshape(1, -1)
    for count in range(len(view.slot_shape), 0, -1):
        found = False
        for axes in combinations(view.slot_axes, count):
            if any(view.slot_shape[a] == 1 for a in axes) or int(np.prod([view.slot_shape[a] for a in axes])) < 3:
                continue
            for guess in over(view, axes, x):
                found = True
                yield guess
        if found:
            return


def over(view: View, axes: tuple[int, ...], x: Array) -> Iterator[Guess]:
    E, slack, known = (grouped(view, axes, v) for v in (view.E, view.tolerance, view.known))
    hit = np.abs(E).max(axis=2) > slack.max(axis=2)
    size = E.shape[2]
    if not known.all() or not hit.any():
        return
    N = grouped(view, axes, view.N)
    mean = E.mean(axis=2, keepdims=True)
    where = f"axes {axes}" if len(axes) > 1 else f"axis {axes[0]}"
    if (np.abs(E - mean) <= slack).all():
        if (np.abs(N - N.mean(axis=2, keepdims=True)) <= 10 * slack)[hit].all():
            return  # then anything that is constant fits
        yield Guess(
            "statistics",
            f"a mean or sum over {where} of {view.name} is treated as a constant: its path has no gradient",
            f"for each output, analytic - numeric is the same number at all {size} entries of {where} "
            f"(up to {number(float(np.abs(mean).max()))})",
            CAUSE,
        )
        return
    if size < 5:
        return
    centred = grouped(view, axes, x)
    centred = centred - centred.mean(axis=2, keepdims=True)
    norm = (centred**2).sum(axis=2, keepdims=True)
    if (norm == 0).any():
        return
    slope = (E * centred).sum(axis=2, keepdims=True) / norm
    flat = bool((np.abs(E - slope * centred) <= 2 * slack).all())
    base = N - N.mean(axis=2, keepdims=True)
    if (np.abs(base - (base * centred).sum(axis=2, keepdims=True) / norm * centred) <= 10 * slack)[hit].all():
        return
    if not flat and not (np.abs(E - mean - slope * centred) <= 2 * slack).all():
        return
    what = "the variance" if flat else "the mean and the variance"
    be = "is treated as a constant: its path has" if flat else "are treated as constants: their paths have"
    span = "a multiple of x - mean" if flat else "a constant plus a multiple of x - mean"
    yield Guess(
        "statistics",
        f"{what} over {where} of {view.name} {be} no gradient",
        f"for each output, analytic - numeric is {span} over the {size} entries of {where}",
        CAUSE,
    )


def shared_term(view: View) -> Iterator[Guess]:
    """The error is the same for all outputs along an axis: a term with the sum of the upstream gradient."""
    if not view.known.all():
        return
    E, N, slack = (view.tensors(v) for v in (view.E, view.N, view.tolerance))
    for axis, size in enumerate(view.out_shape):
        if size < 3:
            continue
        reach = np.moveaxis(np.abs(E) > slack, axis, 0).reshape(size, -1)
        hit = reach.any(axis=0)
        errors, right, near = (np.moveaxis(v, axis, 0).reshape(size, -1)[:, hit] for v in (E, N, slack))
        same = np.abs(errors - errors.mean(axis=0)) <= near
        if not same.all() or (np.abs(right - right.mean(axis=0)) <= 10 * near).all():
            continue
        yield Guess(
            "statistics",
            f"a term with the sum of the upstream gradient over axis {axis} is missing or wrong in the gradient of "
            f"{view.name}: something that all outputs along it share is treated as a constant",
            f"for each entry, analytic - numeric is the same number for all {size} outputs along axis {axis} "
            f"(up to {number(float(np.abs(errors).max()))})",
            CAUSE,
            vague=1,
        )
        return


def raw_input(view: View) -> Iterator[Guess]:
    """A scale's gradient made of the input itself, where the numeric one is made of something computed from it."""
    for _, name, value in view.others():
        if value.shape != view.out_shape or view.out_shape == view.slot_shape or view.value.size < 2:
            continue
        prediction = view.filled * value.reshape(-1, 1)
        if (view.filled.sum(axis=1) <= 1).all() and view.fits(prediction):
            yield Guess(
                "output_for_input",
                f"the gradient of {view.name} multiplies by {name} itself, where forward uses what it computed from it",
                f"analytic = the entry of {name} at the output's place, in all {view.entries} entries that are not 0",
                CAUSE,
            )


def normalised(view: View) -> Iterator[Guess]:
    """Softmax and log-softmax whose sum is left out."""
    if view.output is None or view.out_shape != view.slot_shape or view.diagonal or view.value.size < 3:
        return
    diagonal = np.diag(np.diag(view.N))
    y = np.asarray(view.output, dtype=np.float64)
    for axis in view.slot_axes:
        if y.shape[axis] < 2 or not np.allclose(y.sum(axis=axis), 1):
            continue
        if view.fits(np.diag(y.reshape(-1))):
            yield Guess(
                "statistics",
                f"the sum over axis {axis} in softmax's gradient is left out: y * gy, without - y * sum(y * gy)",
                f"analytic = output on the diagonal, 0 elsewhere; numeric has {int(view.filled.sum())} entries",
            )
    if view.fits(diagonal):
        yield Guess(
            "statistics",
            f"only the diagonal is there: each entry of {view.name} acts on its own output entry alone",
            f"analytic = numeric on the diagonal, 0 at {int((view.filled & (diagonal == 0)).sum())} other entries",
            STRUCTURE,
        )
