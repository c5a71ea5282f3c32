"""The convolution algorithms on CUDA: every file conv_<name>.py beside this one; and the rule of "auto".

The rule is reasoned by the roofline of an H100, not measured: no GPU was at hand. The assumed numbers are below, to be
corrected by whoever has one; `algorithm=` names any algorithm meanwhile.
"""

import functools
import math
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np

from scratchnet.kernels.cuda import tf32
from scratchnet.kernels.cuda.layout import Pair, Shape
from scratchnet.kernels.geometry import output_size

ARITHMETIC = {"float16": 60e12, "float32": 60e12, "float64": 30e12}  # operations a second outside of tensor cores
BANDWIDTH = 3e12  # bytes a second
TENSOR = 400e12  # operations a second on tensor cores, in TF32
CUBLAS, OURS = 0.85, 0.6  # what part of the arithmetic a product of matrices reaches
OURS_ON_TENSOR = 0.25  # and our own on tensor cores, which shared memory can't feed faster
LAUNCH = 1e-5  # seconds that Python and CuPy need for one more kernel or product


@functools.cache
def algorithms() -> tuple[str, ...]:
    """Their names, sorted."""
    return tuple(sorted(path.stem.removeprefix("conv_") for path in Path(__file__).parent.glob("conv_*.py")))


@functools.cache
def algorithm(name: str) -> ModuleType:
    """The module of an algorithm: supports, forward, grad_input, grad_weight."""
    return import_module(f"scratchnet.kernels.cuda.conv_{name}")


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
    """The name of the algorithm that "auto" stands for in this case, the same for all three functions.

    - One channel a group: depthwise. There is too little arithmetic for products of matrices to matter.
    - Else implicit, one kernel that makes no column matrix, unless cuBLAS, which comes nearer to the GPU's peak, wins
      back what it costs beside the product. That is, for kernels of one pixel (pointwise), a launch or two, and
      otherwise (im2col) a few, writing and reading the column matrix, and once more the result.
    - TF32, where it is allowed, makes products faster, but CuPy's batches of products (pointwise, groups) don't use it.
    """
    if x_shape[1] == groups > 1:
        return "depthwise"
    tensor = dtype == np.float32 and tf32.for_convolution()
    return _fastest(x_shape, w_shape, dtype, stride, padding, dilation, groups, tensor)


@functools.lru_cache(1024)
def _fastest(
    x_shape: Shape,
    w_shape: Shape,
    dtype: np.dtype,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: int,
    tensor: bool,
) -> str:
    places = x_shape[0] * math.prod(output_size(x_shape[2:], w_shape[2:], stride, padding, dilation))
    terms, item = math.prod(w_shape[1:]), 8 if dtype == np.float64 else 4
    work, arithmetic = 2 * places * w_shape[0] * terms, ARITHMETIC[np.dtype(dtype).name]
    ours = TENSOR * OURS_ON_TENSOR if tensor else arithmetic * OURS
    cublas = CUBLAS * (TENSOR if tensor and groups == 1 else arithmetic)
    copies = item * places * (2 * terms * groups + 2 * w_shape[0]) / BANDWIDTH
    seconds = {"implicit": work / ours, "im2col": work / cublas + copies + 4 * LAUNCH}
    if algorithm("pointwise").supports(x_shape, w_shape, dtype, stride, padding, dilation, groups):
        seconds["pointwise"] = work / (CUBLAS * arithmetic) + 2 * LAUNCH
    return min(seconds, key=seconds.__getitem__)
