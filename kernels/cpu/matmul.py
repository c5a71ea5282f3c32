"""Matrix products."""

from functools import lru_cache

import numpy as np

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import buffers
from scratchnet.kernels.cpu.blas import one_thread
from scratchnet.kernels.cpu.jit import kernel, prange
from scratchnet.kernels.cpu.layout import Array, compute_dtype, deliver, plain, target
from scratchnet.kernels.cpu.tiled.cutting import block_length
from scratchnet.kernels.cpu.tiled.products import multiply_matrices
from scratchnet.kernels.cpu.vectors import AT_ONCE, HOST

TERMS = 128  # at most of one float32 sum
BLAS_TERMS = 192  # of one of BLAS's
PART = 128  # rows of a thread's part: their sums stay in its cache
STRIP = 8  # tiles of columns that a thread takes at a time: runs of b's rows long enough for the memory's taste
READ_ONCE = 32  # rows of a, up to which all that counts is to read b in the order in which it lies, if it is large,
PANEL = 1 << 17  # by as many of its rows as have so many elements
SMALL = 1 << 16  # multiply-adds from which threads are worth their launch
FEW = 4  # rows for which bringing the other matrix into panels costs more than the product


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """np.matmul: (.., M, K), (.., K, N) -> (.., M, N), batches broadcast; vectors as there. float16 is summed in
    float32.

    Two matrices are multiplied by all threads, on the microkernel. What is small, or a batch, is left to BLAS on one
    thread, so that the bits don't depend on how many there are. A few rows times a matrix that lies column after
    column, a layer's weights, are sums of products as they lie.
    """
    dtype = a.dtype if a.dtype is b.dtype else np.result_type(a, b)
    kind = compute_dtype(dtype)
    if kind != dtype:
        a, b = a.astype(kind), b.astype(kind)
    if a.ndim == b.ndim == 2 and kind.kind == "f":
        few = len(a) <= FEW and _is_turned(b)
        if few or len(a) * b.size >= SMALL:
            result = target(out, (len(a), b.shape[1]), dtype)
            if few:
                dots(a.size * b.shape[1] // AT_ONCE, plain(a, kind), plain(b.T, kind), result)
            else:
                _multiply(a, b, result)
            return deliver(result, out, dtype)
    direct = out is not None and out.dtype == kind
    with one_thread, np.errstate(all="ignore"):
        result = product(a, b, out if direct else _room(a, b, kind))
    return result if direct else deliver(result, out, dtype)


@kernel("contract", "reassoc", "nsz")
def dots(a: Array, b: Array, out: Array) -> None:
    """out[i, j] = the sum over t of a[i, t] * b[j, t], in as many parts as vectors have lanes."""
    rows, terms = a.shape
    for j in prange(len(b)):
        for i in range(rows):
            total = out.dtype.type(0)
            for t in range(terms):
                total += a[i, t] * b[j, t]
            out[i, j] = total


def _multiply(a: Array, b: Array, out: Array) -> None:
    """out = a b by tiles, or its transpose where less has to be moved."""
    lanes = HOST.lanes(out.dtype)
    work, rows, terms, columns, transposed, block, strip, parts = _cut(
        *a.shape, b.shape[1], _is_turned(a), _is_turned(b), lanes, threads.count()
    )
    if transposed:
        a, b = b.T, a.T
    left, right = (_steps(x.astype(out.dtype, copy=False)) for x in (a, b))
    multiply_matrices(
        work, *left, *right, out.reshape(-1), rows, terms, columns, transposed, lanes, block, strip, parts
    )  # fmt: skip


@lru_cache(1024)
def _cut(
    rows: int, terms: int, columns: int, a_turned: bool, b_turned: bool, lanes: int, count: int
) -> tuple[int, int, int, int, bool, int, int, int]:
    """Work, sizes, whether to compute the transpose; terms of a block, tiles of a strip, parts of rows for so many
    threads.

    Elements to be moved are b's, into panels, and a's if it is turned; what isn't found in order counts twice.
    """
    a, b = rows * terms, terms * columns
    moved = b * (2 if b_turned else 1) + a * (2 if a_turned else 0)
    transposed = a * (1 if a_turned else 2) + b * (0 if b_turned else 2) + rows * columns < moved
    if transposed:
        rows, columns = columns, rows
    tiles, most = -(-columns // (HOST.columns * lanes)), TERMS
    strips = -(-tiles // STRIP)
    if rows <= READ_ONCE and not (a_turned if transposed else b_turned) and TERMS * columns > PANEL:
        strips, most = min(tiles, count), max(PANEL // columns, HOST.rows)
    parts = max(-(-rows // PART), min(-(-rows // HOST.rows), -(-count // strips)))
    if strips * parts % count:  # the same number for each thread
        strips = min(tiles, -(-strips // count) * count)
    strip = -(-tiles // strips)
    return rows * terms * columns // AT_ONCE, rows, terms, columns, transposed, block_length(terms, most), strip, parts


def _is_turned(x: Array) -> bool:
    """Whether the matrix lies column after column."""
    return bool(x.flags.f_contiguous and not x.flags.c_contiguous)


def _steps(x: Array) -> tuple[Array, int, int]:
    """The matrix as a flat array, and how far apart there its rows and its columns are; one of the two is 1."""
    if _is_turned(x):
        return plain(x.T).reshape(-1), 1, x.shape[0]
    return plain(x).reshape(-1), x.shape[1], 1


def product(a: Array, b: Array, out: Array | None) -> Array:
    """np.matmul into `out`; a long sum in float32 is cut into equal parts, which saves a third of its rounding error.

    The caller holds BLAS to one thread.
    """
    terms = a.shape[-1]
    parts = -(-terms // BLAS_TERMS)
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
