"""torch.nn.grad's names: the gradients of conv2d as functions of their own."""

from scratchnet.ops.conv import conv2d_input, conv2d_weight

__all__ = ["conv2d_input", "conv2d_weight"]
