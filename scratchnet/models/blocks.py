"""Layers that several nets share."""

from scratchnet import nn
from scratchnet.nn import functional as F
from scratchnet.tensor import Tensor


class GlobalAvgPool2d(nn.Module):
    """The mean of each channel's whole plane: (N, C, H, W) -> (N, C, 1, 1)."""

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, kernel_size=(x.size(2), x.size(3)))
