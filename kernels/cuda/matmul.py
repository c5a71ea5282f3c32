"""Matrix products by cuBLAS."""

import numpy as np

from scratchnet.kernels.cuda import driver, tf32
from scratchnet.kernels.cuda.layout import Array, compute_dtype, deliver

TERMS = 1 << 12  # cuBLAS adds up so many products or more, and float64 the sums
PARTS = 8  # at most, each a product of its own


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """np.matmul: (.., M, K), (.., K, N) -> (.., M, N), batches broadcast; vectors as there. float16 is summed in
    float32; float32 is rounded to TF32 only where tf32.matmul allows it.
    """
    dtype = np.result_type(a.dtype, b.dtype)
    kind = compute_dtype(dtype)
    direct = out is not None and out.dtype == kind and out.flags.c_contiguous
    result = product(a.astype(kind, copy=False), b.astype(kind, copy=False), out if direct else None, tf32.matmul)
    return out if direct else deliver(result, out, dtype)


def product(a: Array, b: Array, out: Array | None, allow_tf32: bool) -> Array:
    """cupy.matmul of float32 or float64, in `out` if given.

    A batch of one goes as plain matrices: CuPy copies the matrices of batches that are transposed, and has no TF32 for
    batches.
    """
    if not a.size or not b.size:
        return _zeros(a, b, out)
    if a.ndim == b.ndim == 3 and len(a) == len(b) == 1:
        result = product(a[0], b[0], None if out is None else out[0], allow_tf32)
        return result[None] if out is None else out
    with tf32.products(allow_tf32):
        return driver.cupy().matmul(a, b, out=out)


def _zeros(a: Array, b: Array, out: Array | None) -> Array:
    """The product of what has no elements: cuBLAS isn't asked."""
    if out is not None:
        out[...] = 0
        return out
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, columns = a.shape[-2:-1], b.shape[-1:] if b.ndim > 1 else ()
    return driver.cupy().zeros((*batch, *rows, *columns), a.dtype)


def long_product(a: Array, b: Array, allow_tf32: bool) -> Array:
    """(G, M, T), (G, N, T) -> (G, M, N) in float64, where T is long: the sums are cut by shape, and added in order."""
    return long_product_of_matrices(a, b.swapaxes(1, 2), allow_tf32)


def long_product_of_matrices(a: Array, b: Array, allow_tf32: bool) -> Array:
    """matmul in float64 of sums that are cut."""
    terms = a.shape[-1]
    step = max(TERMS, -(-terms // PARTS), 1)
    total = product(a[..., :step], b[..., :step, :], None, allow_tf32).astype(np.float64)
    for start in range(step, terms, step):
        total += product(a[..., start : start + step], b[..., start : start + step, :], None, allow_tf32)
    return total
