"""Network in Network, for 1 x 224 x 224 images.

Source: Lin, Chen, Yan, "Network in network", 2014, in the form of Dive into Deep Learning, section 8.3: AlexNet's
kernel sizes, two 1 x 1 convolutions after each, and the mean over the plane in place of linear layers.
"""

from scratchnet import nn
from scratchnet.models.blocks import GlobalAvgPool2d


def nin_block(in_channels: int, out_channels: int, kernel_size: int, stride: int, padding: int) -> nn.Sequential:
    """One spatial convolution, then two 1 x 1: (N, in_channels, H, W) -> (N, out_channels, OH, OW)."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1),
        nn.ReLU(),
        nn.Conv2d(out_channels, out_channels, kernel_size=1),
        nn.ReLU(),
    )


def nin(num_classes: int = 10) -> nn.Sequential:
    """(N, 1, 224, 224) -> (N, num_classes)."""
    return nn.Sequential(
        nin_block(1, 96, kernel_size=11, stride=4, padding=0),  # 54 x 54
        nn.MaxPool2d(kernel_size=3, stride=2),  # 26 x 26
        nin_block(96, 256, kernel_size=5, stride=1, padding=2),
        nn.MaxPool2d(kernel_size=3, stride=2),  # 12 x 12
        nin_block(256, 384, kernel_size=3, stride=1, padding=1),
        nn.MaxPool2d(kernel_size=3, stride=2),  # 5 x 5
        nn.Dropout(0.5),
        nin_block(384, num_classes, kernel_size=3, stride=1, padding=1),
        GlobalAvgPool2d(),
        nn.Flatten(),
    )
