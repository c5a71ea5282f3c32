"""Right numbers in the wrong places: axes exchanged, mirrored, or reshaped, in the slot or in the upstream gradient."""

from collections.abc import Iterator
from itertools import combinations, permutations

import numpy as np

from scratchnet.gradcheck.diagnosis.case import Array, Guess, View


def layout(view: View) -> Iterator[Guess]:
    """A is N with axes of the slot or of the output permuted or flipped: every axis order of equal shape is tried."""
    total = len(view.out_shape)
    sides = (("slot", total, view.slot_shape), ("output", 0, view.out_shape))
    for side, start, shape in sides:
        for order, flips in moves(shape):
            if not view.fits(*moved(view, start, order, flips)):
                continue
            pattern, words = name_move(shape, order, flips, len(shape) >= 4)
            whose = f"the gradient of {view.name} is" if side == "slot" else "the upstream gradient is used"
            entry = "analytic[o, moved(i)]" if side == "slot" else "analytic[moved(o), i]"
            yield Guess(
                pattern,
                f"{whose} {words}",
                f"{entry} = numeric[o, i] in all {view.entries} entries that are not 0; axes {order} of {shape}"
                + (f", mirrored along {flips}" if flips else ""),
            )


def moves(shape: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Axis orders that keep the shape, and axes to mirror: one or the other."""
    axes = range(len(shape))
    if len(shape) > 5:
        return
    same = tuple(axes)
    for count in (2, 1, 3):
        for flips in combinations(reversed(axes), count):
            if all(shape[a] > 1 for a in flips):
                yield same, tuple(sorted(flips))
    for order in orders(shape):
        if all(shape[a] == shape[b] for a, b in zip(axes, order, strict=True)):
            yield order, ()


def orders(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Every other order of the axes; those of size 1 stay where they are, since moving them changes nothing."""
    large = [a for a, size in enumerate(shape) if size > 1]
    for chosen in permutations(large):
        if list(chosen) != large:
            moved_to = dict(zip(large, chosen, strict=True))
            yield tuple(moved_to.get(a, a) for a in range(len(shape)))


def moved(view: View, start: int, order: tuple[int, ...], flips: tuple[int, ...]) -> tuple[Array, Array]:
    """The numeric Jacobian with one side's axes moved, and which of its entries are known."""
    total = view.numeric_tensor.ndim
    axes = list(range(total))
    axes[start : start + len(order)] = [start + a for a in order]
    flipped = tuple(start + a for a in flips)

    def move(flat: Array) -> Array:
        return np.flip(view.tensors(flat).transpose(axes), flipped).reshape(view.N.shape)

    return move(view.N), move(view.known)


def name_move(shape: tuple[int, ...], order: tuple[int, ...], flips: tuple[int, ...], images: bool) -> tuple[str, str]:
    """The pattern's name and the words for it."""
    last = (len(shape) - 2, len(shape) - 1)
    if flips:
        if images and flips == last:
            return "flip", "turned by 180 degrees: mirrored along both of its last axes"
        return "flip", f"mirrored along {'axis' if len(flips) == 1 else 'axes'} {', '.join(map(str, flips))}"
    changed = tuple(a for a, b in enumerate(order) if a != b)
    if images and changed == last:
        return "height_width", "transposed in its last two axes: height and width are exchanged"
    if len(changed) == 2:
        return "transpose", f"transposed: axes {changed[0]} and {changed[1]} are exchanged"
    return "transpose", f"transposed: its axes are in the order {order}"


def paired(view: View) -> Iterator[Guess]:
    """A is N with an axis of the output exchanged for one of the slot: a square matrix between them is transposed."""
    if view.diagonal:
        return
    total = len(view.out_shape)
    for a in view.output_axes[:2]:
        for b in view.slot_axes[:2]:
            if view.out_shape[a] != view.slot_shape[b] or view.out_shape[a] == 1:
                continue
            swap = [view.tensors(x).swapaxes(a, total + b).reshape(view.N.shape) for x in (view.N, view.known)]
            if view.fits(swap[0], swap[1]):
                yield Guess(
                    "transpose",
                    f"what lies between {view.name} and the output is used transposed in backward",
                    f"analytic = numeric with axis {a} of the output and axis {b} of {view.name} exchanged, "
                    f"in all {view.entries} entries that are not 0",
                    vague=1,
                )


def reshaped(view: View) -> Iterator[Guess]:
    """A is N with axes put in another order and the result called the slot's shape: reshape in place of transpose."""
    total = len(view.out_shape)
    for side, start, shape in (("slot", total, view.slot_shape), ("output", 0, view.out_shape)):
        if not 2 <= len(shape) <= 4:
            continue
        for order in orders(shape):
            if tuple(shape[a] for a in order) == shape:
                continue
            axes = list(range(view.numeric_tensor.ndim))
            axes[start : start + len(order)] = [start + a for a in order]
            turned, known = (view.tensors(x).transpose(axes).reshape(view.N.shape) for x in (view.N, view.known))
            if view.fits(turned, known):
                whose = f"the gradient of {view.name}" if side == "slot" else "the upstream gradient"
                yield Guess(
                    "shape",
                    f"{whose} is reshaped where it should be transposed: the shape is right, the order is not",
                    f"analytic = numeric with axes {order} of {shape} flattened in that order, in all {view.entries} "
                    "entries that are not 0",
                )
                return
