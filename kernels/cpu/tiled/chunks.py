"""Sums over all samples are cut into chunks: threads add them up apart, and they are added together in float64."""

from scratchnet.kernels.cpu.jit import inline, separate
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import add_transposed
from scratchnet.kernels.cpu.reduce import sum_channel

CHUNKS = 16  # at most
CHUNK_SUMS = 1 << 16  # elements of all of them, about: more would have to be read again from beyond the second cache


def chunks_of(blocks: int, sums: int) -> int:
    """How many, of blocks that are worth a chunk, with so many sums in each: a power of two, which threads share."""
    return 1 << (max(1, min(blocks, CHUNKS, CHUNK_SUMS // sums)).bit_length() - 1)


@inline
def blocks_of(sums: Array, lanes: int) -> int:
    """How many vectors of taps the groups of the sums have."""
    return len(sums) * ((sums.shape[2] + lanes - 1) // lanes)


@separate
def add_up(gw: Array, gb: Array, sums: Array, upstream: Array, kernels: int, lanes: int, part: int, parts: int) -> None:
    """One of the parts of gw[group, k, t] = the sum of sums[group, :, t, k] and of gb[k] = upstream's channel k's.

    sums: (groups, chunks, taps, output channels in whole vectors, or those of a group); gb may be empty. One function
    for both and one loop over its parts, since each parallel loop costs a launch, and half a second of compiling.
    """
    blocks = blocks_of(sums, lanes)
    each = blocks // len(sums)
    for block in range(blocks * part // parts, blocks * (part + 1) // parts):
        _add_chunks(gw, sums, block // each, block % each * lanes, kernels, lanes)
    for k in range(gb.size * part // parts, gb.size * (part + 1) // parts):
        sum_channel(upstream, gb, k)


@inline
def _add_chunks(gw: Array, sums: Array, group: int, first: int, kernels: int, lanes: int) -> None:
    """One chunk after the other, for a vector of t from the first."""
    _, chunks, taps, pitch = sums.shape
    source = sums.reshape(-1)
    for k in range(0, kernels, lanes):
        add_transposed(
            gw, (group * kernels + k) * taps + first, taps, source, (group * chunks * taps + first) * pitch + k, pitch,
            min(lanes, taps - first), min(lanes, kernels - k), taps * pitch, chunks,
        )  # fmt: skip
