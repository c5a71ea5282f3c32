"""Where the extremes are: the CPU's, which are NumPy alone."""

from scratchnet.kernels.cpu.extremes import argmax, argmin

__all__ = ["argmax", "argmin"]
