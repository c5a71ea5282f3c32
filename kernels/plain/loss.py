"""Cross-entropy with softmax inside."""

import numpy as np

from scratchnet.kernels.plain.buffers import Array, deliver


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
    if not logits.size:
        return deliver(np.zeros(target.shape, logits.dtype), out), np.zeros(target.shape, logits.dtype)
    largest = logits.real.max(axis=1)
    logsumexp = np.log(np.exp(logits - largest[:, None]).sum(axis=1)) + largest
    asked = _asked(logits.shape, target, weight, ignore_index, label_smoothing)
    return deliver((asked * (logsumexp[:, None] - logits)).sum(axis=1), out), logsumexp


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
    asked = _asked(logits.shape, target, weight, ignore_index, label_smoothing)
    softmax = np.exp(logits - logsumexp[:, None])
    return deliver(gy[:, None] * (asked.sum(axis=1, keepdims=True) * softmax - asked), out)


def _asked(shape: tuple[int, ...], target: Array, weight: Array | None, ignore_index: int, smoothing: float) -> Array:
    """(M, C, D): (1 - smoothing) w at the target's class, smoothing / C w everywhere; nothing where it is ignored."""
    classes = np.arange(shape[1]).reshape(1, -1, 1)
    asked = (1 - smoothing) * (classes == target[:, None]) + smoothing / max(shape[1], 1)
    if weight is not None:
        asked = asked * weight.reshape(1, -1, 1)
    return np.where(target[:, None] == ignore_index, 0, asked)
