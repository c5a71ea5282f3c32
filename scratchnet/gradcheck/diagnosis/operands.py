"""Which element of the other operand each entry of the Jacobian is: strides, dilations, offsets read off the numbers.

In a convolution every entry of the Jacobian is one element of the other operand (weight for the input's gradient, input
for the weight's). Random values are all different, so each entry says which one: a line through these indices gives
stride, dilation and padding as forward uses them (numeric) and as backward does (analytic).
"""

from collections.abc import Iterator

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, STRUCTURE, Array, Guess, View, number
from scratchnet.gradcheck.diagnosis.lookup import Fit, Reading, explained, fit_axis, read


def operands(view: View) -> Iterator[Guess]:
    """Compares what forward and backward read, for the first other slot whose elements the Jacobians consist of."""
    dims = len(view.slot_shape)
    if dims != len(view.out_shape) or not dims:
        return
    axes = range(2, dims) if dims >= 3 else range(dims)
    for _, name, value in view.others():
        if value.ndim != dims or value.size < 2:
            continue
        forward = read(view, view.N, value)
        backward = read(view, view.A, value) if forward is not None else None
        if forward is None or backward is None:
            continue
        ours = {a: fit_axis(forward, a, axes) for a in axes if value.shape[a] > 1}
        theirs = {a: fit_axis(backward, a, axes) for a in ours}
        yield from compare(view, name, value, (forward, backward), ours, theirs)


def compare(
    view: View,
    name: str,
    value: Array,
    readings: tuple[Reading, Reading],
    ours: dict[int, Fit | None],
    theirs: dict[int, Fit | None],
) -> Iterator[Guess]:
    axes = [a for a, fit in ours.items() if fit is not None]
    spatial = range(2 if value.ndim > 2 else 0, value.ndim)
    if not axes or any(theirs[a] is None for a in ours if ours[a] is not None):
        return
    n = {a: fit for a, fit in ours.items() if fit is not None}
    b = {a: fit for a, fit in theirs.items() if fit is not None}
    whole = explained(view, value, readings[1], b, len(axes) == len(ours))
    different = [a for a in axes if n[a] != b[a]]
    if not different:
        if len(axes) == len(ours):
            yield from channels(view, name, readings, whole)
        return
    kinds = list(name_differences(value, view.slot_shape, is_kernel(view, value, readings[0]), n, b))
    whole = whole and len(kinds) == 1 and same_channels(readings)
    evidence = "; ".join(
        f"along axis {a} forward reads {name}[{line(n[a])}], backward uses {name}[{line(b[a])}]" for a in different
    )
    for pattern, words in kinds:
        yield Guess(
            pattern,
            f"for the gradient of {view.name}, {words}",
            f"{evidence} (p output position, i position in {view.name}), in all {readings[1].out.shape[1]} entries",
            complete=whole,
            vague=int(pattern in ("flip", "height_width", "transpose")),
        )
    short = [1 in (view.out_shape[a], view.slot_shape[a], value.shape[a]) for a in spatial if a not in different]
    if len(different) == 1 and kinds[0][0] in ("stride", "dilation") and any(short):
        text = f"for the gradient of {view.name}, height and width are exchanged in backward"
        yield Guess("height_width", text, evidence + "; the other axis is too short to see it there", complete=whole)


def same_channels(readings: tuple[Reading, Reading]) -> bool:
    """Whether both read with the same sign, the same channels for the same ones, in all samples."""
    tables = [{tuple(row) for row in np.concatenate([r.out[:2], r.slot[:2], r.operand[:2]]).T} for r in readings]
    channels_only = len(readings[0].out) > 2
    return readings[0].sign == readings[1].sign and (not channels_only or tables[0] == tables[1])


def line(fit: Fit) -> str:
    """2p + i - 1."""
    _, a, b, c = fit
    text = ""
    for k, letter in ((a, "p"), (b, "i"), (c, "")):
        if k or not (letter or text):
            size = number(abs(k)) if abs(k) != 1 or not letter else ""
            text += f" {'-' if k < 0 else '+'} {size}{letter}"
    return text.removeprefix(" + ").strip()


def parameters(fit: Fit, kernel: bool, transposed: bool) -> tuple[float, float, float]:
    """(stride, dilation, padding) of a convolution that reads like this; the numbers themselves if none does."""
    _, a, b, c = fit
    if kernel:
        stride, dilation, padding = (
            (1 / a if a else 0, -b / a if a else b, c / a if a else c) if transposed else (a, b, -c)
        )
    elif transposed:
        stride, dilation, padding = -b / a if a else b, 1 / a if a else 0, c / a if a else c
    else:
        stride, dilation, padding = -a / b if b else a, 1 / b if b else 0, c / b if b else c
    return round(stride, 5), round(dilation, 5), round(padding, 5)


def is_kernel(view: View, value: Array, reading: Reading) -> bool:
    """Whether the slot is the kernel and the operand the input: the input has the output's batch axis."""
    if view.out_shape[0] > 1 and value.ndim > 2:
        return bool((reading.operand[0] == reading.out[0]).all())
    first = 2 if value.ndim > 2 else 0
    return int(np.prod(view.slot_shape[first:])) < int(np.prod(value.shape[first:]))


def name_differences(
    value: Array, slot_shape: tuple[int, ...], kernel: bool, n: dict[int, Fit], b: dict[int, Fit]
) -> Iterator[tuple[str, str]]:
    """Every way in which backward reads otherwise than forward: the pattern, and words for it."""
    axes = list(n)
    if any(b[a][0] != n[a][0] for a in axes):
        if value.ndim == 2:
            yield "transpose", "backward reads the other operand transposed"
        else:
            yield "height_width", "height and width are exchanged in backward"
        if any(b[a][1:] != n[b[a][0]][1:] for a in axes):
            yield "stride", "backward also moves through it in another way"
        return
    transposed = n[axes[0]][1] > 0 > n[axes[0]][2]
    ours, theirs = ([parameters(fits[a], kernel, transposed) for a in axes] for fits in (n, b))
    changed = [k for k in range(3) if [o[k] for o in ours] != [t[k] for t in theirs]]
    if len(axes) == 2 and all(ours[0][k] == theirs[1][k] and ours[1][k] == theirs[0][k] for k in changed):
        yield "height_width", "height and width are exchanged in backward"
        return
    if any(o[1] * t[1] < 0 for o, t in zip(ours, theirs, strict=True)):
        yield "flip", "backward reads the other operand mirrored"
        for a in axes:
            (_, p, i, c), (_, p2, i2, c2) = n[a], b[a]
            straight, slot, operand = (p, i, c), (p, -i, c + i * (slot_shape[a] - 1)), (-p, -i, value.shape[a] - 1 - c)
            if not any(np.allclose((p2, i2, c2), mirrored, atol=1e-4) for mirrored in (straight, slot, operand)):
                yield "padding_offset", "backward is also shifted, or moves by other steps"
                return
        return
    for k in changed:
        used, meant = next((t[k], o[k]) for o, t in zip(ours, theirs, strict=True) if o[k] != t[k])
        if k == 2:
            shift = number(abs(used - meant))
            yield "padding_offset", f"the padding is not that of forward: everything is shifted by {shift}"
        else:
            pattern = ("stride", "dilation")[k]
            yield pattern, f"backward uses {pattern} {number(used)} where forward has {pattern} {number(meant)}"


def channels(view: View, name: str, readings: tuple[Reading, Reading], whole: bool) -> Iterator[Guess]:
    """Positions are read alike, channels are not."""
    if len(view.slot_shape) < 3:
        return
    maps = [
        {
            (int(r.out[1, k]), int(r.slot[0, k]), int(r.slot[1, k])): tuple(int(v) for v in r.operand[:2, k])
            for k in range(r.out.shape[1])
        }
        for r in readings
    ]
    wrong = [key for key in maps[1] if maps[0].get(key) != maps[1][key]]
    if not wrong:
        return
    pairs = {(o, i) for o, _, i in maps[0]}
    grouped = len(pairs) < view.out_shape[1] * view.slot_shape[1] or any(
        maps[0][key][1] != key[2] and view.out_shape[0] > 1 for key in maps[0]
    )
    one, two = readings
    alike = one.sign == two.sign and set(one.out[0]) == set(two.out[0]) and len(maps[1]) >= len(maps[0])
    (o, i0, i1), used = wrong[0], maps[1][wrong[0]]
    meant = maps[0].get(wrong[0])
    apart = all(key not in maps[0] for key in wrong)
    words = f"takes channels of {name} {'from the wrong group' if grouped else 'in another order than forward'}"
    if apart and not grouped:
        words = f"connects output channels with entries of {view.name} that forward keeps apart"
    right = f"forward reads {name}[{meant[0]}, {meant[1]}]" if meant else "forward doesn't connect these"
    yield Guess(
        "groups" if grouped else "channels",
        f"for the gradient of {view.name}, backward {words}",
        f"output channel {o}, {view.name}[{i0}, {i1}]: {right}, backward uses {name}[{used[0]}, {used[1]}]; "
        f"{len(wrong)} of {len(maps[1])} such pairs differ",
        STRUCTURE if not grouped else CAUSE,
        complete=whole and alike,
    )
