"""Optimizers and gradient clipping across devices: state, checkpoints, parameters that lie on several GPUs."""

from typing import Any

import numpy as np
import pytest
from emulation import engine
from parity import assert_same, needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet import nn

NAMES = ["SGD", "Adam", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta"]


def parameters(*places: str) -> list[Any]:
    """A parameter with a gradient on each of the places, of different numbers."""
    found = []
    for number, place in enumerate(places):
        rng = np.random.default_rng(number)
        found.append(nn.Parameter(sn.tensor(rng.standard_normal((3, 4)), device=place)))
        found[-1].grad = sn.tensor(rng.standard_normal((3, 4)), device=place)
    return found


def second_gpu() -> str:
    if sn.cuda.device_count() < 2:
        pytest.skip("there is one GPU only")
    return "cuda:1"


def optimizer(name: str, params: list[Any]) -> Any:
    return getattr(sn.optim, name)(params, **({"momentum": 0.9} if name in ("SGD", "RMSprop") else {}))


@pytest.mark.parametrize("name", NAMES)
def test_one_group_on_several_devices(gpu: str, name: str) -> None:
    places = ("cuda:0", "cpu", second_gpu(), "cuda:0")
    params, twins = parameters(*places), parameters(*["cpu"] * 4)
    ours, theirs = optimizer(name, params), optimizer(name, twins)
    for _ in range(2):
        launched = engine.launches
        ours.step()
        theirs.step()
        assert engine.launches - launched == (2 if gpu == "emulated" else 0)
    for param, twin, place in zip(params, twins, places, strict=True):
        assert str(param.device) == place
        np.testing.assert_array_equal(to_numpy(param), to_numpy(twin))


@pytest.mark.parametrize("name", NAMES)
def test_a_parameter_that_left_its_state_behind(gpu: str, name: str) -> None:
    params = parameters("cpu")
    ours = optimizer(name, params)
    ours.step()
    params[0].data, grad = params[0].data.cuda(), params[0].grad
    before = params[0].tolist()
    for there in (grad, grad.cuda()):  # the gradient is apart, then the state alone
        params[0]._grad = there
        with pytest.raises(RuntimeError, match=f"^{name}: .*at least two devices, cuda:0 and cpu!.*load_state_dict"):
            ours.step()
    assert params[0].tolist() == before
    ours.load_state_dict(ours.state_dict())
    ours.step()
    assert params[0].tolist() != before


def test_lbfgs_wants_all_on_one_device(gpu: str) -> None:
    params = parameters("cpu", "cuda")
    apart = "LBFGS: .*at least two devices, cpu and cuda:0!"
    with pytest.raises(RuntimeError, match=apart):
        sn.optim.LBFGS(params).step(lambda: sn.ones(()))
    ours = sn.optim.LBFGS(params[:1], max_iter=1)
    ours.step(lambda: params[0].square().sum().detach())
    params[0].data = params[0].data.cuda()
    with pytest.raises(RuntimeError, match="LBFGS: .*at least two devices, cuda:0 and cpu!.*load_state_dict"):
        ours.step(lambda: sn.ones(()))


@pytest.mark.parametrize("name", NAMES)
def test_state_goes_where_the_parameters_are_and_counters_to_the_cpu(gpu: str, name: str) -> None:
    params, twins = parameters("cpu", "cpu"), parameters("cuda:0", "cuda:0")
    ours, theirs = optimizer(name, params), optimizer(name, twins)
    ours.step()
    ours.load_state_dict(ours.state_dict())  # gives NAdam's product the parameters' dtype, as loading does in torch
    saved = ours.state_dict()
    saved["state"] = {n: {k: v.to("cuda:0") for k, v in own.items()} for n, own in saved["state"].items()}
    theirs.load_state_dict(saved)
    for own in theirs.state.values():
        for key, value in own.items():
            assert value.device.type == ("cpu" if key in ("step", "mu_product") else "cuda"), key
    with sn.no_grad():
        for param, twin in zip(params, twins, strict=True):
            twin.copy_(param)
    ours.step()
    theirs.step()
    for param, twin in zip(params, twins, strict=True):
        np.testing.assert_array_equal(to_numpy(param), to_numpy(twin))


def test_a_parameter_that_is_listed_twice_is_updated_twice(gpu: str) -> None:
    param, twin = parameters("cuda:0")[0], parameters("cpu")[0]
    for listed in (param, twin):
        with pytest.warns(UserWarning, match="duplicate parameters"):
            stepper = sn.optim.Adam([listed, listed], lr=0.1)
        stepper.step()
        stepper.step()
        assert stepper.state[listed]["step"].item() == 4
    np.testing.assert_array_equal(to_numpy(param), to_numpy(twin))


@needs_torch
@pytest.mark.parametrize("order", [1.0, 2.0, 3.5, float("inf"), -float("inf"), 0.0])
def test_clipping_by_the_norm_over_several_devices(gpu: str, order: float) -> None:
    params = parameters("cuda:0", second_gpu(), "cpu")
    twins = [torch.nn.Parameter(torch.from_numpy(to_numpy(p).copy())) for p in params]
    for param, twin in zip(params, twins, strict=True):
        twin.grad = torch.from_numpy(to_numpy(param.grad).copy())
    total = nn.utils.clip_grad_norm_(params, 0.5, order)
    assert str(total.device) == "cuda:0"
    assert_same(total, torch.nn.utils.clip_grad_norm_(twins, 0.5, order))
    for param, twin in zip(params, twins, strict=True):
        assert param.grad.device == param.device
        assert_same(param.grad, twin.grad)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_on_a_gpu_that_is_not_the_current_one(gpu: str, search: str | None) -> None:
    def minimum(place: str) -> np.ndarray:
        x = nn.Parameter(sn.tensor([-1.2, 1.0], dtype=sn.float64, device=place))
        stepper = sn.optim.LBFGS([x], lr=0.5, max_iter=30, line_search_fn=search)

        def closure() -> Any:
            stepper.zero_grad()
            loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
            loss.backward()
            return loss

        stepper.step(closure)
        assert str(x.device) == place
        return to_numpy(x)

    np.testing.assert_allclose(minimum(second_gpu()), minimum("cpu"), rtol=1e-9)
