"""Sums over all but the channels."""

import math
from functools import partial

from scratchnet.kernels.cpu.jit import kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, deliver, plain, target


def channel_sum(x: Array, out: Array | None = None) -> Array:
    """x.sum of torch over every dimension but the second: (N, K, *S) -> (K,), the gradient of a bias."""
    n, k = x.shape[:2]
    total = target(out, (k,), x.dtype)
    channel_sums(x.size, plain(x).reshape(n, k, math.prod(x.shape[2:])), total)
    return deliver(total, out, x.dtype)


@kernel()
def channel_sums(x: Array, sums: Array) -> None:
    """Each channel's sum over the samples, one after the other, of the sums of their planes; all in float64."""
    for k in prange(sums.size):
        sum_channel(x, sums, k)


@partial(separate, flags={"contract", "reassoc", "nsz"})
def sum_channel(x: Array, sums: Array, k: int) -> None:
    """sums[k] of channel_sums."""
    samples, _, size = x.shape
    total = 0.0
    for n in range(samples):
        plane = 0.0
        for i in range(size):
            plane += x[n, k, i]
        total += plane
    sums[k] = total


@kernel("contract", "reassoc", "nsz")
def plane_sums(x: Array, sums: Array) -> None:
    """The sum of each plane, float64."""
    planes, size = x.shape
    for plane in prange(planes):
        total = 0.0
        for i in range(size):
            total += x[plane, i]
        sums[plane] = total
