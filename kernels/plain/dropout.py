"""Dropout's mask applied: the CPU's, which is NumPy alone."""

from scratchnet.kernels.cpu.dropout import scaled

__all__ = ["scaled"]
