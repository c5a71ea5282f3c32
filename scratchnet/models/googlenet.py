"""GoogLeNet on one input channel, for 1 x 96 x 96 images.

Source: Szegedy et al., "Going deeper with convolutions", 2015, table 1, in the form of Dive into Deep Learning,
section 8.4: no auxiliary classifiers, no response normalisation, 10 classes.
"""

from scratchnet import nn
from scratchnet.models.blocks import GlobalAvgPool2d
from scratchnet.nn import functional as F
from scratchnet.ops.join import cat
from scratchnet.tensor import Tensor


class Inception(nn.Module):
    """(N, in_c, H, W) -> (N, c1 + c2[1] + c3[1] + c4, H, W): 1 x 1, 3 x 3, 5 x 5 and pooling branches side by side."""

    def __init__(self, in_c: int, c1: int, c2: tuple[int, int], c3: tuple[int, int], c4: int) -> None:
        super().__init__()
        self.p1_1 = nn.Conv2d(in_c, c1, kernel_size=1)
        self.p2_1 = nn.Conv2d(in_c, c2[0], kernel_size=1)
        self.p2_2 = nn.Conv2d(c2[0], c2[1], kernel_size=3, padding=1)
        self.p3_1 = nn.Conv2d(in_c, c3[0], kernel_size=1)
        self.p3_2 = nn.Conv2d(c3[0], c3[1], kernel_size=5, padding=2)
        self.p4_1 = nn.MaxPool2d(kernel_size=3, stride=1, padding=1)
        self.p4_2 = nn.Conv2d(in_c, c4, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        p1 = F.relu(self.p1_1(x))
        p2 = F.relu(self.p2_2(F.relu(self.p2_1(x))))
        p3 = F.relu(self.p3_2(F.relu(self.p3_1(x))))
        p4 = F.relu(self.p4_2(self.p4_1(x)))
        return cat((p1, p2, p3, p4), dim=1)


def googlenet(num_classes: int = 10) -> nn.Sequential:
    """(N, 1, 96, 96) -> (N, num_classes)."""
    b1 = nn.Sequential(
        nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3),  # 48 x 48
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 24 x 24
    )
    b2 = nn.Sequential(
        nn.Conv2d(64, 64, kernel_size=1),
        nn.Conv2d(64, 192, kernel_size=3, padding=1),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 12 x 12
    )
    b3 = nn.Sequential(
        Inception(192, 64, (96, 128), (16, 32), 32),
        Inception(256, 128, (128, 192), (32, 96), 64),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 6 x 6
    )
    b4 = nn.Sequential(
        Inception(480, 192, (96, 208), (16, 48), 64),
        Inception(512, 160, (112, 224), (24, 64), 64),
        Inception(512, 128, (128, 256), (24, 64), 64),
        Inception(512, 112, (144, 288), (32, 64), 64),
        Inception(528, 256, (160, 320), (32, 128), 128),
        nn.MaxPool2d(kernel_size=3, stride=2, padding=1),  # 3 x 3
    )
    b5 = nn.Sequential(
        Inception(832, 256, (160, 320), (32, 128), 128),
        Inception(832, 384, (192, 384), (48, 128), 128),
        GlobalAvgPool2d(),
    )
    return nn.Sequential(b1, b2, b3, b4, b5, nn.Flatten(), nn.Linear(1024, num_classes))
