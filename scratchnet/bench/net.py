"""A net in a worker: its training step and its inference."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from scratchnet import models, random
from scratchnet.bench.engine import Engine, TorchLike

STEPS = 3  # whose losses are compared
RATE = 0.01


class AnyNet(ABC):
    """A net in whatever engine, with an optimizer and a batch of images. All engines' have the same values."""

    engine: Engine

    @abstractmethod
    def step(self) -> Any:
        """Forward, loss, backward, optimizer: the loss."""

    @abstractmethod
    def infer(self) -> Any:
        """Forward alone, without a tape."""

    def train(self, mode: bool) -> None:
        """For training, or for inference: nothing to do where no layer makes a difference."""
        return

    def losses(self) -> list[float]:
        """Of the first steps."""
        return [float(self.step().item()) for _ in range(STEPS)]

    def first(self) -> float:
        """Seconds of the first training step, which compiles or loads what was compiled."""
        self.train(True)
        return self.engine.once(self.step) / 1000

    def training(self, budget_ms: float) -> list[float]:
        """Milliseconds of steps."""
        self.train(True)
        return self.engine.times(self.step, budget_ms)

    def inference(self, budget_ms: float) -> list[float]:
        """Milliseconds of forward passes in evaluation mode."""
        self.train(False)
        return self.engine.times(self.infer, budget_ms)


def batch_of(net: str, batch: int, image: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of random numbers. `image`: height and width, where it isn't the net's own."""
    rng = np.random.default_rng(0)
    channels, height, width = models.info(net).input_shape
    images = rng.standard_normal((batch, channels, image or height, image or width), np.float32)
    return images, rng.integers(0, 10, batch)


def weights_of(net: str) -> list[np.ndarray]:
    """The initial weights and biases of all layers in turn, as torch-like engines draw them."""
    random.manual_seed(0)
    return [parameter.detach().numpy() for parameter in models.create(net).parameters()]


class Net(AnyNet):
    """A net of an engine with torch's names."""

    engine: TorchLike

    def __init__(self, engine: TorchLike, net: str, batch: int, image: int | None = None) -> None:
        self.engine = engine
        self.module = engine.module
        self.module.manual_seed(0)
        self.model = engine.create(net).to(engine.place)
        self.optimizer = self.module.optim.SGD(self.model.parameters(), lr=RATE)
        self.name = net
        self.images, self.labels = self.tensors(batch, image)
        self.run = engine.prepared(self.model)

    def tensors(self, batch: int, image: int | None = None) -> list[Any]:
        """The engine's images and labels: see `batch_of`."""
        return [self.module.from_numpy(array).to(self.engine.place) for array in batch_of(self.name, batch, image)]

    def step(self) -> Any:
        self.optimizer.zero_grad()
        loss = self.module.nn.functional.cross_entropy(self.run(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def infer(self) -> Any:
        with self.module.no_grad():
            return self.run(self.images)

    def train(self, mode: bool) -> None:
        self.model.train(mode)

    def losses(self) -> list[float]:
        """Without dropout, whose masks need not be the same."""
        self.train(True)
        for layer in self.model.modules():
            if isinstance(layer, self.module.nn.Dropout):
                layer.eval()
        return super().losses()
