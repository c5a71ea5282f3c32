"""Sums over all samples are cut into chunks: threads add them up apart, and they are added together in float64."""

from scratchnet.kernels.cpu.jit import separate
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import add_transposed

CHUNKS = 16  # at most
CHUNK_SUMS = 1 << 16  # elements of all of them, about: more would have to be read again from beyond the second cache


def chunks_of(blocks: int, sums: int) -> int:
    """How many, of blocks that are worth a chunk, with so many sums in each: a power of two, which threads share."""
    return 1 << (max(1, min(blocks, CHUNKS, CHUNK_SUMS // sums)).bit_length() - 1)


@separate
def add_chunks(gw: Array, sums: Array, group: int, first: int, kernels: int, lanes: int) -> None:
    """gw[group, k, t] = the sum of sums[group, :, t, k], one chunk after the other, for a vector of t from the first.

    sums: (groups, chunks, taps, output channels in whole vectors, or those of a group).
    """
    _, chunks, taps, pitch = sums.shape
    source = sums.reshape(-1)
    for k in range(0, kernels, lanes):
        add_transposed(
            gw, (group * kernels + k) * taps + first, taps, source, (group * chunks * taps + first) * pitch + k, pitch,
            min(lanes, taps - first), min(lanes, kernels - k), taps * pitch, chunks,
        )  # fmt: skip
