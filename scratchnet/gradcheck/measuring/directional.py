"""The comparison whose cost doesn't grow with size: one number, u . J v, along random directions.

Two pairs of directions: one moves every entry by the same amount, one by its own size, so that neither large nor small
entries hide the rest. A wrong entry shows unless a random number happens to be 0.
"""

from dataclasses import dataclass

import numpy as np

from scratchnet.gradcheck.measuring.differences import SAFETY, Point, join, ladder, scales, stencil
from scratchnet.gradcheck.options import Options
from scratchnet.gradcheck.report import Tolerance
from scratchnet.gradcheck.subjects.subject import Array, Values


@dataclass(frozen=True)
class Projection:
    """One comparison along one direction."""

    analytic: float
    numeric: float
    tolerance: Tolerance

    @property
    def ok(self) -> bool:
        return bool(abs(self.analytic - self.numeric) <= self.tolerance.total)

    @property
    def excess(self) -> float:
        return abs(self.analytic - self.numeric) / (self.tolerance.total or 1e-300)


def upstreams(point: Point, options: Options) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """Two random upstream gradients: normal numbers, and normal numbers over each output's size."""
    rng = options.generator(1)
    plain = tuple(np.asarray(rng.standard_normal(out.shape), out.dtype) for out in point.outputs)
    even = tuple(np.asarray(rng.standard_normal(out.shape) / scales(out), out.dtype) for out in point.outputs)
    return plain, even


def project(point: Point, slot: int, upstream: Values, grad: Array, relative: bool, options: Options) -> Projection:
    """Compare `grad` = upstream . J with differences along one random direction."""
    value = point.values[slot]
    rng = options.generator(2, slot, int(relative))
    far = _own_size(value) if relative else np.full(value.shape, float(scales(value).max(initial=0.0)))
    direction = np.asarray(rng.standard_normal(value.shape) * far, value.dtype)
    terms = grad.astype(np.float64) * direction
    analytic, weights = float(terms.sum()), join(upstream).astype(np.float64)
    noise = 4 * options.eps * float(np.abs(terms).sum())
    differences = rounding = 0.0
    if options.method == "complex":
        numeric = float(weights @ options.complex_column(point, slot, direction))
    else:
        line = point.along(slot, direction)
        t = options.eps ** (1 / 5 if options.five_point else 1 / 3)
        numeric = float(stencil(line, t, t, options.five_point)[0] @ weights)
        if not abs(analytic - numeric) <= options.rtol * abs(numeric) + noise:
            best = ladder(line, 1.0, 1e-3, options.eps, options.five_point, weights)
            numeric, differences, rounding = (float(part[0]) for part in (best.value, best.differences, best.rounding))
    tolerance = Tolerance(options.rtol * abs(numeric), SAFETY * differences, SAFETY * rounding + noise, options.atol)
    return Projection(analytic, numeric, tolerance)


def _own_size(value: Array) -> Array:
    magnitude = np.abs(value.astype(np.float64))
    return np.where(magnitude > 0, magnitude, scales(value))
