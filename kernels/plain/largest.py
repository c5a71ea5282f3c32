"""The largest numbers of a line: which ones."""

import numpy as np

from scratchnet.kernels.plain.buffers import Array


def largest(x: Array, k: int) -> Array:
    """Positions (M, k) int64 of the k largest of each line of x (M, C), the largest first; NaN is above all numbers.

    Of equal numbers the first comes first.
    """
    backwards = np.asarray(x.real)[:, ::-1]
    order = np.argsort(backwards, axis=1, kind="stable")[:, ::-1]
    return np.ascontiguousarray(x.shape[1] - 1 - order[:, :k])
