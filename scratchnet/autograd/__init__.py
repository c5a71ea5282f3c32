"""The tape: what records operations and walks back through them. torch.autograd's names."""

from scratchnet.autograd.anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
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


def Variable(tensor: Tensor, requires_grad: bool = False) -> Tensor:  # noqa: N802
    """torch.autograd.Variable, which has been Tensor itself since 2018: `tensor`, asked to require grad or not."""
    return tensor.requires_grad_() if requires_grad else tensor


__all__ = [
    "Function",
    "FunctionCtx",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "once_differentiable",
    "set_detect_anomaly",
    "set_grad_enabled",
]
