"""Nets in DeZero. Only for processes that want DeZero."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from scratchnet.bench.engine import Engine
from scratchnet.bench.net import RATE, AnyNet, batch_of, weights_of

vars(np).setdefault("int", int)  # DeZero 0.0.13 names it at its import; NumPy has dropped it
dezero: Any = import_module("dezero")
F, L = dezero.functions, dezero.layers

Variable = Any  # DeZero's types: it need not be there where ours are checked


class LeNet(dezero.Model):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = L.Conv2d(6, 5, pad=2), L.Conv2d(16, 5)
        self.fc1, self.fc2, self.fc3 = L.Linear(120), L.Linear(84), L.Linear(10)

    def forward(self, x: Variable) -> Variable:
        for conv in (self.conv1, self.conv2):
            x = F.average_pooling(F.sigmoid(conv(x)), 2, 2)
        x = F.flatten(x)
        return self.fc3(F.sigmoid(self.fc2(F.sigmoid(self.fc1(x)))))


class CifarCNN(dezero.Model):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (L.Conv2d(width, 5, pad=2) for width in (32, 32, 64))
        self.fc1, self.fc2 = L.Linear(64), L.Linear(10)

    def forward(self, x: Variable) -> Variable:
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.pooling(conv(x), 2, 2)
        return self.fc2(self.fc1(F.flatten(x)))


NETS: dict[str, Callable[[], Any]] = {"lenet": LeNet, "cifar_cnn": CifarCNN}


class Net(AnyNet):
    def __init__(self, engine: Engine, net: str, batch: int) -> None:
        self.engine = engine
        self.model = NETS[net]()
        values = iter(weights_of(net))
        for name in sorted(self.model._params):  # conv1, conv2, ..., fc1, fc2, ...
            layer, w = getattr(self.model, name), next(values)
            layer.W.data = w.T if isinstance(layer, L.Linear) else w
            layer.b.data = next(values)
        self.optimizer = dezero.optimizers.SGD(RATE).setup(self.model)
        self.images, labels = batch_of(net, batch)
        self.labels = labels.astype(np.uint8)  # as in its MNIST: wider integers make its gradients float64

    def step(self) -> Any:
        loss = F.softmax_cross_entropy(self.model(self.images), self.labels)
        self.model.cleargrads()
        loss.backward()
        self.optimizer.update()
        return loss.data

    def infer(self) -> Any:
        with dezero.no_grad():
            return self.model(self.images)
