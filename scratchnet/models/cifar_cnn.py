"""Three convolutions with max pooling and no activations, for 3 x 32 x 32 images.

Source: the "CIFAR-10 quick" network of cuda-convnet (Krizhevsky, 2011) as PyTorch beginners' courses draw it: without
its activations, which makes the pooling its only non-linear part.
"""

from scratchnet import nn
from scratchnet.tensor import Tensor


class CifarCNN(nn.Module):
    """(N, 3, 32, 32) -> (N, num_classes)."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.model1 = nn.Sequential(
            nn.Conv2d(3, 32, 5, 1, 2),
            nn.MaxPool2d(2),  # 16 x 16
            nn.Conv2d(32, 32, 5, 1, 2),
            nn.MaxPool2d(2),  # 8 x 8
            nn.Conv2d(32, 64, 5, 1, 2),
            nn.MaxPool2d(2),  # 4 x 4
            nn.Flatten(),
            nn.Linear(1024, 64),
            nn.Linear(64, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model1(x)


def cifar_cnn(num_classes: int = 10) -> CifarCNN:
    """(N, 3, 32, 32) -> (N, num_classes)."""
    return CifarCNN(num_classes)
