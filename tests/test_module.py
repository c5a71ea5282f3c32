"""Module, containers, hooks and saved state, beside torch's."""

import copy
import operator
import pickle
import re
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from devices import without_device
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet import nn

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]


def scale_class(lib: Any) -> Any:
    """A module of plain tensor arithmetic: x * weight + shift."""

    class Scale(lib.nn.Module):
        def __init__(self, value: float = 2.0) -> None:
            super().__init__()
            self.weight = lib.nn.Parameter(lib.tensor([value, value + 1]))
            self.register_buffer("shift", lib.ones(2))
            self.register_buffer("scratch", lib.zeros(2), persistent=False)

        def forward(self, x: Any, extra: float = 0.0) -> Any:
            return x * self.weight + self.shift + extra

    return Scale


def net_class(lib: Any) -> Any:
    scale = scale_class(lib)

    class Net(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = scale()
            self.second = lib.nn.Sequential(OrderedDict(a=scale(5.0), b=lib.nn.Identity()))
            self.again = self.first
            self.nothing = None

        def forward(self, x: Any) -> Any:
            return self.second(self.first(x))

    return Net


# ---- registering and walking


@pytest.mark.parametrize("lib", BOTH)
def test_names_of_parameters_buffers_and_modules(lib: Any) -> None:
    net = net_class(lib)()
    assert [name for name, _ in net.named_parameters()] == ["first.weight", "second.a.weight"]
    assert [name for name, _ in net.named_parameters(remove_duplicate=False)] == [
        "first.weight",
        "second.a.weight",
        "again.weight",
    ]
    assert [name for name, _ in net.named_parameters(prefix="net", recurse=False)] == []
    assert [name for name, _ in net.named_buffers(prefix="net")] == [
        "net.first.shift",
        "net.first.scratch",
        "net.second.a.shift",
        "net.second.a.scratch",
    ]
    assert [name for name, _ in net.named_modules()] == ["", "first", "second", "second.a", "second.b"]
    assert [name for name, _ in net.named_modules(remove_duplicate=False)] == [
        *("", "first", "second", "second.a", "second.b", "again")
    ]
    assert [name for name, _ in net.named_children()] == ["first", "second"]
    assert len(list(net.modules())) == 5
    assert len(list(net.children())) == 2


@pytest.mark.parametrize("lib", BOTH)
def test_attributes_move_between_the_tables(lib: Any) -> None:
    module = lib.nn.Module()
    module.x = 3
    module.x = lib.nn.Parameter(lib.ones(1))
    assert "x" not in module.__dict__
    assert list(module._parameters) == ["x"]
    module.x = None
    assert module.x is None
    assert module.state_dict() == {}
    del module.x
    module.x = lib.nn.Linear(1, 1)
    assert list(module._modules) == ["x"]
    module.x = lib.nn.Parameter(lib.ones(1))
    assert not module._modules
    del module.x
    assert not hasattr(module, "x")
    module.y = lib.nn.Buffer(lib.ones(1), persistent=False)
    assert list(module._buffers) == ["y"]
    assert module.state_dict() == {}
    module.y = lib.zeros(1)
    assert module.state_dict() == {}
    assert "y" in dir(module)


@pytest.mark.parametrize("lib", BOTH)
def test_what_registering_refuses(lib: Any) -> None:
    module = scale_class(lib)()
    tensor, parameter = lib.ones(1), lib.nn.Parameter(lib.ones(1))
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: module.register_parameter("p", tensor), TypeError, "object to parameter 'p'"),
        (lambda: module.register_parameter("a.b", parameter), KeyError, "parameter name can"),
        (lambda: module.register_parameter("", parameter), KeyError, "be empty string"),
        (lambda: module.register_parameter(3, parameter), TypeError, "parameter name should be a string. Got int"),
        (lambda: module.register_parameter("shift", parameter), KeyError, "attribute 'shift' already exists"),
        (lambda: module.register_buffer("b", 5), TypeError, "cannot assign 'int' object to buffer 'b'"),
        (lambda: module.register_buffer("weight", tensor), KeyError, "attribute 'weight' already exists"),
        (lambda: module.add_module("m", 5), TypeError, "int is not a Module subclass"),
        (lambda: module.add_module("forward", lib.nn.Identity()), KeyError, "attribute 'forward' already exists"),
        (lambda: setattr(module, "weight", tensor), TypeError, "as parameter 'weight'"),
        (lambda: setattr(module, "shift", 5), TypeError, "cannot assign 'int' as buffer 'shift'"),
        (lambda: module.missing, AttributeError, "'Scale' object has no attribute 'missing'"),
        (lambda: lib.nn.Module(3), TypeError, "takes 1 positional argument but 2 were given"),
        (lambda: lib.nn.Module(a=3), TypeError, "unexpected keyword argument 'a'"),
        (lambda: lib.nn.Module()(3), NotImplementedError, 'is missing the required "forward" function'),
        (lambda: module.train("yes"), ValueError, "training mode is expected to be boolean"),
        (lambda: module.get_submodule("weight"), AttributeError, "`weight` is not an nn.Module"),
        (lambda: module.get_parameter("shift"), AttributeError, "`shift` is not an nn.Parameter"),
        (lambda: module.get_buffer("weight"), AttributeError, "`weight` is not a buffer"),
        (lambda: module.to(lib.int64), TypeError, "only accepts floating point or complex dtypes"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            call()
    computed = parameter * 2
    computed.__class__ = lib.nn.Parameter
    with pytest.raises(ValueError, match="Cannot assign non-leaf Tensor to parameter 'p'"):
        module.register_parameter("p", computed)


@pytest.mark.parametrize("lib", BOTH)
def test_assignments_before_init(lib: Any) -> None:
    class Early(lib.nn.Module):
        def __init__(self, value: Any) -> None:
            self.x = value

    with pytest.raises(AttributeError, match=re.escape("cannot assign parameters before Module.__init__() call")):
        Early(lib.nn.Parameter(lib.ones(1)))
    with pytest.raises(AttributeError, match=re.escape("cannot assign module before Module.__init__() call")):
        Early(lib.nn.Identity())


@pytest.mark.parametrize("lib", BOTH)
def test_dotted_names(lib: Any) -> None:
    net = net_class(lib)()
    assert net.get_submodule("") is net
    assert net.get_submodule("second.a") is net.second.a
    assert net.get_parameter("second.a.weight") is net.second.a.weight
    assert net.get_buffer("first.shift") is net.first.shift
    net.set_submodule("second.b", lib.nn.Tanh())
    assert type(net.second.b) is lib.nn.Tanh
    with pytest.raises(AttributeError, match="has no attribute `c`"):
        net.set_submodule("second.c", lib.nn.Tanh(), strict=True)


@pytest.mark.parametrize("lib", BOTH)
def test_modes_freezing_and_apply(lib: Any) -> None:
    net = net_class(lib)()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    net.train()
    assert all(module.training for module in net.modules())
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    seen: list[str] = []
    net.apply(lambda module: seen.append(type(module).__name__))
    assert seen == ["Scale", "Scale", "Identity", "Sequential", "Net"]


def test_zero_grad() -> None:
    module = scale_class(sn)()
    module(sn.ones(2)).sum().backward()
    grad = module.weight.grad
    module.zero_grad(set_to_none=False)
    assert module.weight.grad is grad
    assert grad.tolist() == [0.0, 0.0]
    module.zero_grad()
    assert module.weight.grad is None


def test_conversion_keeps_the_parameters_and_converts_gradients() -> None:
    module = scale_class(sn)()
    module.register_buffer("count", sn.tensor(3))
    weight = module.weight
    module(sn.ones(2)).sum().backward()
    assert module.double() is module
    assert module.weight is weight
    assert weight.dtype is sn.float64
    assert weight.requires_grad
    assert weight.is_leaf
    assert weight.grad.dtype is sn.float64
    assert module.shift.dtype is sn.float64
    assert module.count.dtype is sn.int64
    assert module.to(sn.ones(1, dtype=sn.float16)).weight.dtype is sn.float16
    assert module.to("cpu", sn.float32).weight.dtype is sn.float32
    assert module.half().float().cpu().weight.dtype is sn.float32
    module(sn.ones(2, device="cpu")).sum().backward()
    with pytest.raises(TypeError, match="argument 1 must be a dtype"):
        module.to("cpu", "cpu")


# ---- printing


def printed_nets(lib: Any) -> list[Any]:
    n = lib.nn
    block = n.Sequential(n.Conv2d(3, 6, 3, padding=1), n.ReLU(inplace=True))
    return [
        net_class(lib)(),
        n.Sequential(),
        n.Sequential(block, n.Sequential(block, n.Dropout(0.3)), n.Flatten()),
        n.ModuleList([n.Linear(2, 2), n.Linear(2, 2), n.Linear(2, 3), block, block]),
        n.ModuleList(),
        n.ModuleDict({"one": n.Linear(2, 2, bias=False), "two": block}),
        n.Sequential(OrderedDict(a=n.ModuleList([n.Identity(), n.Identity()]))),
        n.ParameterList([lib.ones(2, 3), lib.zeros(1)]),
    ]


@needs_torch
@pytest.mark.parametrize("number", range(8))
def test_prints_as_torch(number: int) -> None:
    theirs = repr(printed_nets(torch)[number])
    assert repr(printed_nets(sn)[number]).replace("scratchnet.", "torch.") == theirs


def test_parameter_prints_with_its_title() -> None:
    assert (
        without_device(repr(nn.Parameter(sn.ones(2)))) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    )


# ---- parameters


def test_parameter_shares_memory_and_copies_on_deepcopy() -> None:
    data = sn.ones(3)
    parameter = nn.Parameter(data)
    data.fill_(5.0)
    assert parameter.tolist() == [5.0, 5.0, 5.0]
    assert parameter.requires_grad
    assert not nn.Parameter(data, requires_grad=False).requires_grad
    twin = copy.deepcopy(parameter)
    assert type(twin) is nn.Parameter
    data.fill_(1.0)
    assert twin.tolist() == [5.0, 5.0, 5.0]
    assert nn.Parameter().shape == (0,)
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(sn.tensor([1]))


def test_deepcopy_and_pickle_of_a_net() -> None:
    net = net_class(sn)()
    twin = copy.deepcopy(net)
    assert twin.again is twin.first
    with sn.no_grad():
        twin.first.weight.fill_(0.0)
    assert net.first.weight.tolist() == [2.0, 3.0]
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3))
    model.register_forward_hook(print)
    loaded = pickle.loads(pickle.dumps(model))
    assert type(loaded[0].weight) is nn.Parameter
    assert loaded[0].weight.requires_grad
    for name, value in model.state_dict().items():
        assert_same(loaded.state_dict()[name], value)


# ---- containers


@pytest.mark.parametrize("lib", BOTH)
def test_sequential_as_a_list(lib: Any) -> None:
    n = lib.nn
    a, b, c = n.Identity(), n.Tanh(), n.Sigmoid()
    net = n.Sequential(a, b)
    assert net.append(c) is net
    assert [net[0], net[-1], len(net)] == [a, c, 3]
    assert list(net[1:]) == [b, c]
    assert list(net[1:]._modules) == ["1", "2"]
    assert list(net.insert(0, c)) == [c, a, b, c]
    assert list(net.insert(-1, a)) == [c, a, b, a, c]
    assert net.pop(0) is c
    del net[1:3]
    assert list(net) == [a, c]
    assert list(net._modules) == ["0", "1"]
    net[0] = b
    assert list(net + n.Sequential(a)) == [b, c, a]
    assert list(net * 2) == [b, c, b, c]
    net += n.Sequential(a)
    net *= 2
    assert list(net) == [b, c, a, b, c, a]
    assert list(n.Sequential(a).extend(n.Sequential(b))) == [a, b]
    for call, kind, text in [
        (lambda: net[6], IndexError, "index 6 is out of range"),
        (lambda: net.insert(9, a), IndexError, "Index out of range: 9"),
        (lambda: operator.add(net, [a]), ValueError, "add operator supports only objects of Sequential class"),
        (lambda: net * 0, ValueError, "Non-positive multiplication factor 0"),
        (lambda: net * 1.5, TypeError, "unsupported operand type"),
        (lambda: n.Sequential(3), TypeError, "int is not a Module subclass"),
    ]:
        with pytest.raises(kind, match=re.escape(text)):
            call()


@pytest.mark.parametrize("lib", BOTH)
def test_module_list(lib: Any) -> None:
    n = lib.nn
    a, b, c = n.Identity(), n.Tanh(), n.Sigmoid()
    modules = operator.add(n.ModuleList([a]), [b])
    modules += [c]
    assert list(modules) == [a, b, c]
    assert list(modules[:2]) == [a, b]
    modules.insert(1, c)
    assert list(modules) == [a, c, b, c]
    assert modules.pop(-1) is c
    del modules[0]
    assert list(modules._modules) == ["0", "1"]
    modules[1] = a
    assert list(modules.extend([b])) == [c, a, b]
    with pytest.raises(TypeError, match="should be called with an iterable"):
        modules.extend(3)
    with pytest.raises(IndexError, match="out of range"):
        modules[7]
    with pytest.raises(NotImplementedError, match="forward"):
        modules(1)


@pytest.mark.parametrize("lib", BOTH)
def test_module_dict(lib: Any) -> None:
    n = lib.nn
    a, b = n.Identity(), n.Tanh()
    modules = n.ModuleDict({"b": b, "a": a})
    modules.update([("c", a)])
    assert list(modules.keys()) == ["b", "a", "c"]
    assert list(modules.values()) == [b, a, a]
    assert dict(modules.items())["c"] is a
    assert "c" in modules
    assert modules.pop("c") is a
    del modules["a"]
    modules["d"] = a
    assert list(modules) == ["b", "d"]
    assert len(modules) == 2
    modules.clear()
    assert not len(modules)
    with pytest.raises(ValueError, match="has length 1; 2 is required"):
        modules.update([("x",)])


@pytest.mark.parametrize("lib", BOTH)
def test_parameter_list_and_dict(lib: Any) -> None:
    listed = lib.nn.ParameterList([lib.ones(1), lib.zeros(2)])
    listed.append(lib.ones(3))
    assert [type(p) for p in listed] == [lib.nn.Parameter] * 3
    assert [name for name, _ in listed.named_parameters()] == ["0", "1", "2"]
    assert len(listed[1:]) == 2
    table = lib.nn.ParameterDict({"b": lib.ones(1), "a": lib.zeros(2)})
    assert list(table.keys()) == ["a", "b"]
    assert table.pop("a").shape == (2,)
    assert [name for name, _ in table.named_parameters()] == ["b"]
    assert table.get("z") is None


# ---- saved state


@pytest.mark.parametrize("lib", BOTH)
def test_state_dict(lib: Any) -> None:
    net = net_class(lib)()
    state: Any = net.state_dict()
    assert state._metadata["second.a"] == {"version": 1}
    assert type(state) is OrderedDict
    assert list(state) == [
        *("first.weight", "first.shift", "second.a.weight", "second.a.shift", "again.weight", "again.shift")
    ]
    assert not state["first.weight"].requires_grad
    assert net.state_dict(keep_vars=True)["first.weight"] is net.first.weight
    assert next(iter(net.state_dict(prefix="net."))) == "net.first.weight"
    into: dict[str, Any] = {}
    assert net.state_dict(destination=into) is into
    with lib.no_grad():
        net.first.weight.fill_(9.0)
    assert state["first.weight"].tolist() == [9.0, 9.0]


@pytest.mark.parametrize("lib", BOTH)
def test_load_state_dict(lib: Any) -> None:
    net, other = net_class(lib)(), net_class(lib)()
    with lib.no_grad():
        other.second.a.weight.fill_(7.0)
    weight = net.second.a.weight
    result = net.load_state_dict(other.state_dict())
    assert repr(result) == "<All keys matched successfully>"
    assert weight.tolist() == [7.0, 7.0]
    result = net.load_state_dict({"first.weight": lib.ones(2), "odd": lib.ones(1)}, strict=False)
    assert result.unexpected_keys == ["odd"]
    assert len(result.missing_keys) == 5
    assert repr(result).startswith("_IncompatibleKeys(missing_keys=['first.shift'")
    assert net.first.weight.tolist() == [1.0, 1.0]
    replacement = lib.ones(2, dtype=lib.float64)
    module = scale_class(lib)()
    module.weight.requires_grad_(False)
    module.load_state_dict({"weight": replacement, "shift": lib.zeros(2)}, assign=True)
    assert module.weight.dtype == lib.float64
    assert type(module.weight) is lib.nn.Parameter
    assert not module.weight.requires_grad


def wrong_states(lib: Any) -> list[dict[str, Any]]:
    right = dict(net_class(lib)().state_dict())
    return [
        {**right, "first.weight": lib.ones(3)},
        {**right, "first.weight": lib.ones(3), "second.a.shift": lib.ones(1, 2), "odd": 1, "second.odd.x": 1},
        {key: value for key, value in right.items() if "shift" not in key},
        {**right, "second.a.weight": "text"},
    ]


@needs_torch
@pytest.mark.parametrize("number", range(4))
def test_load_errors_read_as_torchs(number: int) -> None:
    with pytest.raises(RuntimeError) as theirs:
        net_class(torch)().load_state_dict(wrong_states(torch)[number])
    with pytest.raises(RuntimeError) as ours:
        net_class(sn)().load_state_dict(wrong_states(sn)[number])
    assert str(ours.value).replace("scratchnet.", "torch.") == str(theirs.value)


@pytest.mark.parametrize("number", range(4))
def test_a_failed_load_changes_nothing(number: int) -> None:
    net = net_class(sn)()
    wrong = wrong_states(sn)[number].items()
    state = {key: value * 3 if isinstance(value, sn.Tensor) else value for key, value in wrong}
    with pytest.raises(RuntimeError, match=re.escape("Error(s) in loading state_dict for Net:")):
        net.load_state_dict(state)
    for name, value in net_class(sn)().state_dict().items():
        assert_same(net.state_dict()[name], value)


def test_load_takes_mappings_only() -> None:
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'list'>"):
        nn.Identity().load_state_dict([])  # type: ignore[arg-type]


@pytest.mark.parametrize("lib", BOTH)
def test_extra_state_and_state_hooks(lib: Any) -> None:
    log: list[str] = []

    class Counting(lib.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 3

        def get_extra_state(self) -> Any:
            return self.count

        def set_extra_state(self, state: Any) -> None:
            self.count = state

    net = lib.nn.Sequential(Counting(), lib.nn.Identity())
    net.register_state_dict_pre_hook(lambda m, prefix, keep_vars: log.append(f"pre {prefix!r}"))
    net[1].register_state_dict_post_hook(lambda m, state, prefix, meta: state.update({prefix + "more": lib.ones(1)}))
    state = net.state_dict()
    assert list(state) == ["0._extra_state", "1.more"]
    assert state["0._extra_state"] == 3
    state["0._extra_state"] = 8
    net[1].register_load_state_dict_pre_hook(lambda m, state, prefix, *rest: state.pop(prefix + "more"))
    net.register_load_state_dict_post_hook(lambda m, keys: log.append(f"post {keys.missing_keys}"))
    net.load_state_dict(state)
    assert net[0].count == 8
    with pytest.raises(RuntimeError, match=re.escape('Missing key(s) in state_dict: "0._extra_state"')):
        net.load_state_dict({"1.more": lib.ones(1)})
    net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    net.load_state_dict({"1.more": lib.ones(1)})
    assert log == ["pre ''", "post []", "post ['0._extra_state']", "post ['0._extra_state']"]


@needs_torch
def test_state_dicts_go_both_ways() -> None:
    ours, theirs = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm2d(3)), None
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm2d(3))
    ours.load_state_dict({key: sn.from_numpy(value.numpy()) for key, value in theirs.state_dict().items()})
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for key, value in theirs.state_dict().items():
        assert_same(ours.state_dict()[key], value)


# ---- hooks


@pytest.mark.parametrize("lib", BOTH)
def test_forward_hooks(lib: Any) -> None:
    module, log = scale_class(lib)(), []
    module.register_forward_pre_hook(lambda m, args: log.append("pre 1"))
    module.register_forward_pre_hook(lambda m, args: (args[0] + 1,), prepend=True)
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {**kwargs, "extra": 10.0}), with_kwargs=True)
    module.register_forward_hook(lambda m, args, output: log.append(f"hook {args[0].tolist()}"))
    module.register_forward_hook(lambda m, args, kwargs, output: output * kwargs["extra"], with_kwargs=True)
    last = module.register_forward_hook(lambda m, args, output: log.append("first"), prepend=True)
    assert module(lib.zeros(2)).tolist() == [130.0, 140.0]
    assert log == ["pre 1", "first", "hook [1.0, 1.0]"]
    last.remove()
    last.remove()
    with module.register_forward_pre_hook(lambda m, args: log.append("inside")):
        module(lib.zeros(2))
    assert log[3:] == ["pre 1", "inside", "hook [1.0, 1.0]"]
    module.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
        module(lib.zeros(2))


@pytest.mark.parametrize("lib", BOTH)
def test_hooks_that_are_always_called(lib: Any) -> None:
    class Failing(lib.nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("no")

    module, log = Failing(), []
    module.register_forward_hook(lambda m, args, output: log.append("usual"))
    module.register_forward_hook(lambda m, args, output: log.append(f"always {output}"), always_call=True)
    with pytest.raises(ValueError, match="no"):
        module(1)
    assert log == ["always None"]


@pytest.mark.parametrize("lib", BOTH)
def test_hooks_of_all_modules(lib: Any) -> None:
    tools = lib.nn.modules.module if lib is torch else nn
    log: list[str] = []
    net = net_class(lib)()
    net.first.register_forward_hook(lambda m, args, output: log.append("own"))
    handles = [
        tools.register_module_forward_pre_hook(lambda m, args: log.append(f"pre {type(m).__name__}")),
        tools.register_module_forward_hook(lambda m, args, output: log.append(f"post {type(m).__name__}")),
        tools.register_module_parameter_registration_hook(lambda m, name, value: log.append(f"parameter {name}")),
        tools.register_module_buffer_registration_hook(lambda m, name, value: log.append(f"buffer {name}")),
        tools.register_module_module_registration_hook(lambda m, name, value: log.append(f"module {name}")),
    ]
    try:
        net(lib.zeros(2))
        net.again = scale_class(lib)()
    finally:
        for handle in handles:
            handle.remove()
    net(lib.zeros(2))
    assert log == [
        *("pre Net", "pre Scale", "post Scale", "own", "pre Sequential", "pre Scale", "post Scale", "pre Identity"),
        *("post Identity", "post Sequential", "post Net"),
        *("parameter weight", "buffer shift", "buffer scratch", "module again", "own"),
    ]


@pytest.mark.parametrize("lib", BOTH)
def test_backward_hooks(lib: Any) -> None:
    net, log = net_class(lib)(), []

    def told(name: str) -> Any:
        def hook(module: Any, *grads: Any) -> None:
            values = [[None if g is None else g.tolist() for g in some] for some in grads]
            log.append((name, *values))

        return hook

    net.first.register_full_backward_hook(told("first"))
    net.second.register_full_backward_hook(told("second b"))
    net.second.register_full_backward_hook(told("second a"), prepend=True)
    net.second.register_full_backward_pre_hook(told("second pre"))
    net.first.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * 100,))
    net.first.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 10,))
    x = lib.ones(2).requires_grad_()
    net(x).sum().backward()
    assert log == [
        ("second pre", [[1.0, 1.0]]),
        ("second a", [[5.0, 6.0]], [[1.0, 1.0]]),
        ("second b", [[5.0, 6.0]], [[1.0, 1.0]]),
        ("first", [[100.0, 180.0]], [[50.0, 60.0]]),
    ]
    assert x.grad.tolist() == [10000.0, 18000.0]
    assert net.first.weight.grad.tolist() == [50.0, 60.0]


@pytest.mark.parametrize("lib", BOTH)
def test_backward_hooks_with_several_arguments(lib: Any) -> None:
    class Mix(lib.nn.Module):
        def forward(self, x: Any, number: float, y: Any) -> Any:
            return x * number, x * y

    module, log = Mix(), []
    module.register_full_backward_hook(
        lambda m, grad_input, grad_output: log.append(
            [[None if g is None else g.tolist() for g in some] for some in (grad_input, grad_output)]
        )
    )
    x, y = lib.tensor([3.0]).requires_grad_(), lib.tensor([4.0])
    a, b = module(x, 2.0, y)
    (a + b).sum().backward()
    assert log == [[[[6.0], None, [0.0]], [[1.0], [1.0]]]]
    assert x.grad.tolist() == [6.0]
    assert not module(y, 2.0, y)[0].requires_grad


@pytest.mark.parametrize("lib", BOTH)
def test_backward_hooks_without_a_gradient_for_the_input(lib: Any) -> None:
    module, log = scale_class(lib)(), []
    handle = module.register_full_backward_hook(lambda m, grad_input, grad_output: log.append(grad_input))
    y = module(lib.ones(2)).sum()
    with pytest.warns(UserWarning, match="Full backward hook is firing"):
        y.backward()
    assert log == [(None,)]
    assert module.weight.grad.tolist() == [1.0, 1.0]
    handle.remove()
    module.register_full_backward_pre_hook(lambda m, grad_output: (None, None))
    y = module(lib.ones(2).requires_grad_()).sum()
    with pytest.raises(RuntimeError, match="Backward pre hook returned an invalid number of grad_output, got 2"):
        y.backward()
    odd = lib.nn.Identity()
    odd.register_full_backward_hook(lambda m, grad_input, grad_output: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple of Tensors"):
        odd({"x": 1})


def test_inplace_work_after_a_backward_hook_is_safe() -> None:
    module = scale_class(sn)()
    module.register_full_backward_hook(lambda m, grad_input, grad_output: None)
    x: Any = sn.ones(2).requires_grad_()
    module(x).mul_(3.0).sum().backward()
    assert x.grad.tolist() == [6.0, 9.0]


def test_no_state_is_shared_with_arrays_of_numpy() -> None:
    module = nn.Linear(2, 2)
    before = to_numpy(module.weight).copy()
    copy.deepcopy(module).weight.data.fill_(0.0)
    np.testing.assert_array_equal(to_numpy(module.weight), before)
