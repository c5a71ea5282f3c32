"""Nets in JAX: arrays in, arrays out, compiled as a whole step. Only for processes that want JAX."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

from scratchnet.bench.engine import Engine
from scratchnet.bench.net import RATE, AnyNet, batch_of, weights_of

jax: Any = import_module("jax")
lax, jnp = jax.lax, jax.numpy

Array = Any  # JAX's types: it need not be there where ours are checked
Weights = Sequence[Array]


def conv2d(x: Array, w: Array, b: Array, padding: int) -> Array:
    planes = ("NCHW", "OIHW", "NCHW")
    y = lax.conv_general_dilated(x, w, (1, 1), [(padding, padding)] * 2, dimension_numbers=planes)
    return y + b[:, None, None]


def pool2d(x: Array, start: float, operation: Callable[[Array, Array], Array]) -> Array:
    return lax.reduce_window(x, start, operation, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def linear(x: Array, w: Array, b: Array) -> Array:
    return x @ w.T + b


def lenet(weights: Weights, x: Array) -> Array:
    w1, b1, w2, b2, *linears, w, b = weights
    x = pool2d(jax.nn.sigmoid(conv2d(x, w1, b1, 2)), 0.0, lax.add) / 4
    x = pool2d(jax.nn.sigmoid(conv2d(x, w2, b2, 0)), 0.0, lax.add) / 4
    x = x.reshape(len(x), -1)
    for i in (0, 2):
        x = jax.nn.sigmoid(linear(x, *linears[i : i + 2]))
    return linear(x, w, b)


def cifar_cnn(weights: Weights, x: Array) -> Array:
    for i in (0, 2, 4):
        x = pool2d(conv2d(x, weights[i], weights[i + 1], 2), -jnp.inf, lax.max)
    return linear(linear(x.reshape(len(x), -1), *weights[6:8]), *weights[8:])


NETS = {"lenet": lenet, "cifar_cnn": cifar_cnn}


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def stepped(net: Callable[[Weights, Array], Array], weights: Weights, x: Array, y: Array) -> tuple[Weights, Array]:
    """The weights after a step of SGD, and the loss before it."""

    def loss(weights: Weights) -> Array:
        return -jnp.mean(jax.nn.log_softmax(net(weights, x))[jnp.arange(len(x)), y])

    value, gradients = jax.value_and_grad(loss)(weights)
    return [w - RATE * g for w, g in zip(weights, gradients, strict=True)], value


class Net(AnyNet):
    def __init__(self, engine: Engine, net: str, batch: int) -> None:
        self.engine = engine
        self.net = NETS[net]
        self.weights = [jnp.array(w) for w in weights_of(net)]
        self.images, self.labels = map(jnp.array, batch_of(net, batch))
        self.forward = jax.jit(self.net)

    def step(self) -> Any:
        self.weights, loss = jax.block_until_ready(stepped(self.net, self.weights, self.images, self.labels))
        return loss

    def infer(self) -> Any:
        return jax.block_until_ready(self.forward(self.weights, self.images))
