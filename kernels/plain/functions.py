"""Functions of each element that NumPy lacks."""

import math

import numpy as np

from scratchnet.kernels.plain.buffers import Array, deliver


def erf(x: Array, out: Array | None = None) -> Array:
    """torch.erf. Of a complex number erf(a) + i b erf'(a), erf'(a) = 2 / sqrt(pi) exp(-a a): its first order in b.

    That is all of erf that a complex step sees, since the second order, b b, is lost in rounding.
    """
    a = np.asarray(x.real)
    y = np.array([math.erf(v) for v in a.ravel().tolist()], a.dtype).reshape(a.shape)
    if x.dtype.kind == "c":
        return deliver(y + 1j * (x.imag * (2 / math.sqrt(math.pi) * np.exp(-a * a))), out)
    return deliver(y, out)
