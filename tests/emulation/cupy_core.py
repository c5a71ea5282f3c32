"""A stand-in for cupy._core: in what precision cuBLAS computes products of float32."""

import warnings
from typing import Any

import numpy as np

from emulation.cupy_cuda import Device

_FLOAT32, _DEFAULT, _FP32, _TF32 = np.dtype(np.float32), 1, 4, 7
_compute_types: dict[np.dtype[Any], int] = {}


def get_compute_type(dtype: np.dtype[Any]) -> int:
    """cupy._core.get_compute_type, which takes an np.dtype and nothing else."""
    return _compute_types.get(dtype, _DEFAULT)


def set_compute_type(dtype: np.dtype[Any], compute_type: int) -> None:
    """cupy._core.set_compute_type, for the whole process. Warns, and leaves TF32 away, where the GPU has none."""
    if dtype != _FLOAT32 or compute_type not in (_DEFAULT, _FP32, _TF32):
        raise ValueError(f"compute type {compute_type} of {dtype}")
    if compute_type == _TF32 and int(Device().compute_capability) < 80:
        warnings.warn("COMPUTE_TYPE_TF32 is only available on GPUs with compute capability 80 or higher", stacklevel=2)
        compute_type = _DEFAULT
    _compute_types[dtype] = compute_type


def as_multiplied(array: Any) -> Any:
    """A NumPy array as a product sees it: float32 rounded to ten bits of fraction where that was asked for."""
    if array.dtype != _FLOAT32 or get_compute_type(_FLOAT32) != _TF32:
        return array
    bits = array.view(np.uint32).astype(np.uint64) + 0x1000
    return np.where(np.isfinite(array), (bits & 0xFFFFE000).astype(np.uint32).view(np.float32), array)
