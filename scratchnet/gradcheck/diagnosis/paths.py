"""Gradients that are missing, or that lack one of several paths."""

from collections.abc import Iterator

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CALLS, CAUSE, PLACE, STRUCTURE, Guess, View, number, spell


def unconnected(view: View) -> Iterator[Guess]:
    """No gradient, or nothing but zeros, where there is one."""
    if view.kept.any() or not view.filled.any():
        return
    if view.case.analytic is None:
        zeros = tuple(np.ones(y.shape, dtype=y.dtype) for y in view.case.outputs)
        if view.case.subject.pull(view.case.values, zeros)[view.case.slot] is not None:
            return
        what = "backward gives no gradient at all"
    else:
        what = f"all {view.A.size} analytic entries are 0"
    yield Guess(
        "unconnected",
        f"{view.name} is not connected: the output depends on it, but no gradient comes back",
        f"{what}; {int(view.filled.sum())} numeric entries are not 0, up to {number(view.scale)}",
        CALLS,
        complete=never(view),
    )


def never(view: View) -> bool:
    """Whether no gradient comes back at other values either: a mask may have closed by chance."""
    ones = tuple(np.ones_like(y) for y in view.case.outputs)
    for changed in (view.value, -view.value, 0.5 + view.value):
        gradient = view.case.subject.pull(view.replaced(view.case.slot, changed), ones)[view.case.slot]
        if gradient is not None and np.any(gradient):
            return False
    return True


def missing_identity(view: View) -> Iterator[Guess]:
    """A = N + c I: a skip connection (c = -1), or a direct path that is scaled."""
    if view.out_shape != view.slot_shape or view.value.size < 2 or (view.diagonal and is_scaled_identity(view)):
        return
    size = view.value.size
    c = float(np.median(np.diag(view.E)))
    if abs(c) < 1e-5 or (size < 4 and abs(abs(c) - 1) > 1e-5) or not view.fits(view.N + c * np.eye(size)):
        return
    if abs(c + 1) < 1e-5:
        text = f"one of several paths to {view.name} is not connected: what is missing is exactly the identity (a skip)"
    elif abs(c - 1) < 1e-5:
        text = f"the gradient of {view.name} has one path too much: what is too much is exactly the identity"
    else:
        text = f"one of several paths to {view.name} is wrong: the direct one, by {number(c)} times the identity"
    yield Guess(
        "part", text, f"analytic - numeric = {number(c)} on all {size} entries of the diagonal, 0 elsewhere", CAUSE
    )


def is_scaled_identity(view: View) -> bool:
    diagonal = np.diag(view.N)
    return bool(np.allclose(diagonal, diagonal[0], rtol=1e-6, atol=float(view.tolerance.max())))


def missing_constant(view: View) -> Iterator[Guess]:
    """The error is one constant, at no more than one entry a row or one a sample."""
    wrong = view.known & (np.abs(view.E) > view.tolerance)
    if wrong.sum() < 2 or not view.kept[wrong].all() or (view.out_shape == view.slot_shape and view.diagonal):
        return
    c = float(np.median(view.E[wrong]))
    if not np.allclose(view.E[wrong], c, rtol=1e-5, atol=float(view.tolerance.max())):
        return
    columns = wrong.any(axis=0)
    if wrong.sum() > max(view.N.shape[0], view.slot_shape[0] if view.slot_shape else 1) or columns.sum() < wrong.sum():
        return
    if wrong.sum() * 2 > wrong.size:
        return
    sample = columns.reshape(*view.slot_shape[:1], -1).sum(axis=1)
    each = ", one for each index of axis 0" if (sample == 1).all() else ""
    yield Guess(
        "part",
        f"a part of the gradient of {view.name} is missing: the constant {number(-c)} at single entries{each}",
        f"analytic - numeric = {number(c)} at {int(wrong.sum())} of {wrong.size} entries, 0 elsewhere",
        STRUCTURE,
    )


def one_output(view: View) -> Iterator[Guess]:
    """Of several outputs, some give the right gradient and the others none."""
    sizes = [y.size for y in view.case.outputs]
    if len(sizes) < 2:
        return
    parts = np.split(np.arange(view.N.shape[0]), np.cumsum(sizes)[:-1])
    lost = [k for k, rows in enumerate(parts) if view.filled[rows].any() and not view.kept[rows].any()]
    keep = np.ones(view.N.shape[0], dtype=bool)
    for k in lost:
        keep[parts[k]] = False
    if lost and view.fits(view.N * keep[:, None]):
        yield Guess(
            "part",
            f"the path from {view.name} to output {spell(lost)} is not connected; the other outputs are right",
            f"analytic = 0 for all entries of output {spell(lost)}, = numeric for the rest",
            CAUSE,
        )


def one_path(view: View) -> Iterator[Guess]:
    """A = N with another slot set to zero: the path through it is lost; to one: the factor is left out."""
    for position, name, value in view.others():
        own = view.name
        for pattern, changed, where, text in (
            (
                "part",
                np.zeros_like(value),
                "set to 0",
                f"the path from {own} that goes through {name} is not connected",
            ),
            ("missing_operand", np.ones_like(value), "set to 1", f"the gradient of {own} leaves out {name}"),
            (
                "wrong_operand",
                np.asarray(1 / value, dtype=value.dtype),
                f"replaced by 1 / {name}",
                f"the gradient of {own} multiplies by {name} where it should divide, or the other way round",
            ),
        ):
            replaced = view.replaced(position, changed)
            if np.isfinite(changed).all() and quick(view, replaced) and view.fits(view.case.jacobian(replaced)):
                evidence = f"analytic = numeric computed with {name} {where}, in all {view.entries} entries"
                yield Guess(pattern, text, evidence, CAUSE)


def quick(view: View, values: tuple[np.ndarray, ...]) -> bool:
    """Whether A could be the Jacobian at these values, seen along one random direction: two evaluations."""
    rng = np.random.default_rng([view.case.seed, 11])
    at = np.asarray(values[view.case.slot], dtype=np.float64)
    direction = rng.standard_normal(at.shape)
    step = 1e-5 * max(1.0, float(np.abs(at).max(initial=0.0)))
    sides = []
    dtype = values[view.case.slot].dtype
    if dtype != np.float64:
        return True
    for sign in (1, -1):
        moved = list(values)
        moved[view.case.slot] = at + sign * step * direction
        outputs = view.case.subject.run(tuple(moved))
        if [y.shape for y in outputs] != [y.shape for y in view.case.outputs]:
            return False
        sides.append(np.concatenate([np.asarray(y, dtype=np.float64).reshape(-1) for y in outputs]))
    seen = (sides[0] - sides[1]) / (2 * step)
    slack = (view.tolerance @ np.abs(direction.reshape(-1))) * 10 + 1e-4 * view.size
    rows = view.known.all(axis=1)
    error = np.abs(seen - view.A @ direction.reshape(-1))
    return bool(np.isfinite(seen).all() and (error <= slack)[rows].all())


def rows_kept(view: View) -> Iterator[Guess]:
    """Right for some indices of an axis and wrong for the rest: says which."""
    wrong = view.tensors(view.bad)
    filled = view.tensors(view.filled | view.kept)
    total = len(view.out_shape)
    shape = view.out_shape + view.slot_shape
    for axis in (*range(total, len(shape)), *range(total)):
        size = shape[axis]
        rest = tuple(a for a in range(wrong.ndim) if a != axis)
        bad, used = wrong.any(axis=rest), filled.any(axis=rest)
        if size < 2 or not bad.any() or not (used & ~bad).any():
            continue
        name = f"axis {axis} of the output" if axis < total else f"axis {axis - total} of {view.name}"
        zero = not (view.tensors(view.kept) & np.expand_dims(bad, rest)).any()
        right, off = np.flatnonzero(used & ~bad).tolist(), np.flatnonzero(bad).tolist()
        yield Guess(
            "part" if zero else "rows",
            f"the gradient of {view.name} is right at {indices(right)} of {name} and "
            f"{'0' if zero else 'wrong'} at {indices(off)}",
            f"{int(view.bad.sum())} wrong entries, all at {indices(off)} of {name}",
            PLACE,
            complete=False,
        )
        return


def indices(items: list[int]) -> str:
    return f"{'index' if len(items) == 1 else 'indices'} {spell(items)}"
