"""Windows that backward moves by another stride or offset than forward, read off where the entries are."""

from collections.abc import Iterator
from itertools import product

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, PLACE, STRUCTURE, Array, Guess, View

REACH = range(-3, 4)


def windows(view: View) -> Iterator[Guess]:
    """A[o, i] = N[o, i - (s o + c)] along the spatial axes: the stride is off by s, the offset by c."""
    dims = len(view.out_shape)
    if dims != len(view.slot_shape) or dims < 3 or (view.out_shape == view.slot_shape and view.diagonal):
        return
    axes = list(range(2, dims))
    N, A = view.tensors(view.filled), view.tensors(view.kept)
    moves = []
    for axis in axes:
        keep = (axis, dims + axis)
        rest = tuple(a for a in range(2 * dims) if a not in keep)
        moves.append(list(candidates(np.any(N, axis=rest), np.any(A, axis=rest))))
    found = 0
    for chosen in product(*moves):
        if found >= 2 or len(chosen) > 3 or not any(any(m) for m in chosen):
            continue
        result = shifted(view, axes, chosen)
        if result is None:
            continue
        found += 1
        stride = [(a, s) for a, (s, _) in zip(axes, chosen, strict=True) if s]
        pattern = "stride" if stride else "padding_offset"
        if len(stride) == 2 == len(axes) and stride[0][1] == -stride[1][1]:
            pattern, words = "height_width", "backward moves the window as if height and width were exchanged"
        elif stride:
            words = f"backward moves the window along axis {stride[0][0]} by a stride that is off by {stride[0][1]}"
        else:
            offsets = [f"{c:+d} along axis {a}" for a, (_, c) in zip(axes, chosen, strict=True) if c]
            words = f"everything is shifted: {', '.join(offsets)}"
        level = PLACE if result[0] != result[1] else STRUCTURE if view.only_lost else CAUSE
        yield Guess(
            pattern,
            f"the gradient of {view.name} lands at the wrong positions: {words}",
            "; ".join(
                f"axis {a}: analytic at i = numeric at i - ({s} p {c:+d})"
                for a, (s, c) in zip(axes, chosen, strict=True)
            )
            + f" (p output position), in {result[0]} of {result[1]} entries that are not 0",
            level,
            complete=result[0] == result[1],
            vague=3,
        )
        if len(stride) == 1 and any(view.out_shape[a] == 1 for a in axes):
            yield Guess(
                "height_width",
                f"backward moves the windows of {view.name} as if height and width were exchanged",
                "along one axis there is only one window, so that its stride can't be seen",
                level,
                complete=result[0] == result[1],
                vague=2,
            )


def candidates(N: Array, A: Array) -> Iterator[tuple[int, int]]:
    """Slopes and offsets by which the supports [output position, slot position] agree where both are inside."""
    p, i = np.indices(N.shape)
    for s, c in sorted(product(REACH, REACH), key=lambda m: (abs(m[0]), abs(m[1]))):
        if s and N.shape[0] < 2:
            continue
        source = i - (s * p + c)
        inside = (source >= 0) & (source < N.shape[1])
        moved = N[p, np.clip(source, 0, N.shape[1] - 1)]
        if (moved == A)[inside].all() and (A & inside).sum() >= 0.5 * A.sum() and A.any():
            yield s, c


def shifted(view: View, axes: list[int], chosen: tuple[tuple[int, int], ...]) -> tuple[int, int] | None:
    """(entries of A explained, all entries of A that are not 0), if every entry whose source lies inside fits."""
    dims = len(view.out_shape)
    shape = view.out_shape + view.slot_shape
    index: list[Array] = list(np.ogrid[tuple(slice(n) for n in shape)])
    inside = np.ones((1,) * len(shape), dtype=bool)
    for axis, (s, c) in zip(axes, chosen, strict=True):
        source = index[dims + axis] - (s * index[axis] + c)
        inside = inside & (source >= 0) & (source < view.slot_shape[axis])
        index[dims + axis] = np.clip(source, 0, view.slot_shape[axis] - 1)
    moved = view.numeric_tensor[tuple(index)]
    seen = np.broadcast_to(inside, shape) & view.tensors(view.known)
    if (np.abs(view.analytic_tensor - moved) > view.tensors(view.tolerance) + 1e-6 * np.abs(moved))[seen].any():
        return None
    filled = view.tensors(view.kept)
    explained, total = int((filled & seen).sum()), int(filled.sum())
    return (explained, total) if explained >= max(4, 0.5 * total) else None
