"""Where it is wrong: at borders, where windows overlap, or else the worst entries."""

from collections.abc import Iterator

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, PLACE, STRUCTURE, Array, Guess, View, number


def overlap(view: View) -> Iterator[Guess]:
    """A keeps one of several contributions to each entry: the last (or first) output position that reads it."""
    lost = view.known & view.filled & ~view.kept
    right = view.known & (np.abs(view.E) <= view.tolerance)
    if view.output is None or not lost.any() or not (right | lost)[view.known].all() or not view.kept.any():
        return
    total = len(view.out_shape)
    keys = [tuple(range(2, total)), (0,), (0, *range(2, total)), (1,), tuple(range(total)), tuple(range(1, total))]
    for axes in dict.fromkeys(k for k in keys if k and max(k) < total):
        result = keeps_one(view, axes, lost)
        if result is not None:
            which, several = result
            yield Guess(
                "overlap",
                f"where several outputs read the same entry of {view.name}, only the {which} one's gradient is kept: "
                "`=` in place of `+=`",
                f"analytic = numeric or 0; {several} of {view.value.size} entries are read more than once, and of each "
                f"only the {which} contribution is left; entries read once are right",
                STRUCTURE,
            )
            return
    columns = (view.filled & view.known).sum(axis=0)
    hit = lost.any(axis=0)
    if (columns[hit] >= 2).mean() > 0.5 and view.kept[:, columns >= 2].any():
        yield Guess(
            "overlap",
            f"contributions to {view.name} are lost, mostly where several outputs read the same entry",
            f"analytic = numeric or 0; {int(lost.sum())} contributions are 0, at {int(hit.sum())} entries",
            PLACE,
            complete=False,
        )


def keeps_one(view: View, axes: tuple[int, ...], lost: Array) -> tuple[str, int] | None:
    """Whether each column keeps the contributions from one index over these output axes, always the last or first."""
    indices = np.indices(view.out_shape).reshape(len(view.out_shape), -1)
    sizes = [view.out_shape[a] for a in axes]
    key = np.ravel_multi_index(tuple(indices[a] for a in axes), tuple(sizes))
    size = int(np.prod(sizes))
    used = np.zeros((size, view.value.size), dtype=bool)
    kept, gone = used.copy(), used.copy()
    np.logical_or.at(used, key, view.filled)
    np.logical_or.at(kept, key, view.kept & view.filled)
    np.logical_or.at(gone, key, lost)
    several = used.sum(axis=0) >= 2
    if not several.any() or (kept & gone).any() or (used.sum(axis=0) == 1)[gone.any(axis=0)].any():
        return None
    columns = np.flatnonzero(several)
    if (kept[:, columns].sum(axis=0) != 1).any():
        return None
    place = kept[:, columns].argmax(axis=0)
    last = size - 1 - used[::-1, columns].argmax(axis=0)
    first = used[:, columns].argmax(axis=0)
    if (place == last).all():
        return "last", len(columns)
    return ("first", len(columns)) if (place == first).all() else None


def spatial_axes(shape: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    if len(shape) >= 3:
        return tuple(range(2, len(shape)))
    return tuple(range(len(shape))) if len(shape) == len(others) and shape[:1] != others[:1] else ()


def border(view: View) -> Iterator[Guess]:
    """All wrong entries lie within b of the border of the slot (or of the output); inside all are right."""
    for side, shape, others, wrong in (
        (view.name, view.slot_shape, view.out_shape, np.any(view.bad, axis=0)),
        ("the output", view.out_shape, view.slot_shape, np.any(view.bad, axis=1)),
    ):
        for guess in at_border(view, side, shape, spatial_axes(shape, others), wrong):
            yield guess
            return


def at_border(view: View, side: str, shape: tuple[int, ...], axes: tuple[int, ...], wrong: Array) -> Iterator[Guess]:
    if not axes or not wrong.any():
        return
    used = (view.filled | view.kept).any(axis=0 if side == view.name else 1).reshape(shape)
    places, live = wrong.reshape(shape), used
    rest = tuple(a for a in range(len(shape)) if a not in axes)
    places, live = np.asarray(np.any(places, axis=rest)), np.asarray(np.any(live, axis=rest))
    grid = np.indices(places.shape)
    away = np.stack([np.minimum(g, n - 1 - g) for g, n in zip(grid, places.shape, strict=True) if n > 1] or [grid[0]])
    distance = away.min(axis=0)
    width = int(distance[places].max()) + 1
    ring, interior = live & (distance < width), live & (distance >= width)
    if width > 3 or not interior.any():
        return
    sides = [np.take(places, [k], axis=a).all() for a in range(places.ndim) for k in (0, -1)]
    sure = interior.sum() >= max(4, places.size // 9) and (places[ring].mean() >= 0.5 or any(sides))
    yield Guess(
        "border",
        f"the gradient of {view.name} is wrong only at the border{'' if side == view.name else ' of ' + side}: "
        "look at how padding is handled",
        f"wrong at {int(places.sum())} of {int(ring.sum())} positions within {width} of the border, right at all "
        f"{int(interior.sum())} positions inside",
        STRUCTURE if sure else PLACE,
        complete=bool(sure),
    )


def summed_upstream(view: View) -> Iterator[Guess]:
    """All rows of A are the same: the upstream gradient is summed before it is used."""
    rows = view.A.shape[0]
    if rows < 2 or not view.known.all():
        return
    same = np.abs(view.A - view.A[:1]) <= view.tolerance
    total = view.N.sum(axis=0)
    if not same.all() or np.ptp(view.N, axis=0).max() <= 10 * view.tolerance.max():
        return
    for words, k in (("summed", 1.0), ("averaged", 1 / rows)):
        if view.fits(np.broadcast_to(k * total, view.N.shape)):
            yield Guess(
                "upstream_summed",
                f"the upstream gradient is {words} over all outputs before it is used for {view.name}",
                f"all {rows} rows of the analytic Jacobian are the same: numeric {words} over the outputs",
                CAUSE,
            )


def outside(view: View) -> Iterator[Guess]:
    """Right except in one block along two axes, or nothing known: the worst entry, always."""
    if not view.bad.any():
        return
    over = np.where(view.bad, np.abs(view.E) / np.maximum(view.allowed, 1e-300), 0.0)
    row, column = np.unravel_index(int(over.argmax()), over.shape)
    at = tuple(int(i) for i in np.unravel_index(int(column), view.slot_shape)) if view.slot_shape else ()
    out = tuple(int(i) for i in np.unravel_index(int(row), view.out_shape)) if view.out_shape else ()
    columns = int(view.bad.any(axis=0).sum())
    extra = int((view.kept & ~view.filled & view.bad).sum())
    lost = int((view.filled & ~view.kept & view.bad).sum())
    yield Guess(
        "elsewhere",
        f"the gradient of {view.name} is wrong at {columns} of its {view.value.size} entries, by no pattern known here",
        f"worst at {at} seen from output {out}: analytic {number(float(view.A[row, column]))}, numeric "
        f"{number(float(view.N[row, column]))}; {int(view.bad.sum())} wrong pairs of output and input; analytic "
        f"has {lost} zeros where numeric has none, and numeric {extra} where analytic has none",
        PLACE + 1,
        complete=False,
    )
