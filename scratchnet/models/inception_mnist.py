"""A small Inception network, for 1 x 28 x 28 images.

Source: Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, figure 5 (the module),
in the form of the "PyTorch deep learning practice" course, lecture 11, with its names.
"""

from scratchnet import nn
from scratchnet.nn import functional as F
from scratchnet.ops.join import cat
from scratchnet.tensor import Tensor


class InceptionA(nn.Module):
    """(N, in_channels, H, W) -> (N, 88, H, W): 16 + 24 + 24 + 24 channels of four branches side by side."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.branch1x1 = nn.Conv2d(in_channels, 16, kernel_size=1)
        self.branch5x5_1 = nn.Conv2d(in_channels, 16, kernel_size=1)
        self.branch5x5_2 = nn.Conv2d(16, 24, kernel_size=5, padding=2)
        self.branch3x3_1 = nn.Conv2d(in_channels, 16, kernel_size=1)
        self.branch3x3_2 = nn.Conv2d(16, 24, kernel_size=3, padding=1)
        self.branch3x3_3 = nn.Conv2d(24, 24, kernel_size=3, padding=1)
        self.branch_pool = nn.Conv2d(in_channels, 24, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        branch1x1 = self.branch1x1(x)
        branch5x5 = self.branch5x5_2(self.branch5x5_1(x))
        branch3x3 = self.branch3x3_3(self.branch3x3_2(self.branch3x3_1(x)))
        branch_pool = self.branch_pool(F.avg_pool2d(x, kernel_size=3, stride=1, padding=1))
        return cat((branch1x1, branch5x5, branch3x3, branch_pool), dim=1)


class InceptionMnist(nn.Module):
    """(N, 1, 28, 28) -> (N, num_classes)."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
        self.incep1 = InceptionA(in_channels=10)
        self.conv2 = nn.Conv2d(88, 20, kernel_size=5)
        self.incep2 = InceptionA(in_channels=20)
        self.mp = nn.MaxPool2d(2)
        self.fc = nn.Linear(88 * 4 * 4, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.incep1(F.relu(self.mp(self.conv1(x))))  # 12 x 12
        x = self.incep2(F.relu(self.mp(self.conv2(x))))  # 4 x 4
        return self.fc(x.view(x.size(0), -1))


def inception_mnist(num_classes: int = 10) -> InceptionMnist:
    """(N, 1, 28, 28) -> (N, num_classes)."""
    return InceptionMnist(num_classes)
