"""The tape across devices; modules, lazy modules and optimizers that move; what torch refuses there."""

import copy
import warnings
from typing import Any

import numpy as np
import pytest
from devices import two_gpus

import scratchnet as sn
from scratchnet import nn, optim

F = nn.functional


def test_gradients_come_back_to_where_the_tensors_were(gpu: str) -> None:
    two_gpus()
    x = sn.tensor([1.0, 2.0], requires_grad=True)
    y = sn.tensor([3.0, 4.0], device="cuda:0", requires_grad=True)
    z = sn.tensor([5.0, 6.0], device="cuda:1", requires_grad=True)
    loss = ((x.to("cuda:0") * y).to("cuda:1") * z).cpu().sum()
    loss.backward()
    places, grads = zip(*[(str(v.grad.device), v.grad.tolist()) for v in (x, y, z)], strict=True)
    assert places == ("cpu", "cuda:0", "cuda:1")
    assert grads == ([15, 24], [5, 12], [3, 8])
    assert sn.cuda.current_device() == 0


def test_gradients_of_both_orders_through_two_devices(gpu: str) -> None:
    two_gpus()
    x = sn.tensor([1.0, 2.0], device="cuda:1", requires_grad=True, dtype=sn.float64)
    y = (x**3).to("cuda:0").exp().to("cuda:1").log().sum()
    (g,) = sn.autograd.grad(y, x, create_graph=True)
    (gg,) = sn.autograd.grad(g.sum(), x)
    assert str(g.device) == str(gg.device) == "cuda:1"
    np.testing.assert_allclose(g.tolist(), [3, 12], rtol=1e-12)
    np.testing.assert_allclose(gg.tolist(), [6, 12], rtol=1e-9)


def test_gradients_add_up_on_their_device(gpu: str) -> None:
    place = "cuda:1" if sn.cuda.device_count() > 1 else "cuda:0"
    x = sn.ones(2, device=place, requires_grad=True)
    for times in (1, 2):
        (x * 3).sum().backward()
        assert x.grad is not None
        assert (str(x.grad.device), x.grad.tolist()) == (place, [3.0 * times] * 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x * x).sum().backward(create_graph=True)
    assert x.grad.tolist() == [8.0, 8.0]
    (twice,) = sn.autograd.grad(x.sum() * 2, x, materialize_grads=True)
    assert str(twice.device) == place
    unused = sn.ones(2, device=place, requires_grad=True)
    assert str(sn.autograd.grad(x.sum(), unused, materialize_grads=True)[0].device) == place


def test_hooks_and_retained_gradients(gpu: str) -> None:
    x = sn.ones(2, requires_grad=True)
    y = x.cuda()
    z = y * 2
    z.retain_grad()
    seen = []
    y.register_hook(lambda g: seen.append(str(g.device)) or g * 10)
    x.register_hook(lambda g: seen.append(str(g.device)))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(str(t.grad.device)))
    z.sum().backward()
    assert seen == ["cuda:0", "cpu", "cpu"]
    assert z.grad.is_cuda
    assert x.grad.tolist() == [20.0, 20.0]


def test_in_place_and_views(gpu: str) -> None:
    place = "cuda:1" if sn.cuda.device_count() > 1 else "cuda:0"
    x = sn.arange(6.0, device=place).requires_grad_()
    y = x * 1
    part = y.view(2, 3)[1]
    part.mul_(x[:3])
    y[0] = 7.0
    y.sum().backward()
    assert y.tolist() == [7, 1, 2, 0, 4, 10]
    assert x.grad.tolist() == [3, 5, 6, 0, 1, 2]
    z = sn.ones(2, device=place, requires_grad=True) * 1
    w = z.exp()
    w.add_(1)
    with pytest.raises(
        RuntimeError, match=r"modified by an inplace operation: \[scratchnet\.cuda\.FloatTensor \[2\]\]"
    ):
        w.sum().backward()
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x.add_(1)
    x.data.zero_()
    assert x.tolist() == [0] * 6


def test_what_backward_refuses(gpu: str) -> None:
    x = sn.ones(2, device="cuda", requires_grad=True)
    with pytest.raises(RuntimeError, match="expected device cuda:0 but got cpu"):
        (x * 2).backward(sn.ones(2))

    class Astray(sn.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            return gy.cpu()

    with pytest.raises(RuntimeError, match="invalid gradient at index 0 - expected device cuda:0 but got cpu"):
        Astray.apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="gradient with device type 'cpu'"):
        x.grad = sn.ones(2)
    with pytest.raises(RuntimeError, match=r"Linear|Matmul|MatMul|Addmm"):
        nn.Linear(2, 2).cuda()(sn.ones(1, 2))


def test_anomaly_mode_reads_through_the_host(gpu: str) -> None:
    x = sn.tensor([1.0, -1.0], device="cuda", requires_grad=True)
    with sn.autograd.detect_anomaly():
        assert (x * 2).sum().item() == 0.0
        with pytest.raises(RuntimeError, match=r"returned nan values in its 0th output, first at index \(1,\)"):
            x.log()


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.first = nn.Linear(3, 3)
        self.second = nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.register_buffer("counted", sn.zeros(1, dtype=sn.int64), persistent=False)


def test_modules_move_with_all_that_is_theirs(gpu: str) -> None:
    place = "cuda:1" if sn.cuda.device_count() > 1 else "cuda:0"
    model = Tied()
    before = list(model.parameters())
    values = [p.tolist() for p in before]
    (model.first.weight * 3).sum().backward()
    assert model.to(place) is model
    after = list(model.parameters())
    assert all(a is b for a, b in zip(before, after, strict=True))
    assert model.second.weight is model.first.weight
    assert {str(t.device) for t in (*model.parameters(), *model.buffers())} == {place}
    assert model.first.weight.grad is not None
    assert (str(model.first.weight.grad.device), model.first.weight.grad[0, 0].item()) == (place, 3.0)
    assert [p.tolist() for p in after] == values
    assert all(p.is_leaf and p.requires_grad for p in after)
    model.to(place, sn.float64)
    assert (model.first.weight.dtype, model.counted.dtype) == (sn.float64, sn.int64)
    model.to(sn.ones(1, dtype=sn.float32))
    assert {str(t.device) for t in (*model.parameters(), *model.buffers())} == {"cpu"}
    assert model.first.weight.grad.is_cpu
    assert model.cuda().first.weight.is_cuda
    assert model.cpu().norm.running_mean.is_cpu
    (model.first.weight * 2).sum().backward()
    assert model.first.weight.grad[0, 0].item() == 5.0


def test_state_dicts_cross_devices(gpu: str) -> None:
    here, there = nn.Linear(2, 3), nn.Linear(2, 3).cuda()
    there.load_state_dict(here.state_dict())
    assert there.weight.is_cuda
    assert there.weight.tolist() == here.weight.tolist()
    there.weight.data.mul_(2)
    here.load_state_dict(there.state_dict())
    assert here.weight.is_cpu
    assert here.weight.tolist() == there.weight.tolist()
    here.load_state_dict(there.state_dict(), assign=True)
    assert here.weight.is_cuda


def test_lazy_modules_take_their_device_along(gpu: str) -> None:
    layer = nn.LazyLinear(2)
    layer.cuda()
    assert layer.weight.device == sn.device("cuda:0")
    twin = copy.deepcopy(layer)
    for lazy in (layer, twin, nn.LazyLinear(2, device="cuda")):
        lazy.initialize_parameters(sn.ones(1, 3, device="cuda"))
        assert (str(lazy.weight.device), lazy.weight.shape) == ("cuda:0", (2, 3))
        assert lazy.bias.is_cuda
    norm = nn.LazyBatchNorm2d().to("cuda", sn.float64)
    assert (norm.running_mean.device, norm.running_mean.dtype) == (sn.device("cuda:0"), sn.float64)
    loaded = nn.LazyLinear(2).cuda()
    loaded.load_state_dict(nn.Linear(4, 2).state_dict())
    assert (str(loaded.weight.device), loaded.weight.shape) == ("cuda:0", (2, 4))


@pytest.mark.parametrize(
    "make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1), lambda p: optim.RMSprop(p)]
)
def test_optimizer_state_follows_its_parameters(gpu: str, make: Any) -> None:
    def stepped(place: str) -> tuple[Any, Any]:
        param = nn.Parameter(sn.tensor([1.0, 2.0], device=place))
        optimizer = make([param])
        for _ in range(2):
            param.grad = sn.tensor([0.5, -1.0], device=place)
            optimizer.step()
        return param, optimizer

    (here, on_cpu), (there, on_gpu) = stepped("cpu"), stepped("cuda")
    np.testing.assert_allclose(there.tolist(), here.tolist(), rtol=1e-6)
    on_gpu.load_state_dict(copy.deepcopy(on_cpu.state_dict()))
    state = {name: value for name, value in on_gpu.state[there].items() if isinstance(value, sn.Tensor)}
    assert state
    assert all(value.is_cuda for name, value in state.items() if name != "step")
    for param, optimizer in ((here, on_cpu), (there, on_gpu)):
        param.data = sn.ones(2, device=param.device)
        param.grad = sn.ones(2, device=param.device)
        optimizer.step()
    np.testing.assert_allclose(there.tolist(), here.tolist(), rtol=1e-6)


def test_moving_a_model_after_its_optimizer_was_made(gpu: str) -> None:
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), lr=1.0)
    model.cuda()
    model.weight.grad, model.bias.grad = sn.ones(1, 2, device="cuda"), sn.ones(1, device="cuda")
    before = model.weight.tolist()
    optimizer.step()
    np.testing.assert_allclose(model.weight.tolist(), np.array(before) - 1, rtol=1e-6)


def test_layers_made_on_the_device_have_the_cpu_s_weights(gpu: str) -> None:
    sn.manual_seed(3)
    here = nn.Linear(4, 3)
    sn.manual_seed(3)
    there = nn.Linear(4, 3, device="cuda")
    assert there.weight.is_cuda
    assert there.weight.tolist() == here.weight.tolist()
    assert there.bias.tolist() == here.bias.tolist()
