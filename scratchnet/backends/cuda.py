"""torch.backends.cuda: whether products of float32 matrices may use TF32, and what is built in."""

import warnings

from scratchnet.backends.switches import Switch
from scratchnet.kernels.cuda import tf32
from scratchnet.shapes import message


class _Matmul:
    """torch.backends.cuda.matmul. allow_tf32: float32 products on tensor cores, inputs rounded to TF32's ten bits."""

    __slots__ = ()

    allow_tf32 = Switch(tf32, "matmul", "allow_tf32_cublas")


matmul = _Matmul()


def is_built() -> bool:
    """torch.backends.cuda.is_built: True, the CUDA kernels are part of the package. See also cuda.is_available."""
    return True


def get_float32_matmul_precision() -> str:
    """torch.get_float32_matmul_precision: "high" where TF32 is allowed in products, else "highest"."""
    return "high" if matmul.allow_tf32 else "highest"


def set_float32_matmul_precision(precision: str) -> None:
    """torch.set_float32_matmul_precision: "highest" forbids TF32 in products, "high" and "medium" allow it.

    Another word changes nothing and warns, as in torch.
    """
    if precision not in ("highest", "high", "medium"):
        rule = "is not one of 'highest', 'high', or 'medium': the call has no effect"
        warnings.warn(message("set_float32_matmul_precision", "precision", repr(precision), rule), stacklevel=2)
        return
    matmul.allow_tf32 = precision != "highest"
