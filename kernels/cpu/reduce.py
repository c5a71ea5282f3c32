"""Sums over all but the channels."""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, deliver, plain


def channel_sum(x: Array, out: Array | None = None) -> Array:
    """x.sum of torch over every dimension but the second: (N, K, *S) -> (K,), the gradient of a bias."""
    n, k = x.shape[:2]
    size = int(np.prod(x.shape[2:]))
    if size == 1:
        total = plain(x).reshape(n, k).sum(axis=0, dtype=np.float64)
    else:
        partial = np.zeros((n, k), np.float64)
        if x.size:
            plane_sums(x.size, plain(x).reshape(n * k, size), partial.reshape(-1))
        total = partial.sum(axis=0)
    return deliver(total, out, x.dtype) if out is not None else deliver(total, np.empty(k, x.dtype), x.dtype)


@kernel("contract", "reassoc", "nsz")
def plane_sums(x: Array, sums: Array) -> None:
    """The sum of each plane, float64."""
    planes, size = x.shape
    for plane in prange(planes):
        total = 0.0
        for i in range(size):
            total += x[plane, i]
        sums[plane] = total
