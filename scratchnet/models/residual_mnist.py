"""A small residual network, for 1 x 28 x 28 images.

Source: He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", 2016 (the shortcut), in the form of
the "PyTorch deep learning practice" course, lecture 11, with its names.
"""

from scratchnet import nn
from scratchnet.nn import functional as F
from scratchnet.tensor import Tensor


class ResidualBlock(nn.Module):
    """relu(x + conv(relu(conv(x)))): (N, channels, H, W) -> the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        # Only variants of the block use it (a convolution in the shortcut); here so that the source's weights load.
        self.conv3 = nn.Conv2d(channels, channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class ResidualMnist(nn.Module):
    """(N, 1, 28, 28) -> (N, num_classes)."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=5)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=5)
        self.mp = nn.MaxPool2d(2)
        self.rblock1 = ResidualBlock(16)
        self.rblock2 = ResidualBlock(32)
        self.fc = nn.Linear(32 * 4 * 4, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.rblock1(self.mp(F.relu(self.conv1(x))))  # 12 x 12
        x = self.rblock2(self.mp(F.relu(self.conv2(x))))  # 4 x 4
        return self.fc(x.view(x.size(0), -1))


def residual_mnist(num_classes: int = 10) -> ResidualMnist:
    """(N, 1, 28, 28) -> (N, num_classes)."""
    return ResidualMnist(num_classes)
