"""Whose memory a leaf's gradient is, on the CPU: taken over where nobody else holds it, copied where somebody does."""

from typing import Any

import numpy as np
import pytest

import scratchnet as sn


def test_a_gradient_that_somebody_else_holds_is_copied() -> None:
    kept: list[Any] = []

    class Keeping(sn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: sn.Tensor) -> sn.Tensor:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gy: sn.Tensor) -> sn.Tensor:
            gx = gy * 2
            kept.append(hold(gx))
            return gx

    holds: list[Any] = [lambda gx: gx, lambda gx: gx.array, lambda gx: gx.array[1:], lambda gx: gx.detach()]
    while holds:
        hold = holds.pop()
        x = sn.ones(3, requires_grad=True)
        Keeping.apply(x).sum().backward()
        assert x.grad is not None
        x.grad.zero_()
        assert float(np.asarray(kept[-1].array if isinstance(kept[-1], sn.Tensor) else kept[-1]).min()) == 2


def test_gradients_of_two_leaves_and_of_arrays_from_outside_are_apart() -> None:
    x, y = sn.ones(3, requires_grad=True), sn.ones(3, requires_grad=True)
    outside = np.full(3, 5, np.float32)
    (x + y).backward(sn.from_numpy(outside))
    assert x.grad is not None
    assert y.grad is not None
    x.grad.zero_()
    assert y.grad.tolist() == [5, 5, 5]
    y.grad.zero_()
    assert outside.tolist() == [5, 5, 5]
    x.grad = None
    x.backward(sn.from_numpy(outside))
    x.grad.zero_()
    assert outside.tolist() == [5, 5, 5]


def test_a_gradient_that_nobody_else_holds_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    def copying(array: Any) -> Any:
        raise AssertionError("copied")

    monkeypatch.setattr("scratchnet.autograd.core.copied", copying)
    layers = sn.nn.Sequential(sn.nn.Conv2d(2, 3, 3), sn.nn.Flatten(), sn.nn.Linear(12, 4))
    layers(sn.ones(5, 2, 4, 4)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in layers.parameters())


@pytest.mark.parametrize("name", ["relu", "sigmoid"])
def test_a_gradient_is_written_over_one_that_nobody_else_holds(name: str) -> None:
    seen: list[Any] = []
    x = sn.randn(4, 5, requires_grad=True)
    function = getattr(sn, name)
    function(x.square()).square().sum().backward()
    alone, x.grad = x.grad, None

    between = function(x.square())
    between.register_hook(seen.append)  # now somebody holds what arrives at the function
    between.square().sum().backward()
    (held,) = seen
    assert x.grad is not None
    np.testing.assert_array_equal(held.array, 2 * between.detach().array)
    np.testing.assert_array_equal(x.grad.array, alone.array)

    given = sn.ones(4, 5)
    x.grad = None
    function(x.square()).backward(given)
    assert given.tolist() == [[1.0] * 5] * 4

    shared = function(x.square())
    (shared + shared.relu()).sum().backward()  # one gradient for two
    x.grad = None
    y = sn.ones(4, 5, requires_grad=True)
    (function(x.square()) + y).backward(sn.full((4, 5), 3.0))
    assert y.grad is not None
    assert y.grad.tolist() == [[3.0] * 5] * 4


def test_the_kernel_writes_over_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    from scratchnet.kernels.cpu import activation

    relu_grad, places = activation.relu_grad, []

    def watched(gy: Any, y: Any, out: Any = None) -> Any:
        places.append(out is gy)
        return relu_grad(gy, y, out)

    monkeypatch.setattr(activation, "relu_grad", watched)
    x = sn.randn(4, 5, requires_grad=True)
    x.square().relu().square().sum().backward()
    with pytest.warns(UserWarning, match="reference cycle"):
        x.square().relu().square().sum().backward(create_graph=True)
    assert places == [True, False]
