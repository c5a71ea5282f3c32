"""The nine nets in torch, written from their sources and not from scratchnet/models, so that each checks the other.

Only for processes that want torch: importing this file imports it.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

torch: Any = import_module("torch")
nn: Any = torch.nn
F: Any = nn.functional

Tensor = Any  # torch's types: it need not be there where ours are checked
Module = Any


class Reshape(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, 1, 28, 28)


def lenet() -> Module:
    convolutions = [Reshape(), nn.Conv2d(1, 6, 5, padding=2), nn.Sigmoid(), nn.AvgPool2d(2, 2)]
    convolutions += [nn.Conv2d(6, 16, 5), nn.Sigmoid(), nn.AvgPool2d(2, 2), nn.Flatten()]
    linear = [nn.Linear(400, 120), nn.Sigmoid(), nn.Linear(120, 84), nn.Sigmoid(), nn.Linear(84, 10)]
    return nn.Sequential(*convolutions, *linear)


class MnistCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2))
        self.layer2 = nn.Sequential(nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2))
        self.fc = nn.Linear(3136, 10)
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer2(self.layer1(x))
        return self.fc(x.view(x.size(0), -1))


class CifarCNN(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [(3, 32), (32, 32), (32, 64)]
        layers = [layer for a, b in widths for layer in (nn.Conv2d(a, b, 5, 1, 2), nn.MaxPool2d(2))]
        self.model1 = nn.Sequential(*layers, nn.Flatten(), nn.Linear(1024, 64), nn.Linear(64, 10))

    def forward(self, x: Tensor) -> Tensor:
        return self.model1(x)


class InceptionA(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch1x1 = nn.Conv2d(channels, 16, 1)
        self.branch5x5_1 = nn.Conv2d(channels, 16, 1)
        self.branch5x5_2 = nn.Conv2d(16, 24, 5, padding=2)
        self.branch3x3_1 = nn.Conv2d(channels, 16, 1)
        self.branch3x3_2 = nn.Conv2d(16, 24, 3, padding=1)
        self.branch3x3_3 = nn.Conv2d(24, 24, 3, padding=1)
        self.branch_pool = nn.Conv2d(channels, 24, 1)

    def forward(self, x: Tensor) -> Tensor:
        five = self.branch5x5_2(self.branch5x5_1(x))
        three = self.branch3x3_3(self.branch3x3_2(self.branch3x3_1(x)))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1))
        return torch.cat([self.branch1x1(x), five, three, pooled], dim=1)


class InceptionMnist(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 10, 5)
        self.incep1 = InceptionA(10)
        self.conv2 = nn.Conv2d(88, 20, 5)
        self.incep2 = InceptionA(20)
        self.mp = nn.MaxPool2d(2)
        self.fc = nn.Linear(1408, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.incep1(F.relu(self.mp(self.conv1(x))))
        x = self.incep2(F.relu(self.mp(self.conv2(x))))
        return self.fc(x.view(x.size(0), -1))


class ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv3 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(F.relu(self.conv1(x)))
        return F.relu(x + y)


class ResidualMnist(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5)
        self.conv2 = nn.Conv2d(16, 32, 5)
        self.mp = nn.MaxPool2d(2)
        self.rblock1 = ResidualBlock(16)
        self.rblock2 = ResidualBlock(32)
        self.fc = nn.Linear(512, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.rblock1(self.mp(F.relu(self.conv1(x))))
        x = self.rblock2(self.mp(F.relu(self.conv2(x))))
        return self.fc(x.view(x.size(0), -1))


def alexnet() -> Module:
    layers = [nn.Conv2d(1, 96, 11, 4, 1), nn.ReLU(), nn.MaxPool2d(3, 2)]
    layers += [nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)]
    for channels, width in [(256, 384), (384, 384), (384, 256)]:
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
    layers += [nn.MaxPool2d(3, 2), nn.Flatten()]
    for features in (6400, 4096):
        layers += [nn.Linear(features, 4096), nn.ReLU(), nn.Dropout(0.5)]
    return nn.Sequential(*layers, nn.Linear(4096, 10))


def vgg11() -> Module:
    net = nn.Sequential()
    channels = 1
    for i, (depth, width) in enumerate([(1, 8), (1, 16), (2, 32), (2, 64), (2, 64)]):
        block = nn.Sequential()
        for _ in range(depth):
            block.append(nn.Conv2d(channels, width, 3, padding=1)).append(nn.ReLU())
            channels = width
        net.add_module(f"vgg_block_{i + 1}", block.append(nn.MaxPool2d(2, 2)))
    head = nn.Sequential(nn.Flatten())
    for features in (3136, 512):
        head.append(nn.Linear(features, 512)).append(nn.ReLU()).append(nn.Dropout(0.5))
    net.add_module("fc", head.append(nn.Linear(512, 10)))
    return net


class GlobalAvgPool2d(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3), keepdim=True)


def nin_block(channels: int, width: int, kernel_size: int, stride: int, padding: int) -> Module:
    first = nn.Conv2d(channels, width, kernel_size, stride, padding)
    return nn.Sequential(first, nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1), nn.ReLU())


def nin() -> Module:
    layers = [nin_block(1, 96, 11, 4, 0), nn.MaxPool2d(3, 2), nin_block(96, 256, 5, 1, 2), nn.MaxPool2d(3, 2)]
    layers += [nin_block(256, 384, 3, 1, 1), nn.MaxPool2d(3, 2), nn.Dropout(0.5), nin_block(384, 10, 3, 1, 1)]
    return nn.Sequential(*layers, GlobalAvgPool2d(), nn.Flatten())


class Inception(nn.Module):
    def __init__(self, channels: int, c1: int, c2: tuple[int, int], c3: tuple[int, int], c4: int) -> None:
        super().__init__()
        self.p1_1 = nn.Conv2d(channels, c1, 1)
        self.p2_1 = nn.Conv2d(channels, c2[0], 1)
        self.p2_2 = nn.Conv2d(*c2, 3, padding=1)
        self.p3_1 = nn.Conv2d(channels, c3[0], 1)
        self.p3_2 = nn.Conv2d(*c3, 5, padding=2)
        self.p4_1 = nn.MaxPool2d(3, 1, 1)
        self.p4_2 = nn.Conv2d(channels, c4, 1)

    def forward(self, x: Tensor) -> Tensor:
        two = self.p2_2(F.relu(self.p2_1(x)))
        three = self.p3_2(F.relu(self.p3_1(x)))
        return F.relu(torch.cat([self.p1_1(x), two, three, self.p4_2(self.p4_1(x))], dim=1))


def googlenet() -> Module:
    def pool() -> Module:
        return nn.MaxPool2d(3, 2, 1)

    b1 = nn.Sequential(nn.Conv2d(1, 64, 7, 2, 3), nn.ReLU(), pool())
    b2 = nn.Sequential(nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, padding=1), pool())
    b3 = [Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64)]
    b4 = [Inception(480, 192, (96, 208), (16, 48), 64), Inception(512, 160, (112, 224), (24, 64), 64)]
    b4 += [Inception(512, 128, (128, 256), (24, 64), 64), Inception(512, 112, (144, 288), (32, 64), 64)]
    b4 += [Inception(528, 256, (160, 320), (32, 128), 128)]
    b5 = [Inception(832, 256, (160, 320), (32, 128), 128), Inception(832, 384, (192, 384), (48, 128), 128)]
    stages = [b1, b2, nn.Sequential(*b3, pool()), nn.Sequential(*b4, pool()), nn.Sequential(*b5, GlobalAvgPool2d())]
    return nn.Sequential(*stages, nn.Flatten(), nn.Linear(1024, 10))


TWINS: dict[str, Callable[[], Module]] = {
    "lenet": lenet,
    "mnist_cnn": MnistCNN,
    "cifar_cnn": CifarCNN,
    "inception_mnist": InceptionMnist,
    "residual_mnist": ResidualMnist,
    "alexnet": alexnet,
    "vgg11": vgg11,
    "nin": nin,
    "googlenet": googlenet,
}
