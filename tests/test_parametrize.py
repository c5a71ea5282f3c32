"""Parametrizations beside torch's: weights, gradients, state dict keys, the same steps in training, errors."""

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
LAYERS: list[tuple[str, tuple[Any, ...]]] = [
    ("Linear", (4, 3)),
    ("Conv2d", (4, 6, 3)),
    ("ConvTranspose2d", (4, 6, 3)),
]
NORMS: list[tuple[str, dict[str, Any]]] = [
    ("weight_norm", {}),
    ("weight_norm", {"dim": None}),
    ("weight_norm", {"dim": 1}),
    ("weight_norm", {"dim": -2}),
    ("weight_norm", {"name": "bias"}),
    ("spectral_norm", {}),
    ("spectral_norm", {"n_power_iterations": 3, "dim": 1}),
    ("spectral_norm", {"name": "bias", "dim": 0}),
]


def made(lib: Any, kind: str, args: Any, norm: str, settings: dict[str, Any]) -> Any:
    lib.manual_seed(6)
    layer = getattr(lib.nn, kind)(*args, dtype=lib.float64)
    result = getattr(lib.nn.utils.parametrizations, norm)(layer, **settings)
    assert result is layer
    return layer


def image(lib: Any, kind: str) -> Any:
    shape = (2, 4) if kind == "Linear" else (2, 4, 5, 5)
    return lib.tensor(np.random.default_rng(0).standard_normal(shape))


@needs_torch
@pytest.mark.parametrize(("norm", "settings"), NORMS)
@pytest.mark.parametrize(("kind", "args"), LAYERS)
def test_training_with_normed_weights(kind: str, args: Any, norm: str, settings: dict[str, Any]) -> None:
    found = []
    for lib in (sn, torch):
        layer = made(lib, kind, args, norm, settings)
        name = settings.get("name", "weight")
        weights = [getattr(layer, name)]
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
        for _ in range(4):
            optimizer.zero_grad()
            (layer(image(lib, kind)) ** 2).mean().backward()
            optimizer.step()
            weights.append(getattr(layer, name))
        layer.eval()
        weights += [getattr(layer, name), getattr(layer, name)]
        found.append((weights, layer))
    (ours, our_layer), (theirs, their_layer) = found
    for a, b in zip(ours, theirs, strict=True):
        assert_same(a, b)
    our_state, their_state = our_layer.state_dict(), their_layer.state_dict()
    assert list(our_state) == list(their_state)
    for key, value in their_state.items():
        assert_same(our_state[key], value, key)
    assert [key for key, _ in our_layer.named_parameters()] == [key for key, _ in their_layer.named_parameters()]
    assert repr(our_layer).split("(")[0] == repr(their_layer).split("(")[0] == f"Parametrized{kind}"
    assert our_layer.load_state_dict(our_state).missing_keys == []


@pytest.mark.parametrize("lib", BOTH)
def test_old_names_of_weight_norm_load(lib: Any) -> None:
    layer = lib.nn.utils.parametrizations.weight_norm(lib.nn.Linear(2, 2))
    old = {"weight_g": lib.tensor([[1.0], [2.0]]), "weight_v": lib.tensor([[3.0, 4.0], [0.0, 1.0]])}
    layer.load_state_dict({"bias": lib.zeros(2), **old})
    np.testing.assert_allclose(to_numpy(layer.weight), [[0.6, 0.8], [0.0, 2.0]], rtol=1e-6)


def symmetric(lib: Any) -> Any:
    class Symmetric(lib.nn.Module):
        def forward(self, x: Any) -> Any:
            return x + x.t()

    return Symmetric()


def doubled(lib: Any) -> Any:
    class Doubled(lib.nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2

        def right_inverse(self, x: Any) -> Any:
            return x / 2

    return Doubled()


@pytest.mark.parametrize("lib", BOTH)
def test_one_of_ones_own(lib: Any) -> None:
    p, layer = lib.nn.utils.parametrize, lib.nn.Linear(3, 3)
    before = to_numpy(layer.weight).copy()
    original = layer.weight
    p.register_parametrization(layer, "weight", doubled(lib))
    assert layer.parametrizations.weight.original is original
    np.testing.assert_array_equal(to_numpy(layer.weight), before)
    layer.weight = lib.full((3, 3), 3.0)
    assert original[0, 0].item() == 1.5
    p.register_parametrization(layer, "weight", symmetric(lib))
    assert layer.weight[0, 0].item() == 6.0
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert [key for key, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    assert p.is_parametrized(layer)
    assert p.is_parametrized(layer, "weight")
    assert not p.is_parametrized(layer, "bias")
    assert p.type_before_parametrizations(layer) is lib.nn.Linear
    assert isinstance(layer, lib.nn.Linear)
    assert len(layer.parametrizations.weight) == 2
    layer.weight.sum().backward()
    assert original.grad.tolist() == [[4.0] * 3] * 3
    with pytest.raises(RuntimeError, match="parametrization Symmetric does not implement right_inverse."):
        layer.weight = lib.ones(3, 3)
    twin = copy.deepcopy(layer)
    assert twin.weight.tolist() == layer.weight.tolist()
    assert twin.parametrizations.weight.original is not original
    with pytest.raises(
        RuntimeError, match="Serialization of parametrized modules is only supported through state_dict"
    ):
        pickle.dumps(layer)


@pytest.mark.parametrize("lib", BOTH)
def test_caching(lib: Any) -> None:
    p, layer = lib.nn.utils.parametrize, lib.nn.Linear(3, 3)
    p.register_parametrization(layer, "weight", symmetric(lib))
    assert layer.weight is not layer.weight
    with p.cached():
        first = layer.weight
        with p.cached():
            assert layer.weight is first
        assert layer.weight is first
    assert layer.weight is not first


@pytest.mark.parametrize("lib", BOTH)
@pytest.mark.parametrize("leave", [True, False])
def test_removing(lib: Any, leave: bool) -> None:
    p, layer = lib.nn.utils.parametrize, lib.nn.Linear(2, 2)
    original = layer.weight
    before, after = original.tolist(), (original + original.t()).tolist()
    p.register_parametrization(layer, "weight", symmetric(lib))
    p.remove_parametrizations(layer, "weight", leave)
    assert layer.weight.tolist() == (after if leave else before)
    assert layer.weight is original
    assert type(layer) is lib.nn.Linear
    assert not hasattr(layer, "parametrizations")
    assert list(layer.state_dict()) == ["bias", "weight"]
    lib.nn.utils.parametrizations.weight_norm(layer)
    wanted = to_numpy(layer.weight).copy()
    with pytest.raises(ValueError, match="Cannot leave unparametrized .* a sequence of tensors"):
        p.remove_parametrizations(layer, "weight", leave_parametrized=False)
    p.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, lib.nn.Parameter)
    np.testing.assert_allclose(to_numpy(layer.weight), wanted)


@pytest.mark.parametrize("lib", BOTH)
def test_transferring(lib: Any) -> None:
    p, a, b = lib.nn.utils.parametrize, lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)
    p.register_parametrization(a, "weight", symmetric(lib))
    p.transfer_parametrizations_and_params(a, b)
    assert b.weight.tolist() == a.weight.tolist()
    assert b.parametrizations.weight.original is a.parametrizations.weight.original


@pytest.mark.parametrize("lib", BOTH)
def test_a_parametrized_buffer(lib: Any) -> None:
    p, module = lib.nn.utils.parametrize, lib.nn.Module()
    module.register_buffer("scale", lib.ones(2, 2))
    p.register_parametrization(module, "scale", symmetric(lib))
    assert module.scale.tolist() == [[2.0, 2.0], [2.0, 2.0]]
    assert [key for key, _ in module.named_buffers()] == ["parametrizations.scale.original"]
    assert list(module.parameters()) == []


def answering(lib: Any, forward: Any, right_inverse: Any = None) -> Any:
    members = {"forward": lambda self, *x: forward(*x)}
    if right_inverse is not None:
        members["right_inverse"] = lambda self, x: right_inverse(x)
    return type("Answering", (lib.nn.Module,), members)()


@pytest.mark.parametrize("lib", BOTH)
def test_what_is_refused(lib: Any) -> None:
    p, n = lib.nn.utils.parametrize, lib.nn.utils.parametrizations
    layer, done = lib.nn.Linear(2, 2), lib.nn.Linear(2, 2)
    p.register_parametrization(done, "weight", doubled(lib))

    def register(forward: Any, right_inverse: Any = None, module: Any = layer) -> Any:
        return lambda: p.register_parametrization(module, "weight", answering(lib, forward, right_inverse))

    def same(x: Any) -> Any:
        return x

    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: p.register_parametrization(layer, "odd", doubled(lib)), ValueError, "does not have a parameter, a"),
        (register(lambda x: 3), ValueError, "A parametrization must return a tensor. Got int."),
        (register(lambda x: x.double()), ValueError, "may not change the dtype of the tensor, unless `unsafe` flag"),
        (register(lambda x: x[0]), ValueError, "may not change the shape of the tensor, unless `unsafe` flag is"),
        (register(same, lambda x: 3), ValueError, "'right_inverse' must return a Tensor or a Sequence of tensors"),
        (
            register(same, lambda x: x.double()),
            ValueError,
            "When `right_inverse` outputs one tensor, it may not change",
        ),
        (register(same, lambda x: [3]), ValueError, "Got element 0 of the sequence with type int."),
        (register(lambda x: 3, None, done), ValueError, "A parametrization must return a tensor. Got int."),
        (register(lambda x: x.double(), None, done), ValueError, "may not change the dtype of the tensor, unless the"),
        (register(lambda x: x[0], None, done), ValueError, "may not change the shape of the tensor, unless the"),
        (register(same, lambda x: 3, done), ValueError, "parametrization.right_inverse must return a tensor. Got: int"),
        (register(same, lambda x: x.double(), done), ValueError, "must have the same dtype as module.weight"),
        (register(same, lambda x: x[0], done), ValueError, "must have the same shape as module.weight"),
        (lambda: p.remove_parametrizations(layer, "weight"), ValueError, "does not have a parametrization on weight"),
        (
            lambda: p.ParametrizationList([], layer.weight),
            ValueError,
            "ParametrizationList requires one or more modules",
        ),
        (lambda: setattr(done, "weight", lib.ones(2, 2).double()), ValueError, "returned by `right_inverse` has dtype"),
        (lambda: n.spectral_norm(layer, "odd"), ValueError, "has no parameter or buffer with name 'odd'"),
        (
            lambda: n.spectral_norm(layer, dim=2),
            IndexError,
            "Dimension out of range (expected to be in range of [-2, 1]",
        ),
        (
            lambda: n.spectral_norm(layer, n_power_iterations=0),
            ValueError,
            "Expected n_power_iterations to be positive",
        ),
    ]
    for call, kind, text in cases:
        before = layer.weight.tolist()
        with pytest.raises(kind, match=re.escape(text)):
            call()
        assert layer.weight.tolist() == before
    n.weight_norm(layer)
    pair = layer.parametrizations.weight
    inverses: list[tuple[Any, str]] = [
        (lambda x: 3, "'right_inverse' must return a sequence of tensors. Got int."),
        (lambda x: [x], "a sequence of tensors of length 2. Got a sequence of length 1."),
        (lambda x: [x, x.double()], "Tensor 1 returned by `right_inverse` has dtype"),
    ]
    for inverse, text in inverses:
        pair[0].right_inverse = inverse
        with pytest.raises(ValueError, match=re.escape(text)):
            layer.weight = lib.ones(2, 2)
