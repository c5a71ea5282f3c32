"""Layers that pick entries (a maximum): the gradient must go to the entry that was picked, and to no other."""

from collections.abc import Iterator

import numpy as np

from scratchnet.gradcheck.diagnosis.case import PLACE, STRUCTURE, Array, Guess, View, number


def routing(view: View) -> Iterator[Guess]:
    """Each output hangs on one entry; backward gives its gradient to another one, or to several."""
    filled = view.filled & view.known
    if view.diagonal or view.N.shape[0] < 3 or not view.known.all() or (filled.sum(axis=1) != 1).any():
        return
    counts = view.kept.sum(axis=1)
    if (counts == 0).any():
        return
    picked, given = filled.argmax(axis=1), view.kept.argmax(axis=1)
    rows = np.arange(len(picked))
    one = bool((counts == 1).all())
    same = one and bool((np.abs(view.A[rows, given] - view.N[rows, picked]) <= view.tolerance[rows, picked]).all())
    wrong = picked != given if one else counts > 1
    sure = chosen_by_value(view) and (same or bool((view.kept | ~filled).all()))
    if same and exchanged(view, picked, given):
        yield Guess(
            "height_width",
            f"inside each window the gradient of {view.name} goes to the entry with height and width exchanged",
            f"true for all {len(rows)} outputs; for {int(wrong.sum())} of them that is another entry",
            STRUCTURE,
        )
    elif same:
        yield Guess(
            "mask",
            f"the gradient goes to another entry of {view.name} than the one that forward picked",
            f"each output hangs on one entry and its gradient goes to one entry, but for {int(wrong.sum())} of "
            f"{len(rows)} outputs not to the same",
            STRUCTURE if sure else PLACE,
            complete=sure,
        )
    elif not one:
        most = int(counts.max())
        yield Guess(
            "mask",
            f"the gradient goes to more entries of {view.name} than the one that forward picked",
            f"each output hangs on one entry, by {number(view.scale)}; {int(wrong.sum())} of {len(rows)} outputs give "
            f"their gradient to up to {most} entries",
            STRUCTURE if sure else PLACE,
            complete=sure,
        )


def chosen_by_value(view: View) -> bool:
    """Whether forward picks other entries when the values are others."""
    turned = np.flip(view.value.reshape(-1)).reshape(view.slot_shape)
    for changed in (-view.value, turned):
        jacobian = view.case.jacobian(view.replaced(view.case.slot, changed))
        if ((np.abs(jacobian) > view.tolerance) != view.filled).any():
            return True
    return False


def exchanged(view: View, picked: Array, given: Array) -> bool:
    """Whether the places inside the windows, [height, width], are each other's mirror image for all outputs."""
    dims = len(view.slot_shape)
    if dims < 3 or dims != len(view.out_shape):
        return False
    out = np.array(np.unravel_index(np.arange(len(picked)), view.out_shape))[-2:]
    p, g = (np.array(np.unravel_index(v, view.slot_shape))[-2:] for v in (picked, given))
    sizes = zip(view.slot_shape[-2:], view.out_shape[-2:], strict=True)
    stride = np.array([[max(1, n // m)] for n, m in sizes])
    return bool(((p - stride * out) == (g - stride * out)[::-1]).all())
