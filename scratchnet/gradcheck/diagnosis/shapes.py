"""Gradients that came with another shape than the slot's: which sum, transposition or reshape would make them right."""

from collections.abc import Callable, Iterator
from itertools import combinations, permutations

import numpy as np

from scratchnet.gradcheck.diagnosis.case import CAUSE, PLACE, Array, Guess, View, number


def wrong_shape(view: View) -> Iterator[Guess]:
    """Tries every way back to the slot's shape on two random upstream gradients."""
    if view.case.analytic is not None:
        return
    rng = np.random.default_rng([view.case.seed, 3])
    pairs: list[tuple[Array, Array]] = []
    for _ in range(2):
        upstream = tuple(np.asarray(rng.uniform(0.5, 1.5, y.shape), dtype=y.dtype) for y in view.case.outputs)
        gradient = view.case.subject.pull(view.case.values, upstream)[view.case.slot]
        if gradient is None:
            return
        flat = np.concatenate([np.asarray(g, dtype=np.float64).reshape(-1) for g in upstream])
        pairs.append((np.asarray(gradient, dtype=np.float64), (flat @ view.N).reshape(view.slot_shape)))
    shape = pairs[0][0].shape
    if shape == view.slot_shape:
        return
    facts = f"the gradient has shape {shape}, {view.name} has {view.slot_shape}"
    slack = 4 * view.tolerance.sum() + 1e-6 * float(np.abs(pairs[0][1]).max(initial=0.0))

    def right(arrays: list[Array]) -> bool:
        return all(bool((np.abs(a - t) <= slack).all()) for a, (_, t) in zip(arrays, pairs, strict=True))

    found = False
    for guess in ways(view, [g for g, _ in pairs], right, facts):
        found = True
        yield guess
    if not found:
        yield Guess("shape", f"the gradient of {view.name} has the wrong shape", facts, PLACE, complete=False)


def ways(view: View, gradients: list[Array], right: Callable[[list[Array]], bool], facts: str) -> Iterator[Guess]:
    shape = gradients[0].shape
    for count in range(1, len(shape) + 1):
        for axes in combinations(range(len(shape)), count):
            if all(shape[a] == 1 for a in axes) and shape != view.out_shape:
                continue
            sums = [g.sum(axis=axes) for g in gradients]
            means = [g.mean(axis=axes) for g in gradients]
            if sums[0].size != view.value.size:
                continue
            for words, arrays in (("summed", sums), ("averaged", means)):
                if right([a.reshape(view.slot_shape) for a in arrays]):
                    yield summed(view, axes, words, facts)
                    if any(shape[a] > 1 for a in axes):
                        return
                    break
    if gradients[0].size != view.value.size:
        return
    if shape[::-1] == view.slot_shape and len(shape) == 2 and right([g.T for g in gradients]):
        yield Guess(
            "transpose", f"the gradient of {view.name} is transposed", f"{facts}; transposed it is right in every entry"
        )
        return
    if right([g.reshape(view.slot_shape) for g in gradients]):
        text = f"the gradient of {view.name} has the right numbers in the wrong shape: reshape it"
        yield Guess("shape", text, f"{facts}; reshaped it is right in every entry")
    for order in permutations(range(len(shape))):
        turned = [g.transpose(order) for g in gradients]
        if turned[0].shape == view.slot_shape and right(turned):
            last = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
            images = len(shape) >= 4 and order == last
            words = "height and width are exchanged" if images else f"its axes should be in the order {order}"
            yield Guess(
                "height_width" if images else "transpose",
                f"the gradient of {view.name} is transposed: {words}",
                f"{facts}; with its axes in the order {order} it is right in every entry",
            )
            return


def summed(view: View, axes: tuple[int, ...], words: str, facts: str) -> Guess:
    """Batch or other broadcast axes, by the axis and by whether the slot has an axis of size 1 there."""
    pattern = "batch_sum" if 0 in axes and not explicit(view, 0) else "broadcast_sum"
    over = "the batch" if axes == (0,) else f"axes {axes}" if len(axes) > 1 else f"axis {axes[0]}"
    why = f"{view.name} has no entries along it, so it was broadcast" if len(axes) == 1 else "it was broadcast there"
    return Guess(
        pattern,
        f"the gradient of {view.name} is not {words} over {over}: {why}",
        f"{facts}; {words} over axes {axes} it is right in every entry",
        CAUSE,
    )


def explicit(view: View, axis: int) -> bool:
    """Whether the slot is broadcast along an axis of size 1 of its own."""
    shapes = (view.slot_shape, view.out_shape)
    if len(shapes[0]) != len(shapes[1]) or shapes[0][axis] != 1:
        return False
    return all(a in (1, b) for a, b in zip(*shapes, strict=True))


def restricted(view: View) -> Iterator[Guess]:
    """A keeps one index of an output axis (a sample, a position) of a sum over all of them."""
    if view.output is None:
        return
    total = len(view.out_shape)
    filled = view.tensors(view.filled)
    for count in range(1, min(total, 3) + 1):
        for axes in combinations(range(total), count):
            sizes = [view.out_shape[a] for a in axes]
            if min(sizes) < 2:
                continue
            rest = tuple(a for a in range(total) if a not in axes)
            several = filled.any(axis=rest).reshape(int(np.prod(sizes)), -1).sum(axis=0)
            if ((several < 2).any() and not (several[several > 0] >= 2).all()) or not several.any():
                continue
            places = [tuple(s - 1 for s in sizes), (0,) * count]
            places += [(k,) for k in range(1, sizes[0] - 1)] if count == 1 and sizes[0] <= 32 else []
            for place in places:
                keep = np.zeros(view.out_shape, dtype=bool)
                keep[tuple(place[axes.index(a)] if a in axes else slice(None) for a in range(total))] = True
                mask = keep.reshape(-1, 1)
                if view.fits(view.N * mask):
                    yield kept_one(view, axes, place)
                    return


def kept_one(view: View, axes: tuple[int, ...], place: tuple[int, ...]) -> Guess:
    channel = len(view.slot_shape) == 1 and view.out_shape[1:2] == view.slot_shape
    aligned = (1,) * (len(view.out_shape) - len(view.slot_shape)) + view.slot_shape
    fits = len(aligned) == len(view.out_shape) and all(
        a in (1, b) for a, b in zip(aligned, view.out_shape, strict=True)
    )
    spread = [a for a in view.output_axes if (a != 1 if channel else fits and aligned[a] == 1)]
    if axes == (0,) and not (0 in spread and explicit(view, 0)):
        pattern = "batch_sum"
    elif all(a in spread for a in axes):
        pattern = "batch_sum" if 0 in axes and not explicit(view, 0) else "broadcast_sum"
    else:
        pattern = "overlap"
    whose = "sample" if axes == (0,) else "position"
    at = ", ".join(f"{p}" for p in place)
    name = (
        "the batch"
        if axes == (0,)
        else f"axes {axes} of the output"
        if len(axes) > 1
        else f"axis {axes[0]} of the output"
    )
    kept = int((view.kept & view.known).sum())
    return Guess(
        pattern,
        f"the gradient of {view.name} is not summed over {name}: only {whose} {at} counts "
        "(`=` in place of `+=`, or no sum)",
        f"analytic = numeric for {whose} {at} ({kept} entries) and 0 for all others, where numeric goes up to "
        f"{number(view.scale)}",
    )
