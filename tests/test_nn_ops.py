"""What the op table can't say of the network ops: node names, third derivatives, warnings, running statistics."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet.nn import functional as F

pytestmark = pytest.mark.usefixtures("device")

X = (2, 3, 6, 5)
INDEX = np.array([1, 0])


def leaf(engine: Any, *shape: int, seed: int = 0) -> Any:
    """Normal numbers in float64 that ask for a gradient."""
    array = np.random.default_rng(seed + sum(shape)).standard_normal(shape)
    return engine.tensor(array).requires_grad_()


def target(engine: Any) -> Any:
    return engine.tensor(INDEX)


NODES: dict[str, Callable[[Any, Any], Any]] = {
    "conv2d": lambda T, f: f.conv2d(leaf(T, *X), leaf(T, 4, 3, 3, 3)),
    "conv_transpose2d": lambda T, f: f.conv_transpose2d(leaf(T, *X), leaf(T, 3, 4, 3, 3)),
    "unfold": lambda T, f: f.unfold(leaf(T, *X), 3),
    "fold": lambda T, f: f.fold(leaf(T, 2, 27, 12), (6, 5), 3),
    "max_pool2d": lambda T, f: f.max_pool2d(leaf(T, *X), 2),
    "avg_pool2d": lambda T, f: f.avg_pool2d(leaf(T, *X), 2),
    "adaptive_avg_pool2d": lambda T, f: f.adaptive_avg_pool2d(leaf(T, *X), 2),
    "relu": lambda T, f: f.relu(leaf(T, 3)),
    "sigmoid": lambda T, f: T.sigmoid(leaf(T, 3)),
    "tanh": lambda T, f: T.tanh(leaf(T, 3)),
    "softmax": lambda T, f: f.softmax(leaf(T, 3), 0),
    "log_softmax": lambda T, f: f.log_softmax(leaf(T, 3), 0),
    "dropout": lambda T, f: f.dropout(leaf(T, 3)),
    "nll_loss": lambda T, f: f.nll_loss(leaf(T, 2, 3), target(T)),
    "nll_loss of images": lambda T, f: f.nll_loss(leaf(T, 2, 3, 1), target(T).reshape(2, 1)),
    "mse_loss": lambda T, f: f.mse_loss(leaf(T, 3), leaf(T, 3, seed=1)),
    "batch_norm": lambda T, f: f.batch_norm(leaf(T, *X), None, None, training=True),
    "batch_norm, evaluation": lambda T, f: f.batch_norm(leaf(T, *X), T.zeros(3).double(), T.ones(3).double()),
    "linear": lambda T, f: f.linear(leaf(T, 2, 3), leaf(T, 4, 3), leaf(T, 4)),
    "linear without bias": lambda T, f: f.linear(leaf(T, 2, 3), leaf(T, 4, 3)),
    "pad": lambda T, f: f.pad(leaf(T, *X), (1, 1)),
    "pad, reflect": lambda T, f: f.pad(leaf(T, *X), (1, 1, 1, 1), mode="reflect"),
    "pad, replicate": lambda T, f: f.pad(leaf(T, *X[1:]), (1, 1), mode="replicate"),
}


@needs_torch
@pytest.mark.parametrize("name", NODES)
def test_node_names(name: str) -> None:
    ours, theirs = NODES[name](sn, F), NODES[name](torch, torch.nn.functional)
    assert ours.grad_fn.name() == theirs.grad_fn.name()


def test_fused_cross_entropy_names_itself() -> None:
    assert F.cross_entropy(leaf(sn, 2, 3), target(sn)).grad_fn.name() == "SoftmaxCrossEntropyBackward0"


def norm(T: Any, f: Any, x: Any, weight: Any) -> Any:
    """Ours fused, torch's composed: the third derivative of torch's own takes the statistics for constants."""
    if T is sn:
        return f.batch_norm(x, None, None, weight, training=True)
    centred = x - x.mean((0, 2, 3), keepdim=True)
    return centred / ((centred**2).mean((0, 2, 3), keepdim=True) + 1e-5).sqrt() * weight.reshape(-1, 1, 1)


def smoothed(T: Any, f: Any, x: Any) -> Any:
    """cross_entropy with all its arguments."""
    return f.cross_entropy(x, target(T), leaf(T, 3).detach() ** 2, label_smoothing=0.1)


THIRD: dict[str, tuple[Callable[[Any, Any, Any], Any], tuple[int, ...]]] = {
    "batch_norm": (lambda T, f, x: norm(T, f, x, leaf(T, 3)), X),
    "batch_norm of a product": (lambda T, f, x: norm(T, f, x * x, x.sum((0, 2, 3))), X),
    "softmax": (lambda T, f, x: f.softmax(x, 1), (2, 3)),
    "log_softmax": (lambda T, f, x: f.log_softmax(x, 1), (2, 3)),
    "logsumexp": (lambda T, f, x: T.logsumexp(x, 1), (2, 3)),
    "cross_entropy": (
        lambda T, f, x: f.cross_entropy(x, target(T), leaf(T, 3).detach() ** 2, label_smoothing=0.1),
        (2, 3),
    ),
    "sigmoid": (lambda T, f, x: T.sigmoid(x), (2, 3)),
    "tanh": (lambda T, f, x: T.tanh(x), (2, 3)),
    "conv2d": (
        lambda T, f, x: f.conv2d(x * x, x[:, :, :3, :2].sum(0, keepdim=True) * leaf(T, 4, 1, 1, 1), stride=2),
        X,
    ),
    "conv_transpose2d": (lambda T, f, x: f.conv_transpose2d(x * x, x[0, :, :3, :2].unsqueeze(1), stride=2), X),
    "linear": (lambda T, f, x: f.linear(x * x, x[:2], x[0, :2]), (3, 4)),
    "max_pool2d": (lambda T, f, x: f.max_pool2d(x**4, 2), X),
    "avg_pool2d": (lambda T, f, x: f.avg_pool2d(x**4, 2), X),
    "mse_loss": (lambda T, f, x: f.mse_loss(x**2, x**3), (2, 3)),
}


@needs_torch
@pytest.mark.parametrize("name", THIRD)
def test_third_derivatives(name: str) -> None:
    found = []
    for engine, f in ((sn, F), (torch, torch.nn.functional)):
        x = leaf(engine, *THIRD[name][1], seed=7)
        y = THIRD[name][0](engine, f, x)
        for order in range(3):
            weights = engine.tensor(np.random.default_rng(order).standard_normal(tuple(y.shape)))
            (y,) = engine.autograd.grad((y * weights).sum(), x, create_graph=True)
        found.append(to_numpy(y))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-8, atol=1e-8)


def test_batch_norm_changes_the_running_statistics_in_place() -> None:
    mean, var = sn.zeros(3), sn.ones(3)
    memory, versions = (mean.detach(), var.detach()), (mean._version, var._version)
    F.batch_norm(sn.randn(4, 3), mean, var, training=True)
    assert memory[0].any().item()
    assert not (memory[1] == 1).any().item()
    assert mean._version > versions[0]
    assert var._version > versions[1]


def test_batch_norm_in_evaluation_leaves_them() -> None:
    mean, var = sn.zeros(3), sn.ones(3)
    F.batch_norm(sn.randn(4, 3), mean, var)
    assert not mean.any().item()
    assert mean._version == 0


def test_an_error_leaves_the_running_statistics() -> None:
    mean, var = sn.zeros(3), sn.ones(3)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        F.batch_norm(sn.randn(1, 3), mean, var, training=True)
    assert not mean.any().item()
    assert mean._version == var._version == 0


def test_dropout_gives_the_input_itself_where_nothing_drops() -> None:
    x = sn.randn(3)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x


@needs_torch
def test_dropout_draws_in_the_order_of_memory(device: str) -> None:
    if device != "cpu":
        pytest.skip("a GPU draws from a stream of its own")
    array = np.ones((5, 4, 3), np.float32).transpose(2, 0, 1)
    torch.manual_seed(3)
    sn.manual_seed(3)
    theirs = torch.nn.functional.dropout(torch.from_numpy(array)).numpy()
    assert np.array_equal(F.dropout(sn.from_numpy(array)).numpy(), theirs)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: F.mse_loss(sn.zeros(3, 2), sn.zeros(2)),
            r"target size \(scratchnet.Size\(\[2\]\)\) that is different",
        ),
        (lambda: F.softmax(sn.zeros(2, 3)), "Implicit dimension choice for softmax"),
        (lambda: F.log_softmax(sn.zeros(2, 3)), "Implicit dimension choice for log_softmax"),
        (lambda: F.mse_loss(sn.zeros(3), sn.zeros(3), False), "please use reduction='sum' instead"),
        (lambda: F.cross_entropy(sn.zeros(2, 3), target(sn), reduce=False), "please use reduction='none' instead"),
        (lambda: F.nll_loss(sn.zeros(2, 3), target(sn), None, True), "please use reduction='mean' instead"),
        (lambda: F.dropout2d(sn.zeros(2, 3)), "Received a 2-D input to dropout2d"),
    ],
)
def test_warnings_point_at_the_caller(call: Callable[[], Any], text: str) -> None:
    with pytest.warns(UserWarning, match=text) as caught:
        call()
    assert caught[0].filename == __file__


def test_padding_same_gives_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert F.conv2d(sn.zeros(1, 1, 5, 4), sn.zeros(1, 1, 4, 2), padding="same").shape == (1, 1, 5, 4)


def test_negative_label_smoothing_is_refused() -> None:
    with pytest.raises(RuntimeError, match="label_smoothing must be between 0.0 and 1.0.*use 0.0"):
        F.cross_entropy(sn.zeros(2, 3), target(sn), label_smoothing=-0.1)
