"""The loops of conv_tiled's weight gradient: sums over output places for tiles of taps and output channels.

The microkernel is the forward one's. Its vectors lie along the output channels, so the upstream gradient is transposed,
some places at a time; its factors are pixels, read where they lie in the planes.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import inline, kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.microkernel import multiply, transpose_lanes
from scratchnet.kernels.cpu.tiled.planes import Grid, fill
from scratchnet.kernels.cpu.vectors import HOST

ROWS, COLUMNS = HOST.rows, HOST.columns
PLACES = 128  # at most of a panel: they are terms of one float32 sum before it is added to the others
CHUNKS = 16  # of samples, at most, whose sums are added up apart
CHUNK_SUMS = 1 << 20  # elements of all of these, about
BLOCK = 16  # taps that a thread adds up together: their places in gw share cache lines


def chunks_of_samples(samples: int, places: int, groups: int, taps: int, width: int) -> int:
    """How many. One has a panel of places or more: to add up chunks is then no work beside theirs."""
    return max(1, min(samples, CHUNKS, CHUNK_SUMS // (taps * width * groups), samples * places // PLACES))


@kernel("contract")
def weight_sums(
    source: Array, gy: Array, sums: Array, taps: Array, row_phases: Array, column_phases: Array, g: Grid, lanes: int,
    slots: int, kernel_parts: int, block: int,
) -> None:  # fmt: skip
    """sums[group, chunk, t, k] = the sum over a chunk of samples of gy[.., k, place] * plane[taps[t] + place].

    Rows t beyond the taps, and k beyond the channels, are of no use.
    """
    groups, chunks, _, _ = sums.shape
    for part in prange(groups * chunks * kernel_parts):
        group = part // (chunks * kernel_parts)
        chunk = part // kernel_parts % chunks
        _part(
            source, gy, sums[group, chunk], taps, row_phases, column_phases, g, lanes, slots, group,
            g.samples * chunk // chunks, g.samples * (chunk + 1) // chunks, part % kernel_parts, kernel_parts, block,
        )  # fmt: skip


@inline
def _part(
    source: Array, gy: Array, sums: Array, taps: Array, row_phases: Array, column_phases: Array, g: Grid, lanes: int,
    slots: int, group: int, first_sample: int, end_sample: int, kernel_part: int, kernel_parts: int, block: int,
) -> None:  # fmt: skip
    places = g.rows * g.columns
    sample_size = g.channels * row_phases.size * column_phases.size * g.plane_rows * g.plane_columns
    v_first, v_end = own_vectors(sums, g.kernels, lanes, kernel_part, kernel_parts)
    width = lanes * COLUMNS
    planes = np.zeros((slots * sample_size + max(g.left, 0)) * g.padded, source.dtype)
    pixels = planes if g.padded == 1 else source
    panel = np.zeros(block * width, source.dtype)
    terms = np.empty(block, np.int64)
    p_terms = np.arange(block) * width
    goal = sums.reshape(-1)
    pitch = sums.shape[1]
    held = -1
    first = first_sample * places
    while first < end_sample * places:
        count = min(block, end_sample * places - first)
        done = 0
        while done < count:  # a row of places at a time
            sample = (first + done) // places
            row = (first + done) % places // g.columns
            column = (first + done) % places % g.columns
            image = sample * g.groups + group
            start = image * sample_size
            if g.padded == 1:
                if sample > held:
                    held = sample
                    fill(source, planes, sample % slots * sample_size, image, row_phases, column_phases, g)
                start = sample % slots * sample_size
            length = min(g.columns - column, count - done)
            for i in range(length):
                terms[done + i] = start + row * g.pitch + column + i
            done += length
        v = v_first
        while v < v_end:
            columns = panel_width(v_end - v)
            transpose_places(gy, panel, g.groups, group, g.kernels, places, first, count, v, columns, width, lanes)
            for t in range(0, taps.size, ROWS):
                to = t * pitch + v * lanes
                rows = taps[t : t + ROWS]
                multiply(
                    ROWS, columns, panel, 0, p_terms, pixels, 0, rows, terms, 0, count, goal, to, pitch, lanes,
                    goal, to, pitch, False,
                )  # fmt: skip
            v += columns
        first += count


@inline
def own_vectors(sums: Array, kernels: int, lanes: int, part: int, parts: int) -> tuple[int, int]:
    """First and end of a part's vectors of output channels, of (taps, channels). Its sums begin at 0."""
    vectors = (kernels + lanes - 1) // lanes
    first = vectors * part // parts
    end = vectors * (part + 1) // parts
    for t in range(sums.shape[0]):
        for k in range(first * lanes, end * lanes):
            sums[t, k] = 0
    return first, end


@inline
def panel_width(vectors_left: int) -> int:
    """How many of the vectors left make a panel: as many as a tile is wide, but of 4 only 2 and not 3 and 1."""
    panels = (vectors_left + COLUMNS - 1) // COLUMNS
    return (vectors_left + panels - 1) // panels


@inline
def transpose_places(
    gy: Array, panel: Array, groups: int, group: int, kernels: int, places: int, first: int, count: int, v: int,
    columns: int, width: int, lanes: int,
) -> None:  # fmt: skip
    """panel[p, k] = gy at the place first + p (of all samples' places) for the output channels of `columns` vectors."""
    done = 0
    while done < count:  # of one sample, a vector at a time
        sample = (first + done) // places
        place = (first + done) % places
        length = min(lanes, places - place, count - done)
        for k in range(v * lanes, (v + columns) * lanes, lanes):
            start = ((sample * groups + group) * kernels + k) * places + place
            to = done * width + k - v * lanes
            rows = min(lanes, kernels - k)
            transpose_lanes(panel, to, width, gy, start, places, rows, length, rows)
        done += length


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
