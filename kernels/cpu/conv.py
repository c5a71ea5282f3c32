"""The convolution algorithms: every file conv_<name>.py beside this one."""

import functools
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from scratchnet.kernels.cpu.layout import Pair, Shape, compute_dtype
from scratchnet.kernels.cpu.vectors import HOST
from scratchnet.kernels.cpu.winograd.choice import fastest


@functools.cache
def algorithms() -> tuple[str, ...]:
    """Their names, sorted."""
    return tuple(sorted(path.stem.removeprefix("conv_") for path in Path(__file__).parent.glob("conv_*.py")))


@functools.cache
def algorithm(name: str) -> ModuleType:
    """The module of an algorithm: supports, forward, grad_input, grad_weight."""
    return import_module(f"scratchnet.kernels.cpu.conv_{name}")


@functools.lru_cache(4096)
def choose(
    x_shape: Shape,
    w_shape: Shape,
    dtype: np.dtype,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    function: str = "forward",
) -> str:
    """The name of the algorithm that "auto" stands for in this case, for one of the functions."""
    if stride != (1, 1) or dilation != (1, 1):
        return "tiled"
    return fastest(function, x_shape, w_shape, padding, groups, HOST.lanes(compute_dtype(dtype)))
