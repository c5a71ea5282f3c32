"""Sign and constant factors, with the reason for a factor where another batch size tells it."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, STRUCTURE, Array, Case, Guess, View, number


def ratio(A: Array, N: Array) -> float:
    """The median of A / N over the larger entries of N."""
    sizes = np.abs(N)
    large = sizes >= 0.1 * sizes.max(initial=0.0)
    return float(np.median(A[large] / N[large])) if sizes.any() else 1.0


def tidy(k: float) -> float:
    """The integer or one over the integer that k is within the differences' error; otherwise k."""
    for tidied in (round(k), 1 / round(1 / k) if abs(k) > 1e-6 and abs(k) < 1e6 and round(1 / k) else 0):
        if tidied and abs(k - tidied) <= 1e-5 * abs(tidied):
            return float(tidied)
    return k


def factor(view: View) -> Iterator[Guess]:
    """A = k N in every entry: sign if k = -1."""
    known = view.known & view.filled
    if not known.any():
        return
    k = tidy(ratio(view.A[known], view.N[known]))
    if abs(k) < 1e-6 or not view.fits(k * view.N):
        return
    count = int(known.sum())
    evidence = f"analytic = {number(k)} x numeric in all {count} entries that are not 0"
    if count < 2:
        word = "has the wrong sign" if k == -1 else f"is off by the factor {number(k)}"
        evidence = f"analytic = {number(k)} x numeric, but there is only one entry to see it in"
        name = "sign" if k == -1 else "factor"
        yield Guess(name, f"the gradient of {view.name} {word}", evidence, complete=False)
    elif k == -1:
        yield Guess("sign", f"the gradient of {view.name} has the wrong sign", evidence, CAUSE)
    else:
        sentence, more = reason(view, k)
        yield Guess("factor", f"the gradient of {view.name} is {sentence}", evidence + more, CAUSE)


def reason(view: View, k: float) -> tuple[str, str]:
    """Words for the factor k, and what another batch size adds to the evidence."""
    head = f"{number(k)} times the right one"
    own = view.case.subject.slots[view.case.slot].kind == "input" and view.slot_shape
    batch = (view.slot_shape if own else view.out_shape or (1,))[0]
    seen = other_batch(view.case, batch) if batch > 1 else None
    if seen is not None:
        size, k2 = seen
        more = f"; with a batch of {size} instead of {batch}: {number(k2)}"
        if abs(k2 / k - batch / size) < 1e-4 and abs(k * batch - 1) < 1e-4:
            return f"{head}: backward takes the mean over the batch, forward does not", more
        if abs(k2 / k - size / batch) < 1e-4 and abs(k - batch) < 1e-4:
            return f"{head}: forward divides by the batch size, backward does not", more
        if abs(k2 / k - batch / size) < 1e-4:
            return f"{head}: backward divides by the batch size and forward does not", more
        if abs(k2 / k - size / batch) < 1e-4:
            return f"{head}: forward divides by the batch size and backward does not", more
        if abs(k2 / k - 1) < 1e-4:
            return f"{head}, whatever the batch size{known_number(view, k, 0)}", more
        return f"{head}, and the factor changes with the batch size", more
    return f"{head}{known_number(view, k, None)}", ""


def known_number(view: View, k: float, skip: int | None) -> str:
    """What the factor could come from: products of axis sizes, a 2, a half."""
    reasons = []
    if k == 2:
        reasons.append("a factor 1/2 is missing, or something is added twice")
    if k == 0.5:
        reasons.append("a factor 2 is missing, or one of two equal paths")
    shapes = (("output", view.out_shape), ("input", view.slot_shape))
    for words, target in (("is not divided by", k), ("is divided by", 1 / k)):
        reasons += [f"it {words} {size}" for size in sizes_equal(target, shapes, skip)]
    return f" (perhaps {' or '.join(dict.fromkeys(reasons))})" if reasons else ""


def sizes_equal(target: float, shapes: tuple[tuple[str, tuple[int, ...]], ...], skip: int | None) -> Iterator[str]:
    """Products of axis sizes that equal the target: `the output's axes (2, 3), 3 x 3`."""
    if target < 1.5:
        return
    for name, shape in shapes:
        axes = [axis for axis in range(len(shape)) if shape[axis] > 1 and axis != skip]
        for count in range(1, len(axes) + 1):
            for chosen in combinations(axes, count):
                if abs(np.prod([shape[a] for a in chosen]) - target) < 1e-4 * target:
                    sizes = " x ".join(str(shape[a]) for a in chosen)
                    what = "the batch size" if chosen == (0,) else f"the size of the {name}'s axes {chosen}"
                    yield f"{what} ({sizes})"
                    break


def other_batch(case: Case, batch: int) -> tuple[int, float] | None:
    """The factor at batch size + 1: (that size, k); None where the subject can't be run there."""
    slots = case.subject.slots
    movable = [i for i, s in enumerate(slots) if s.kind == "input" and case.values[i].shape[:1] == (batch,)]
    for chosen in dict.fromkeys((tuple(movable), tuple(movable[:1]))):
        if not chosen:
            continue
        values = tuple(
            np.concatenate([v, v[:1] * 0.9]) if i in chosen else np.asarray(v) for i, v in enumerate(case.values)
        )
        try:
            outputs = case.subject.run(values)
            if case.outputs[0].shape[:1] == (batch,) == outputs[0].shape[:1]:
                continue
            jacobian = case.jacobian(values)
            rng = np.random.default_rng([case.seed, 5])
            upstream = tuple(np.asarray(rng.uniform(0.5, 1.5, y.shape), dtype=y.dtype) for y in outputs)
            gradient = case.subject.pull(values, upstream)[case.slot]
        except Exception:  # a subject of the user's may refuse another batch in any way
            continue
        right = np.concatenate([g.reshape(-1) for g in upstream]) @ jacobian
        if gradient is None or gradient.size != right.size:
            continue
        k = ratio(np.asarray(gradient, dtype=np.float64).reshape(-1), right)
        if np.allclose(gradient.reshape(-1), k * right, rtol=1e-4, atol=1e-5 * float(np.abs(right).max(initial=0))):
            return batch + 1, tidy(k)
    return None


def factor_per_index(view: View) -> Iterator[Guess]:
    """A = k[c] N with one k for each index of one axis."""
    total = len(view.out_shape)
    A, N, known = (view.tensors(x) for x in (view.A, view.N, view.known & view.filled))
    for axis, size in enumerate(view.out_shape + view.slot_shape):
        if not 2 <= size <= 64:
            continue
        As, Ns, seen = (np.moveaxis(x, axis, 0).reshape(size, -1) for x in (A, N, known))
        if seen.sum(axis=1).min() < 3:
            continue
        ks = np.array([ratio(a[s], n[s]) for a, n, s in zip(As, Ns, seen, strict=True)])
        spread = ks.max() - ks.min()
        if spread < 1e-5 * np.abs(ks).max() or (np.abs(ks) < 1e-5).any() or np.isclose(ks, 1, atol=1e-5).any():
            continue
        shape = [1] * N.ndim
        shape[axis] = size
        if view.fits((N * ks.reshape(shape)).reshape(view.N.shape)):
            name = f"axis {axis} of the output" if axis < total else f"axis {axis - total} of {view.name}"
            shown = ", ".join(number(k) for k in ks[:4]) + (", ..." if size > 4 else "")
            yield Guess(
                "factor",
                f"the gradient of {view.name} is off by a factor that differs along {name}",
                f"analytic / numeric is one number for each index of {name}: {shown}",
                STRUCTURE,
            )
            return
