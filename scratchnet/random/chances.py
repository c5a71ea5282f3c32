"""Draws by chances: Bernoulli's, dropout's masks, and indices by their weights."""

from typing import Any

import numpy as np

from scratchnet.random.checks import Shape, bad_chance, check_chance, element_count, floating_dtype, memory_order
from scratchnet.random.continuous import exponential
from scratchnet.random.default import default_generator
from scratchnet.random.generator import Generator


def bernoulli(p: np.ndarray, generator: Generator | None = None) -> np.ndarray:
    """torch.bernoulli: a bool array of p's shape, True where a uniform number (24 bits; float64 p: 53) is below p.

    Raises RuntimeError for a probability outside [0, 1], NotImplementedError for integers.
    """
    kind, g = floating_dtype("bernoulli", p.dtype), generator or default_generator
    if not ((p >= 0) & (p <= 1)).all():
        raise bad_chance()
    unit = g.units64 if kind == np.float64 else g.units32
    return unit(p.size).reshape(p.shape) < p


def bernoulli_keep(shape: Shape, p_keep: float, generator: Generator | None = None) -> np.ndarray:
    """The bool mask of dropout and of Tensor.bernoulli_(p): True with probability p_keep, 53 random bits each.

    Raises RuntimeError unless 0 <= p_keep <= 1.
    """
    sizes, n = element_count("bernoulli_", shape)
    check_chance(p_keep)
    return ((generator or default_generator).units64(n) < p_keep).reshape(sizes)


def dropout(x: np.ndarray, chance: float, scale: float) -> tuple[np.ndarray, np.ndarray]:
    """x * scale where kept, with that chance, else x * 0; and where, a bool mask drawn in the order of x's memory."""
    from scratchnet.kernels.cpu.dropout import scaled

    order = memory_order(x)
    kept = bernoulli_keep([x.shape[axis] for axis in order], chance).transpose(np.argsort(order))
    return scaled(x, kept, scale), kept


def multinomial(
    weights: np.ndarray, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> np.ndarray:
    """torch.multinomial of checked weights (C,) or (N, C) -> (num_samples,) or (N, num_samples) int64.

    With replacement a search in the sums of the weights; else the largest of weights / exponential numbers, equal ones
    in the order of torch's Linux builds.
    """
    if not replacement or num_samples == 1:
        order = memory_order(weights)
        drawn = exponential([weights.shape[axis] for axis in order], 1.0, weights.dtype, generator)
        with np.errstate(all="ignore"):
            keys = weights / drawn.transpose(np.argsort(order))
        if num_samples == 1:
            return keys.argmax(-1, keepdims=True)
        from scratchnet.kernels.cpu.largest import largest  # Numba is loaded by the first call

        lines = keys.reshape(-1, keys.shape[-1])
        return np.asarray(largest(lines, num_samples)).reshape(*weights.shape[:-1], num_samples)
    wide: Any = np.float32 if weights.dtype == np.float16 else weights.dtype
    rows = weights.reshape(-1, weights.shape[-1]).astype(wide)
    sums = rows.cumsum(-1, dtype=wide)
    sums = (sums / sums[:, -1:]).astype(np.float64)
    sums[:, -1] = 1
    chances = (generator or default_generator).units64(len(rows) * num_samples).reshape(len(rows), num_samples)
    found = [np.searchsorted(row, chance) for row, chance in zip(sums, chances, strict=True)]
    return np.array(found, dtype=np.int64).reshape(*weights.shape[:-1], num_samples)
