"""The mutants are mutants and the right layers are right: what the proof of the gradient checker rests on.

Right: the forward and the gradients equal torch's. Mutant: the same forward as its right layer, and a backward that is
wrong in the arguments that its row names and in no others, or wrong in the way that its row says.
"""

from functools import partial
from typing import Any

import numpy as np
import pytest
from awkward import AWKWARD
from mutants import MENDED_BY_TORCH, MUTANTS
from mutants_base import Mutant, Right, as_function, as_torch
from numpy_layers import (
    GELU,
    Add,
    BatchNorm2d,
    Concatenate,
    Cos,
    CrossEntropy,
    Cumsum,
    Divide,
    Dropout,
    Exp,
    Gather,
    LayerNorm,
    Linear,
    Matmul,
    Mean,
    Mul,
    ReLU,
    Residual,
    Sigmoid,
    Softmax,
    Square,
    Subtract,
    Sum,
    Swish,
    Tanh,
)
from numpy_layers_conv import AvgPool2d, Conv2d, ConvTranspose2d, MaxPool2d
from parity import needs_torch, torch

import scratchnet as sn

LATER = {"stale_state", "accumulated", "in_place", "layout", "dtype"}  # seen in a second call, in memory, in the dtype

# How torch says what a layer does: (layer, torch, functional, tensors) -> tensor.
TORCH: dict[type, Any] = {
    Conv2d: lambda s, T, F, x, w, b: F.conv2d(x, w, b, s.stride, s.padding, s.dilation, s.groups),
    ConvTranspose2d: lambda s, T, F, x, w: F.conv_transpose2d(x, w, None, s.stride, s.padding),
    AvgPool2d: lambda s, T, F, x: F.avg_pool2d(x, s.kernel, s.stride, s.padding),
    MaxPool2d: lambda s, T, F, x: F.max_pool2d(x, s.kernel, s.stride, s.padding),
    BatchNorm2d: lambda s, T, F, x, w, b: F.batch_norm(x, None, None, w, b, True, eps=s.eps),
    LayerNorm: lambda s, T, F, x, w, b: F.layer_norm(x, x.shape[1:], w, b, s.eps),
    Linear: lambda s, T, F, x, w, b: F.linear(x, w, b),
    Matmul: lambda s, T, F, a, b: a @ b,
    Softmax: lambda s, T, F, x: T.softmax(x, s.axis),
    CrossEntropy: lambda s, T, F, x: F.cross_entropy(x, T.tensor(s.labels), label_smoothing=s.smoothing),
    Add: lambda s, T, F, x, y: x + y,
    Subtract: lambda s, T, F, x, y: x - y,
    Mul: lambda s, T, F, x, y: x * y,
    Divide: lambda s, T, F, x, y: x / y,
    Sum: lambda s, T, F, x: x.sum(s.axis),
    Mean: lambda s, T, F, x: x.mean(s.axis),
    Residual: lambda s, T, F, x, w: x + T.tanh(x @ w),
    Gather: lambda s, T, F, x: F.embedding(T.tensor(s.indices), x),
    Concatenate: lambda s, T, F, a, b: T.cat([a, b], 1),
    Cumsum: lambda s, T, F, x: T.cumsum(x, -1),
    Dropout: lambda s, T, F, x: x * T.tensor(s.mask) / (1 - s.p),
    Sigmoid: lambda s, T, F, x: T.sigmoid(x),
    Tanh: lambda s, T, F, x: T.tanh(x),
    ReLU: lambda s, T, F, x: F.relu(x),
    Exp: lambda s, T, F, x: T.exp(x),
    Cos: lambda s, T, F, x: T.cos(x),
    Square: lambda s, T, F, x: x**2,
    Swish: lambda s, T, F, x: F.silu(x),
    GELU: lambda s, T, F, x: F.gelu(x, approximate="tanh"),
}

each_mutant = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
each_right = pytest.mark.parametrize("right", AWKWARD, ids=lambda right: right.name)


def gradients(layer: Any, gy: np.ndarray) -> tuple[Any, ...]:
    made = layer.backward(gy)
    return made if isinstance(made, tuple) else (made,)


def upstream(rng: np.random.Generator, y: Any) -> np.ndarray:
    return np.array(rng.standard_normal(np.shape(y)))


def unlike(wrong: Any, right: np.ndarray) -> bool:
    """Whether a gradient is wrong enough to be called so: by 1e-4 of the largest number, or by its shape."""
    if wrong is None or np.shape(wrong) != np.shape(right):
        return True
    return bool(np.abs(wrong - right).max() > 1e-4 * np.abs(right).max())


def assert_like_torch(layer: Any, inputs: tuple[np.ndarray, ...], formula: Any, rng: np.random.Generator) -> None:
    y = layer.forward(*inputs)
    gy = upstream(rng, y)
    tensors = [torch.tensor(array.copy()) for array in inputs]
    ours = gradients(layer, gy)
    assert len(ours) == len(inputs)
    leaves = [tensor.requires_grad_() for tensor in tensors if tensor.is_floating_point()]
    expected = formula(*tensors)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-9, atol=1e-12 * np.abs(y).max(initial=0))
    theirs = iter(torch.autograd.grad(expected, leaves, torch.tensor(gy)))
    for tensor, gradient in zip(tensors, ours, strict=True):
        if not tensor.is_floating_point():
            assert gradient is None
            continue
        wanted = next(theirs).numpy()
        assert gradient.shape == wanted.shape
        assert gradient.dtype == wanted.dtype
        np.testing.assert_allclose(gradient, wanted, rtol=1e-9, atol=1e-12 * np.abs(wanted).max(initial=0))


@needs_torch
@each_mutant
def test_the_right_layer_equals_torch(mutant: Mutant, rng: np.random.Generator) -> None:
    layer = mutant.reference()
    assert_like_torch(layer, mutant.inputs(rng), partial(TORCH[type(layer)], layer, torch, torch.nn.functional), rng)


@needs_torch
@each_right
def test_awkward_layers_equal_torch(right: Right, rng: np.random.Generator) -> None:
    layer = right.make()
    formula = partial(right.formula, torch) if right.formula else None
    formula = formula or partial(TORCH[type(layer)], layer, torch, torch.nn.functional)
    assert_like_torch(layer, right.inputs(rng), formula, rng)


@each_mutant
def test_mutants_are_wrong_where_they_say(mutant: Mutant, rng: np.random.Generator) -> None:
    inputs = mutant.inputs(rng)
    wrong, right = mutant.make(), mutant.reference()
    assert type(wrong).forward is type(right).forward
    y = wrong.forward(*inputs)
    np.testing.assert_array_equal(y, right.forward(*inputs))
    gy = upstream(rng, y)
    made, expected = gradients(wrong, gy.copy()), gradients(right, gy)
    for slot, (ours, theirs) in enumerate(zip(made, expected, strict=True)):
        if slot in mutant.slots:
            assert unlike(ours, theirs), slot
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6 if mutant.pattern == "dtype" else 1e-12)
    assert mutant.slots or mutant.pattern in LATER


def of_pattern(*patterns: str) -> Any:
    chosen = [mutant for mutant in MUTANTS if mutant.pattern in patterns]
    assert chosen
    return pytest.mark.parametrize("mutant", chosen, ids=lambda mutant: mutant.name)


@of_pattern("factor", "sign")
def test_factors_are_constant(mutant: Mutant, rng: np.random.Generator) -> None:
    inputs = mutant.inputs(rng)
    wrong, right = mutant.make(), mutant.reference()
    gy = upstream(rng, wrong.forward(*inputs))
    right.forward(*inputs)
    for slot in mutant.slots:
        made, expected = gradients(wrong, gy)[slot], gradients(right, gy)[slot]
        factor = (made * expected).sum() / (expected * expected).sum()
        np.testing.assert_allclose(made, factor * expected, rtol=1e-9, atol=1e-12)
        assert factor == pytest.approx(-1) if mutant.pattern == "sign" else factor > 0


@of_pattern("unconnected", "shape")
def test_lost_gradients_and_shapes(mutant: Mutant, rng: np.random.Generator) -> None:
    inputs = mutant.inputs(rng)
    layer = mutant.make()
    made = gradients(layer, upstream(rng, layer.forward(*inputs)))
    for slot in mutant.slots:
        if mutant.pattern == "shape":
            assert made[slot].shape != inputs[slot].shape
        else:
            assert made[slot] is None or not made[slot].any()


@of_pattern("upstream_ignored")
def test_an_upstream_gradient_of_ones_hides_them(mutant: Mutant, rng: np.random.Generator) -> None:
    inputs = mutant.inputs(rng)
    wrong, right = mutant.make(), mutant.reference()
    ones = np.ones_like(wrong.forward(*inputs))
    right.forward(*inputs)
    for ours, theirs in zip(gradients(wrong, ones), gradients(right, ones), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@of_pattern("stale_state", "accumulated")
def test_a_second_call_shows_state(mutant: Mutant, rng: np.random.Generator) -> None:
    wrong, right = mutant.make(), mutant.reference()
    for call in range(2):
        inputs = mutant.inputs(rng)
        gy = upstream(rng, wrong.forward(*inputs))
        right.forward(*inputs)
        pairs = zip(gradients(wrong, gy), gradients(right, gy), strict=True)
        assert any(unlike(ours, theirs) for ours, theirs in pairs) == (call == 1)


@of_pattern("random")
def test_noise_is_new_each_time(mutant: Mutant, rng: np.random.Generator) -> None:
    layer = mutant.make()
    gy = upstream(rng, layer.forward(*mutant.inputs(rng)))
    first, second = gradients(layer, gy), gradients(layer, gy)
    assert all(unlike(first[slot], second[slot]) for slot in mutant.slots)


@of_pattern("in_place")
def test_something_is_written_to(mutant: Mutant, rng: np.random.Generator) -> None:
    layer, inputs = mutant.make(), mutant.inputs(rng)
    gy = upstream(rng, layer.forward(*inputs))
    before = [array.copy() for array in (*inputs, gy)]
    layer.backward(gy)
    assert any((array != old).any() for array, old in zip((*inputs, gy), before, strict=True))


@of_pattern("dtype")
def test_float32_comes_out(mutant: Mutant, rng: np.random.Generator) -> None:
    layer = mutant.make()
    made = gradients(layer, upstream(rng, layer.forward(*mutant.inputs(rng))))
    assert any(gradient.dtype == np.float32 for gradient in made)


@of_pattern("layout")
def test_a_transposed_upstream_gradient_shows_them(mutant: Mutant, rng: np.random.Generator) -> None:
    wrong, right, inputs = mutant.make(), mutant.reference(), mutant.inputs(rng)
    gy = upstream(rng, wrong.forward(*inputs)).T.copy().T
    right.forward(*inputs)
    pairs = zip(gradients(wrong, gy), gradients(right, gy), strict=True)
    assert any(unlike(ours, theirs) for ours, theirs in pairs)


@needs_torch
def test_the_bridge_to_torch() -> None:
    inputs = [torch.randn(2, 3, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(as_torch(Mul), inputs)
    wrong = next(mutant for mutant in MUTANTS if mutant.name == "mul operands swapped")
    assert not torch.autograd.gradcheck(as_torch(wrong.make), inputs, raise_exception=False)


@needs_torch
def test_what_torch_mends(rng: np.random.Generator) -> None:
    mended = [mutant for mutant in MUTANTS if mutant.name in MENDED_BY_TORCH]
    assert len(mended) == len(MENDED_BY_TORCH)
    for mutant in mended:
        inputs = [torch.tensor(array, requires_grad=True) for array in mutant.inputs(rng)]
        wrong, right = as_torch(mutant.make)(*inputs), as_torch(mutant.reference)(*inputs)
        gy = torch.tensor(upstream(rng, wrong.detach()))
        made, expected = (torch.autograd.grad(y, inputs, gy) for y in (wrong, right))
        torch.testing.assert_close(made, expected, rtol=1e-5, atol=1e-5)


def test_the_bridge_to_scratchnet() -> None:
    x = sn.tensor([1.0, -2.0], dtype=sn.float64, requires_grad=True)
    y = sn.tensor([3.0, 5.0], dtype=sn.float64, requires_grad=True)
    product = as_function(sn, Mul)(x, y)
    product.sum().backward()
    assert product.tolist() == [3.0, -10.0]
    assert x.grad is not None
    assert x.grad.tolist() == [3.0, 5.0]
