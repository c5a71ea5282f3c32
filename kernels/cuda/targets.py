"""The weighted losses of class indices, their mean and their gradient."""

from typing import Any

import numpy as np

from scratchnet.kernels.cuda import buffers
from scratchnet.kernels.cuda.launch import THREADS, Program
from scratchnet.kernels.cuda.layout import Array, compute_dtype, deliver, optional, plain
from scratchnet.kernels.cuda.layout import target as room

CHUNK = 1 << 13  # losses that a block adds; at most THREADS chunks
ANY = (1 << 30) - 1  # more classes than there are: without weights nothing is read by the class

_TYPES = (("float16", "float32"), ("float32", "float32"), ("float64", "float64"))
PROGRAM = Program("targets", dict.fromkeys(("nll", "nll_grad", "mean", "mean_of_chunks"), _TYPES))


def nll(x: Array, target: Array, weight: Array | None, ignore_index: int, out: Array | None = None) -> Array:
    """torch.nn.functional.nll_loss(reduction="none"): (M, C, D) and (M, D) int64 -> (M, D), -weight[t] x[t].

    0 where a target is ignore_index.
    """
    _, c, d = x.shape
    losses = room(out, target.shape, x.dtype)
    if losses.size:
        classes = _classes(x.dtype, target, weight, ignore_index)
        PROGRAM.launch("nll", _types(x.dtype), losses.size, plain(x), *classes, losses, losses.size, c, d)
    return deliver(losses, out, x.dtype)


def nll_grad(
    gy: Array, target: Array, weight: Array | None, ignore_index: int, classes: int, out: Array | None = None
) -> Array:
    """The adjoint of nll: (M, D) -> (M, C, D), -weight[t] gy at the target's class, 0 elsewhere and where ignored."""
    m, d = target.shape
    gx = room(out, (m, classes, d), gy.dtype)
    if gx.size:
        given = _classes(gy.dtype, target, weight, ignore_index)
        PROGRAM.launch("nll_grad", _types(gy.dtype), gx.size, plain(gy), *given, gx, gx.size, classes, d)
    return deliver(gx, out, gy.dtype)


def mean(losses: Array, target: Array, weight: Array | None, ignore_index: int) -> tuple[Array, Array]:
    """The losses' sum over the sum of the weights of targets that aren't ignored, and that sum: both of shape ().

    Without weights each counts 1. The mean of nothing is NaN.
    """
    dtype, n = losses.dtype, losses.size
    average, total = buffers.empty((), dtype), buffers.empty((), compute_dtype(dtype))
    chunk = max(CHUNK, -(-n // THREADS))
    chunks = max(-(-n // chunk), 1)
    sums = buffers.empty((chunks, 2), np.float64)
    classes = ANY if weight is None else weight.size
    given = _classes(dtype, target, weight, ignore_index)
    PROGRAM.launch(
        *("mean", _types(dtype), 0, plain(losses), *given, sums, average, total, n, classes, chunk), blocks=(chunks,)
    )
    if chunks > 1:
        PROGRAM.launch("mean_of_chunks", _types(dtype), 0, sums, average, total, chunks, blocks=(1,))
    return average, total


def _types(dtype: np.dtype[Any]) -> tuple[str, str]:
    return dtype.name, compute_dtype(dtype).name


def _classes(dtype: np.dtype[Any], target: Array, weight: Array | None, ignore_index: int) -> tuple[Any, ...]:
    """What a kernel is told of the targets."""
    return (plain(target), *optional(weight, compute_dtype(dtype)), np.int64(ignore_index))
