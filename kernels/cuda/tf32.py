"""Whether float32 products may be rounded to TF32's ten bits of fraction on tensor cores. Off unless asked for.

`scratchnet.backends` sets them: `matmul` is torch's backends.cuda.matmul.allow_tf32, `convolution` its
backends.cudnn.allow_tf32, which torch has on.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from scratchnet.kernels.cuda import driver

matmul = False
convolution = False

CAPABILITY = 80  # an A100's: the first GPU with TF32
_FLOAT32 = np.dtype(np.float32)
_COMPUTE_FP32, _COMPUTE_TF32 = 4, 7  # CuPy's COMPUTE_TYPE_FP32 and COMPUTE_TYPE_TF32


def for_convolution() -> bool:
    """Whether convolutions may use tensor cores: allowed, and the current GPU has them."""
    return convolution and _has_tensor_cores()


def _has_tensor_cores() -> bool:
    return int(driver.cupy().cuda.Device().compute_capability) >= CAPABILITY


@contextmanager
def products(allowed: bool) -> Iterator[None]:
    """Inside, cuBLAS computes float32 products in TF32 or not, whatever CUPY_TF32 says; then as before.

    CuPy keeps this for the whole process, warns where the GPU has no TF32, and batches of products never use it.
    """
    core = driver.cupy()._core
    before = core.get_compute_type(_FLOAT32)
    wanted = _COMPUTE_TF32 if allowed and _has_tensor_cores() else _COMPUTE_FP32
    if before == wanted:
        yield
        return
    core.set_compute_type(_FLOAT32, wanted)
    try:
        yield
    finally:
        core.set_compute_type(_FLOAT32, before)
