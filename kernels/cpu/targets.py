"""The weighted losses of class indices and their gradient, by NumPy, and their mean."""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, compute_dtype, deliver, plain

CHUNK = 1 << 14  # positions that are added up one after the other


def nll(x: Array, target: Array, weight: Array | None, ignore_index: int, out: Array | None = None) -> Array:
    """torch.nn.functional.nll_loss(reduction="none"): (M, C, D) and (M, D) int64 -> (M, D), -weight[t] x[t].

    0 where a target is ignore_index.
    """
    losses = np.zeros(target.shape, x.dtype)
    if x.size:
        kept = target != ignore_index
        picked = np.take_along_axis(x, np.where(kept, target, 0)[:, None], axis=1)[:, 0]
        losses = np.where(kept, -picked * weights_of(target, weight, ignore_index, x.dtype), x.dtype.type(0))
    return deliver(losses, out, x.dtype)


def nll_grad(
    gy: Array, target: Array, weight: Array | None, ignore_index: int, classes: int, out: Array | None = None
) -> Array:
    """The adjoint of nll: (M, D) -> (M, C, D), -weight[t] gy at the target's class, 0 elsewhere and where ignored."""
    m, d = target.shape
    gx = np.zeros((m, classes, d), gy.dtype)
    if gx.size:
        kept = target != ignore_index
        values = np.where(kept, -gy * weights_of(target, weight, ignore_index, gy.dtype), gy.dtype.type(0))
        np.put_along_axis(gx, np.where(kept, target, 0)[:, None], values[:, None], axis=1)
    return deliver(gx, out, gy.dtype)


def mean(losses: Array, target: Array, weight: Array | None, ignore_index: int) -> tuple[Array, Array]:
    """The losses' sum over the sum of the weights of targets that aren't ignored, and that sum: both of shape ().

    Without weights each counts 1. The mean of nothing is NaN.
    """
    kind = compute_dtype(losses.dtype)
    weights = np.empty(0, kind) if weight is None else plain(weight, kind)
    sums = np.zeros((-(-target.size // CHUNK), 2))
    _sums(target.size, plain(losses).reshape(-1), plain(target).reshape(-1), weights, int(ignore_index), sums)
    summed, total = sums.sum(axis=0)
    with np.errstate(all="ignore"):
        return np.asarray(summed / total).astype(losses.dtype), np.asarray(total).astype(kind)


@kernel()
def _sums(losses: Array, target: Array, weight: Array, ignore_index: int, sums: Array) -> None:
    """Of each chunk of positions the sum of the losses, and that of the weights."""
    for chunk in prange(len(sums)):
        summed, total = 0.0, 0.0
        for i in range(chunk * CHUNK, min(target.size, (chunk + 1) * CHUNK)):
            summed += losses[i]
            if target[i] != ignore_index:
                total += weight[target[i]] if weight.size else 1.0
        sums[chunk, 0], sums[chunk, 1] = summed, total  # a tuple into a row takes Numba two seconds to compile


def weights_of(target: Array, weight: Array | None, ignore_index: int, dtype: np.dtype) -> Array:
    """(M, D): the weight of each target's class, 1 without weights; 0 where it is ignored."""
    kept = target != ignore_index
    if weight is None or not weight.size:
        return kept.astype(dtype)
    return np.where(kept, weight.astype(dtype, copy=False)[np.where(kept, target, 0)], dtype.type(0))
