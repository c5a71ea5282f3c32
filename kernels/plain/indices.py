"""Ranges of indices, which are never complex: the CPU's."""

from scratchnet.kernels.cpu.indices import check

__all__ = ["check"]
