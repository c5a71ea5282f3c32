"""Kinks: points where a function's slope jumps, as ReLU's at 0 and a maximum's at a tie.

Near x the function is fitted by a + b t + c |t| + d t^2 + e t |t| through nine points. Where c stands out of the fit's
own error, at two step lengths alike, the slope jumps from b - c to b + c, and any number between is a subgradient.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from scratchnet.gradcheck.measuring.differences import Line
from scratchnet.gradcheck.subjects.subject import Array

_PLACES = np.array([-1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0])
_BASIS = np.stack([np.ones(9), _PLACES, np.abs(_PLACES), _PLACES**2, _PLACES * np.abs(_PLACES)], axis=1)
_SOLVE = np.linalg.pinv(_BASIS)


@dataclass(frozen=True)
class Slopes:
    """Per output: whether there is a kink, and the slopes left and right of it."""

    found: Array
    left: Array
    right: Array


def slopes(line: Line, scale: float, eps: float) -> Slopes:
    """Look for a kink at t = 0 or closer to it than the steps that differences take."""
    fits = [_fit(line, scale * factor, eps) for factor in (1e-3, 1e-4, 1e-5, 1e-6)]
    found = np.zeros(fits[0][0].shape, bool)
    left, right = np.zeros(found.shape), np.zeros(found.shape)
    for (_, c, clear), (b2, c2, clear2) in pairwise(fits):
        alike = np.abs(c - c2) <= 0.1 * np.abs(c) + 1e-300
        here = clear & clear2 & alike & ~found
        left[here], right[here] = (b2 - c2)[here], (b2 + c2)[here]
        found |= here
    return Slopes(found, left, right)


def _fit(line: Line, h: float, eps: float) -> tuple[Array, Array, Array]:
    """(b, c, whether c is clear of the fit's error) per output, over -h..h."""
    samples = np.stack([line(place * h) for place in _PLACES])
    with np.errstate(all="ignore"):
        coefficients = _SOLVE @ samples
        misfit = np.abs(samples - _BASIS @ coefficients).max(axis=0) / h
        noise = eps * np.abs(samples).max(axis=0) / h
        b, c = coefficients[1] / h, coefficients[2] / h
        clear = np.abs(c) > 20 * (misfit + noise) + 1e-3 * np.abs(b)
    return b, c, clear & np.isfinite(b) & np.isfinite(c)
