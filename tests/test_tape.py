"""The tape: backward, grad, hooks, modes, freeing; each program runs on torch and on scratchnet."""

from typing import Any

import numpy as np
import pytest
from parity import needs_torch
from programs import refuse, same_program

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")


def leaf(T: Any, *values: float) -> Any:
    return T.tensor(values or (1.0, 2.0, 3.0), dtype=T.float64, requires_grad=True)


@same_program
def test_shared_gradients_add_up(T: Any) -> Any:
    x = leaf(T)
    y = x * x
    (y * x + y).sum().backward()
    return x.grad


@same_program
def test_second_backward_adds_to_grad(T: Any) -> Any:
    x = leaf(T)
    (x * 2).sum().backward()
    first = x.grad.clone()
    (x * x).sum().backward()
    return first, x.grad


@same_program
def test_retain_graph_runs_twice(T: Any) -> Any:
    x = leaf(T)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


@same_program
def test_graph_without_saved_values_runs_twice(T: Any) -> Any:
    x = leaf(T)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return x.grad


@same_program
def test_third_derivative(T: Any) -> Any:
    x = leaf(T)
    (first,) = T.autograd.grad((x**4).sum(), x, create_graph=True)
    (second,) = T.autograd.grad(first.sum(), x, create_graph=True)
    (third,) = T.autograd.grad(second.sum(), x)
    return first, second, third


@same_program
def test_create_graph_keeps_grad_on_the_tape(T: Any) -> Any:
    x = leaf(T)
    with pytest.warns(UserWarning, match="create_graph=True will create a reference cycle"):
        (x**3).sum().backward(create_graph=True)
    (second,) = T.autograd.grad(x.grad.sum(), x)
    return x.grad.requires_grad, second


@same_program
def test_grad_of_several_outputs_with_gradients(T: Any) -> Any:
    x, w = leaf(T), leaf(T, 0.5, -1.0, 2.0)
    return T.autograd.grad([x * w, w.sum()], [x, w], [leaf(T, 1.0, 2.0, -1.0), None])


@same_program
def test_grad_of_an_intermediate(T: Any) -> Any:
    x = leaf(T)
    y = x * 2
    z = y * y
    return T.autograd.grad(z.sum(), [y, x])


@same_program
def test_backward_to_named_inputs_only(T: Any) -> Any:
    x, w = leaf(T), leaf(T, 0.5, -1.0, 2.0)
    (x * w).sum().backward(inputs=[w])
    return w.grad, x.grad is None


@same_program
def test_unused_inputs(T: Any) -> Any:
    x, w = leaf(T), leaf(T, 1.0)
    unused = T.autograd.grad(x.sum(), [x, w], allow_unused=True)[1]
    zeros = T.autograd.grad(x.sum(), [x, w], materialize_grads=True)[1]
    return unused is None, zeros


@same_program
def test_hooks_change_gradients_in_order(T: Any) -> Any:
    x = leaf(T)
    y = x * 3
    y.register_hook(lambda g: g * 2)
    handle = y.register_hook(lambda g: g + 100)
    y.register_hook(lambda g: g + 1)
    handle.remove()
    x.register_hook(lambda g: -g)
    y.retain_grad()
    (y * y).sum().backward()
    return x.grad, y.grad, y.retains_grad


@same_program
def test_post_accumulate_hook_sees_the_grad(T: Any) -> Any:
    x, seen = leaf(T), []
    x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.clone()))
    (x * x).sum().backward()
    return seen


@same_program
def test_modes(T: Any) -> Any:
    x = leaf(T)
    with T.no_grad():
        a = x * 2
        with T.enable_grad():
            b = x * 2
    with T.inference_mode():
        c = x * 2
    with T.set_grad_enabled(False):
        d = x * 2

    @T.no_grad()
    def decorated() -> bool:
        return bool((x * 2).requires_grad)

    @T.no_grad
    def bare() -> bool:
        return bool((x * 2).requires_grad)

    flags = [a.requires_grad, b.requires_grad, c.requires_grad, d.requires_grad, decorated(), bare()]
    return flags, c.is_inference(), T.is_grad_enabled()


@same_program
def test_detach_cuts_and_shares_memory(T: Any) -> Any:
    x = leaf(T)
    y = (x * 2).detach()
    z = x.detach()
    z[0] = 7.0
    return y.requires_grad, y.is_leaf, x


@same_program
def test_integers_carry_no_gradient(T: Any) -> Any:
    x = leaf(T)
    return x.argmax().requires_grad, (x > 1).requires_grad, x.to(T.int64).requires_grad


@same_program
def test_gradient_arrives_in_the_inputs_dtype(T: Any) -> Any:
    x = T.tensor([1.0, 2.0], dtype=T.float32, requires_grad=True)
    (x.double() * 3.0).sum().backward()
    (x * T.tensor(2.0, dtype=T.float64)).sum().backward()
    return x.grad


@same_program
def test_grad_does_not_share_memory(T: Any) -> Any:
    x, w = leaf(T), leaf(T)
    given = T.ones(3, dtype=T.float64)
    (x + w).backward(given)
    x.grad[0] = 9.0
    return w.grad, given


@same_program
def test_next_functions(T: Any) -> Any:
    x = leaf(T)
    y = (x * 2).grad_fn
    return (
        y.name(),
        y.next_functions[0][0].name().split("::")[-1],
        y.next_functions[1],
        (x + x).grad_fn.next_functions[0][1],
    )


@needs_torch
@pytest.mark.parametrize(
    ("program", "phrase"),
    [
        (lambda T: (leaf(T) * 2).backward(), "grad can be implicitly created only for scalar outputs"),
        (lambda T: T.ones(2).sum().backward(), "does not require grad and does not have a grad_fn"),
        (lambda T: T.autograd.grad(leaf(T).sum(), leaf(T)), "not have been used in the graph"),
        (lambda T: (leaf(T) * 2).backward(T.ones(2)), "Mismatch in shape: grad_output[0]"),
        (lambda T: T.ones(2, dtype=T.int64).requires_grad_(), "can require gradients"),
        (lambda T: setattr(leaf(T) * 2, "requires_grad", False), "only change requires_grad flags of leaf variables"),
        (lambda T: setattr(leaf(T), "grad", T.ones(2, dtype=T.float64)), "assign a gradient of size '[2]'"),
        (lambda T: setattr(leaf(T), "grad", T.ones(3)), "assign a gradient with dtype"),
        (lambda T: T.ones(2).retain_grad(), "can't retain_grad"),
        (lambda T: T.ones(2).register_hook(print), "doesn't require gradient"),
        (lambda T: leaf(T).cpu().numpy(), "Use tensor.detach().numpy() instead"),
        (lambda T: leaf(T).backward(inputs=[]), "cannot be empty"),
        (lambda T: T.autograd.grad([leaf(T).sum()], [T.ones(2)]), "does not require grad"),
    ],
)
def test_refusals(program: Any, phrase: str) -> None:
    refuse(program, phrase)


@needs_torch
def test_freed_graph_raises() -> None:
    def program(T: Any) -> None:
        y = (leaf(T) ** 2).sum()
        y.backward()
        y.backward()

    refuse(program, "backward through the graph a second time")


@needs_torch
def test_inference_tensors_stay_off_the_tape() -> None:
    def save(T: Any) -> None:
        with T.inference_mode():
            constant = T.ones(3, dtype=T.float64)
        leaf(T) * constant

    def write(T: Any) -> None:
        with T.inference_mode():
            constant = T.ones(3)
        constant.add_(1)

    refuse(save, "Inference tensors cannot be saved for backward")
    refuse(write, "Inplace update to inference tensor outside InferenceMode")


def test_deep_graph_needs_no_recursion() -> None:
    x = sn.tensor([1.0], requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.item() == 1.0
    del y  # the chain is taken apart without recursion, too


def test_only_needed_gradients_are_computed() -> None:
    calls = []

    class Spy(sn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x.clone()

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            calls.append("spy")
            return gy

    x, w = sn.ones(2, requires_grad=True), sn.ones(2, requires_grad=True)
    sn.autograd.grad((Spy.apply(x) * w).sum(), w)
    assert calls == []


def test_anomaly_names_operation_line_and_index_forward() -> None:
    x = sn.tensor([1.0, -1.0], requires_grad=True)
    with (
        sn.autograd.set_detect_anomaly(True),
        pytest.raises(RuntimeError, match=r"'Log' returned nan .* index \(1,\)") as error,
    ):
        x.log()  # the guilty line
    assert "the guilty line" in str(error.value)
    assert not sn.autograd.is_anomaly_enabled()


def test_anomaly_names_operation_line_and_index_backward() -> None:
    x = sn.tensor([[1.0, 0.0]], requires_grad=True)
    with sn.autograd.detect_anomaly():
        y = x.sqrt()  # slope infinite at 0
        with pytest.raises(RuntimeError, match=r"'SqrtBackward0' returned nan .* index \(0, 1\)") as error:
            (y * 0.0).sum().backward()
    assert "slope infinite at 0" in str(error.value)


def test_anomaly_off_lets_nan_pass() -> None:
    x = sn.tensor([-1.0], requires_grad=True)
    x.log().sum().backward()
    assert x.grad is not None
    assert np.isfinite(x.grad.tolist()).all()


def test_threads_have_their_own_grad_mode() -> None:
    from threading import Thread

    seen = []
    with sn.no_grad():
        thread = Thread(target=lambda: seen.append(sn.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]
