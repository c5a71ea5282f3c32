"""Rows written to, added to or multiplied at places that may occur several times: the CPU's, which are NumPy alone."""

from scratchnet.kernels.cpu.scatter import add, multiply, put

__all__ = ["add", "multiply", "put"]
