"""Dropout's mask applied."""

from scratchnet.kernels.cpu.layout import Array


def scaled(x: Array, kept: Array, scale: float, out: Array | None = None) -> Array:
    """x * scale where kept, else x * 0: NaN and the sign of 0 stay."""
    y = x * (kept * x.real.dtype.type(scale))
    if out is None:
        return y
    out[...] = y
    return out
