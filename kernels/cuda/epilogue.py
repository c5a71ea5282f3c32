"""What comes after a convolution's products: bias, ReLU, rounding, the order of samples and channels."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, compute_dtype, plain

PROGRAM = Program("epilogue", {"finish": FLOATS})
EPILOGUES = {"none": 0, "bias": 1, "bias_relu": 2}


def number(bias: Array | None, epilogue: str) -> int:
    """As the kernels take it."""
    return EPILOGUES["none" if bias is None else epilogue]


def finish(sums: Array, bias: Array | None, epilogue: str, y: Array, *, channels_first: bool = False) -> None:
    """y (N, K, *S) from sums of the dtype computed in: (N, K, *S), or with channels_first (K, N, *S)."""
    n, k = y.shape[:2]
    size, steps = y.size // (n * k) if y.size else 0, number(bias, epilogue)
    if y.size and (steps or sums is not y):
        sample_step, channel_step = (size, n * size) if channels_first else (k * size, size)
        added = y if bias is None else plain(bias)  # without a bias never read
        geometry = (y.size, k, size, sample_step, channel_step, steps)
        PROGRAM.launch("finish", (y.dtype.name,), y.size, sums, added, y, *geometry)


def room(y: Array) -> Array | None:
    """y itself where it can hold the sums, that is where it needs no rounding."""
    return y if y.dtype == compute_dtype(y.dtype) else None
