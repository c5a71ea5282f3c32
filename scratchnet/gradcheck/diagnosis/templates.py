"""The kernel read off the Jacobian itself, where the other operand isn't known: forward's beside backward's.

An output at position p of a convolution or an average reads its input through a template that is moved by the stride:
J[p, i] = T[i - stride * p]. If both Jacobians have this form, their strides and templates say what differs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, STRUCTURE, Array, Guess, View
from scratchnet.gradcheck.diagnosis.operands import operands

STRIDES = range(1, 5)


@dataclass(frozen=True)
class Template:
    """Per spatial axis stride, dilation and first tap's place for p = 0; the taps, spatial axes last."""

    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    start: tuple[int, ...]
    taps: Array


def templates(view: View) -> Iterator[Guess]:
    """Compares the two templates: turned, transposed, or moved by another stride, dilation or offset."""
    dims = len(view.out_shape)
    if dims != len(view.slot_shape) or not 3 <= dims <= 4 or not view.known.all():
        return
    if view.diagonal or any(view.out_shape[a] < 2 for a in range(2, dims)):
        return
    if any(guess.complete for guess in operands(view)):
        return  # which knows the other operand, and so input from kernel
    forward = find(view, view.numeric_tensor)
    backward = find(view, view.analytic_tensor) if forward is not None else None
    if forward is None or backward is None:
        return
    head = f"for the gradient of {view.name}, "
    facts = (
        f"forward moves its window by {forward.stride}, dilated by {forward.dilation}, from {forward.start} on; "
        f"backward by {backward.stride}, dilated by {backward.dilation}, from {backward.start} on"
    )
    for pattern, words in named(view, forward, backward):
        evidence = f"{facts}; this gives all {view.entries} entries that are not 0"
        level = STRUCTURE if view.only_lost else CAUSE  # `=` for `+=` explains lost contributions as well
        yield Guess(pattern, head + words, evidence, level, vague=2)


def named(view: View, forward: Template, backward: Template) -> Iterator[tuple[str, str]]:
    axes = range(len(forward.stride))
    if alike(view, forward.taps, backward.taps):
        ours, theirs = (list(zip(t.stride, t.dilation, t.start, strict=True)) for t in (forward, backward))
        if ours == theirs:
            return
        if len(ours) == 2 and theirs == ours[::-1]:
            yield "height_width", "height and width are exchanged in backward"
        elif forward.stride != backward.stride:
            yield "stride", f"backward uses stride {backward.stride} where forward has {forward.stride}"
        elif forward.dilation != backward.dilation:
            yield "dilation", f"backward uses dilation {backward.dilation} where forward has {forward.dilation}"
            if all(m > n for m, n in zip(view.out_shape[2:], view.slot_shape[2:], strict=True)):
                yield "stride", f"backward uses stride {backward.dilation} where forward has {forward.dilation}"
        else:
            shift = tuple(b - a for a, b in zip(forward.start, backward.start, strict=True))
            yield "padding_offset", f"positions are shifted by {shift}: the padding is not that of forward"
        return
    if forward.stride != backward.stride or forward.dilation != backward.dilation:
        return
    first = forward.taps.ndim - len(axes)
    for count in range(len(axes), 0, -1):
        for chosen in combinations(axes, count):
            if alike(view, np.flip(forward.taps, tuple(first + a for a in chosen)), backward.taps):
                turned = "turned by 180 degrees" if count == 2 else f"mirrored along axis {chosen[0] + 2}"
                yield "flip", f"the kernel is used {turned}"
    if len(axes) == 2 and alike(view, forward.taps.swapaxes(-1, -2), backward.taps):
        yield "height_width", "the kernel is used with height and width exchanged"


def alike(view: View, one: Array, two: Array) -> bool:
    return one.shape == two.shape and bool((np.abs(one - two) <= 2 * view.tolerance.max() + 1e-6 * np.abs(one)).all())


def find(view: View, tensor: Array) -> Template | None:
    """The template with the fewest taps that the Jacobian can be read as, if one reading has fewer than all others."""
    dims = len(view.out_shape)
    spatial = range(2, dims)
    order = [0, 1, dims, dims + 1, *(axis for a in spatial for axis in (a, dims + a))]
    moved = tensor.transpose(order)
    found: list[tuple[int, tuple[int, ...], Array]] = []
    for steps in product(STRIDES, repeat=len(spatial)):
        taps = template(view, moved, steps)
        if taps is not None:
            found.append((int((np.abs(taps) > view.tolerance.max()).sum()), steps, taps))
    found.sort(key=lambda reading: reading[0])
    if not found or (len(found) > 1 and found[0][0] == found[1][0]):
        return None
    _, strides, taps = found[0]
    filled = np.abs(taps) > view.tolerance.max()
    if not filled.any():
        return None
    dilation, start = [], []
    for axis, a in enumerate(spatial):
        rest = tuple(k for k in range(filled.ndim) if k != 4 + axis)
        places = np.flatnonzero(filled.any(axis=rest))
        step = int(np.gcd.reduce(np.diff(places))) if len(places) > 1 else 1
        taps = np.take(taps, np.arange(places[0], places[-1] + 1, step), axis=4 + axis)
        dilation.append(step)
        start.append(int(places[0]) - strides[axis] * (view.out_shape[a] - 1))
    return Template(strides, tuple(dilation), tuple(start), taps)


def template(view: View, moved: Array, strides: tuple[int, ...]) -> Array | None:
    """T of J[p, i] = T[i - stride * p + offset], or None if entries that should be one tap differ."""
    places: list[Array] = []
    sizes = []
    for axis, stride in enumerate(strides):
        p, i = np.indices(moved.shape[4 + 2 * axis : 6 + 2 * axis])
        place = i - stride * (p - (p.shape[0] - 1))
        places.append(place)
        sizes.append(int(place.max()) + 1)
    flat = places[0] if len(places) == 1 else places[0][:, :, None, None] * sizes[1] + places[1]
    taps = np.zeros((*moved.shape[:4], int(np.prod(sizes))))
    values = moved.reshape(*moved.shape[:4], -1)
    taps[..., flat.reshape(-1)] = values
    if (np.abs(taps[..., flat.reshape(-1)] - values) > 2 * view.tolerance.max()).any():
        return None
    return taps.reshape(*moved.shape[:4], *sizes)
