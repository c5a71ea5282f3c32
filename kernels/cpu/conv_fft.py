"""Convolution by Fourier transforms, in which shifting becomes multiplying: the kernel's size hardly costs anything.

The transforms are of rings as long as the padded image, so that nothing wanted comes around. With X, W and Y those of
image, kernel and result, all three functions are products at each frequency, and sums over channels or samples make
them products of matrices:

    forward      Y = X conj(W)     y[i] = sum over r of x[i + r] w[r]
    grad_input   X = Y W           x[h] = sum over r of y[h - r] w[r]
    grad_weight  W = X conj(Y)     w[r] = sum over i of x[i + r] y[i]

Stride, padding and dilation say where on the ring y[i] and w[r] lie: at i stride - padding and at r dilation. NumPy
does the transforms. What is not finite in an image spreads over the whole result.

Source: Mathieu, Henaff, LeCun, Fast Training of Convolutional Networks through FFTs (2013).
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from scratchnet.kernels.cpu.blas import one_thread
from scratchnet.kernels.cpu.epilogue import finish
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.geometry import chunk_samples, chunks, output_size

CHUNK = 1 << 20  # complex numbers of the images' transforms at a time: memory stays bounded

Places = tuple[Array, Array]  # rows and columns of a ring


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """Every case."""
    return True


@np.errstate(all="ignore")
def forward(
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
    """torch.nn.functional.conv2d: (N, C, H, W) * (K, C / groups, KH, KW) + (K,) -> (N, K, OH, OW)."""
    rings = _Rings.of(x.shape, w.shape, stride, padding, dilation, groups)
    y = target(out, (x.shape[0], w.shape[0], *(len(axis) for axis in rings.results)), x.dtype)
    if not x.size or not w.size:
        y[...] = 0
    else:
        kernel = rings.spectrum(rings.kernel(plain(w)), rings.taps)
        for lo, hi in rings.parts(len(x), x.shape[1] + w.shape[0]):
            pixels = rings.spectrum(rings.grouped(plain(x[lo:hi])), rings.pixels)
            product = _product(pixels, kernel.conj().swapaxes(2, 3))
            y[lo:hi] = rings.values(product, rings.results).reshape(y[lo:hi].shape)
    finish(y, bias, epilogue)
    return deliver(y, out, x.dtype)


@np.errstate(all="ignore")
def grad_input(
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
    """torch.nn.grad.conv2d_input."""
    rings = _Rings.of(x_shape, w.shape, stride, padding, dilation, groups)
    gx = target(out, x_shape, gy.dtype)
    if not gy.size or not gx.size:
        gx[...] = 0
    else:
        kernel = rings.spectrum(rings.kernel(plain(w)), rings.taps)
        for lo, hi in rings.parts(len(gy), gx.shape[1] + w.shape[0]):
            upstream = rings.spectrum(rings.grouped(plain(gy[lo:hi])), rings.results)
            gx[lo:hi] = rings.values(_product(upstream, kernel), rings.pixels).reshape(gx[lo:hi].shape)
    return deliver(gx, out, gy.dtype)


@np.errstate(all="ignore")
def grad_weight(
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
    """torch.nn.grad.conv2d_weight."""
    rings = _Rings.of(x.shape, w_shape, stride, padding, dilation, groups)
    gw = target(out, w_shape, x.dtype)
    total = np.zeros((groups, w_shape[0] // groups, *w_shape[1:]), np.float64)
    if gy.size and gw.size:
        for lo, hi in rings.parts(len(x), x.shape[1] + w_shape[0]):
            pixels = rings.spectrum(rings.grouped(plain(x[lo:hi])), rings.pixels)
            upstream = rings.spectrum(rings.grouped(plain(gy[lo:hi])), rings.results)
            total += rings.values(_product(upstream.conj().swapaxes(2, 3), pixels), rings.taps).swapaxes(0, 1)
    gw[...] = total.reshape(w_shape)
    return deliver(gw, out, x.dtype)


class _Rings(NamedTuple):
    """Two rings, for rows and columns, and what lies where on them."""

    size: Pair
    groups: int
    pixels: Places
    taps: Places
    results: Places

    @classmethod
    def of(cls, x_shape: Shape, w_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> "_Rings":
        image, kernel = x_shape[2:], w_shape[2:]
        size = _fast(image[0] + 2 * padding[0]), _fast(image[1] + 2 * padding[1])
        (oh, ow), (sh, sw), (ph, pw) = output_size(image, kernel, stride, padding, dilation), stride, padding
        return cls(
            size,
            groups,
            pixels=(np.arange(image[0]), np.arange(image[1])),
            taps=(np.arange(kernel[0]) * dilation[0], np.arange(kernel[1]) * dilation[1]),
            results=((np.arange(oh) * sh - ph) % size[0], (np.arange(ow) * sw - pw) % size[1]),
        )

    def parts(self, samples: int, channels: int) -> Iterator[Pair]:
        """First and end of the samples that are transformed together."""
        return chunks(samples, chunk_samples(samples, channels * math.prod(self.size) // 2, CHUNK))

    def grouped(self, images: Array) -> Array:
        """(N, C, H, W) -> (N, groups, C / groups, H, W)."""
        return images.reshape(len(images), self.groups, images.shape[1] // self.groups, *images.shape[2:])

    def kernel(self, w: Array) -> Array:
        """(K, C / groups, KH, KW) -> (K / groups, groups, C / groups, KH, KW)."""
        return w.reshape(self.groups, len(w) // self.groups, *w.shape[1:]).swapaxes(0, 1)

    def spectrum(self, values: Array, places: Places) -> Array:
        """(A, groups, B, h, w), each number at its place on the rings -> (frequencies, groups, A, B)."""
        on_rings = np.zeros((*values.shape[:3], *self.size), values.dtype)
        on_rings[..., places[0][:, None], places[1]] = values
        transformed = np.fft.rfft2(on_rings)
        return transformed.reshape(*values.shape[:3], -1).transpose(3, 1, 0, 2)

    def values(self, spectrum: Array, places: Places) -> Array:
        """The way back: (frequencies, groups, A, B) -> (A, groups, B, h, w)."""
        frequencies = spectrum.transpose(2, 1, 3, 0)
        frequencies = frequencies.reshape(*frequencies.shape[:3], self.size[0], self.size[1] // 2 + 1)
        return np.fft.irfft2(frequencies, self.size)[..., places[0][:, None], places[1]]


def _product(a: Array, b: Array) -> Array:
    """The products of matrices at all frequencies."""
    with one_thread:
        return np.matmul(a, b)


def _fast(n: int) -> int:
    """The next size without a prime factor above 5, as transforms like it."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1
