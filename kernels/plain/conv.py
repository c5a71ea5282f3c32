"""The convolution algorithms by name. Every name means conv_plain here: they differ in speed, not in sense."""

from pathlib import Path
from types import ModuleType

import numpy as np

from scratchnet.kernels.plain import conv_plain
from scratchnet.kernels.plain.buffers import Pair, Shape


def algorithms() -> tuple[str, ...]:
    """The names that the CPU backend knows, sorted: what names a convolution there may name it here."""
    found = (Path(__file__).parents[1] / "cpu").glob("conv_*.py")
    return tuple(sorted(path.stem.removeprefix("conv_") for path in found))


def algorithm(name: str) -> ModuleType:
    """The module of an algorithm: supports, forward, grad_input, grad_weight."""
    return conv_plain


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
    return "plain"
