"""Calls of scratchnet.arrays beside torch's: what every function is tested with."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from scratchnet import arrays


class Case(NamedTuple):
    """`ours(*inputs, out=None)`, `theirs(torch, *inputs)`; inputs by shape, or made from the others by `more`."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    sums: bool = False  # a sum of products: float32 is held to the exact result, not to torch's bits
    more: Callable[..., tuple[Any, ...]] = lambda *_: ()


def vjp(function: Callable[..., Any], at: int, gy: Any, *inputs: Any) -> Any:
    """torch's gradient of sum(gy * function(*inputs)) by the input `at`."""
    inputs = tuple(x.detach().clone() for x in inputs)
    inputs[at].requires_grad_()
    y = function(*inputs)
    y = y[0] if isinstance(y, tuple) else y
    y.backward(gy)
    return inputs[at].grad


def window(x: Any) -> tuple[Any, ...]:
    """The positions of max_pool2d(x, 3, 2, 1)."""
    return (arrays.max_pool2d(x, 3, 2, 1)[1],)


def classes(*given: Any) -> tuple[Any, ...]:
    """Targets for logits (4, 5, 3), one of them ignored."""
    return (np.array([[0, 4, 2], [1, 1, -100], [3, 2, 0], [4, 4, 4]]),)


def statistics(gy: Any, x: Any, weight: Any) -> tuple[Any, ...]:
    return arrays.batch_norm(x)[1:]


A = arrays
CONV = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2}
SHAPE = (2, 5, 9, 8)
CASES = [
    Case(
        "conv1d",
        ((2, 4, 9), (6, 2, 3), (6,)),
        lambda x, w, b, out=None: A.conv1d(x, w, b, 2, 1, 2, 2, out=out),
        lambda T, x, w, b: T.nn.functional.conv1d(x, w, b, 2, 1, 2, 2),
        True,
    ),
    Case(
        "conv2d",
        ((2, 4, 7, 8), (6, 2, 3, 2), (6,)),
        lambda x, w, b, out=None: A.conv2d(x, w, b, **CONV, out=out),
        lambda T, x, w, b: T.nn.functional.conv2d(x, w, b, **CONV),
        True,
    ),
    Case(
        "conv2d of one image",
        ((4, 7, 8), (6, 4, 3, 2)),
        lambda x, w, out=None: A.conv2d(x, w, padding="same", out=out),
        lambda T, x, w: T.nn.functional.conv2d(x, w, padding="same"),
        True,
    ),
    Case(
        "conv3d",
        ((2, 2, 5, 6, 4), (4, 1, 2, 3, 2), (4,)),
        lambda x, w, b, out=None: A.conv3d(x, w, b, (2, 1, 1), 1, groups=2, out=out),
        lambda T, x, w, b: T.nn.functional.conv3d(x, w, b, (2, 1, 1), 1, groups=2),
        True,
    ),
    Case(
        "conv1d_input",
        ((6, 2, 3), (2, 6, 4)),
        lambda w, gy, out=None: A.conv1d_input((2, 4, 9), w, gy, 2, 1, 2, 2, out=out),
        lambda T, w, gy: T.nn.grad.conv1d_input((2, 4, 9), w, gy, 2, 1, 2, 2),
        True,
    ),
    Case(
        "conv1d_weight",
        ((2, 4, 9), (2, 6, 4)),
        lambda x, gy, out=None: A.conv1d_weight(x, (6, 2, 3), gy, 2, 1, 2, 2, out=out),
        lambda T, x, gy: T.nn.grad.conv1d_weight(x, (6, 2, 3), gy, 2, 1, 2, 2),
        True,
    ),
    Case(
        "conv2d_input",
        ((6, 2, 3, 2), (2, 6, 4, 10)),
        lambda w, gy, out=None: A.conv2d_input((2, 4, 7, 8), w, gy, **CONV, out=out),
        lambda T, w, gy: T.nn.grad.conv2d_input((2, 4, 7, 8), w, gy, **CONV),
        True,
    ),
    Case(
        "conv2d_weight",
        ((2, 4, 7, 8), (2, 6, 4, 10)),
        lambda x, gy, out=None: A.conv2d_weight(x, (6, 2, 3, 2), gy, **CONV, out=out),
        lambda T, x, gy: T.nn.grad.conv2d_weight(x, (6, 2, 3, 2), gy, **CONV),
        True,
    ),
    Case(
        "conv3d_input",
        ((4, 1, 2, 3, 2), (2, 4, 3, 6, 5)),
        lambda w, gy, out=None: A.conv3d_input((2, 2, 5, 6, 4), w, gy, (2, 1, 1), 1, 1, 2, out=out),
        lambda T, w, gy: T.nn.grad.conv3d_input((2, 2, 5, 6, 4), w, gy, (2, 1, 1), 1, 1, 2),
        True,
    ),
    Case(
        "conv3d_weight",
        ((2, 2, 5, 6, 4), (2, 4, 3, 6, 5)),
        lambda x, gy, out=None: A.conv3d_weight(x, (4, 1, 2, 3, 2), gy, (2, 1, 1), 1, 1, 2, out=out),
        lambda T, x, gy: T.nn.grad.conv3d_weight(x, (4, 1, 2, 3, 2), gy, (2, 1, 1), 1, 1, 2),
        True,
    ),
    Case(
        "conv_transpose2d",
        ((2, 4, 5, 4), (4, 3, 3, 2), (6,)),
        lambda x, w, b, out=None: A.conv_transpose2d(x, w, b, 2, 1, (1, 0), 2, (1, 2), out=out),
        lambda T, x, w, b: T.nn.functional.conv_transpose2d(x, w, b, 2, 1, (1, 0), 2, (1, 2)),
        True,
    ),
    Case(
        "conv_transpose2d padded as far as the dilation",
        ((4, 5, 4), (4, 3, 3, 2)),
        lambda x, w, out=None: A.conv_transpose2d(x, w, None, 1, 0, 1, 1, 2, out=out),
        lambda T, x, w: T.nn.functional.conv_transpose2d(x, w, None, 1, 0, 1, 1, 2),
        True,
    ),
    Case(
        "max_pool2d",
        (SHAPE,),
        lambda x, out=None: A.max_pool2d(x, 3, 2, 1, ceil_mode=True, out=out),
        lambda T, x: T.nn.functional.max_pool2d(x, 3, 2, 1, 1, True, True),
    ),
    Case(
        "max_pool2d of one image",
        (SHAPE[1:],),
        lambda x, out=None: A.max_pool2d(x, (3, 2), dilation=2, out=out),
        lambda T, x: T.nn.functional.max_pool2d(x, (3, 2), dilation=2, return_indices=True),
    ),
    Case(
        "max_pool2d_grad",
        (SHAPE, (2, 5, 5, 4)),
        lambda x, gy, indices, out=None: A.max_pool2d_grad(gy, indices, SHAPE, out=out),
        lambda T, x, gy, indices: vjp(lambda x: T.nn.functional.max_pool2d(x, 3, 2, 1), 0, gy, x),
        more=lambda x, gy: window(x),
    ),
    Case(
        "avg_pool2d",
        (SHAPE,),
        lambda x, out=None: A.avg_pool2d(x, (3, 2), 2, (1, 0), True, False, out=out),
        lambda T, x: T.nn.functional.avg_pool2d(x, (3, 2), 2, (1, 0), True, False),
    ),
    Case(
        "avg_pool2d_grad",
        (SHAPE, (2, 5, 5, 4)),
        lambda x, gy, out=None: A.avg_pool2d_grad(gy, x.shape, (3, 2), 2, (1, 0), True, False, out=out),
        lambda T, x, gy: vjp(lambda x: T.nn.functional.avg_pool2d(x, (3, 2), 2, (1, 0), True, False), 0, gy, x),
    ),
    Case(
        "avg_pool2d by a divisor",
        (SHAPE[1:],),
        lambda x, out=None: A.avg_pool2d(x, 3, divisor_override=5, out=out),
        lambda T, x: T.nn.functional.avg_pool2d(x, 3, divisor_override=5),
    ),
    Case(
        "adaptive_avg_pool2d",
        (SHAPE,),
        lambda x, out=None: A.adaptive_avg_pool2d(x, (4, None), out=out),
        lambda T, x: T.nn.functional.adaptive_avg_pool2d(x, (4, None)),
    ),
    Case(
        "adaptive_avg_pool2d_grad",
        (SHAPE, (2, 5, 4, 3)),
        lambda x, gy, out=None: A.adaptive_avg_pool2d_grad(gy, x.shape, out=out),
        lambda T, x, gy: vjp(lambda x: T.nn.functional.adaptive_avg_pool2d(x, (4, 3)), 0, gy, x),
    ),
    Case(
        "unfold",
        (SHAPE,),
        lambda x, out=None: A.unfold(x, (3, 2), 1, 1, (2, 1), out=out),
        lambda T, x: T.nn.functional.unfold(x, (3, 2), 1, 1, (2, 1)),
    ),
    Case(
        "fold",
        ((2, 30, 45),),
        lambda x, out=None: A.fold(x, (9, 8), (3, 2), 1, 1, (2, 1), out=out),
        lambda T, x: T.nn.functional.fold(x, (9, 8), (3, 2), 1, 1, (2, 1)),
    ),
    Case(
        "batch_norm",
        ((4, 3, 5, 2), (3,), (3,)),
        lambda x, w, b, out=None: A.batch_norm(x, w, b, 1e-3, out=out),
        lambda T, x, w, b: T.native_batch_norm(x, w, b, None, None, True, 0.1, 1e-3),
    ),
    Case(
        "batch_norm_eval",
        ((4, 3, 5), (3,), (3,), (3,)),
        lambda x, w, b, mean, var, out=None: A.batch_norm_eval(x, mean, var, w, b, out=out),
        lambda T, x, w, b, mean, var: T.nn.functional.batch_norm(x, mean, var, w, b),
        more=lambda x, w, b, mean: (abs(mean) + x.dtype.type(0.5),),
    ),
    Case(
        "batch_norm_grad",
        ((4, 3, 5), (4, 3, 5), (3,)),
        lambda gy, x, w, mean, invstd, out=None: A.batch_norm_grad(gy, x, mean, invstd, w, out=out),
        lambda T, gy, x, w, *_: tuple(
            vjp(lambda x, w, b: T.nn.functional.batch_norm(x, None, None, w, b, True), at, gy, x, w, T.zeros_like(w))
            for at in (0, 1, 2)
        ),
        more=statistics,
    ),
    Case(
        "linear",
        ((2, 3, 7), (5, 7), (5,)),
        lambda x, w, b, out=None: A.linear(x, w, b, out=out),
        lambda T, x, w, b: T.nn.functional.linear(x, w, b),
        True,
    ),
    Case(
        "linear_input",
        ((5, 7), (2, 3, 5)),
        lambda w, gy, out=None: A.linear_input(w, gy, out=out),
        lambda T, w, gy: gy @ w,
        True,
    ),
    Case(
        "linear_weight",
        ((2, 3, 7), (2, 3, 5)),
        lambda x, gy, out=None: A.linear_weight(x, gy, out=out),
        lambda T, x, gy: gy.reshape(6, 5).T @ x.reshape(6, 7),
        True,
    ),
    Case(
        "bias_grad",
        ((4, 3, 5, 2),),
        lambda gy, out=None: A.bias_grad(gy, out=out),
        lambda T, gy: gy.sum((0, 2, 3)),
        True,
    ),
    Case("relu", ((3, 4),), lambda x, out=None: A.relu(x, out=out), lambda T, x: T.relu(x)),
    Case("sigmoid", ((3, 4),), lambda x, out=None: A.sigmoid(x, out=out), lambda T, x: T.sigmoid(x)),
    Case("tanh", ((3, 4),), lambda x, out=None: A.tanh(x, out=out), lambda T, x: T.tanh(x)),
    Case(
        "relu_grad",
        ((3, 4), (3, 4)),
        lambda gy, y, out=None: A.relu_grad(gy, y, out=out),
        lambda T, gy, y: vjp(T.relu, 0, gy, y),
    ),
    Case(
        "sigmoid_grad",
        ((3, 4), (3, 4)),
        lambda gy, y, out=None: A.sigmoid_grad(gy, y, out=out),
        lambda T, gy, y: T.ops.aten.sigmoid_backward(gy, y),
    ),
    Case(
        "tanh_grad",
        ((3, 4), (3, 4)),
        lambda gy, y, out=None: A.tanh_grad(gy, y, out=out),
        lambda T, gy, y: T.ops.aten.tanh_backward(gy, y),
    ),
    Case("softmax", ((3, 4, 2),), lambda x, out=None: A.softmax(x, 1, out=out), lambda T, x: T.softmax(x, 1)),
    Case(
        "softmax_grad",
        ((3, 4, 2), (3, 4, 2)),
        lambda gy, y, out=None: A.softmax_grad(gy, y, -1, out=out),
        lambda T, gy, y: T.ops.aten._softmax_backward_data(gy, y, -1, y.dtype),
    ),
    Case(
        "log_softmax", ((3, 4, 2),), lambda x, out=None: A.log_softmax(x, 1, out=out), lambda T, x: T.log_softmax(x, 1)
    ),
    Case(
        "log_softmax_grad",
        ((3, 4, 2), (3, 4, 2)),
        lambda gy, y, out=None: A.log_softmax_grad(gy, y, 0, out=out),
        lambda T, gy, y: T.ops.aten._log_softmax_backward_data(gy, y, 0, y.dtype),
    ),
    Case(
        "cross_entropy",
        ((4, 5, 3), (5,)),
        lambda x, w, t, out=None: A.cross_entropy(x, t, w, label_smoothing=0.1, out=out),
        lambda T, x, w, t: T.nn.functional.cross_entropy(x, t, w, label_smoothing=0.1),
        more=classes,
    ),
    Case(
        "cross_entropy of each",
        ((4, 5, 3),),
        lambda x, t, out=None: A.cross_entropy(x, t, reduction="none", out=out),
        lambda T, x, t: T.nn.functional.cross_entropy(x, t, reduction="none"),
        more=classes,
    ),
    Case(
        "cross_entropy_grad",
        ((4, 5, 3), (), (5,)),
        lambda x, gy, w, t, out=None: A.cross_entropy_grad(gy, x, t, w, label_smoothing=0.1, out=out),
        lambda T, x, gy, w, t: vjp(lambda x: T.nn.functional.cross_entropy(x, t, w, label_smoothing=0.1), 0, gy, x),
        more=classes,
    ),
    Case(
        "cross_entropy_grad of each",
        ((4, 5, 3), (4, 3)),
        lambda x, gy, t, out=None: A.cross_entropy_grad(gy, x, t, reduction="none", out=out),
        lambda T, x, gy, t: vjp(lambda x: T.nn.functional.cross_entropy(x, t, reduction="none"), 0, gy, x),
        more=classes,
    ),
]
