"""Lazy layers, beside torch's: printing before and after, first call, state, conversion, copies, refusals."""

import copy
from typing import Any

import pytest
from devices import without_device
from parity import assert_same, needs_torch, torch

import scratchnet as sn

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
pytestmark = [pytest.mark.usefixtures("device"), pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")]

ROWS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = [
    ("LazyLinear", (3,), {}, (2, 5)),
    ("LazyLinear", (3, False), {}, (2, 4, 5)),
    ("LazyConv1d", (6, 3), {"padding": 1, "padding_mode": "circular"}, (2, 4, 7)),
    ("LazyConv2d", (6, 3, 2), {"groups": 2}, (2, 4, 7, 8)),
    ("LazyConv2d", (6, (3, 2)), {"bias": False}, (4, 7, 8)),
    ("LazyConv3d", (6, 2), {"padding": "same", "dilation": 2}, (1, 4, 3, 4, 5)),
    ("LazyConvTranspose1d", (6, 3), {"stride": 2, "output_padding": 1}, (2, 4, 7)),
    ("LazyConvTranspose2d", (6, 3, 2, 1, 1), {"groups": 2}, (2, 4, 5, 6)),
    ("LazyConvTranspose3d", (6, 2), {"dilation": 2}, (1, 4, 3, 4, 5)),
    ("LazyBatchNorm1d", (), {"momentum": 0.3}, (5, 4)),
    ("LazyBatchNorm2d", (), {}, (2, 3, 4, 5)),
    ("LazyBatchNorm2d", (), {"affine": False}, (2, 3, 4, 5)),
    ("LazyBatchNorm2d", (), {"track_running_stats": False, "bias": False}, (2, 3, 4, 5)),
    ("LazyBatchNorm3d", (), {}, (2, 3, 2, 4, 5)),
    ("LazyInstanceNorm1d", (), {}, (5, 4, 3)),
    ("LazyInstanceNorm2d", (), {"track_running_stats": False}, (2, 3, 4, 5)),
    ("LazyInstanceNorm3d", (), {"bias": False, "momentum": 0.3}, (2, 3, 2, 4, 5)),
]


def made(lib: Any, row: int) -> Any:
    name, args, settings, _ = ROWS[row]
    return getattr(lib.nn, name)(*args, **settings)


@needs_torch
@pytest.mark.parametrize("row", range(len(ROWS)), ids=[f"{name}{i}" for i, (name, *_) in enumerate(ROWS)])
def test_first_call(row: int) -> None:
    found = []
    for lib in (sn, torch):
        layer = made(lib, row)
        before = (repr(layer), without_device(repr(layer.state_dict())), layer.has_uninitialized_params())
        lib.manual_seed(row)
        y = layer(lib.arange(float(lib.ones(ROWS[row][3]).numel())).reshape(ROWS[row][3]).sin())
        after = (repr(layer), type(layer).__name__, sorted(name for name in vars(layer) if name == "_initialize_hook"))
        found.append((before, after, y, layer.state_dict()))
        assert not layer._forward_pre_hooks
        assert type(layer) is getattr(lib.nn, ROWS[row][0].removeprefix("Lazy"))
    (before, after, y, state), (torch_before, torch_after, torch_y, torch_state) = found
    assert before == torch_before
    assert after == torch_after
    assert_same(y, torch_y)
    assert list(state) == list(torch_state)
    for name, value in torch_state.items():
        assert_same(state[name], value, name)


@pytest.mark.parametrize("lib", BOTH)
def test_state_dicts(lib: Any) -> None:
    full, lazy = lib.nn.Linear(4, 3), lib.nn.LazyLinear(3)
    lazy.load_state_dict(full.state_dict())
    assert repr(lazy) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    assert not lazy.has_uninitialized_params()
    x = lib.ones(2, 4)
    assert bool((lazy(x) == full(x)).all())
    assert repr(lazy) == "Linear(in_features=4, out_features=3, bias=True)"
    other = lib.nn.LazyLinear(3)
    other.load_state_dict(lib.nn.LazyLinear(3).state_dict())
    assert other.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter or buffer"):
        full.load_state_dict(other.state_dict())
    taken = lib.nn.LazyLinear(3)
    taken.load_state_dict(full.state_dict())
    with pytest.raises(AssertionError, match="in_features"):
        taken(lib.ones(2, 5))


@pytest.mark.parametrize("lib", BOTH)
def test_without_values(lib: Any) -> None:
    layer = lib.nn.LazyLinear(3)
    weight = layer.weight
    assert isinstance(weight, lib.nn.UninitializedParameter)
    assert isinstance(weight, lib.nn.Parameter)
    assert weight.requires_grad
    assert repr(weight) == "<UninitializedParameter>"
    assert weight.dtype == lib.float32
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        weight.shape  # noqa: B018
    for use in (lambda: weight * 2, lambda: weight.sum(), lambda: lib.nn.init.normal_(weight), weight.numel):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
            use()
    layer.zero_grad()
    layer.reset_parameters()
    assert lib.nn.LazyConv2d(2, 3).double()(lib.ones(1, 2, 4, 4, dtype=lib.float64)).dtype == lib.float64
    norm = lib.nn.LazyBatchNorm2d().double()
    assert norm.running_mean.dtype == lib.float64
    assert norm(lib.ones(2, 2, 4, 4, dtype=lib.float64)).dtype == lib.float64
    optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
    layer(lib.ones(2, 4)).sum().backward()
    before = layer.bias.detach().clone()
    optimizer.step()
    assert (layer.bias - before).tolist() == pytest.approx([-0.2] * 3)


@pytest.mark.parametrize("lib", BOTH)
def test_copies_go_their_own_ways(lib: Any) -> None:
    net = lib.nn.Sequential(lib.nn.LazyConv2d(2, 3), lib.nn.ReLU(), lib.nn.Flatten(), lib.nn.LazyLinear(2))
    twin = copy.deepcopy(net)
    net(lib.ones(1, 3, 5, 5))
    assert net[3].in_features == 18
    assert twin[0].has_uninitialized_params()
    twin(lib.ones(1, 1, 4, 4))
    assert (twin[0].in_channels, twin[3].in_features) == (1, 8)


@pytest.mark.parametrize("lib", BOTH)
def test_refusals(lib: Any) -> None:
    n = lib.nn
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: n.LazyConv2d(6, 3, groups=2)(lib.ones(1, 3, 5, 5)), ValueError, "in_channels .*divisible by groups"),
        (lambda: n.LazyConv2d(6, 3)(lib.ones(3, 5)), RuntimeError, "Expected 3D .unbatched. or 4D .batched. input to"),
        (lambda: n.LazyBatchNorm2d()(lib.ones(2, 3)), ValueError, "expected 4D input"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=text):
            call()


def test_a_subclass_says_how() -> None:
    class Open(sn.nn.lazy.LazyModuleMixin):
        pass

    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented for Open"):
        Open()(1)
