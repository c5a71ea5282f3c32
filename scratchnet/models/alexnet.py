"""AlexNet on one input channel, for 1 x 224 x 224 images.

Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", 2012,
in the form of Dive into Deep Learning, section 8.1: one column instead of two, no response normalisation, 10 classes.
"""

from scratchnet import nn


def alexnet(num_classes: int = 10) -> nn.Sequential:
    """(N, 1, 224, 224) -> (N, num_classes)."""
    return nn.Sequential(
        nn.Conv2d(1, 96, kernel_size=11, stride=4, padding=1),  # 54 x 54
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),  # 26 x 26
        nn.Conv2d(96, 256, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),  # 12 x 12
        nn.Conv2d(256, 384, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 384, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.Conv2d(384, 256, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(kernel_size=3, stride=2),  # 5 x 5
        nn.Flatten(),
        nn.Linear(256 * 5 * 5, 4096),
        nn.ReLU(),
        nn.Dropout(p=0.5),
        nn.Linear(4096, 4096),
        nn.ReLU(),
        nn.Dropout(p=0.5),
        nn.Linear(4096, num_classes),
    )
