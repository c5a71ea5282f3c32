"""What the tests of convolution algorithms compare with."""

from typing import Any

from parity import torch


def gradients(gy: Any, x: Any, w: Any, bias: Any, options: dict[str, Any]) -> tuple[Any, Any, Any]:
    """torch's y, gx and gw."""
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    y = torch.nn.functional.conv2d(x, w, bias, **options)
    return y.detach(), *torch.autograd.grad(y, (x, w), gy)
