"""Inputs and small layers for the tables of right but awkward layers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mutants_base import Inputs

Array = np.ndarray


class Formula:
    """A layer from two functions: forward(*arrays) and backward(gy, *arrays)."""

    def __init__(self, forward: Callable[..., Array], backward: Callable[..., Any]) -> None:
        self.function, self.derivative = forward, backward

    def forward(self, *arrays: Array) -> Array:
        self.arrays = arrays
        return self.function(*arrays)

    def backward(self, gy: Array) -> Any:
        return self.derivative(gy, *self.arrays)


def uniform(low: float, high: float, *shapes: tuple[int, ...]) -> Inputs:
    """Evenly spread numbers."""
    return lambda rng: tuple(rng.uniform(low, high, shape) for shape in shapes)


def scaled(by: float, *shapes: tuple[int, ...]) -> Inputs:
    """Normal numbers times a scale."""
    return lambda rng: tuple(by * rng.standard_normal(shape) for shape in shapes)


def either_sign(low: float, high: float, shape: tuple[int, ...]) -> Inputs:
    """Numbers of either sign that are low to high in size."""
    return lambda rng: (rng.choice([-1.0, 1.0], shape) * rng.uniform(low, high, shape),)


def fixed(*arrays: Any) -> Inputs:
    """The same numbers for every seed."""
    return lambda rng: tuple(np.array(array) for array in arrays)


def laid_out(arrange: Callable[[Array], Array], *shapes: tuple[int, ...]) -> Inputs:
    """Normal numbers, each array passed through `arrange`, which gives it other strides."""
    return lambda rng: tuple(arrange(rng.standard_normal(shape)) for shape in shapes)


class Product:
    """The product of all numbers; zeros among them are no trouble, for nothing is divided."""

    def forward(self, x: Array) -> Array:
        self.x = x
        return np.prod(x)

    def backward(self, gy: Array) -> Any:
        return gy * np.array([np.prod(np.delete(self.x, i)) for i in range(self.x.size)]).reshape(self.x.shape)


class Embedding:
    """(V, D), integers (L,) -> (L, D): the numbers are an argument, and have no gradient."""

    def forward(self, table: Array, indices: Array) -> Array:
        self.table, self.indices = table, indices
        return table[indices]

    def backward(self, gy: Array) -> tuple[Any, ...]:
        gx = np.zeros_like(self.table)
        np.add.at(gx, self.indices, gy)
        return gx, None


class LabelledCrossEntropy:
    """(N, C), integers (N,) -> (): the labels are an argument, and have no gradient."""

    def forward(self, x: Array, labels: Array) -> Array:
        shifted = x - x.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.rows, self.labels, self.p = np.arange(len(x)), labels, np.exp(log_p)
        return -log_p[self.rows, labels].mean()

    def backward(self, gy: Array) -> tuple[Any, ...]:
        gx = self.p.copy()
        gx[self.rows, self.labels] -= 1
        return gy * gx / len(gx), None


class Sort:
    """A row in rising order."""

    def forward(self, x: Array) -> Array:
        self.order = x.argsort(axis=-1)
        return np.take_along_axis(x, self.order, axis=-1)

    def backward(self, gy: Array) -> Any:
        return np.take_along_axis(gy, self.order.argsort(axis=-1), axis=-1)


class Maximum:
    """The largest of each row; the first of equals gets the gradient."""

    def forward(self, x: Array) -> Array:
        self.winner = np.expand_dims(x.argmax(axis=-1), -1)
        self.x = x
        return np.take_along_axis(x, self.winner, axis=-1)[..., 0]

    def backward(self, gy: Array) -> Any:
        gx = np.zeros_like(self.x)
        np.put_along_axis(gx, self.winner, gy[..., None], axis=-1)
        return gx


def logsumexp(x: Array) -> Array:
    top = x.max(axis=-1, keepdims=True)
    return (np.log(np.exp(x - top).sum(axis=-1, keepdims=True)) + top)[..., 0]


def logsumexp_backward(gy: Array, x: Array) -> Array:
    return gy[..., None] * np.exp(x - logsumexp(x)[..., None])
