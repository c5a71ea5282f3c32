"""LeNet with sigmoids and average pooling, for 1 x 28 x 28 images.

Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, in the form of
Dive into Deep Learning, section 7.6: sigmoids in place of the scaled tanh, a plain last layer in place of the
Gaussian one. The leading Reshape is the book's; with it the parameter names are the book's too.
"""

from scratchnet import nn
from scratchnet.tensor import Tensor


class Reshape(nn.Module):
    """Any shape with N * 784 values -> (N, 1, 28, 28)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, 1, 28, 28)


def lenet(num_classes: int = 10) -> nn.Sequential:
    """(N, 1, 28, 28) -> (N, num_classes)."""
    return nn.Sequential(
        Reshape(),
        nn.Conv2d(1, 6, kernel_size=5, padding=2),  # 28 x 28
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),  # 14 x 14
        nn.Conv2d(6, 16, kernel_size=5),  # 10 x 10
        nn.Sigmoid(),
        nn.AvgPool2d(kernel_size=2, stride=2),  # 5 x 5
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.Sigmoid(),
        nn.Linear(120, 84),
        nn.Sigmoid(),
        nn.Linear(84, num_classes),
    )
