"""Functions applied entry by entry: the derivative's formula at the wrong place, without a factor, or badly masked."""

from collections.abc import Callable, Iterator
from math import comb

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, PLACE, STRUCTURE, Array, Guess, View, number

# What a derivative may be made of, as a function of the output: sigmoid, tanh, sqrt, exp, softplus, powers.
SHAPES: tuple[tuple[str, Callable[[Array], Array], int], ...] = (
    ("polynomial of degree 2", lambda y: np.stack([np.ones_like(y), y, y * y], axis=1), 3),
    ("multiple of 1 / y", lambda y: np.stack([1 / y], axis=1), 1),
    ("constant and a multiple of exp(-y)", lambda y: np.stack([np.ones_like(y), np.exp(-y)], axis=1), 2),
)
NAMED: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("y (1 - y)", lambda y: y * (1 - y)),
    ("1 - y y", lambda y: 1 - y * y),
    ("y", lambda y: y),
    ("1 / (2 y)", lambda y: 0.5 / y),
    ("1 - exp(-y)", lambda y: 1 - np.exp(-y)),
)
FACTORS: tuple[tuple[str, Callable[[Array, Array], Array]], ...] = (
    ("output", lambda x, y: y),
    ("1 - output", lambda x, y: 1 - y),
    ("1 + output", lambda x, y: 1 + y),
    ("output * (1 - output)", lambda x, y: y * (1 - y)),
    ("1 - output * output", lambda x, y: 1 - y * y),
    ("input", lambda x, y: x),
    ("2 * input", lambda x, y: 2 * x),
    ("3 * input * input", lambda x, y: 3 * x * x),
    ("input * input", lambda x, y: x * x),
    ("cos(input)", lambda x, y: np.cos(x)),
    ("sign(input)", lambda x, y: np.sign(x)),
)


def entries(view: View) -> tuple[Array, Array, Array, Array]:
    """x, y, and the diagonals of A and N, where they are known."""
    seen = np.diag(view.known)
    output = view.case.outputs[0]
    x, y = (np.asarray(v, dtype=np.float64).reshape(-1)[seen] for v in (view.value, output))
    return x, y, np.diag(view.A)[seen], np.diag(view.N)[seen]


def off_diagonal(view: View) -> bool:
    """Whether A has entries off the diagonal, which nothing here explains."""
    return bool((view.kept & view.known & ~np.eye(view.value.size, dtype=bool)).any())


def formula_of_output(view: View) -> Iterator[Guess]:
    """N is g(y) for a simple g, and A is g(x)."""
    if not view.diagonal or off_diagonal(view):
        return
    x, y, a, n = entries(view)
    tolerance = 2 * np.diag(view.tolerance)[np.diag(view.known)] + 1e-6 * view.scale
    for words, known in NAMED:
        with np.errstate(all="ignore"):
            at_y, at_x = known(y), known(x)
        right, wrong = np.abs(at_y - n) <= tolerance, np.abs(at_x - a) <= 10 * tolerance * (1 + np.abs(at_x))
        if len(x) >= 2 and right.all() and wrong.all():
            yield Guess(
                "output_for_input",
                f"the derivative's formula for the output is applied to the input {view.name}",
                f"numeric = {words} of the output, analytic = {words} of the input, in all {len(x)} entries",
                CAUSE,
            )
            return
    for words, basis, count in SHAPES:
        if len(np.unique(y)) < count + 3 or np.ptp(n) < 1e-6 * view.scale:
            continue
        with np.errstate(all="ignore"):
            at_y, at_x = basis(y), basis(x)
        if not (np.isfinite(at_y).all() and np.isfinite(at_x).all()):
            continue
        weights = np.linalg.lstsq(at_y, n, rcond=None)[0]
        size = np.maximum(1.0, np.abs(at_x).sum(axis=1))
        if (np.abs(at_y @ weights - n) > tolerance).any() or (np.abs(at_x @ weights - a) > 10 * size * tolerance).any():
            continue
        yield Guess(
            "output_for_input",
            f"the derivative's formula for the output is applied to the input {view.name}",
            f"numeric = g(output), analytic = g(input), for one g ({words}), in all {len(x)} entries",
            CAUSE,
        )
        return


def missing_function(view: View) -> Iterator[Guess]:
    """N / A is a simple function of x or y; or A is 1 everywhere."""
    if not view.diagonal or off_diagonal(view):
        return
    x, y, a, n = entries(view)
    size = len(x)
    if size < 2 or np.ptp(n) < 1e-6 * view.scale:
        return
    tolerance = np.diag(view.tolerance)[np.diag(view.known)]
    levels = np.unique(np.round(n / view.scale, 5))
    binary = len(levels) <= 2 and (size > 2 or 0 in levels)  # two slopes or a mask: see `threshold`
    if (np.abs(a - 1) <= tolerance).all() and not binary:
        yield Guess(
            "missing_factor",
            "the derivative of the function is left out: backward hands the upstream gradient on as it is",
            f"analytic = 1 in all {size} entries, numeric between {number(n.min())} and {number(n.max())}",
            STRUCTURE,
        )
        return
    if binary:
        return
    for words, function in FACTORS:
        f = function(x, y)
        for relation, matched in (
            ("is missing", np.abs(a * f - n) <= tolerance * (1 + np.abs(f))),
            ("is too much", np.abs(n * f - a) <= tolerance * (1 + np.abs(f))),
        ):
            if matched.all() and np.ptp(f) > 1e-3:
                how = (
                    f"analytic x ({words}) = numeric" if relation == "is missing" else f"analytic = numeric x ({words})"
                )
                yield Guess(
                    "missing_factor",
                    f"in the gradient of {view.name} a factor {words} {relation}",
                    f"{how} in all {size} entries",
                    STRUCTURE,
                )
    with np.errstate(all="ignore"):
        quotient = y / x
    if np.isfinite(quotient).all() and (np.abs(a - quotient) <= tolerance * (1 + np.abs(quotient))).all():
        yield Guess(
            "part",
            "one of two paths is missing: the output is the input times something, which is treated as constant",
            f"analytic = output / input in all {size} entries",
            STRUCTURE,
        )
    if np.isfinite(quotient).all() and (np.abs(a + quotient - n) <= tolerance * (1 + np.abs(quotient))).all():
        yield Guess(
            "part",
            "one of two paths is missing: the output is the input times something, and only that something's is there",
            f"analytic + output / input = numeric in all {size} entries",
            STRUCTURE,
        )


def threshold(view: View) -> Iterator[Guess]:
    """Wrong exactly where the input lies on one side of a threshold."""
    if not view.diagonal or off_diagonal(view):
        return
    x, _, a, n = entries(view)
    seen = np.diag(view.known)
    wrong = np.diag(view.bad)[seen]
    for key, words in ((x, view.name), (-x, view.name), (np.abs(x), f"|{view.name}|"), (-np.abs(x), f"|{view.name}|")):
        if not wrong.any() or wrong.all() or key[wrong].min() <= key[~wrong].max():
            continue
        low, high = key[~wrong].max(), key[wrong].min()
        below = (key is not x and words == view.name) or (words != view.name and key[0] <= 0)
        edge = -(low + high) / 2 if below else (low + high) / 2
        side = f"{words} is {'below' if below else 'above'} about {edge:.2g}"
        open_, shut = (np.abs(v[wrong]) > 1e-6 * view.size for v in (a, n))
        count = f"{int(wrong.sum())} of {len(x)} entries"
        # By chance so few entries may well lie like this; that the edge is 0 as well is no chance.
        sure = comb(len(x), int(wrong.sum())) >= (100 if low <= 0 <= high else 2_000)
        if open_.all() and not shut.any():
            text = f"the gradient passes where forward blocks it: where {side}"
            detail = "numeric is 0 there, analytic is not"
        elif shut.all() and not open_.any():
            text = f"the gradient is blocked where forward lets it through: where {side}"
            detail = "analytic is 0 there, numeric is not"
        elif np.ptp(n[wrong]) < 1e-6 * view.size and np.ptp(a[wrong]) < 1e-6 * view.size:
            text = f"the slope is wrong where {side}"
            detail = f"analytic is {number(a[wrong][0])} there, numeric {number(n[wrong][0])}"
        else:
            k = a[wrong] / np.where(n[wrong] == 0, 1, n[wrong])
            text, sure = f"the gradient of {view.name} is wrong where {side}", False
            detail = f"analytic / numeric there is between {number(k.min())} and {number(k.max())}"
        yield Guess("mask", text, f"wrong in {count}, all of them there; {detail}", STRUCTURE if sure else PLACE, sure)
        return


def inverted(view: View) -> Iterator[Guess]:
    """A passes exactly what N blocks."""
    if not view.diagonal or off_diagonal(view):
        return
    _, _, a, n = entries(view)
    on, off = np.abs(a) > 1e-6 * view.size, np.abs(n) > 1e-6 * view.size
    if (on != off).all() and on.any() and off.any():
        yield Guess(
            "mask",
            "the mask is the wrong way round: the gradient passes exactly where forward blocks it",
            f"in all {len(a)} entries one of analytic and numeric is 0 and the other is not",
            CAUSE,
            complete=len(a) >= 6,
        )


def sums_to_one(view: View) -> Iterator[Guess]:
    """Softmax with the input in the place of the output in y_i (d_ij - y_j)."""
    if view.output is None or view.out_shape != view.slot_shape or view.diagonal:
        return
    y, x = np.asarray(view.output, dtype=np.float64), np.asarray(view.value, dtype=np.float64)
    for axis in view.slot_axes:
        if y.shape[axis] < 2 or not np.allclose(y.sum(axis=axis), 1):
            continue
        rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
        places = np.moveaxis(np.arange(x.size).reshape(x.shape), axis, -1).reshape(-1, x.shape[axis])
        prediction = np.zeros_like(view.N)
        for row, place in zip(rows, places, strict=True):
            prediction[np.ix_(place, place)] = np.diag(row) - np.outer(row, row)
        if view.fits(prediction):
            yield Guess(
                "output_for_input",
                f"softmax's formula for the output is applied to the input {view.name}",
                f"analytic = x_i (d_ij - x_j), numeric = y_i (d_ij - y_j), in all {view.entries} entries",
            )
