"""Matrix products."""

import numpy as np

from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.blas import one_thread
from scratchnet.kernels.cpu.layout import Array, compute_dtype, deliver

TERMS = 192  # of one float32 sum


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """np.matmul: (.., M, K), (.., K, N) -> (.., M, N), batches broadcast; vectors as there. float16 is summed in
    float32.

    BLAS runs on one thread, so that the bits don't depend on how many there are.
    """
    dtype = np.result_type(a, b)
    kind = compute_dtype(dtype)
    if kind != dtype:
        a, b = a.astype(kind), b.astype(kind)
    direct = out is not None and out.dtype == kind
    with one_thread, np.errstate(all="ignore"):
        result = product(a, b, out if direct else _room(a, b, kind))
    return result if direct else deliver(result, out, dtype)


def product(a: Array, b: Array, out: Array | None) -> Array:
    """np.matmul into `out`; a long sum in float32 is cut into equal parts, which saves a third of its rounding error.

    The caller holds BLAS to one thread.
    """
    terms = a.shape[-1]
    parts = -(-terms // TERMS)
    if out is None or parts < 2 or b.ndim < 2 or out.dtype != np.float32:
        return np.asarray(np.matmul(a, b, out=out))
    step = -(-terms // parts)
    np.matmul(a[..., :step], b[..., :step, :], out=out)
    part = buffers.empty(out.shape, out.dtype)
    for start in range(step, terms, step):
        out += np.matmul(a[..., start : start + step], b[..., start : start + step, :], out=part)
    return out


def _room(a: Array, b: Array, dtype: np.dtype[np.generic]) -> Array | None:
    """Memory for a product of matrices or batches of them; None where a vector takes part: NumPy finds its own."""
    if a.ndim < 2 or b.ndim < 2:
        return None
    return buffers.empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]), dtype)
