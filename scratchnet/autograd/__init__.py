"""The tape: what records operations and walks back through them. torch.autograd's names."""

from typing import TYPE_CHECKING, Any

from scratchnet.autograd.anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from scratchnet.autograd.complex_step import complex_step as complex_step  # private: not in __all__
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.engine import backward, grad
from scratchnet.autograd.function import Function, FunctionCtx, once_differentiable
from scratchnet.autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

if TYPE_CHECKING:
    from scratchnet.gradcheck.torch_api.torch_names import gradcheck, gradgradcheck


def Variable(tensor: Tensor, requires_grad: bool = False) -> Tensor:  # noqa: N802
    """torch.autograd.Variable, which has been Tensor itself since 2018: `tensor`, asked to require grad or not."""
    return tensor.requires_grad_() if requires_grad else tensor


def __getattr__(name: str) -> Any:
    """torch's names for what lies in a higher layer: found at first use."""
    if name in ("gradcheck", "gradgradcheck"):
        from scratchnet.gradcheck.torch_api import torch_names

        return getattr(torch_names, name)
    raise AttributeError(f"module 'scratchnet.autograd' has no attribute {name!r}")


__all__ = [
    "Function",
    "FunctionCtx",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "once_differentiable",
    "set_detect_anomaly",
    "set_grad_enabled",
]
