"""Optimizers, beside torch's: twenty steps each, saved state, groups, hooks, errors."""

import copy
import pickle
import re
from collections.abc import Iterator
from typing import Any

import devices
import numpy as np
import pytest
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet.optim import SGD, Adam, AdamW

pytestmark = pytest.mark.usefixtures("device")
BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.01, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1, "maximize": True, "dampening": 0.2}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.99), "eps": 1e-4}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("AdamW", {"lr": 0.05}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.05, "betas": (0.4, 0.9), "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "momentum_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {"lr": 0.05}),
    ("RAdam", {"lr": 0.05, "betas": (0.8, 0.9), "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.4, "momentum": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.05, "centered": True, "eps": 1e-4}),
    ("RMSprop", {"lr": 0.05, "centered": True, "momentum": 0.5, "maximize": True, "eps": 1e-4}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adagrad", {"lr": 0.1, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
]


def start(lib: Any, dtype: str) -> list[Any]:
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal(shape).astype(dtype) for shape in ((4, 5), (5,), ())]
    return [lib.nn.Parameter(lib.tensor(array)) for array in arrays]


def gradients(lib: Any, params: list[Any], dtype: str) -> Iterator[None]:
    """Sets the gradients of the next step; each third one, the second parameter has none."""
    rng = np.random.default_rng(4)
    for step in range(20):
        for number, param in enumerate(params):
            gradient = rng.standard_normal(tuple(param.shape)).astype(dtype)
            param.grad = None if number == 1 and step % 3 == 2 else lib.tensor(gradient)
        yield


def trained(lib: Any, name: str, settings: dict[str, Any], dtype: str) -> tuple[list[Any], Any]:
    params = start(lib, dtype)
    optimizer = getattr(lib.optim, name)(params, **settings)
    for _ in gradients(lib, params, dtype):
        optimizer.step()
    return params, optimizer


def assert_state_same(ours: Any, theirs: Any) -> None:
    assert type(ours) is type(theirs) or hasattr(theirs, "numpy")
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert_state_same(ours[key], value)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            assert_state_same(a, b)
    elif hasattr(theirs, "numpy"):
        assert_same(ours, theirs)
    else:
        assert ours == theirs


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_twenty_steps(name: str, settings: dict[str, Any], dtype: str) -> None:
    ours, our_optimizer = trained(sn, name, settings, dtype)
    theirs, their_optimizer = trained(torch, name, settings, dtype)
    for a, b in zip(ours, theirs, strict=True):
        assert_same(a, b)
    assert_state_same(our_optimizer.state_dict(), their_optimizer.state_dict())
    assert repr(our_optimizer) == repr(their_optimizer)


MORE = {"SGD": {"momentum": 0.9}, "Adam": {"amsgrad": True}, "RMSprop": {"momentum": 0.9, "centered": True}}


@pytest.mark.parametrize("name", [*MORE, "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta"])
def test_saved_state_continues_where_it_was(name: str) -> None:
    settings: dict[str, Any] = {"lr": 0.1, **MORE.get(name, {})}
    kind = getattr(sn.optim, name)
    params, optimizer = trained(sn, name, settings, "float32")
    twins = [sn.nn.Parameter(p.detach().clone()) for p in params]
    other = kind(twins, lr=5.0)
    other.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    assert other.param_groups[0]["lr"] == 0.1
    for some, step in ((params, optimizer.step), (twins, other.step)):
        for param in some:
            param.grad = sn.ones_like(param)
        step()
    for a, b in zip(params, twins, strict=True):
        assert a.tolist() == b.tolist()


def test_loaded_state_takes_the_dtype_of_its_parameter() -> None:
    _, optimizer = trained(sn, "Adam", {}, "float64")
    params = start(sn, "float32")
    other = Adam(params)
    other.load_state_dict(optimizer.state_dict())
    assert other.state[params[0]]["exp_avg"].dtype is sn.float32
    assert other.state[params[0]]["step"].dtype is sn.float32


def test_a_step_is_seen_by_the_version_check() -> None:
    weight = sn.nn.Parameter(sn.ones(2))
    y = (weight * weight).sum()
    weight.grad = sn.ones(2)
    SGD([weight], lr=0.1).step()
    assert weight.requires_grad
    assert weight.is_leaf
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_a_parameter_with_its_own_strides() -> None:
    base = sn.tensor(np.arange(6.0).reshape(2, 3))
    weight = sn.nn.Parameter(base.t())
    plain = sn.nn.Parameter(base.t().contiguous())
    for param in (weight, plain):
        param.grad = sn.tensor(np.arange(6.0).reshape(3, 2)) + 1
    for kind in (SGD, Adam, sn.optim.Adamax, sn.optim.NAdam, sn.optim.RMSprop, sn.optim.Adagrad):
        kind([weight, plain], lr=0.1).step()
    assert weight.tolist() == plain.tolist()
    assert base.t().tolist() == plain.tolist()


@pytest.mark.parametrize("lib", BOTH)
def test_groups(lib: Any) -> None:
    a, b, c = start(lib, "float32")
    optimizer = lib.optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": (p for p in [c]), "momentum": 0.0})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5, 0.1]
    assert [group["momentum"] for group in optimizer.param_groups] == [0.9, 0.9, 0.0]
    assert [group["params"] for group in optimizer.state_dict()["param_groups"]] == [[0], [1], [2]]
    named = lib.optim.SGD([("a", a), ("b", b)], lr=0.1)
    assert named.param_groups[0]["param_names"] == ["a", "b"]


@pytest.mark.parametrize("lib", BOTH)
def test_zero_grad(lib: Any) -> None:
    params = start(lib, "float32")
    optimizer = lib.optim.SGD(params, lr=0.1)
    params[0].grad = lib.ones(4, 5)
    kept = params[0].grad
    optimizer.zero_grad(set_to_none=False)
    assert params[0].grad is kept
    assert kept.sum().item() == 0
    optimizer.zero_grad()
    assert params[0].grad is None


@pytest.mark.parametrize("lib", BOTH)
def test_closure_and_hooks(lib: Any) -> None:
    weight, log = lib.nn.Parameter(lib.ones(2)), []
    optimizer = lib.optim.SGD([weight], lr=0.5)
    optimizer.register_step_pre_hook(lambda opt, args, kwargs: log.append("pre"))
    optimizer.register_step_post_hook(lambda opt, args, kwargs: log.append("post"))

    def closure() -> Any:
        log.append("closure")
        optimizer.zero_grad()
        loss = (weight * weight).sum()
        loss.backward()
        return loss

    with lib.no_grad():
        assert optimizer.step(closure).item() == 2.0
    assert weight.tolist() == [0.0, 0.0]
    assert log == ["pre", "closure", "post"]
    optimizer.register_state_dict_post_hook(lambda opt, state: {**state, "more": 1})
    optimizer.register_state_dict_pre_hook(lambda opt: log.append("save"))
    optimizer.register_load_state_dict_pre_hook(lambda opt, state: log.append("load"))
    optimizer.register_load_state_dict_post_hook(lambda opt: log.append("loaded"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert log[3:] == ["save", "load", "loaded"]


@pytest.mark.parametrize("lib", BOTH)
def test_what_is_refused(lib: Any) -> None:
    o = lib.optim
    a, b = lib.nn.Parameter(lib.ones(1)), lib.nn.Parameter(lib.ones(1))
    computed = a * 2
    optimizer = o.SGD([a], lr=0.1)
    state = optimizer.state_dict()
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: o.SGD([a], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: o.SGD([a], momentum=-0.1), ValueError, "Invalid momentum value: -0.1"),
        (lambda: o.SGD([a], weight_decay=-0.1), ValueError, "Invalid weight_decay value: -0.1"),
        (lambda: o.SGD([a], nesterov=True), ValueError, "Nesterov momentum requires a momentum and zero dampening"),
        (lambda: o.Adam([a], lr=-1.0), ValueError, "Invalid learning rate: -1.0"),
        (lambda: o.Adam([a], eps=-1.0), ValueError, "Invalid epsilon value: -1.0"),
        (lambda: o.Adam([a], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
        (lambda: o.Adam([a], betas=(0.9, -0.5)), ValueError, "Invalid beta parameter at index 1: -0.5"),
        (lambda: o.Adam([a], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (lambda: o.Adamax([a], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: o.Adamax([a], betas=(0.9, 1.0)), ValueError, "Invalid beta parameter at index 1: 1.0"),
        (lambda: o.NAdam([a], momentum_decay=-1), ValueError, "Invalid momentum_decay value: -1"),
        (lambda: o.NAdam([a], eps=-1), ValueError, "Invalid epsilon value: -1"),
        (lambda: o.RAdam([a], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
        (lambda: o.RMSprop([a], alpha=-1), ValueError, "Invalid alpha value: -1"),
        (lambda: o.RMSprop([a], momentum=-1), ValueError, "Invalid momentum value: -1"),
        (lambda: o.Adagrad([a], lr_decay=-1), ValueError, "Invalid lr_decay value: -1"),
        (
            lambda: o.Adagrad([a], initial_accumulator_value=-1),
            ValueError,
            "Invalid initial_accumulator_value value: -1",
        ),
        (lambda: o.Adagrad([a], foreach=True, fused=True), RuntimeError, "`fused` and `foreach` cannot be `True`"),
        (lambda: o.Adadelta([a], rho=1.5), ValueError, "Invalid rho value: 1.5"),
        (
            lambda: o.SGD(a),
            TypeError,
            "params argument given to the optimizer should be",
        ),
        (lambda: o.SGD([]), ValueError, "optimizer got an empty parameter list"),
        (lambda: o.SGD([5]), TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
        (lambda: o.SGD([computed]), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda: o.SGD([{"params": {a, b}}]), TypeError, "need to be organized in ordered collections"),
        (lambda: optimizer.add_param_group([b]), TypeError, "param_group must be a dict"),
        (lambda: optimizer.add_param_group({"params": [a]}), ValueError, "appear in more than one parameter group"),
        (lambda: optimizer.add_param_group({"params": [("b", b)]}), ValueError, "should be with/without names"),
        (lambda: o.SGD([("a", a), b]), ValueError, "Some param names are missing"),
        (lambda: o.SGD([a, b]).load_state_dict(state), ValueError, "that doesn't match the size of optimizer's group"),
        (
            lambda: o.SGD([{"params": a}, {"params": b}]).load_state_dict(state),
            ValueError,
            "different number of parameter groups",
        ),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            call()
    assert len(optimizer.param_groups) == 1
    with pytest.warns(UserWarning, match="optimizer contains a parameter group with duplicate parameters"):
        o.SGD([a, a], lr=0.1)


def test_flags_that_are_not_there() -> None:
    weight = sn.nn.Parameter(sn.ones(1))
    with pytest.raises(NotImplementedError, match=re.escape("SGD: differentiable (=True) is not supported")):
        SGD([weight], differentiable=True)
    with pytest.raises(NotImplementedError, match=re.escape("AdamW: capturable (=True) is not supported")):
        AdamW([weight], capturable=True)


def test_an_optimizer_of_ones_own() -> None:
    class Halving(sn.optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"rate": 2.0})

        @sn.no_grad()
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    p.div_(group["rate"])

    weight, log = sn.nn.Parameter(sn.ones(1)), []
    optimizer = Halving([weight])
    optimizer.register_step_pre_hook(lambda *args: log.append("pre"))
    optimizer.step()
    assert weight.item() == 0.5
    assert log == ["pre"]
    assert repr(optimizer) == "Halving (\nParameter Group 0\n    rate: 2.0\n)"
    assert len(copy.deepcopy(optimizer).param_groups) == 1
    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter lr"):
        sn.optim.Optimizer([weight], {"lr": sn.optim.optimizer.required})


@pytest.mark.parametrize("lib", BOTH)
def test_settings_as_tensors(lib: Any) -> None:
    weight = lib.nn.Parameter(lib.ones(2))
    weight.grad = lib.ones(2)
    lib.optim.SGD([weight], lr=lib.tensor(0.5)).step()
    assert weight.tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
        lib.optim.Adam([weight], lr=lib.ones(2))


def losses(lib: Any, loaders: Any, dropout: float) -> list[float]:
    """Two epochs of a small net in float64: shuffled batches, batch norm, dropout, all from one seed."""
    rng = np.random.default_rng(0)
    images, labels = lib.tensor(rng.standard_normal((40, 1, 8, 8))), lib.tensor(rng.integers(0, 3, 40))
    lib.manual_seed(777)
    n = lib.nn
    net = n.Sequential(
        *(n.Conv2d(1, 4, 3, padding=1), n.BatchNorm2d(4), n.ReLU(), n.MaxPool2d(2), n.Dropout(dropout)),
        *(n.Conv2d(4, 6, 3), n.Sigmoid(), n.AvgPool2d(2), n.Flatten(), n.Linear(6, 3)),
    ).double()
    optimizer = lib.optim.Adam(net.parameters(), lr=0.01)
    loader = loaders.DataLoader(loaders.TensorDataset(images, labels), batch_size=8, shuffle=True)
    found = []
    for _ in range(2):
        for x, y in loader:
            optimizer.zero_grad()
            loss = n.CrossEntropyLoss()(net(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
    return found


@needs_torch
def test_a_net_learns_step_by_step_as_in_torch(device: str) -> None:
    dropout = 0.2 if device == "cpu" else 0.0  # a GPU drops by a stream of its own
    ours = losses(sn, sn.data, dropout)
    np.testing.assert_allclose(ours, losses(torch, torch.utils.data, dropout), rtol=1e-9)


NAMES = ["SGD", "Adam", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta"]


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_is_computed_in_single_and_rounded_once(name: str) -> None:
    settings: dict[str, Any] = {"lr": 0.1, "eps": 1e-3, "weight_decay": 0.1}
    if name == "SGD":
        del settings["eps"]
    half, single = (sn.nn.Parameter(sn.tensor(np.linspace(-1, 1, 8).astype(kind))) for kind in ("f2", "f4"))
    for param in (half, single):
        param.grad = sn.full((8,), 0.5, dtype=param.dtype)
        getattr(sn.optim, name)([param], **settings).step()
    assert half.dtype is sn.float16
    np.testing.assert_allclose(to_numpy(half), to_numpy(single), rtol=2e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_step_leaves_the_gradient_alone_and_lets_infinities_pass(name: str) -> None:
    param = sn.nn.Parameter(sn.ones(3))
    gradient = np.array([1.0, np.inf, np.nan], np.float32)
    gradient.flags.writeable = False
    param.grad = devices.placed(sn, gradient)
    optimizer = getattr(sn.optim, name)([param], lr=0.1, weight_decay=0.1)
    for _ in range(2):
        optimizer.step()
    assert np.isfinite(param[0].item())
    assert np.isnan(param[2].item())
    empty = sn.nn.Parameter(sn.ones(0, 2))
    empty.grad = sn.ones(0, 2)
    getattr(sn.optim, name)([empty], lr=0.1).step()
