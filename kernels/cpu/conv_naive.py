"""Convolution as its definition says: seven nested loops. For reading, and to judge the fast ones by.

The output at (n, k, oh, ow) is the sum over the channels c of k's group and over the taps (r, s) of

    x[n, c, oh * stride - padding + r * dilation, ow * stride - padding + s * dilation] * w[k, c, r, s]

where pixels outside the image count as 0. (Without flipping w: what networks call convolution is cross-correlation.)
Sums are float64, rounded once at the end, so this is also the most exact of the algorithms.
"""

import numpy as np

from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, Pair, Shape, deliver, plain, target
from scratchnet.kernels.geometry import output_size


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
    n, k = x.shape[0], w.shape[0]
    size = output_size(x.shape[2:], w.shape[2:], stride, padding, dilation)
    y = target(out, (n, k, *size), x.dtype)
    with_bias = epilogue != "none" and bias is not None
    b = plain(bias) if with_bias and bias is not None else np.zeros(k, y.dtype)
    geometry = (*stride, *padding, *dilation, groups)
    _forward(y.size * w[:1].size + y.size, plain(x), plain(w), b, y, *geometry, epilogue == "bias_relu")
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
    """torch.nn.grad.conv2d_input: each pixel collects gy from every window that saw it. -> (N, C, H, W)."""
    gx = target(out, x_shape, gy.dtype)
    _grad_input(gx.size * w[:, :1].size + gx.size, plain(gy), plain(w), gx, *stride, *padding, *dilation, groups)
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
    """torch.nn.grad.conv2d_weight: each tap collects gy times the pixel under it. -> (K, C / groups, KH, KW)."""
    gw = target(out, w_shape, x.dtype)
    _grad_weight(gw.size + gy.size * gw[:1].size, plain(gy), plain(x), gw, *stride, *padding, *dilation, groups)
    return deliver(gw, out, x.dtype)


@kernel("contract")
def _forward(
    x: Array,
    w: Array,
    bias: Array,
    y: Array,
    sh: int,
    sw: int,
    ph: int,
    pw: int,
    dh: int,
    dw: int,
    groups: int,
    relu: bool,
) -> None:
    N, K, OH, OW = y.shape
    _, _, H, W = x.shape
    _, Cg, KH, KW = w.shape  # Cg channels a group: output channel k sees only those of its own group
    for nk in prange(N * K):  # the first two loops, over samples and output channels, in one: they run in parallel
        n = nk // K
        k = nk % K
        c0 = k // (K // groups) * Cg
        for oh in range(OH):
            for ow in range(OW):
                total = np.float64(bias[k])
                for c in range(Cg):
                    for r in range(KH):
                        for s in range(KW):
                            h = oh * sh - ph + r * dh
                            v = ow * sw - pw + s * dw
                            if 0 <= h < H and 0 <= v < W:  # outside lies the padding, which adds nothing
                                total += np.float64(x[n, c0 + c, h, v]) * w[k, c, r, s]
                if relu and total < 0:
                    total = np.float64(0)
                y[n, k, oh, ow] = total


@kernel("contract")
def _grad_input(
    gy: Array, w: Array, gx: Array, sh: int, sw: int, ph: int, pw: int, dh: int, dw: int, groups: int
) -> None:
    N, C, H, W = gx.shape
    _, K, OH, OW = gy.shape
    _, Cg, KH, KW = w.shape
    Kg = K // groups
    for nc in prange(N * C):
        n = nc // C
        c = nc % C
        k0 = c // Cg * Kg
        for h in range(H):
            for v in range(W):
                total = 0.0
                for k in range(Kg):
                    for r in range(KH):
                        for s in range(KW):
                            # Pixel h was under tap r of the window at oh if h = oh * sh - ph + r * dh: solved for oh.
                            a = h + ph - r * dh
                            b = v + pw - s * dw
                            if a >= 0 and b >= 0 and a % sh == 0 and b % sw == 0:
                                oh = a // sh
                                ow = b // sw
                                if oh < OH and ow < OW:
                                    total += np.float64(gy[n, k0 + k, oh, ow]) * w[k0 + k, c % Cg, r, s]
                gx[n, c, h, v] = total


@kernel("contract")
def _grad_weight(
    gy: Array, x: Array, gw: Array, sh: int, sw: int, ph: int, pw: int, dh: int, dw: int, groups: int
) -> None:
    N, K, OH, OW = gy.shape
    _, _, H, W = x.shape
    _, Cg, KH, KW = gw.shape
    for kc in prange(K * Cg):
        k = kc // Cg
        c = kc % Cg
        c0 = k // (K // groups) * Cg
        for r in range(KH):
            for s in range(KW):
                total = 0.0
                for n in range(N):
                    for oh in range(OH):
                        for ow in range(OW):
                            h = oh * sh - ph + r * dh
                            v = ow * sw - pw + s * dw
                            if 0 <= h < H and 0 <= v < W:
                                total += np.float64(gy[n, k, oh, ow]) * x[n, c0 + c, h, v]
                gw[k, c, r, s] = total
