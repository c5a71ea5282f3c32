"""The weighted losses of class indices: the CPU's are plain NumPy."""

from scratchnet.kernels.cpu.targets import mean, nll, nll_grad

__all__ = ["mean", "nll", "nll_grad"]
