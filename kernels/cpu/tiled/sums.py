"""The loops of conv_tiled: sums over taps for tiles of output places, with no column matrix in memory.

A tap is one term of every sum: a channel and a place in the kernel. Its pixels, for consecutive output places, lie
beside each other in a plane of the image once that is padded and, for a stride, dealt out to one plane a phase. So a
tap is an offset, and the microkernel can read the planes in place; what it computes for the borders between two rows
is thrown away. Where that were too much, the pixels of some taps are first brought together in a panel, which stays in
the first cache while all output channels take from it.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange, separate
from scratchnet.kernels.cpu.layout import Array, Sizes
from scratchnet.kernels.cpu.microkernel import copy_rows, multiply
from scratchnet.kernels.cpu.tiled.cutting import half_empty, part_of_rows, spread
from scratchnet.kernels.cpu.tiled.planes import Grid, fill
from scratchnet.kernels.cpu.vectors import HOST

COLUMNS = HOST.columns


@kernel("contract")
def convolve(
    source: Array,
    weights: Array,
    bias: Array,
    target: Array,
    taps: Array,
    w_terms: Array,
    row_phases: Array,
    column_phases: Array,
    sizes: Sizes,
    relu: bool,
    lanes: int,
    slots: int,
    tile_parts: int,
    kernel_parts: int,
    block: int,
) -> None:
    """target[sample, k, place] = bias[k] + the sum over t of weights[k, w_terms[t]] * plane[taps[t] + place].

    Cut into tile_parts times kernel_parts pieces; no bit depends on how many. `block` terms are added up before their
    sum is added to the others'.
    """
    g = Grid(*sizes)
    bias = spread(bias, lanes)
    for part in prange(tile_parts * kernel_parts):
        _part(
            source, weights, bias, target, taps, w_terms, row_phases, column_phases, g, relu, lanes, slots,
            part // kernel_parts, tile_parts, part % kernel_parts, kernel_parts, block,
        )  # fmt: skip


@separate
def _part(
    source: Array, weights: Array, bias: Array, target: Array, taps: Array, w_terms: Array, row_phases: Array,
    column_phases: Array, g: Grid, relu: bool, lanes: int, slots: int, tile_part: int, tile_parts: int,
    kernel_part: int, kernel_parts: int, block: int,
) -> None:  # fmt: skip
    width = lanes * COLUMNS  # of a tile
    # What tiles are cut from: in place a sample with the ends of its rows, otherwise the places of all samples.
    length = (g.rows - 1) * g.pitch + g.columns if g.in_place == 1 else g.samples * g.rows * g.columns
    row_length = g.pitch if g.in_place == 1 else g.columns
    tiles_each = (length + width - 1) // width
    tiles = tiles_each * g.groups * (g.samples if g.in_place == 1 else 1)
    sample_size = g.channels * row_phases.size * column_phases.size * g.plane_rows * g.plane_columns
    k_first, k_end = part_of_rows(g.kernels, kernel_part, kernel_parts)
    planes = np.zeros((slots * sample_size + width + max(g.left, 0)) * g.padded, source.dtype)
    pixels = planes if g.padded == 1 else source
    held = np.full(slots, -1, np.int64)  # the image in each slot of the planes
    last_tap = taps.max() if taps.size else 0
    panel = np.empty(block * width, source.dtype)
    panel_terms = np.arange(taps.size) * width
    sums = np.empty((k_end - k_first) * width, source.dtype)
    starts = np.empty(width, np.int64)  # of each run of places: in the planes, the target, the tile
    goals = np.empty(width, np.int64)
    within = np.empty(width, np.int64)
    lengths = np.empty(width, np.int64)
    for tile in range(tiles * tile_part // tile_parts, tiles * (tile_part + 1) // tile_parts):
        group = tile // tiles_each % g.groups
        first = tile % tiles_each * width
        count = min(width, length - first)
        vectors, half = (count + lanes - 1) // lanes, half_empty(count, lanes)
        tile_start = 0
        runs = 0
        done = 0
        while done < count:
            if g.in_place == 1:
                sample = tile // tiles_each // g.groups
                place = first + done
            else:
                sample = (first + done) // (g.rows * g.columns)
                place = (first + done) % (g.rows * g.columns)
            row = place // row_length
            column = place % row_length
            image = sample * g.groups + group
            start = image * sample_size
            if g.padded == 1:
                start = sample % slots * sample_size
                if held[sample % slots] != image:
                    held[sample % slots] = image
                    fill(source, planes, start, image, row_phases, column_phases, g)
            if done == 0:
                tile_start = start + row * g.pitch + column
            run = min(g.columns - column, count - done)
            if run > 0:
                starts[runs] = start + row * g.pitch + column
                goals[runs] = (
                    image * g.kernels * g.target_plane + g.target_start + row * g.target_row + column * g.target_column
                )
                within[runs] = done
                lengths[runs] = run
                runs += 1
                done += run
            else:
                done += row_length - column
        in_place = g.in_place == 1 and tile_start + last_tap + vectors * lanes <= pixels.size
        # Whether the tile's places are one run in the target, all of it: then that is where its sums are written.
        direct = (
            count == width
            and runs > 0
            and goals[runs - 1] + lengths[runs - 1] - goals[0] == width
            and g.target_column == 1
            and taps.size > 0
        )
        if not taps.size:
            for k in range(k_first, k_end):
                alone = bias[(group * g.kernels + k) * lanes]
                sums[(k - k_first) * width : (k - k_first + 1) * width] = 0 if relu and alone < 0 else alone
        for t0 in range(0, taps.size, block):
            t1 = min(taps.size, t0 + block)
            if in_place:
                x, x_start, x_terms = pixels, tile_start, taps
            else:
                x, x_start, x_terms = panel, -t0 * width, panel_terms
                for run in range(runs):
                    for t in range(t0, t1):
                        copy_rows(
                            panel, (t - t0) * width + within[run], 0, pixels, starts[run] + taps[t], 0, 1, lengths[run]
                        )
            # What isn't the whole sum yet stays at hand: the target's rows are far apart.
            last = t1 == taps.size
            if last and direct:
                out, to, pitch = target, goals[0] + k_first * g.target_plane, g.target_plane
            else:
                out, to, pitch = sums, 0, width
            if t0 == 0:
                add, a, a_row, a_column = bias, (group * g.kernels + k_first) * lanes, lanes, 0
            else:
                add, a, a_row, a_column = sums, 0, width, lanes
            multiply(
                k_end - k_first, vectors, half, x, x_start, x_terms, weights, group * g.w_group + k_first * g.w_row,
                g.w_row, w_terms, t0, t1, add, a, a_row, a_column, out, to, pitch, relu and last,
            )  # fmt: skip
        if not direct:
            for run in range(runs):
                to = goals[run] + k_first * g.target_plane
                if g.target_column == 1:
                    copy_rows(
                        target, to, g.target_plane, sums, within[run], width, k_end - k_first, lengths[run]
                    )  # fmt: skip
                else:
                    for k in range(k_end - k_first):
                        for i in range(lengths[run]):
                            target[to + k * g.target_plane + i * g.target_column] = sums[k * width + within[run] + i]
