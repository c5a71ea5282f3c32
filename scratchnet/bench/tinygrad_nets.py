"""Nets in tinygrad, their steps captured by TinyJit. Only for processes that want tinygrad."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from scratchnet.bench.engine import Engine
from scratchnet.bench.net import RATE, AnyNet, batch_of, weights_of

tinygrad: Any = import_module("tinygrad")
SGD: Any = import_module("tinygrad.nn.optim").SGD

Tensor = Any  # tinygrad's types: it need not be there where ours are checked
CAPTURE = 2  # calls until TinyJit has its kernels


def lenet(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    w1, b1, w2, b2, *linears, w, b = weights
    x = x.conv2d(w1, b1, padding=2).sigmoid().avg_pool2d(2)
    x = x.conv2d(w2, b2).sigmoid().avg_pool2d(2).flatten(1)
    for i in (0, 2):
        x = x.linear(linears[i].T, linears[i + 1]).sigmoid()
    return x.linear(w.T, b)


def cifar_cnn(weights: Sequence[Tensor], x: Tensor) -> Tensor:
    for i in (0, 2, 4):
        x = x.conv2d(*weights[i : i + 2], padding=2).max_pool2d(2)
    w1, b1, w2, b2 = weights[6:]
    return x.flatten(1).linear(w1.T, b1).linear(w2.T, b2)


NETS = {"lenet": lenet, "cifar_cnn": cifar_cnn}


class Net(AnyNet):
    def __init__(self, engine: Engine, net: str, batch: int) -> None:
        self.engine = engine
        self.net = NETS[net]
        self.weights = [tinygrad.Tensor(w).realize() for w in weights_of(net)]
        self.images, self.labels = (tinygrad.Tensor(a).realize().is_param_(False) for a in batch_of(net, batch))
        self.optimizer = SGD(self.weights, lr=RATE)
        self.stepped, self.inferred = tinygrad.TinyJit(self._step), tinygrad.TinyJit(self._infer)

    def _step(self) -> Tensor:
        with tinygrad.Context(TRAINING=1):
            self.optimizer.zero_grad()
            loss = self.net(self.weights, self.images).sparse_categorical_crossentropy(self.labels).backward()
            return loss.realize(*self.optimizer.schedule_step())

    def _infer(self) -> Tensor:
        return self.net(self.weights, self.images).realize()

    def step(self) -> Any:
        return self._done(self.stepped())

    def infer(self) -> Any:
        return self._done(self.inferred())

    def _done(self, result: Tensor) -> Tensor:
        tinygrad.Device[tinygrad.Device.DEFAULT].synchronize()
        return result

    def inference(self, budget_ms: float) -> list[float]:
        for _ in range(CAPTURE):
            self.infer()
        return super().inference(budget_ms)
