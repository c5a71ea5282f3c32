"""A convolution and the ReLU behind it in a Sequential: one pass over the output, and nobody sees a difference."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet import nn
from scratchnet.device import kernels_for
from scratchnet.nn.hooks import register_module_forward_hook

pytestmark = pytest.mark.usefixtures("device")

SETTINGS: list[dict[str, Any]] = [
    {},
    {"padding": 1, "stride": 2},
    {"groups": 2, "dilation": 2},
    {"padding": "same", "kernel_size": 2},
    {"padding": 1, "padding_mode": "circular"},
    {"bias": False},
]


def pair(**settings: Any) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(**{"in_channels": 4, "out_channels": 6, "kernel_size": 3, **settings}), nn.ReLU())


def image(*shape: int) -> sn.Tensor:
    x = sn.randn(*shape)
    x[0, 1, 2, 3] = float("nan")
    x[1, 0, 4, 4] = -float("inf")
    return x.requires_grad_()


def counted(monkeypatch: pytest.MonkeyPatch, run: Callable[[], sn.Tensor]) -> tuple[sn.Tensor, int]:
    """The result, and how often the kernel of ReLU ran."""
    activation = kernels_for(sn.zeros(1).array).activation
    relu, calls = activation.relu, []
    with monkeypatch.context() as patch:
        patch.setattr(activation, "relu", lambda *args: (calls.append(1), relu(*args))[1])
        return run(), len(calls)


def history(tensor: sn.Tensor) -> list[Any]:
    """The tape behind a tensor: the nodes' names, as the graph branches."""
    found: list[Any] = []
    for node, _ in tensor.grad_fn.next_functions if tensor.grad_fn is not None else ():
        found.append(names(node))
    return [tensor.grad_fn.name() if tensor.grad_fn is not None else None, found]


def names(node: Any) -> Any:
    return None if node is None else [node.name(), [names(n) for n, _ in node.next_functions]]


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("kind", [sn.float32, sn.float64, sn.float16])
def test_the_same_bits_and_the_same_tape(settings: dict[str, Any], kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    net, x = pair(**settings).to(kind), image(2, 4, 7, 8).detach().to(kind).requires_grad_()
    apart = nn.functional.relu(net[0](x))
    joined, calls = counted(monkeypatch, lambda: net(x))
    assert calls == (1 if settings.keys() & {"bias", "padding_mode"} else 0)
    np.testing.assert_array_equal(to_numpy(joined), to_numpy(apart))
    assert history(joined) == history(apart)
    upstream = sn.randn(*joined.shape).to(kind)
    wanted = sn.autograd.grad(apart, [x, *net.parameters()], upstream)
    for gradient, expected in zip(sn.autograd.grad(joined, [x, *net.parameters()], upstream), wanted, strict=True):
        np.testing.assert_array_equal(to_numpy(gradient), to_numpy(expected))


def test_without_a_batch() -> None:
    net, x = pair(), sn.randn(4, 7, 8)
    np.testing.assert_array_equal(to_numpy(net(x)), to_numpy(nn.functional.relu(net[0](x))))


def hook(net: nn.Sequential, seen: list[Any]) -> Any:
    return net[0].register_forward_hook(lambda module, args, output: seen.append(output))


def pre_hook(net: nn.Sequential, seen: list[Any]) -> Any:
    return net[1].register_forward_pre_hook(lambda module, args: seen.append(args[0]))


def hook_everywhere(net: nn.Sequential, seen: list[Any]) -> Any:
    def watch(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(module, nn.Conv2d):
            seen.append(output)

    return register_module_forward_hook(watch)


def own_forward(net: nn.Sequential, seen: list[Any]) -> Any:
    forward = net[0].forward

    def watched(x: sn.Tensor) -> sn.Tensor:
        seen.append(forward(x))
        return seen[-1]

    net[0].forward = watched


@pytest.mark.parametrize("watch", [hook, pre_hook, hook_everywhere, own_forward])
def test_who_looks_between_the_two_sees_what_is_negative(watch: Callable[..., Any]) -> None:
    net, x, seen = pair(), sn.randn(2, 4, 7, 8), []
    handle = watch(net, seen)
    try:
        y = net(x)
    finally:
        if handle is not None:
            handle.remove()
    (between,) = seen
    assert (to_numpy(between) < 0).any()
    np.testing.assert_array_equal(to_numpy(y), np.maximum(to_numpy(between), 0))


def test_a_subclass_runs_its_own_forward() -> None:
    class Twice(nn.Conv2d):
        def forward(self, input: sn.Tensor) -> sn.Tensor:
            return 2 * super().forward(input)

    net, x = nn.Sequential(Twice(4, 6, 3), nn.ReLU()), sn.randn(2, 4, 7, 8)
    np.testing.assert_array_equal(to_numpy(net(x)), 2 * to_numpy(nn.functional.relu(nn.Conv2d.forward(net[0], x))))


@needs_torch
def test_second_derivatives() -> None:
    net = pair(padding=1)
    theirs = torch.nn.Sequential(torch.nn.Conv2d(4, 6, 3, padding=1), torch.nn.ReLU())
    theirs.load_state_dict({name: torch.tensor(to_numpy(value)) for name, value in net.state_dict().items()})
    values = np.random.default_rng(0).standard_normal((2, 4, 7, 8))
    found = []
    for lib, model in ((sn, net.double()), (torch, theirs.double())):
        x = lib.tensor(values, requires_grad=True)
        (gx,) = lib.autograd.grad((model(x) ** 2).sum(), x, create_graph=True)
        found.append(lib.autograd.grad((gx**2).sum(), [x, *model.parameters()]))
    for ours, expected in zip(*found, strict=True):
        np.testing.assert_allclose(to_numpy(ours), expected.numpy(), rtol=1e-10)
