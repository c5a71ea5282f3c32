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
