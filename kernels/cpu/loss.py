"""Cross-entropy with softmax inside."""

import math

import numpy as np

from scratchnet.kernels.cpu.exponential import exp
from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, compute_dtype, deliver, plain
from scratchnet.kernels.cpu.layout import target as room


def cross_entropy(
    logits: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    label_smoothing: float,
    out: Array | None = None,
) -> tuple[Array, Array]:
    """torch.nn.functional.cross_entropy(reduction="none"): (M, C, D), (M, D) int64 -> losses (M, D), logsumexp (M, D).

    With p the log_softmax and w the weights a loss is -(1 - smoothing) w[t] p[t] - smoothing / C sum(w p); ignored: 0.
    """
    m, c, d = logits.shape
    losses = room(out, (m, d), logits.dtype)
    kind = compute_dtype(logits.dtype)
    logsumexp = room(None, (m, d), kind)
    if losses.size:
        _cross_entropy(
            8 * logits.size,
            *(plain(logits), plain(target), _weights(weight, c, kind), int(ignore_index), float(label_smoothing)),
            *(losses, logsumexp),
        )
    return deliver(losses, out, logits.dtype), logsumexp


def cross_entropy_grad(
    gy: Array,
    logits: Array,
    logsumexp: Array,
    target: Array,
    weight: Array | None,
    ignore_index: int,
    label_smoothing: float,
    out: Array | None = None,
) -> Array:
    """gy (M, D) times the derivative of the losses by the logits: (M, C, D).

    The largest logit and the sum are found anew: logsumexp is rounded, which large logits would show.
    """
    gx = room(out, logits.shape, logits.dtype)
    if gx.size:
        weights = _weights(weight, logits.shape[1], gx.dtype)
        _cross_entropy_grad(
            8 * logits.size,
            *(plain(gy), plain(logits), plain(target), weights, int(ignore_index), float(label_smoothing), gx),
        )
    return deliver(gx, out, logits.dtype)


def _weights(weight: Array | None, classes: int, dtype: np.dtype) -> Array:
    return np.ones(classes, dtype) if weight is None else plain(weight, dtype)


@kernel("contract")
def _cross_entropy(
    x: Array, target: Array, weight: Array, ignore_index: int, smoothing: float, losses: Array, logsumexp: Array
) -> None:
    M, C, D = x.shape
    for md in prange(M * D):
        m = md // D
        d = md % D
        largest = x.dtype.type(-np.inf)
        for c in range(C):
            largest = max(largest, x[m, c, d])
        total = 0.0
        for c in range(C):
            total += exp(x[m, c, d] - largest)
        log_total = math.log(total)
        logsumexp[m, d] = log_total + largest
        t = target[m, d]
        loss = 0.0
        if t != ignore_index:
            nll = (log_total - np.float64(x[m, t, d] - largest)) * weight[t]
            loss = nll
            if smoothing != 0.0:
                spread = 0.0
                for c in range(C):
                    spread += (log_total - np.float64(x[m, c, d] - largest)) * weight[c]
                loss = (1.0 - smoothing) * nll + smoothing / C * spread
        losses[m, d] = loss


@kernel("contract")
def _cross_entropy_grad(
    gy: Array, x: Array, target: Array, weight: Array, ignore_index: int, smoothing: float, gx: Array
) -> None:
    M, C, D = x.shape
    mass = 0.0  # of the smoothed part of what a target asks for
    for c in range(C):
        mass += weight[c]
    mass *= smoothing / C
    for md in prange(M * D):
        m = md // D
        d = md % D
        t = target[m, d]
        if t == ignore_index:
            for c in range(C):
                gx[m, c, d] = 0.0
            continue
        largest = x.dtype.type(-np.inf)
        for c in range(C):
            largest = max(largest, x[m, c, d])
        total = 0.0
        for c in range(C):
            e = exp(x[m, c, d] - largest)
            gx[m, c, d] = e
            total += e
        asked = (1.0 - smoothing) * weight[t]
        scale = (asked + mass) / total
        upstream = np.float64(gy[m, d])
        for c in range(C):
            q = smoothing / C * weight[c]
            if c == t:
                q += asked
            gx[m, c, d] = upstream * (gx[m, c, d] * scale - q)
