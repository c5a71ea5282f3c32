"""Convolution by register tiles: the products of im2col without its matrix.

Each of the three functions is a sum over taps of pixels at fixed offsets. In tiled/, ways.py has the ways to go,
plans.py and sample_plans.py say which taps, the files *sums.py and samples.py have the loops; microkernel.py has the
multiply-adds.

Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions on SIMD Architectures (2018).
"""

from typing import Any

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.cpu.reduce import channel_sum
from scratchnet.kernels.cpu.tiled.ways import convolution_way, sums_way


def supports(
    x_shape: Shape, w_shape: Shape, dtype: np.dtype, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> bool:
    """Every case."""
    return True


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
    case = (x.shape, w.shape, stride, padding, dilation, groups, x.dtype)
    way = convolution_way(*case, threads.count(), False)
    y = target(out, way.result, x.dtype)
    added = way.no_bias if bias is None or epilogue == "none" else plain(bias)
    way.run(plain(x), plain(w), added, y, epilogue == "bias_relu")
    return deliver(y, out, x.dtype)


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
    """torch.nn.grad.conv2d_input: for each phase of the stride a convolution of gy with the taps that meet it."""
    case = (x_shape, w.shape, stride, padding, dilation, groups, gy.dtype)
    gx = target(out, x_shape, gy.dtype)
    way = convolution_way(*case, threads.count(), True)
    way.run(plain(gy), plain(w), way.no_bias, gx, False)
    return deliver(gx, out, gy.dtype)


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
    """torch.nn.grad.conv2d_weight: for each tap the products of gy and the pixels under it, summed over the samples."""
    case = (x.shape, w_shape, stride, padding, dilation, groups, x.dtype)
    gw = target(out, w_shape, x.dtype)
    _sum(case, gy, x, gw, gw.reshape(-1)[:0])
    return deliver(gw, out, x.dtype)


def grad_parameters(
    gy: Array, x: Array, w_shape: Shape, *, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[Array, Array]:
    """grad_weight, and the gradient of a bias: the sum of gy over all but its channels."""
    case = (x.shape, w_shape, stride, padding, dilation, groups, x.dtype)
    gw, gb = target(None, w_shape, x.dtype), target(None, w_shape[:1], x.dtype)
    _sum(case, gy, x, gw, gb)
    return deliver(gw, None, x.dtype), deliver(gb, None, x.dtype)


def _sum(case: tuple[Any, ...], gy: Array, x: Array, gw: Array, gb: Array) -> None:
    if gw.size and gy.size and x.size:
        sums_way(*case, threads.count()).run(plain(gy), plain(x), gw, gb)
    else:
        gw[...] = 0
        if gb.size:
            channel_sum(gy, gb)
