"""The nine nets by name: `models.names()`, `models.create("lenet")`, `models.info("lenet").input_shape`."""

from collections.abc import Callable
from typing import NamedTuple

from scratchnet import nn
from scratchnet.models.alexnet import alexnet
from scratchnet.models.cifar_cnn import cifar_cnn
from scratchnet.models.googlenet import googlenet
from scratchnet.models.inception_mnist import inception_mnist
from scratchnet.models.lenet import lenet
from scratchnet.models.mnist_cnn import mnist_cnn
from scratchnet.models.nin import nin
from scratchnet.models.residual_mnist import residual_mnist
from scratchnet.models.vgg11 import vgg11
from scratchnet.shapes import message

__all__ = ["ModelInfo", "create", "info", "names"]


class ModelInfo(NamedTuple):
    """What is known of a net without building it: its function, one image's (C, H, W), its parameters
    with 10 classes.
    """

    build: Callable[[int], nn.Module]
    input_shape: tuple[int, int, int]
    parameters: int


_MODELS: dict[str, ModelInfo] = {
    "lenet": ModelInfo(lenet, (1, 28, 28), 61_706),
    "mnist_cnn": ModelInfo(mnist_cnn, (1, 28, 28), 50_186),
    "cifar_cnn": ModelInfo(cifar_cnn, (3, 32, 32), 145_578),
    "inception_mnist": ModelInfo(inception_mnist, (1, 28, 28), 97_298),
    "residual_mnist": ModelInfo(residual_mnist, (1, 28, 28), 42_842),
    "alexnet": ModelInfo(alexnet, (1, 224, 224), 46_764_746),
    "vgg11": ModelInfo(vgg11, (1, 224, 224), 2_018_346),
    "nin": ModelInfo(nin, (1, 224, 224), 1_992_166),
    "googlenet": ModelInfo(googlenet, (1, 96, 96), 5_977_530),
}


def names() -> tuple[str, ...]:
    """The names that `create` takes."""
    return tuple(_MODELS)


def info(name: str) -> ModelInfo:
    """Input shape and size of a net. Raises ValueError for an unknown name."""
    if name not in _MODELS:
        raise ValueError(message("models", "name", repr(name), "must be one of " + ", ".join(_MODELS)))
    return _MODELS[name]


def create(name: str, num_classes: int = 10) -> nn.Module:
    """A new net with torch's initial weights, from the global generator. Raises ValueError for an unknown name."""
    if num_classes < 1:
        raise ValueError(message("models.create", "num_classes", num_classes, "must be at least 1"))
    return info(name).build(num_classes)
