"""Division rounded down, and what division leaves: the CPU's, which are NumPy alone."""

from scratchnet.kernels.cpu.division import floor_divide, fmod, remainder

__all__ = ["floor_divide", "fmod", "remainder"]
