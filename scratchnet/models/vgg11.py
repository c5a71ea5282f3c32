"""VGG-11 with all channels and hidden units divided by 8, for 1 x 224 x 224 images.

Source: Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", 2015, configuration
A, in the form of the PyTorch edition of Dive into Deep Learning's first version, section 5.7 (ratio 8), with its names.
"""

from scratchnet import nn

CHANNELS = (1, 64 // 8, 128 // 8, 256 // 8, 512 // 8, 512 // 8)
CONVOLUTIONS = (1, 1, 2, 2, 2)
HIDDEN = 4096 // 8


def vgg_block(convolutions: int, in_channels: int, out_channels: int) -> nn.Sequential:
    """(N, in_channels, H, W) -> (N, out_channels, H / 2, W / 2)."""
    layers: list[nn.Module] = []
    for i in range(convolutions):
        layers += [nn.Conv2d(out_channels if i else in_channels, out_channels, kernel_size=3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(kernel_size=2, stride=2))


def vgg11(num_classes: int = 10) -> nn.Sequential:
    """(N, 1, 224, 224) -> (N, num_classes)."""
    net = nn.Sequential()
    for i, convolutions in enumerate(CONVOLUTIONS):
        net.add_module(f"vgg_block_{i + 1}", vgg_block(convolutions, CHANNELS[i], CHANNELS[i + 1]))
    head = nn.Sequential(
        nn.Flatten(),
        nn.Linear(CHANNELS[-1] * 7 * 7, HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(HIDDEN, num_classes),
    )
    net.add_module("fc", head)
    return net
