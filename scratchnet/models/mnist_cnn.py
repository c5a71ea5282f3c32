"""Two convolutions and one linear layer, for 1 x 28 x 28 images.

Source: the two-layer MNIST classifier of the "deep learning zero to all" course (PyTorch lab 11), with its names.
"""

from scratchnet import nn
from scratchnet.tensor import Tensor


class MnistCNN(nn.Module):
    """(N, 1, 28, 28) -> (N, num_classes). The linear layer starts from Xavier's uniform weights."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(
            nn.Conv2d(1, 32, kernel_size=3, stride=1, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),  # 14 x 14
        )
        self.layer2 = nn.Sequential(
            nn.Conv2d(32, 64, kernel_size=3, stride=1, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(kernel_size=2, stride=2),  # 7 x 7
        )
        self.fc = nn.Linear(7 * 7 * 64, num_classes)
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x: Tensor) -> Tensor:
        out = self.layer2(self.layer1(x))
        return self.fc(out.view(out.size(0), -1))


def mnist_cnn(num_classes: int = 10) -> MnistCNN:
    """(N, 1, 28, 28) -> (N, num_classes)."""
    return MnistCNN(num_classes)
