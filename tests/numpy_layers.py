"""Layers without windows in plain NumPy, right by test: what the wrong ones in mutants_*.py are made from."""

from typing import Any

import numpy as np

Array = np.ndarray


class Linear:
    """torch's linear: (N, D), (K, D), (K,) -> (N, K)."""

    def forward(self, x: Array, weight: Array, bias: Array) -> Array:
        self.x, self.weight = x, weight
        return x @ weight.T + bias

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return self.input_gradient(gy), self.weight_gradient(gy), self.bias_gradient(gy)

    def input_gradient(self, gy: Array) -> Any:
        return gy @ self.weight

    def weight_gradient(self, gy: Array) -> Any:
        return gy.T @ self.x

    def bias_gradient(self, gy: Array) -> Any:
        return gy.sum(axis=0)


class Matmul:
    """(N, M), (M, K) -> (N, K)"""

    def forward(self, a: Array, b: Array) -> Array:
        self.a, self.b = a, b
        return a @ b

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy @ self.b.T, self.a.T @ gy


class Elementwise:
    """A function of each number alone: `value` gives it, `slope` its derivative (of self.x and self.y)."""

    def forward(self, x: Array) -> Array:
        self.x = x
        self.y = self.value(x)
        return self.y

    def backward(self, gy: Array) -> Any:
        return gy * self.slope()

    def value(self, x: Array) -> Array:
        raise NotImplementedError

    def slope(self) -> Array:
        raise NotImplementedError


class Sigmoid(Elementwise):
    def value(self, x: Array) -> Array:
        return 1 / (1 + np.exp(-x))

    def slope(self) -> Array:
        return self.y * (1 - self.y)


class Tanh(Elementwise):
    def value(self, x: Array) -> Array:
        return np.tanh(x)

    def slope(self) -> Array:
        return 1 - self.y**2


class ReLU(Elementwise):
    def value(self, x: Array) -> Array:
        return np.where(x > 0, x, 0)

    def slope(self) -> Array:
        return (self.x > 0).astype(self.x.dtype)


class Exp(Elementwise):
    def value(self, x: Array) -> Array:
        return np.exp(x)

    def slope(self) -> Array:
        return self.y


class Cos(Elementwise):
    def value(self, x: Array) -> Array:
        return np.cos(x)

    def slope(self) -> Array:
        return -np.sin(self.x)


class Square(Elementwise):
    def value(self, x: Array) -> Array:
        return x * x

    def slope(self) -> Array:
        return 2 * self.x


class Swish(Elementwise):
    """x sigmoid(x): the input is used twice."""

    def value(self, x: Array) -> Array:
        self.gate = 1 / (1 + np.exp(-x))
        return x * self.gate

    def slope(self) -> Array:
        return self.gate + self.x * self.gate * (1 - self.gate)


class GELU(Elementwise):
    """torch's gelu with approximate="tanh"."""

    root = np.sqrt(2 / np.pi)

    def value(self, x: Array) -> Array:
        self.t = np.tanh(self.root * (x + 0.044715 * x**3))
        return 0.5 * x * (1 + self.t)

    def inner(self) -> Array:
        return self.root * (1 + 3 * 0.044715 * self.x**2)

    def slope(self) -> Array:
        return 0.5 * (1 + self.t) + 0.5 * self.x * (1 - self.t**2) * self.inner()


class Dropout(Elementwise):
    """Dropout with a mask fixed beforehand; what is kept is scaled by 1 / (1 - p)."""

    def __init__(self, mask: Array, p: float) -> None:
        self.mask, self.p = mask, p

    def value(self, x: Array) -> Array:
        return x * self.mask / (1 - self.p)

    def slope(self) -> Array:
        return self.mask / (1 - self.p)


class Softmax:
    """torch's softmax along an axis."""

    def __init__(self, axis: int = 1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        e = np.exp(x - x.max(axis=self.axis, keepdims=True))
        self.y = e / e.sum(axis=self.axis, keepdims=True)
        return self.y

    def backward(self, gy: Array) -> Any:
        return self.y * (gy - (gy * self.y).sum(axis=self.axis, keepdims=True))


class CrossEntropy:
    """torch's cross_entropy, the mean over the batch: (N, C) -> (); `labels` (N,) are class numbers."""

    def __init__(self, labels: tuple[int, ...], smoothing: float = 0.0) -> None:
        self.labels, self.smoothing = np.array(labels), smoothing

    def target(self) -> Array:
        """(N, C): the distribution that the labels stand for."""
        C = self.p.shape[1]
        return (1 - self.smoothing) * np.eye(C)[self.labels] + self.smoothing / C

    def forward(self, x: Array) -> Array:
        shifted = x - x.max(axis=1, keepdims=True)
        self.x, self.log_p = x, shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        self.p = np.exp(self.log_p)
        return -(self.target() * self.log_p).sum() / np.float64(len(x))

    def backward(self, gy: Array) -> Any:
        return gy * (self.p - self.target()) / len(self.p)


def unbroadcast(g: Array, shape: tuple[int, ...]) -> Array:
    """The sum of g over the axes along which an array of `shape` was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1), keepdims=True)


class Add:
    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return x + y

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return unbroadcast(gy, self.x.shape), unbroadcast(gy, self.y.shape)


class Subtract(Add):
    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return x - y

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return unbroadcast(gy, self.x.shape), unbroadcast(-gy, self.y.shape)


class Mul(Add):
    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return x * y

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return unbroadcast(gy * self.y, self.x.shape), unbroadcast(gy * self.x, self.y.shape)


class Divide(Add):
    def forward(self, x: Array, y: Array) -> Array:
        self.x, self.y = x, y
        return x / y

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return unbroadcast(gy / self.y, self.x.shape), unbroadcast(-gy * self.x / self.y**2, self.y.shape)


class Sum:
    """The sum along an axis, or of all."""

    def __init__(self, axis: int | None = None) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        self.x = x
        return x.sum(axis=self.axis)

    def spread(self, gy: Array) -> Array:
        """gy repeated to the input's shape."""
        return np.broadcast_to(gy if self.axis is None else np.expand_dims(gy, self.axis), self.x.shape).copy()

    def backward(self, gy: Array) -> Any:
        return self.spread(gy)


class Mean(Sum):
    """The mean along an axis, or of all."""

    def forward(self, x: Array) -> Array:
        y = super().forward(x)
        self.count = x.size // max(np.size(y), 1)
        return y / self.count

    def backward(self, gy: Array) -> Any:
        return self.spread(gy) / self.count


class Residual:
    """x + tanh(x @ weight): two paths from the input."""

    def forward(self, x: Array, weight: Array) -> Array:
        self.x, self.weight = x, weight
        self.t = np.tanh(x @ weight)
        return x + self.t

    def inner(self, gy: Array) -> Array:
        return gy * (1 - self.t**2)

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy + self.inner(gy) @ self.weight.T, self.x.T @ self.inner(gy)


class Gather:
    """Rows of a table by number, as an embedding does it: (V, D) -> (L, D); a number may come twice."""

    def __init__(self, indices: tuple[int, ...]) -> None:
        self.indices = np.array(indices)

    def forward(self, table: Array) -> Array:
        self.table = table
        return table[self.indices]

    def backward(self, gy: Array) -> Any:
        gx = np.zeros_like(self.table)
        np.add.at(gx, self.indices, gy)
        return gx


class Concatenate:
    """Two arrays end to end along axis 1."""

    def forward(self, a: Array, b: Array) -> Array:
        self.width = a.shape[1]
        return np.concatenate([a, b], axis=1)

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return gy[:, : self.width], gy[:, self.width :]


class Cumsum:
    """The running sum of a row: the gradient runs from the end."""

    def forward(self, x: Array) -> Array:
        return x.cumsum(axis=-1)

    def backward(self, gy: Array) -> Any:
        return gy[..., ::-1].cumsum(axis=-1)[..., ::-1]


class Norm:
    """(x - mean) / sqrt(var + eps) * weight + bias over `axes`; weight and bias lie along `along`."""

    axes: tuple[int, ...]
    along: tuple[int, ...]

    def __init__(self, eps: float = 1e-5) -> None:
        self.eps = eps

    def forward(self, x: Array, weight: Array, bias: Array) -> Array:
        shape = [n if axis in self.along else 1 for axis, n in enumerate(x.shape)]
        self.weight, self.rest = weight.reshape(shape), tuple(a for a in range(x.ndim) if a not in self.along)
        self.mean = x.mean(axis=self.axes, keepdims=True)
        self.var = ((x - self.mean) ** 2).mean(axis=self.axes, keepdims=True)
        self.scale = 1 / np.sqrt(self.var + self.eps)
        self.x, self.xhat = x, (x - self.mean) * self.scale
        return self.xhat * self.weight + bias.reshape(shape)

    def backward(self, gy: Array) -> tuple[Any, ...]:
        return self.input_gradient(gy), self.weight_gradient(gy), self.bias_gradient(gy)

    def input_gradient(self, gy: Array) -> Any:
        g = gy * self.weight
        return self.scale * (g - self.through_mean(g) - self.through_variance(g))

    def through_mean(self, g: Array) -> Any:
        return g.mean(axis=self.axes, keepdims=True)

    def through_variance(self, g: Array) -> Any:
        return self.xhat * (g * self.xhat).mean(axis=self.axes, keepdims=True)

    def weight_gradient(self, gy: Array) -> Any:
        return (gy * self.xhat).sum(axis=self.rest)

    def bias_gradient(self, gy: Array) -> Any:
        return gy.sum(axis=self.rest)


class BatchNorm2d(Norm):
    """torch's batch_norm in training: (N, C, H, W), (C,), (C,)."""

    axes, along = (0, 2, 3), (1,)


class LayerNorm(Norm):
    """torch's layer_norm of rows: (N, D), (D,), (D,)."""

    axes, along = (1,), (1,)
