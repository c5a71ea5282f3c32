"""The loops of conv_tiled with a sample in each lane: for batches of narrow images.

Images are dealt out so that a pixel of many samples is a vector. Then every output place is a tile of its own: it sums
just the taps that meet the image, no border is stored or multiplied with, and no lane is lost at the end of a row.
"""

from typing import NamedTuple

from scratchnet.kernels.cpu.dealing import transpose
from scratchnet.kernels.cpu.jit import kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import multiply
from scratchnet.kernels.cpu.tiled.cutting import half_empty, part_of_rows, spread

BLOCK = 64  # numbers of an image that a thread deals out, or collects, before it looks for the next ones


class SampleGrid(NamedTuple):
    """Sizes in elements. Source is what is read, target what is written; both are dealt out."""

    samples: int
    sets: int  # of `vectors` vectors of samples
    vectors: int
    groups: int
    channels: int  # of a group, read
    kernels: int  # channels of a group, written
    source_plane: int
    source_width: int
    rows: int  # of output places
    columns: int
    w_group: int  # from a group's weights to the next's
    w_row: int  # from an output channel's weights to the next's


@kernel("contract")
def convolve_samples(
    source: Array,
    weights: Array,
    bias: Array,
    target: Array,
    dealt: Array,
    result: Array,
    row_bases: Array,
    row_classes: Array,
    column_bases: Array,
    column_classes: Array,
    class_starts: Array,
    x_terms: Array,
    w_terms: Array,
    sizes: Sizes,
    relu: bool,
    lanes: int,
    block: int,
    kernel_parts: int,
    apart: bool,
) -> None:
    """target[n, k, place] = bias[k] + the sum of weights[k, w_terms[t]] * source[n, x_terms[t] + base of the place]

    over the t of the place's class, for all images n. dealt and result: memory for source and target dealt out, of each
    set and group; or, with `apart`, of each thread: then they do whole sets by themselves, one after the other.
    Otherwise a row's output channels are cut into kernel_parts. No bit depends on that.
    """
    g = SampleGrid(*sizes)
    bias = spread(bias, lanes)
    sets, memories = g.sets * g.groups, len(dealt)
    pixels, places = g.channels * g.source_plane, g.kernels * g.rows * g.columns
    all_dealt, all_results = dealt.reshape(-1), result.reshape(-1)
    if apart:
        for memory in prange(memories):
            for chosen in range(sets * memory // memories, sets * (memory + 1) // memories):
                _deal(all_dealt, memory, source, g, chosen, 0, pixels, lanes)
                for row in range(g.rows):
                    _row(
                        all_dealt, weights, bias, all_results, row_bases[row], row_classes[row], column_bases,
                        column_classes, class_starts, x_terms, w_terms, g, relu, lanes, memory, chosen, row, 0,
                        g.kernels, block,
                    )  # fmt: skip
                _collect(target, all_results, memory, g, chosen, 0, places, lanes)
    else:
        blocks = (pixels + BLOCK - 1) // BLOCK
        for part in prange(sets * blocks):
            first = part % blocks * BLOCK
            _deal(all_dealt, part // blocks, source, g, part // blocks, first, min(pixels, first + BLOCK), lanes)
        for part in prange(sets * g.rows * kernel_parts):
            chosen = part // kernel_parts // g.rows
            row = part // kernel_parts % g.rows
            k_first, k_end = part_of_rows(g.kernels, part % kernel_parts, kernel_parts)
            _row(
                all_dealt, weights, bias, all_results, row_bases[row], row_classes[row], column_bases, column_classes,
                class_starts, x_terms, w_terms, g, relu, lanes, chosen, chosen, row, k_first, k_end, block,
            )  # fmt: skip
        blocks = (places + BLOCK - 1) // BLOCK
        for part in prange(sets * blocks):
            first = part % blocks * BLOCK
            _collect(target, all_results, part // blocks, g, part // blocks, first, min(places, first + BLOCK), lanes)


@separate
def _deal(
    dealt: Array, memory: int, source: Array, g: SampleGrid, chosen: int, first: int, end: int, lanes: int
) -> None:
    """Of a group's channels the pixels first to end, of all samples of a set."""
    width = g.vectors * lanes
    pixels = g.channels * g.source_plane
    sample = chosen // g.groups * width
    transpose(
        dealt, (memory * pixels + first) * width, width, source,
        (sample * g.groups + chosen % g.groups) * pixels + first, g.groups * pixels, min(width, g.samples - sample),
        end - first, width, lanes,
    )  # fmt: skip


@separate
def _collect(
    target: Array, result: Array, memory: int, g: SampleGrid, chosen: int, first: int, end: int, lanes: int
) -> None:
    """The way back, of output channels' places."""
    width = g.vectors * lanes
    places = g.kernels * g.rows * g.columns
    sample = chosen // g.groups * width
    transpose(
        target, (sample * g.groups + chosen % g.groups) * places + first, g.groups * places, result,
        (memory * places + first) * width, width, end - first, min(width, g.samples - sample), end - first, lanes,
    )  # fmt: skip


@separate
def _row(
    source: Array, weights: Array, bias: Array, target: Array, row_base: int, row_class: int, column_bases: Array,
    column_classes: Array, class_starts: Array, x_terms: Array, w_terms: Array, g: SampleGrid, relu: bool, lanes: int,
    memory: int, chosen: int, row: int, k_first: int, k_end: int, block: int,
) -> None:  # fmt: skip
    group = chosen % g.groups
    half = chosen // g.groups == g.sets - 1 and half_empty(g.samples, lanes)
    width = g.vectors * lanes
    plane = g.rows * g.columns * width  # of the target
    for column in range(g.columns):
        kind = row_class + column_classes[column]
        first = class_starts[kind]
        end = class_starts[kind + 1]
        base = (memory * g.channels * g.source_plane + row_base * g.source_width + column_bases[column]) * width
        place = memory * g.kernels * plane + (row * g.columns + column) * width
        if first == end:
            for k in range(k_first, k_end):
                to = place + k * plane
                alone = bias[(group * g.kernels + k) * lanes]
                target[to : to + width] = 0 if relu and alone < 0 else alone
        pieces = (end - first + block - 1) // block
        for piece in range(pieces):  # equal ones: the rounding errors of the longest are the largest
            t0, t1 = first + (end - first) * piece // pieces, first + (end - first) * (piece + 1) // pieces
            last = relu and t1 == end
            to = place + k_first * plane
            if t0 == first:
                add, a, a_row, a_column = bias, (group * g.kernels + k_first) * lanes, lanes, 0
            else:
                add, a, a_row, a_column = target, to, plane, lanes
            multiply(
                k_end - k_first, g.vectors, half, source, base, x_terms, weights, group * g.w_group + k_first * g.w_row,
                g.w_row, w_terms, t0, t1, add, a, a_row, a_column, target, to, plane, last,
            )  # fmt: skip
