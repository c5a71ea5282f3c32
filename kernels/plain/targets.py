"""The weighted losses of class indices and their gradient, which the CPU computes by NumPy too, and their mean."""

import numpy as np

from scratchnet.kernels.cpu.layout import Array, compute_dtype
from scratchnet.kernels.cpu.targets import nll, nll_grad, weights_of

__all__ = ["mean", "nll", "nll_grad"]


def mean(losses: Array, target: Array, weight: Array | None, ignore_index: int) -> tuple[Array, Array]:
    """The losses' sum over the sum of the weights of targets that aren't ignored, and that sum: both of shape ()."""
    kind = compute_dtype(losses.dtype)
    total = np.asarray(weights_of(target, weight, ignore_index, kind).sum(dtype=kind))
    with np.errstate(all="ignore"):
        return np.asarray(losses.sum(dtype=kind) / total).astype(losses.dtype, copy=False), total
