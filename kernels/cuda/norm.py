"""Batch normalisation: each channel's sums in one pass over it, then its numbers.

Source: Ioffe and Szegedy, Batch Normalization (2015); Chan, Golub, LeVeque, Algorithms for Computing the Sample
Variance (1983), for the shift.
"""

import math
from typing import Any

import numpy as np

from scratchnet.kernels.cuda import buffers
from scratchnet.kernels.cuda.launch import THREADS, Program
from scratchnet.kernels.cuda.layout import Array, compute_dtype, deliver, optional, plain, target
from scratchnet.kernels.cuda.teams import team_size

CHUNK = 1 << 13  # numbers of a channel that a block takes; at most THREADS chunks a channel
_TYPES = (("float16", "float16"), ("float16", "float32"), ("float32", "float32"), ("float64", "float64"))
PROGRAM = Program(
    "norm",
    dict.fromkeys(
        ("batch_norm_sums", "batch_norm_grad_sums", "batch_norm", "batch_norm_eval", "batch_norm_grad"), _TYPES
    ),
)


def batch_norm(
    x: Array, weight: Array | None, bias: Array | None, eps: float, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """(x - mean) / sqrt(var + eps) * weight + bias by the batch's own statistics: (N, C, *S) -> y, mean (C,), invstd
    (C,).

    torch.native_batch_norm(training=True). var is the biased variance, 1 / invstd ** 2 - eps.
    """
    y, kind, channels = target(out, x.shape, x.dtype), compute_dtype(x.dtype), x.shape[1]
    mean, invstd = buffers.empty(channels, kind), buffers.empty(channels, kind)
    if x.size:
        x, parameter, grid = plain(x), _parameter_dtype(x, weight, bias), _Grid(x)
        affine = (*optional(weight, parameter), *optional(bias, parameter))
        sums = grid.sums("batch_norm_sums", parameter, x)
        grid.launch("batch_norm", parameter, x, sums, *affine, np.float64(eps), y, mean, invstd)
    else:
        mean[...] = 0.0 if x.shape[0] else np.nan
        invstd[...] = 1.0 / math.sqrt(eps) if eps > 0 else np.inf
    return deliver(y, out, x.dtype), mean, invstd


def batch_norm_eval(
    x: Array,
    mean: Array,
    var: Array,
    weight: Array | None,
    bias: Array | None,
    eps: float,
    out: Array | None = None,
) -> Array:
    """The same by given statistics: torch.nn.functional.batch_norm(training=False)."""
    y = target(out, x.shape, x.dtype)
    if x.size:
        parameter = _parameter_dtype(x, mean, var, weight, bias)
        given = (optional(mean, parameter)[0], optional(var, parameter)[0])
        affine = (*optional(weight, parameter), *optional(bias, parameter))
        _Grid(x).launch("batch_norm_eval", parameter, plain(x), *given, *affine, np.float64(eps), y)
    return deliver(y, out, x.dtype)


def batch_norm_grad(
    gy: Array, x: Array, weight: Array | None, mean: Array, invstd: Array, out: Array | None = None
) -> tuple[Array, Array, Array]:
    """By channel: gx = weight invstd (gy - mean(gy) - xhat mean(gy xhat)), gweight = sum(gy xhat), gbias = sum(gy)."""
    gx, kind, channels = target(out, x.shape, x.dtype), compute_dtype(x.dtype), x.shape[1]
    parameter = _parameter_dtype(x, weight)
    gweight, gbias = buffers.empty(channels, parameter), buffers.empty(channels, parameter)
    if x.size:
        gy, x, grid = plain(gy), plain(x), _Grid(x)
        middle, inverse = optional(mean, kind)[0], optional(invstd, kind)[0]
        sums = grid.sums("batch_norm_grad_sums", parameter, gy, x, middle)
        affine = optional(weight, parameter)
        grid.launch("batch_norm_grad", parameter, gy, x, sums, *affine, middle, inverse, gx, gweight, gbias)
    else:
        gweight[...] = gbias[...] = 0.0
    wanted = x.dtype if weight is None else weight.dtype
    return deliver(gx, out, x.dtype), gweight.astype(wanted, copy=False), gbias.astype(wanted, copy=False)


def _parameter_dtype(x: Array, *parameters: Array | None) -> np.dtype[Any]:
    """float16 where x and all that is given are; else what x is computed in."""
    given = [value.dtype for value in parameters if value is not None]
    half = given and all(dtype == x.dtype for dtype in given)
    return np.dtype(x.dtype) if half else compute_dtype(x.dtype)


class _Grid:
    """How the channels of x (N, C, *S), which is not empty, are shared out among teams or chunks."""

    def __init__(self, x: Array) -> None:
        n, self.channels, *rest = x.shape
        self.size = math.prod(rest)
        self.count = n * self.size
        self.chunk = max(CHUNK, -(-self.count // THREADS))
        self.chunks = -(-self.count // self.chunk)
        apart = self.channels if self.size == 1 else 1
        self.team = team_size(self.channels, self.count, apart) if self.chunks == 1 else THREADS
        self.dtype = x.dtype.name

    def sums(self, name: str, parameter: np.dtype[Any], *arrays: Array) -> Array:
        """What the chunks of each channel add up to: (C, chunks, 2). Nothing where a channel is one chunk."""
        if self.chunks == 1:
            return buffers.empty(0, np.float64)
        sums = buffers.empty((self.channels, self.chunks, 2), np.float64)
        geometry = (self.count, self.channels, self.size, self.chunk)
        self._launch(name, parameter, *arrays, sums, *geometry)
        return sums

    def launch(self, name: str, parameter: np.dtype[Any], *arguments: Any) -> None:
        """Run the kernel on every channel."""
        self._launch(name, parameter, *arguments, self.count, self.channels, self.size, self.chunk, self.team)

    def _launch(self, name: str, parameter: np.dtype[Any], *arguments: Any) -> None:
        threads = self.channels * self.team
        furthest = (self.team + self.size) * self.channels  # how far a Walk steps
        blocks = () if self.chunks == 1 else (self.channels, self.chunks)
        PROGRAM.launch(name, (self.dtype, parameter.name), threads, *arguments, bound=furthest, blocks=blocks)
