"""The training loop behind `scratchnet train`: options and their defaults, one epoch after the other, files."""

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scratchnet import nn
from scratchnet.autograd.modes import no_grad
from scratchnet.data import DataLoader, Dataset
from scratchnet.nn import functional as F
from scratchnet.optim import SGD, Adam, Optimizer, lr_scheduler
from scratchnet.serialization import atomic, save_weights
from scratchnet.shapes import message
from scratchnet.tensor import Tensor
from scratchnet.vision import ImageSet, resize

Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Options:
    """What a training run can vary.

    `weights`: what the net starts from, "xavier" or "he" (see `initialise`). `schedule`: the learning rate stays
    "constant", or falls along half a "cosine" wave, a step an epoch (Loshchilov, Hutter, 2017).
    """

    epochs: int
    batch_size: int
    lr: float
    optimizer: str = "adam"
    momentum: float = 0.0
    seed: int = 0
    weights: str = "xavier"
    schedule: str = "constant"


@dataclass(frozen=True)
class Metrics:
    """One epoch: mean training loss, shares of right answers in both parts, mean test loss, seconds it took."""

    epoch: int
    loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float
    seconds: float


_CHOSEN = {
    ("lenet", "digits"): Options(epochs=20, batch_size=32, lr=5e-3),
    ("lenet", "mnist"): Options(epochs=3, batch_size=64, lr=5e-3),
    ("nin", "digits"): Options(epochs=12, batch_size=32, lr=1e-3),
    ("inception_mnist", "mnist"): Options(epochs=10, batch_size=64, lr=1e-3, schedule="cosine"),
}
_OTHERS = {
    "digits": Options(epochs=10, batch_size=32, lr=1e-3),
    "mnist": Options(epochs=3, batch_size=64, lr=1e-3),
}
_DEEP = ("alexnet", "vgg11", "googlenet")


def default_options(model: str, data: str) -> Options:
    """The options with which `scratchnet train MODEL --data DATA` runs unless told otherwise."""
    if model in _DEEP:
        return Options(epochs=5, batch_size=32, lr=3e-4, weights="he")
    return _CHOSEN.get((model, data), _OTHERS[data])


def prepare(images: np.ndarray[Any, Any], white: int, shape: tuple[int, int, int]) -> np.ndarray[Any, Any]:
    """Bytes from 0 to `white` as a net takes them, float32 from 0 to 1: (N, H, W) or (N, H, W, 3) -> (N, *shape).

    Grey is repeated where the net wants 3 channels; colours are averaged where it wants 1.
    """
    x = images.astype(np.float32) / np.float32(white)
    x = x[:, None] if x.ndim == 3 else x.transpose(0, 3, 1, 2)
    if shape[0] == 1 and x.shape[1] == 3:
        x = x.mean(axis=1, keepdims=True)
    x = resize(x, shape[1:])
    return np.ascontiguousarray(np.broadcast_to(x, (len(x), *shape)))


class _Prepared(Dataset[Batch]):
    """An image set's samples as a net of some input shape takes them."""

    def __init__(self, data: ImageSet, shape: tuple[int, int, int]) -> None:
        self.data, self.shape = data, shape

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> Batch:
        images, labels = self.__getbatch__([index])
        return images[0], labels[0]

    def __getbatch__(self, indices: Sequence[int]) -> Batch:
        numbers = list(indices)
        images = prepare(self.data.data[numbers], self.data.white, self.shape)
        return Tensor(images), Tensor(self.data.targets[numbers])


def batches(data: ImageSet, shape: tuple[int, int, int], batch_size: int, shuffle: bool) -> DataLoader:
    """A loader of (images, labels) pairs: (N, *shape) float32 and (N,) int64."""
    return DataLoader(_Prepared(data, shape), batch_size=batch_size, shuffle=shuffle)


def initialise(model: nn.Module, weights: str) -> None:
    """New uniform weights for each convolution and linear layer; biases keep torch's initial values.

    "xavier" (Glorot, Bengio, 2010) keeps the variance through linear layers and sigmoids; "he" (He et al., 2015)
    keeps it through ReLUs, without which deep nets get no signal to start from.
    """
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            if weights == "xavier":
                nn.init.xavier_uniform_(layer.weight)
            else:
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")


def make_optimizer(model: nn.Module, options: Options) -> Optimizer:
    """SGD or Adam over the net's parameters. Raises ValueError for another name."""
    if options.optimizer == "adam":
        return Adam(model.parameters(), lr=options.lr)
    if options.optimizer == "sgd":
        return SGD(model.parameters(), lr=options.lr, momentum=options.momentum)
    raise ValueError(message("train", "optimizer", repr(options.optimizer), "must be 'sgd' or 'adam'"))


def make_schedule(optimizer: Optimizer, options: Options) -> lr_scheduler.LRScheduler:
    """What sets the learning rate after each epoch. Raises ValueError for another name."""
    if options.schedule == "cosine":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.epochs)
    if options.schedule == "constant":
        return lr_scheduler.ConstantLR(optimizer, factor=1.0)
    raise ValueError(message("train", "schedule", repr(options.schedule), "must be 'constant' or 'cosine'"))


def evaluate(model: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """Mean loss and share of right answers, in evaluation mode and without a tape."""
    model.eval()
    total, right, seen = 0.0, 0, 0
    with no_grad():
        for images, labels in loader:
            images, labels = _beside(model, images, labels)
            outputs = model(images)
            total += F.cross_entropy(outputs, labels, reduction="sum").item()
            right += _right(outputs, labels)
            seen += len(labels)
    return total / seen, right / seen


def train_epoch(
    model: nn.Module, loader: DataLoader, optimizer: Optimizer, on_batch: Callable[[float], None]
) -> tuple[float, float]:
    """One pass with updates: mean loss and share of right answers as they were before each update.

    Raises FloatingPointError at the first loss that is NaN or infinite.
    """
    model.train()
    total, right, seen = 0.0, 0, 0
    for number, (images, labels) in enumerate(loader, 1):
        optimizer.zero_grad()
        images, labels = _beside(model, images, labels)
        outputs = model(images)
        loss = F.cross_entropy(outputs, labels)
        value = loss.item()
        if not math.isfinite(value):
            lr = optimizer.param_groups[0]["lr"]
            raise FloatingPointError(
                message("train", "loss", value, f"of batch {number} must be finite", f"try a smaller lr (now {lr})")
            )
        loss.backward()
        optimizer.step()
        total += value * len(labels)
        right += _right(outputs, labels)
        seen += len(labels)
        on_batch(value)
    return total / seen, right / seen


def _beside(model: nn.Module, images: Tensor, labels: Tensor) -> Batch:
    place = next(model.parameters()).device
    return images.to(place), labels.to(place)


def _right(outputs: Tensor, labels: Tensor) -> int:
    return int((outputs.detach().argmax(1) == labels).sum().item())


def fit(
    model: nn.Module,
    train_data: ImageSet,
    test_data: ImageSet,
    shape: tuple[int, int, int],
    options: Options,
    on_epoch: Callable[[Metrics], None] = lambda metrics: None,
    on_batch: Callable[[float], None] = lambda loss: None,
) -> list[Metrics]:
    """Train on (C, H, W) = `shape` and test after every epoch; `on_epoch` and `on_batch` hear of each as it ends.

    Each batch goes to the model's device. The order of the images comes from the global generator: `manual_seed` before
    building the model fixes the run.
    """
    for part, data in (("train_data", train_data), ("test_data", test_data)):
        if len(data) == 0:
            raise ValueError(message("fit", part, "no images", "must hold at least one image"))
    train_loader = batches(train_data, shape, options.batch_size, shuffle=True)
    test_loader = batches(test_data, shape, options.batch_size, shuffle=False)
    optimizer = make_optimizer(model, options)
    schedule = make_schedule(optimizer, options)
    history = []
    for epoch in range(1, options.epochs + 1):
        start = time.perf_counter()
        loss, accuracy = train_epoch(model, train_loader, optimizer, on_batch)
        schedule.step()
        test_loss, test_accuracy = evaluate(model, test_loader)
        history.append(Metrics(epoch, loss, accuracy, test_loss, test_accuracy, time.perf_counter() - start))
        on_epoch(history[-1])
    return history


def save_epoch(out: Path, model: nn.Module, metadata: dict[str, Any], history: list[Metrics]) -> None:
    """Write `out`/weights.npz and `out`/metrics.jsonl (one line per epoch), each as a whole or not at all."""
    save_weights(out / "weights.npz", model.state_dict(), metadata)
    with atomic(out / "metrics.jsonl") as file:
        file.writelines(json.dumps(asdict(metrics)).encode() + b"\n" for metrics in history)


def plot_accuracy(path: Path, title: str, curves: dict[str, list[float]]) -> None:
    """Draw shares of right answers over the epochs as a PNG, one named curve each. ImportError without matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for label, shares in curves.items():
        axes.plot(range(1, len(shares) + 1), [100 * share for share in shares], marker=".", label=label)
    axes.set(title=title, xlabel="epoch", ylabel="accuracy (%)")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    with atomic(path) as file:
        figure.savefig(file, format="png", dpi=110)
