"""What the steps of convolution take on a kind of vectors, in multiply-adds of one: choices are made by it.

Fitted to measured times of random layers. AVX-512 (Zen 4, a multiply-add a cycle): 199 layers on two threads; for 100
others the choice took 2 to 3 % longer on average than the fastest algorithm. (The loops have become faster since.)
AVX2 (Zen 3, two a cycle): 260 layers on one thread; for 260 others 2 to 3 %, and with AVX-512's rates 3 to 9 %.
"""

from typing import NamedTuple

from scratchnet.kernels.cpu.vectors import HOST


class Winograd(NamedTuple):
    """Of Winograd's convolution."""

    terms: float  # a term of the products
    written: float  # a vector of channels at a point, on its way to the result
    read: float  # one of an image
    weights: float  # a vector of weights
    call: float  # what a call takes longer than one of conv_tiled


class WinogradSums(NamedTuple):
    """Of its weight gradient."""

    terms: float
    read: float  # a vector of channels at a point, of both factors
    sums: float  # a vector of sums, one of which is written for each point
    call: float


class StripSums(NamedTuple):
    """Of conv_tiled's weight gradient with a place in each lane."""

    terms: float
    rows: float  # a row of an image, copied
    sums: float  # a sum, for each strip
    chunks: float  # a vector of sums, for each chunk


class InsideSums(NamedTuple):
    """Of conv_tiled's weight gradient with an output channel in each lane."""

    terms: float
    places: float  # a vector of the upstream gradient, transposed
    sums: float  # a vector of sums
    chunks: float  # one of a chunk


class Rates(NamedTuple):
    """Of all that is compared; `tiled`: of each multiply-add that conv_tiled does."""

    tiled: float
    winograd: Winograd
    winograd_sums: WinogradSums
    strip_sums: StripSums
    inside_sums: InsideSums


MEASURED = {
    "avx512": Rates(
        tiled=1.25,
        winograd=Winograd(terms=1.15, written=11, read=16, weights=64, call=100_000),
        winograd_sums=WinogradSums(terms=1.37, read=12.5, sums=32, call=280_000),
        strip_sums=StripSums(terms=1.2, rows=8, sums=3, chunks=50),
        inside_sums=InsideSums(terms=1.2, places=5.6, sums=70, chunks=50),
    ),
    "avx2": Rates(
        tiled=1.6,
        winograd=Winograd(terms=1.14, written=13.7, read=18, weights=53, call=30_000),
        # A fifth more than measured: for less than that it isn't worth its seconds of compiling.
        winograd_sums=WinogradSums(terms=1.43, read=18, sums=38, call=36_000),
        strip_sums=StripSums(terms=1.29, rows=28, sums=16.5, chunks=0),
        inside_sums=InsideSums(terms=1.41, places=4.5, sums=0, chunks=8.8),
    ),
}
RATES = MEASURED.get(HOST.name, MEASURED["avx2"])
