"""Which element of another operand each entry of a Jacobian is, and the lines that these indices lie on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnet.gradcheck.diagnosis.case import Array, View

Fit = tuple[int, float, float, float]  # the output and slot axis it depends on; coefficients of both; the constant


@dataclass(frozen=True)
class Reading:
    """The operand's index of every entry that is not 0: coordinates in output, slot and operand, one row an axis."""

    out: Array
    slot: Array
    operand: Array
    sign: float


def read(view: View, flat: Array, operand: Array) -> Reading | None:
    """None unless each entry is plus (or each minus) exactly one element of the operand."""
    rows, columns = np.nonzero((np.abs(flat) > view.tolerance) & view.known)
    if len(rows) < 4:
        return None
    entries, values = flat[rows, columns], operand.reshape(-1).astype(np.float64)
    order = np.argsort(np.abs(values))
    ranked = np.abs(values)[order]
    slack = 1e-6 * float(ranked[-1]) + float(view.tolerance[rows, columns].max())
    place = np.clip(np.searchsorted(ranked, np.abs(entries)), 1, len(ranked) - 1) if len(ranked) > 1 else rows * 0
    if len(ranked) > 1:
        place = np.where(
            np.abs(ranked[place - 1] - np.abs(entries)) < np.abs(ranked[place] - np.abs(entries)), place - 1, place
        )
    if (np.abs(ranked[place] - np.abs(entries)) > slack).any():
        return None
    gaps = np.concatenate([[np.inf], np.diff(ranked), [np.inf]])
    clear = np.minimum(gaps[:-1], gaps[1:])[place] > 3 * slack
    if clear.mean() < 0.7:
        return None
    rows, columns, entries, place = rows[clear], columns[clear], entries[clear], place[clear]
    found = order[place]
    signs = np.sign(entries) * np.sign(values[found])
    if (signs != signs[0]).any():
        return None

    def places(index: Array, shape: tuple[int, ...]) -> Array:
        return np.array(np.unravel_index(index, shape))

    out, slot = places(rows, view.out_shape), places(columns, view.slot_shape)
    return Reading(out, slot, places(found, operand.shape), float(signs[0]))


def fit_axis(reading: Reading, axis: int, axes: range) -> Fit | None:
    """operand index = a * output index + b * slot index + c, along its own axis or, failing that, another."""
    target = reading.operand[axis].astype(np.float64)
    for other in (axis, *(a for a in axes if a != axis)):
        design = np.stack([reading.out[other], reading.slot[other], np.ones_like(target)], axis=1).astype(np.float64)
        varied = 1 + int(np.ptp(design[:, 0]) > 0) + int(np.ptp(design[:, 1]) > 0)
        if varied == 1 or np.linalg.matrix_rank(np.unique(design, axis=0)) < varied:
            continue
        design[:, :2] *= np.ptp(design[:, :2], axis=0) > 0  # along an axis of size 1 there is nothing to see
        weights = np.linalg.lstsq(design, target, rcond=None)[0]
        if (np.abs(design @ weights - target) < 1e-6).all() and np.abs(weights[:2]).max() > 1e-6:
            a, b, c = (float(np.round(w, 6)) for w in weights)
            return other, a, b, c
    return None


def explained(view: View, value: Array, reading: Reading, fits: dict[int, Fit], every: bool) -> bool:
    """Whether the fitted lines give every entry of A, zeros included, in the channels that A connects."""
    if not every:
        return False
    axes = [a for a in range(value.ndim) if a in fits]
    rest = [a for a in range(value.ndim) if a not in fits]
    flat = np.concatenate([reading.out[rest], reading.slot[rest], reading.operand[rest]])
    table = np.unique(flat, axis=1).T
    count = len(rest)
    if len(np.unique(table[:, : 2 * count], axis=0)) < len(table):
        return False
    prediction: Array = np.zeros(view.out_shape + view.slot_shape)
    grids = np.indices([view.out_shape[a] for a in axes] + [view.slot_shape[a] for a in axes])
    inside = np.ones(grids.shape[1:], dtype=bool)
    indices = []
    for a in axes:
        other, p, i, c = fits[a]
        j = axes.index(other)
        exact = p * grids[j] + i * grids[len(axes) + j] + c
        index = np.rint(exact).astype(int)
        inside &= (np.abs(exact - index) < 1e-4) & (index >= 0) & (index < value.shape[a])
        indices.append(np.clip(index, 0, value.shape[a] - 1))
    for row in table:
        out, slot, element = row[:count], row[count : 2 * count], row[2 * count :]
        pick: list[Any] = [None] * value.ndim
        for a, e in zip(rest, element, strict=True):
            pick[a] = int(e)
        for a, index in zip(axes, indices, strict=True):
            pick[a] = index
        target: list[Any] = [slice(None)] * prediction.ndim
        for a, o, s in zip(rest, out, slot, strict=True):
            target[a], target[value.ndim + a] = int(o), int(s)
        prediction[tuple(target)] = np.where(inside, reading.sign * value[tuple(pick)], 0.0)
    return view.fits(prediction.reshape(view.N.shape))
