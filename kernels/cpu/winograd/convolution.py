"""Convolution by Winograd's minimal filtering, for 3x3 and 5x5 kernels without stride and dilation.

Images are dealt out so that the channels of a pixel are vectors (dealing.py). A tile of n x n pixels gives m x m places
of the output, n = m + taps - 1, with n * n multiplications for each pair of channels instead of m * m * taps * taps.
"""

from typing import NamedTuple

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.dealing import collect, deal
from scratchnet.kernels.cpu.epilogue import finish
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.tiled.cutting import block_length
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST
from scratchnet.kernels.cpu.winograd.products import COLUMNS, ROWS, convolve_tiles, transform_weights
from scratchnet.kernels.cpu.winograd.schemes import SCHEMES
from scratchnet.kernels.cpu.winograd.sums import sum_tiles, transform_to_taps
from scratchnet.kernels.cpu.winograd.tiles import Tiles
from scratchnet.kernels.geometry import output_size

CHUNKS = 16  # of images, at most, whose weight gradients are added up apart
TERMS = 96  # of a float32 sum at most, that are added up before their sum is added to the others'
CACHE = 640 << 10  # bytes of the second cache that a thread's tiles may take at all points


class Winograd(NamedTuple):
    """The contract of the algorithms, conv.py, with tiles of outputs x outputs places."""

    outputs: int

    def supports(
        self, x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
    ) -> bool:
        """Kernels of 3x3 and, by tiles of 2x2 places, 5x5, without stride and dilation."""
        return stride == dilation == (1, 1) and w_shape[2] == w_shape[3] and self._number(w_shape) is not None

    def forward(
        self,
        x: Array,
        w: Array,
        bias: Array | None,
        *,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
        epilogue: str = "none",
        out: Array | None = None,
        workspace: Array | None = None,
    ) -> Array:
        """torch.nn.functional.conv2d: (N, C, H, W) * (K, C / groups, R, R) + (K,) -> (N, K, OH, OW)."""
        size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
        y = target(out, (x.shape[0], w.shape[0], *size), x.dtype)
        if x.size and w.size:
            added = bias if epilogue != "none" else None
            self._convolve(plain(x), plain(w), added, y, padding, groups, epilogue == "bias_relu", backward=False)
        else:
            y[...] = 0
            finish(y, bias, epilogue)
        return deliver(y, out, x.dtype)

    def grad_input(
        self,
        gy: Array,
        w: Array,
        x_shape: Shape,
        *,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
        out: Array | None = None,
        workspace: Array | None = None,
    ) -> Array:
        """torch.nn.grad.conv2d_input: the convolution of gy with w turned by half a circle, channels exchanged."""
        gx = target(out, x_shape, gy.dtype)
        if gy.size and gx.size:
            around = (w.shape[2] - 1 - padding[0], w.shape[3] - 1 - padding[1])
            self._convolve(plain(gy), plain(w), None, gx, around, groups, False, backward=True)
        else:
            gx[...] = 0
        return deliver(gx, out, gy.dtype)

    def grad_weight(
        self,
        gy: Array,
        x: Array,
        w_shape: Shape,
        *,
        stride: Pair,
        padding: Pair,
        dilation: Pair,
        groups: int,
        out: Array | None = None,
        workspace: Array | None = None,
    ) -> Array:
        """torch.nn.grad.conv2d_weight: at each point the products of pixels and gy, summed over all tiles."""
        gw = target(out, w_shape, x.dtype)
        if gw.size and gy.size and x.size:
            self._sum(plain(gy), plain(x), gw, padding, groups)
        else:
            gw[...] = 0
        return deliver(gw, out, x.dtype)

    def _number(self, w_shape: Shape) -> int | None:
        """The kernels' number for the scheme."""
        fitting = (i for i, s in enumerate(SCHEMES) if (s.outputs, s.taps) == (self.outputs, w_shape[2]))
        return next(fitting, None)

    def _tiles(self, x: Array, y: Array, taps: int, padding: Pair, groups: int) -> tuple[Tiles, Tiles]:
        """The tiles of pixels, and those of places."""
        m = self.outputs
        rows, columns = -(-y.shape[2] // m), -(-y.shape[3] // m)
        shared = {"images": len(x) * groups, "rows": rows, "columns": columns, "step": m}
        pixels = Tiles(
            height=x.shape[2], width=x.shape[3], lanes=_whole_vectors(x, groups), size=m + taps - 1, top=padding[0],
            left=padding[1], **shared,
        )  # fmt: skip
        places = Tiles(
            height=y.shape[2], width=y.shape[3], lanes=_whole_vectors(y, groups), size=m, top=0, left=0, **shared
        )
        return pixels, places

    def _convolve(
        self, x: Array, w: Array, bias: Array | None, y: Array, padding: Pair, groups: int, relu: bool, backward: bool
    ) -> None:
        lanes, taps = HOST.lanes(x.dtype), w.shape[2] * w.shape[3]
        channels, kernels = x.shape[1] // groups, y.shape[1] // groups
        scheme = self._number(w.shape)
        pixels, places = self._tiles(x, y, w.shape[2], padding, groups)
        points, panels = pixels.size**2, _panels(places.lanes // lanes)
        order, w_row, w_term = np.arange(taps), channels * taps, taps
        if backward:
            order, w_row, w_term = order[::-1].copy(), taps, kernels * taps
        weights = buffers.empty(groups * points * places.lanes * channels, x.dtype)
        transform_weights(
            weights.size, w.reshape(-1), channels * kernels * taps, w_row, w_term, order, scheme, groups,
            kernels, channels, points, panels, weights, lanes,
        )  # fmt: skip
        added = np.zeros((groups, places.lanes), x.dtype)
        if bias is not None:
            added[:, :kernels] = plain(bias).reshape(groups, -1)
        tile_size = points * (pixels.lanes + COLUMNS * lanes)
        tiles = len(x) * places.rows * places.columns
        at_once = _tiles_at_once(tiles * groups, tile_size * x.itemsize)
        parts = min(threads.count(), -(-tiles // at_once) * groups)
        work = buffers.empty((parts, at_once * tile_size), x.dtype)
        result = buffers.empty((y.size // kernels + 1) * places.lanes, y.dtype)
        convolve_tiles(
            y.size * channels * taps // AT_ONCE, _dealt(x, groups, pixels), weights, added.reshape(-1), result, work,
            scheme, pixels, places, groups, channels, panels, relu, lanes, at_once, block_length(channels, TERMS),
        )  # fmt: skip
        dealt = result[: -places.lanes].reshape(len(y) * groups, -1, places.lanes)
        collect(y.size, dealt, y.reshape(len(y) * y.shape[1], -1), kernels, lanes)

    def _sum(self, gy: Array, x: Array, gw: Array, padding: Pair, groups: int) -> None:
        lanes, taps = HOST.lanes(x.dtype), gw.shape[2] * gw.shape[3]
        channels, kernels = x.shape[1] // groups, gy.shape[1] // groups
        scheme = self._number(gw.shape)
        pixels, places = self._tiles(x, gy, gw.shape[2], padding, groups)
        points, vectors = pixels.size**2, places.lanes // lanes
        size = points * channels * places.lanes
        chunks = _chunks(len(x), (x[0, 0].size * pixels.lanes + gy[0, 0].size * places.lanes) * len(x), size)
        kernel_parts, channel_parts = _parts_of_sums(-(-threads.count() // chunks), vectors, channels)
        block = block_length(len(x) * places.rows * places.columns, TERMS)
        # As many tiles as a part has output channels: then tiles and sums are as often read again as each other.
        at_once = block * max(1, places.lanes // kernel_parts // block)
        room = points * at_once * (pixels.lanes + COLUMNS * lanes)
        work = buffers.empty((min(threads.count(), chunks * kernel_parts * channel_parts), room), x.dtype)
        sums = buffers.empty((chunks, points, channels, places.lanes), x.dtype)
        source, upstream = _dealt(x, groups, pixels), _dealt(gy, groups, places)
        for group in range(groups):
            sum_tiles(
                gy.size // groups * channels * taps // AT_ONCE, source, upstream, sums, work, scheme, pixels, places,
                groups, group, channels, np.arange(kernel_parts + 1) * vectors // kernel_parts, channel_parts, lanes,
                at_once, block,
            )  # fmt: skip
            part = gw[group * kernels : (group + 1) * kernels].reshape(-1)
            transform_to_taps(sums.size, sums, part, scheme, kernels, channels, points, taps, lanes)


def _chunks(images: int, data: int, sums: int) -> int:
    """Of images, whose sums are added up apart, so that each core works on its own: as long as sums are few numbers."""
    most = max(1, min(images, CHUNKS, data // (4 * sums)))
    return 1 << (most.bit_length() - 1)


def _parts_of_sums(count: int, vectors: int, channels: int) -> tuple[int, int]:
    """In how many parts of output channels, and of channels, to compute a chunk's sums: about `count` together."""
    even = vectors % count == 0 or vectors >= 4 * count
    kernel_parts = count if even and vectors >= count else 1
    return kernel_parts, min(count // kernel_parts, -(-channels // ROWS))


def _dealt(x: Array, groups: int, t: Tiles) -> Array:
    """The images with channels in lanes, and a pixel of zeros after the last."""
    result = buffers.empty((t.images * t.height * t.width + 1) * t.lanes, x.dtype)
    result[-t.lanes :] = 0
    dealt = result[: -t.lanes].reshape(t.images, t.height * t.width, t.lanes)
    deal(x.size, x.reshape(len(x) * x.shape[1], -1), dealt, x.shape[1] // groups, HOST.lanes(x.dtype))
    return result


def _tiles_at_once(tiles: int, size: int) -> int:
    """Whole rows of the microkernel, as many as the cache holds, but work for all threads."""
    most = min(CACHE // size, -(-tiles // threads.count()))
    return max(1, most // ROWS) * ROWS


def _panels(vectors: int) -> Array:
    """Where panels of vectors, as even as can be, begin and end."""
    count = -(-vectors // COLUMNS)
    return np.arange(count + 1) * vectors // count


def _whole_vectors(x: Array, groups: int) -> int:
    """The channels of a group, rounded up to whole vectors."""
    lanes = HOST.lanes(x.dtype)
    return -(-x.shape[1] // groups // lanes) * lanes
