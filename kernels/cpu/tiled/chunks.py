"""Sums over all samples are cut into chunks: threads add them up apart, and they are added together in float64."""

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import add_transposed

CHUNKS = 16  # at most
CHUNK_SUMS = 1 << 20  # elements of all of them, about


def chunks_of(blocks: int, sums: int) -> int:
    """How many, of blocks that are worth a chunk, with so many sums in each: a power of two, which threads share."""
    return 1 << (max(1, min(blocks, CHUNKS, CHUNK_SUMS // sums)).bit_length() - 1)


@kernel()
def add_chunks(
    sums: Array, gw: Array, groups: int, chunks: int, taps: int, kernels: int, pitch: int, lanes: int
) -> None:
    """gw[group, k, t] = the sum of sums[group, :, t, k], one chunk after the other. Rows of sums are a pitch apart."""
    blocks = (taps + lanes - 1) // lanes
    for part in prange(groups * blocks):
        group = part // blocks
        t = part % blocks * lanes
        for k in range(0, kernels, lanes):
            add_transposed(
                gw, (group * kernels + k) * taps + t, taps, sums, (group * chunks * taps + t) * pitch + k, pitch,
                min(lanes, taps - t), min(lanes, kernels - k), taps * pitch, chunks,
            )  # fmt: skip
