"""Matrix products."""

import numpy as np

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.blas import one_thread
from scratchnet.kernels.cpu.layout import Array, compute_dtype, deliver


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """np.matmul: (.., M, K), (.., K, N) -> (.., M, N), batches broadcast; vectors as there. float16 is summed in float32.

    BLAS runs on one thread, so that the bits don't depend on how many there are.
    """
    dtype = np.result_type(a, b)
    kind = compute_dtype(dtype)
    if kind != dtype:
        a, b = a.astype(kind), b.astype(kind)
    with one_thread, np.errstate(all="ignore"):
        if out is not None and out.dtype == kind:
            return np.asarray(np.matmul(a, b, out=out))
        result = np.asarray(np.matmul(a, b, out=_room(a, b, kind)))
    return deliver(result, out, dtype)


def _room(a: Array, b: Array, dtype: np.dtype[np.generic]) -> Array | None:
    """Memory for a product of matrices or batches of them; None where a vector takes part: NumPy finds its own."""
    if a.ndim < 2 or b.ndim < 2:
        return None
    return buffers.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]), dtype)
