"""Sums over all samples are cut into chunks: threads add them up apart, and they are added together in float64."""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array

CHUNKS = 16  # at most
CHUNK_SUMS = 1 << 20  # elements of all of them, about
BLOCK = 16  # taps that a thread adds up together: their places in gw share cache lines


def chunks_of(blocks: int, sums: int) -> int:
    """How many, of blocks that are worth a chunk, with so many sums in each."""
    return max(1, min(blocks, CHUNKS, CHUNK_SUMS // sums))


@kernel()
def add_chunks(sums: Array, gw: Array) -> None:
    """gw[group, k, t] = the sum of sums[group, :, t, k], one chunk after the other."""
    groups, kernels, taps = gw.shape
    blocks = (taps + BLOCK - 1) // BLOCK
    for block in prange(groups * blocks):
        group = block // blocks
        total = np.empty(kernels, np.float64)
        for t in range(block % blocks * BLOCK, min(taps, (block % blocks + 1) * BLOCK)):
            total[:] = 0
            for chunk in range(sums.shape[1]):
                for k in range(kernels):
                    total[k] += sums[group, chunk, t, k]
            for k in range(kernels):
                gw[group, k, t] = total[k]
