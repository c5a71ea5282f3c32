"""The nine nets: a training step and inference beside torch eager; with torch.compile in a part of its own."""

import time
from typing import Any

import numpy as np

from benchmarks.cuda.engines import Engine
from benchmarks.cuda.peers import Pair
from benchmarks.cuda.store import Row
from benchmarks.cuda.timing import times
from scratchnet import models

# The batch of each net's table on the CPU, and one that fills a GPU.
BATCHES = {
    "lenet": (256, 4096),
    "mnist_cnn": (100, 1024),
    "cifar_cnn": (64, 1024),
    "inception_mnist": (64, 1024),
    "residual_mnist": (64, 1024),
    "nin": (16, 128),
    "googlenet": (16, 128),
    "vgg11": (16, 128),
    "alexnet": (16, 128),
}
SMALL = {"lenet": (2,), "residual_mnist": (2,)}
GOALS = dict.fromkeys(BATCHES, 1.3) | dict.fromkeys(("nin", "googlenet", "vgg11", "alexnet"), 1.5)
STEPS = 3  # whose losses are compared


class Net:
    """A net, an optimizer and a batch of images of random numbers, in a worker. Both engines' have the same values."""

    def __init__(self, engine: Engine, net: str, batch: int, compiler: str | None = None) -> None:
        self.engine = engine
        self.module = engine.module
        self.module.manual_seed(0)
        self.model = engine.create(net).to(engine.place)
        self.optimizer = self.module.optim.SGD(self.model.parameters(), lr=0.01)
        rng = np.random.default_rng(0)
        images = rng.standard_normal((batch, *models.info(net).input_shape), np.float32)
        self.images = self.module.from_numpy(images).to(engine.place)
        self.labels = self.module.from_numpy(rng.integers(0, 10, batch)).to(engine.place)
        self.run = self.model
        if compiler is not None and self.module.__name__ == "torch":
            self.run = self.module.compile(self.model, backend=compiler)

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
        """Of the first steps, without dropout, whose masks differ on GPUs."""
        self.model.train()
        for layer in self.model.modules():
            if isinstance(layer, self.module.nn.Dropout):
                layer.eval()
        return [float(self.step().item()) for _ in range(STEPS)]

    def first(self) -> float:
        """Seconds of the first training step, which compiles."""
        self.model.train()
        start = time.perf_counter()
        self.step()
        self.engine.wait()
        return time.perf_counter() - start

    def training(self, budget_ms: float) -> list[float]:
        """Milliseconds of steps."""
        self.model.train()
        return times(self.engine, self.step, budget_ms)

    def inference(self, budget_ms: float) -> list[float]:
        """Milliseconds of forward passes in evaluation mode."""
        self.model.eval()
        return times(self.engine, self.infer, budget_ms)

    def memory(self) -> int | None:
        """The most bytes in use during a training step."""
        self.model.train()
        self.step()
        self.engine.release()
        return self.engine.peak_memory(self.step)

    def launches(self) -> int | None:
        """Kernels of a training step."""
        self.model.train()
        self.step()
        return self.engine.launches(self.step)


def plan(small: bool) -> dict[str, Row]:
    """The rows by name, the most wanted first. Memory and launches come last: following them slows a worker down."""
    batches = SMALL if small else BATCHES
    rows: dict[str, Row] = {}
    for tf32 in (False, True):
        for size in range(max(map(len, batches.values()))):
            for net, sizes in batches.items():
                name = f"{net}, batch {sizes[size]}, {'TF32' if tf32 else 'float32'}"
                rows[name] = {"net": net, "batch": sizes[size], "tf32": tf32}
    counted = [(net, batch) for net, sizes in batches.items() for batch in sizes]
    return rows | {f"{net}, batch {batch}, resources": {"net": net, "batch": batch} for net, batch in counted}


def measure(pair: Pair, row: Row, small: bool) -> Row:
    """Losses, times and ratios of a row of the plan; or memory and launches."""
    pair.both("make", subject="net", **row)
    if "tf32" not in row:
        return {"bytes": pair.both("call", method="memory"), "launches": pair.both("call", method="launches")}
    rounds, budget = (1, 0) if small else (3, 250)
    losses = pair.both("call", method="losses")
    apart = [abs(a - b) / abs(b) for a, b in zip(losses["scratchnet"], losses["torch"], strict=True)]
    found: Row = {"losses": losses | {"difference": max(apart)}}
    found["training"] = pair.alternate(rounds, method="training", budget_ms=budget)
    return found | {"inference": pair.alternate(rounds, method="inference", budget_ms=budget)}


def plan_compiled(small: bool) -> dict[str, Row]:
    """As `plan`, at the smaller batch."""
    return {
        f"{net}, batch {sizes[0]}, {'TF32' if tf32 else 'float32'}": {"net": net, "batch": sizes[0], "tf32": tf32}
        for tf32 in ((False,) if small else (False, True))
        for net, sizes in (list(SMALL.items())[:1] if small else BATCHES.items())
    }


def measure_compiled(pair: Pair, row: Row, small: bool) -> Row:
    """A training step beside torch.compile's, and how long the first step took."""
    pair.both("make", subject="net", compiler="aot_eager" if small else "inductor", **row)
    found: Row = {"first_s": pair.both("call", method="first")}
    rounds, budget = (1, 0) if small else (3, 250)
    return found | {"training": pair.alternate(rounds, method="training", budget_ms=budget)}
