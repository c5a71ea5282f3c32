"""NumPy's warnings: none of our own operations', all of what a user's code does within a backward pass."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import scratchnet as sn


def divide_by_zero(gradient: Any) -> None:
    """What a user might write on arrays; and one of our operations, which stays silent."""
    sn.zeros(1) / sn.zeros(1)
    np.ones(1) / np.zeros(1)


class Loud(sn.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: sn.Tensor) -> sn.Tensor:
        return x * 1

    @staticmethod
    def backward(ctx: Any, gy: sn.Tensor) -> sn.Tensor:
        divide_by_zero(gy)
        return gy


def in_function(x: sn.Tensor) -> sn.Tensor:
    return Loud.apply(x)


def in_hook_of_leaf(x: sn.Tensor) -> sn.Tensor:
    x.register_hook(divide_by_zero)
    return x * 1


def in_hook_of_result(x: sn.Tensor) -> sn.Tensor:
    y = x * 1
    y.register_hook(divide_by_zero)
    return y


def in_hook_after_accumulation(x: sn.Tensor) -> sn.Tensor:
    x.register_post_accumulate_grad_hook(divide_by_zero)
    return x * 1


def in_hook_of_module(x: sn.Tensor) -> sn.Tensor:
    module = sn.nn.Identity()
    module.register_full_backward_hook(lambda *args: divide_by_zero(args))
    return module(x)


@pytest.mark.parametrize(
    "program", [in_function, in_hook_of_leaf, in_hook_of_result, in_hook_after_accumulation, in_hook_of_module]
)
def test_what_users_code_divides_by_zero_is_heard_once(program: Callable[[sn.Tensor], sn.Tensor]) -> None:
    loss = program(sn.ones(3, requires_grad=True)).sum()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        loss.backward()
    assert [str(warning.message) for warning in heard] == ["divide by zero encountered in divide"]
    loss = program(sn.ones(3, requires_grad=True)).sum()
    with np.errstate(divide="ignore"):  # the caller's own choice holds within the pass
        loss.backward()


def test_our_own_gradients_are_silent() -> None:
    x = sn.zeros(3, requires_grad=True)
    (1 / x + x.log() + x / x).sum().backward()
    assert x.grad is not None
    assert x.grad.isnan().all()
