"""Activation functions of any shape, and their gradients from the result y."""

from scratchnet.kernels.cpu.exponential import exp
from scratchnet.kernels.cpu.exponential import tanh as tanh_of
from scratchnet.kernels.cpu.jit import Kernel, kernel, prange
from scratchnet.kernels.cpu.layout import Array, deliver, plain, target


def relu(x: Array, out: Array | None = None) -> Array:
    """torch.relu: max(x, 0); NaN stays NaN."""
    return _map(_relu, 1, x, out)


def relu_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy where y > 0, else 0; where y is NaN, gy, as torch has it."""
    return _map_two(_relu_grad, _relu_grad_in_place, gy, y, out)


def sigmoid(x: Array, out: Array | None = None) -> Array:
    """torch.sigmoid: 1 / (1 + exp(-x))."""
    return _map(_sigmoid, 8, x, out)


def sigmoid_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy (1 - y) y."""
    return _map_two(_sigmoid_grad, _sigmoid_grad_in_place, gy, y, out)


def tanh(x: Array, out: Array | None = None) -> Array:
    """torch.tanh."""
    return _map(_tanh, 8, x, out)


def tanh_grad(gy: Array, y: Array, out: Array | None = None) -> Array:
    """gy (1 - y y)."""
    return _map_two(_tanh_grad, _tanh_grad_in_place, gy, y, out)


def _map(loop: Kernel, cost: int, x: Array, out: Array | None) -> Array:
    y = target(out, x.shape, x.dtype)
    if y.size:
        loop(cost * y.size, plain(x).reshape(-1), y.reshape(-1))
    return deliver(y, out, x.dtype)


def _map_two(loop: Kernel, in_place: Kernel, gy: Array, y: Array, out: Array | None) -> Array:
    """LLVM makes vectors of a loop over arrays that don't overlap, so gx in gy's place has a loop of its own."""
    upstream = plain(gy)
    # A copy, which a part of a larger gradient takes, is as good as new memory.
    gx = upstream if out is None and not gy.flags.c_contiguous else target(out, y.shape, gy.dtype)
    if not gx.size:
        return deliver(gx, out, gy.dtype)
    if gx is upstream:
        in_place(gx.size, plain(y).reshape(-1), gx.reshape(-1))
    else:
        loop(gx.size, upstream.reshape(-1), plain(y).reshape(-1), gx.reshape(-1))
    return deliver(gx, out, gy.dtype)


@kernel()
def _relu(x: Array, y: Array) -> None:
    zero = x.dtype.type(0)
    for i in prange(x.size):
        v = x[i]
        y[i] = zero if v < zero else v


@kernel()
def _relu_grad(gy: Array, y: Array, gx: Array) -> None:
    zero = y.dtype.type(0)
    for i in prange(y.size):
        gx[i] = zero if y[i] <= zero else gy[i]


@kernel()
def _relu_grad_in_place(y: Array, g: Array) -> None:
    zero = y.dtype.type(0)
    for i in prange(y.size):
        g[i] = zero if y[i] <= zero else g[i]


@kernel()
def _sigmoid(x: Array, y: Array) -> None:
    one = x.dtype.type(1)
    for i in prange(x.size):
        y[i] = one / (one + exp(-x[i]))


@kernel()
def _sigmoid_grad(gy: Array, y: Array, gx: Array) -> None:
    one = y.dtype.type(1)
    for i in prange(y.size):
        gx[i] = gy[i] * (one - y[i]) * y[i]


@kernel()
def _sigmoid_grad_in_place(y: Array, g: Array) -> None:
    one = y.dtype.type(1)
    for i in prange(y.size):
        g[i] = g[i] * (one - y[i]) * y[i]


@kernel()
def _tanh(x: Array, y: Array) -> None:
    for i in prange(x.size):
        y[i] = tanh_of(x[i])


@kernel()
def _tanh_grad(gy: Array, y: Array, gx: Array) -> None:
    one = y.dtype.type(1)
    for i in prange(y.size):
        gx[i] = gy[i] * (one - y[i] * y[i])


@kernel()
def _tanh_grad_in_place(y: Array, g: Array) -> None:
    one = y.dtype.type(1)
    for i in prange(y.size):
        g[i] = g[i] * (one - y[i] * y[i])
