"""Activation functions of any shape, and their gradients from the result y."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array, deliver, plain, target

PROGRAM = Program(
    "activation",
    dict.fromkeys(("relu", "relu_grad", "sigmoid", "sigmoid_grad", "tanh_forward", "tanh_grad"), FLOATS),
)


def relu(x: Array, out: Array | None = None) -> Array:
    """torch.relu: max(x, 0); NaN stays NaN."""
    return _map("relu", out, x)


def relu_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy where y > 0, else 0; where y is NaN, gy, as torch has it."""
    return _map("relu_grad", out, gy, y)


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """torch.sigmoid: 1 / (1 + exp(-x))."""
    return _map("sigmoid", out, x)


def sigmoid_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy (1 - y) y."""
    return _map("sigmoid_grad", out, gy, y)


def tanh(x: Array, out: Array | None = None) -> Array:
    """torch.tanh."""
    return _map("tanh_forward", out, x)


def tanh_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy (1 - y y)."""
    return _map("tanh_grad", out, gy, y)


def _map(name: str, out: Array | None, *inputs: Array) -> Array:
    x = inputs[0]
    y = target(out, x.shape, x.dtype)
    if y.size:
        PROGRAM.launch(name, (x.dtype.name,), y.size, *map(plain, inputs), y, y.size)
    return deliver(y, out, x.dtype)
