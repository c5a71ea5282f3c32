"""Matrix products."""

from collections.abc import Callable

import numpy as np

from scratchnet.kernels.cpu.blas import one_thread
from scratchnet.kernels.plain.buffers import Array, deliver


def matmul(a: Array, b: Array, out: Array | None = None) -> Array:
    """np.matmul: (.., M, K), (.., K, N) -> (.., M, N), batches broadcast; vectors as there. BLAS has one thread."""
    with one_thread:
        return deliver(bilinear(np.matmul, a, b), out)


def bilinear(product: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """A product that is linear in a and in b, its real and imaginary parts computed apart.

    The product of the imaginary parts, of the order of the step squared, is left out.
    """
    parts = [[np.ascontiguousarray(part) for part in _parts(np.asarray(x))] for x in (a, b)]
    (a_value, *a_slope), (b_value, *b_slope) = parts
    value = product(a_value, b_value)
    if "c" not in (a.dtype.kind, b.dtype.kind):
        return value
    result = np.asarray(value).astype(np.complex128)
    for slope in a_slope:
        result.imag += product(slope, b_value)
    for slope in b_slope:
        result.imag += product(a_value, slope)
    return result


def _parts(x: Array) -> list[Array]:
    """The real part, and the imaginary part where there is one."""
    return [x.real, x.imag] if x.dtype.kind == "c" and x.imag.any() else [x.real]
