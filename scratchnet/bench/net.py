"""A net in a worker: its training step and its inference."""

from typing import Any

import numpy as np

from scratchnet import models
from scratchnet.bench.engine import Engine

STEPS = 3  # whose losses are compared


class Net:
    """A net, an optimizer and a batch of images of random numbers. All engines' have the same values.

    `image`: height and width of the images, where it isn't the net's own.
    """

    def __init__(self, engine: Engine, net: str, batch: int, image: int | None = None) -> None:
        self.engine = engine
        self.module = engine.module
        self.module.manual_seed(0)
        self.model = engine.create(net).to(engine.place)
        self.optimizer = self.module.optim.SGD(self.model.parameters(), lr=0.01)
        rng = np.random.default_rng(0)
        channels, height, width = models.info(net).input_shape
        images = rng.standard_normal((batch, channels, image or height, image or width), np.float32)
        self.images = self.module.from_numpy(images).to(engine.place)
        self.labels = self.module.from_numpy(rng.integers(0, 10, batch)).to(engine.place)
        self.run = engine.prepared(self.model)

    def step(self) -> Any:
        """Forward, loss, backward, optimizer."""
        self.optimizer.zero_grad()
        loss = self.module.nn.functional.cross_entropy(self.run(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def infer(self) -> Any:
        """Forward alone, without a tape."""
        with self.module.no_grad():
            return self.run(self.images)

    def losses(self) -> list[float]:
        """Of the first steps, without dropout, whose masks need not be the same."""
        self.model.train()
        for layer in self.model.modules():
            if isinstance(layer, self.module.nn.Dropout):
                layer.eval()
        return [float(self.step().item()) for _ in range(STEPS)]

    def first(self) -> float:
        """Seconds of the first training step, which compiles or loads what was compiled."""
        self.model.train()
        return self.engine.once(self.step) / 1000

    def training(self, budget_ms: float) -> list[float]:
        """Milliseconds of steps."""
        self.model.train()
        return self.engine.times(self.step, budget_ms)

    def inference(self, budget_ms: float) -> list[float]:
        """Milliseconds of forward passes in evaluation mode."""
        self.model.eval()
        return self.engine.times(self.infer, budget_ms)
