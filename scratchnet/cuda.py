"""torch.cuda: the GPUs, their streams, events, memory and random numbers. Imports CuPy at first use."""

from scratchnet.kernels.cuda import runtime

OutOfMemoryError = runtime.OutOfMemoryError


def is_available() -> bool:
    """torch.cuda.is_available: whether CuPy is installed and finds a GPU. Never raises."""
    return runtime.count() > 0


def device_count() -> int:
    """torch.cuda.device_count: how many GPUs there are, 0 without CuPy."""
    return runtime.count()
