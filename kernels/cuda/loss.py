"""Cross-entropy with softmax inside."""

import numpy as np

from scratchnet.kernels.cuda.launch import Program
from scratchnet.kernels.cuda.layout import Array, compute_dtype, deliver, optional, plain
from scratchnet.kernels.cuda.layout import target as room
from scratchnet.kernels.cuda.teams import team_size

_TYPES = (("float16", "float32"), ("float32", "float32"), ("float64", "float64"))
PROGRAM = Program("loss", {"cross_entropy": _TYPES, "cross_entropy_grad": _TYPES})


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
    dtype, kind = logits.dtype, compute_dtype(logits.dtype)
    losses, logsumexp = room(out, (m, d), dtype), room(None, (m, d), kind)
    if losses.size:
        team = team_size(m * d, c, d)
        PROGRAM.launch(
            *("cross_entropy", (dtype.name, kind.name), m * d * team, plain(logits), plain(target)),
            *(*optional(weight, kind), np.int64(ignore_index), np.float64(label_smoothing)),
            *(losses, logsumexp, m * d, c, d, team),
        )
    return deliver(losses, out, dtype), logsumexp


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
    """gy (M, D) times the derivative of the losses by the logits: (M, C, D)."""
    m, c, d = logits.shape
    dtype, kind = logits.dtype, compute_dtype(logits.dtype)
    gx = room(out, logits.shape, dtype)
    if gx.size:
        team = team_size(m * d, c, d)
        PROGRAM.launch(
            *("cross_entropy_grad", (dtype.name, kind.name), m * d * team, plain(gy.astype(kind, copy=False))),
            *(plain(logits), plain(target)),
            *(*optional(weight, kind), np.int64(ignore_index), np.float64(label_smoothing)),
            *(gx, m * d, c, d, team),
        )
    return deliver(gx, out, dtype)
