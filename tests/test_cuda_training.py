"""Training on a GPU: the CPU's losses and weights, and no step that waits for the GPU."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from emulation import engine
from parity import needs_torch, to_numpy, torch

import scratchnet as sn
from scratchnet import models, nn
from scratchnet.kernels.cuda import driver
from scratchnet.nn import functional as F

STEPS, BATCH = 20, 4
OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "SGD": lambda lib, params: lib.optim.SGD(params, lr=0.05, momentum=0.9, weight_decay=1e-3),
    "Adam": lambda lib, params: lib.optim.Adam(params, lr=1e-3),
}


def normed(lib: Any, dropout: float = 0.0) -> Any:
    """A small net of layers that LeNet lacks. No batch norm follows on what it would undo, such as another's bias: of
    a gradient that is 0 but for rounding, Adam makes a whole step.
    """
    n = lib.nn
    return n.Sequential(
        *(n.Conv2d(1, 6, 5, stride=2, padding=2, bias=False), n.BatchNorm2d(6), n.Tanh(), n.MaxPool2d(3, 2)),
        *(n.Conv2d(6, 8, 1, bias=False), n.BatchNorm2d(8), n.ReLU(), n.AdaptiveAvgPool2d(2)),
        *(n.Flatten(), n.Dropout(dropout), n.Linear(32, 16), n.LeakyReLU(0.1), n.Linear(16, 10)),
    )


def lenet(lib: Any) -> Any:
    if lib is sn:
        return models.create("lenet")
    from scratchnet.bench.torch_nets import TWINS

    return TWINS["lenet"]()


def trained(lib: Any, build: Callable[[Any], Any], optimizer: str, dtype: str, place: str = "cpu") -> dict[str, Any]:
    """The losses of 20 steps and what the net has learnt, as arrays."""
    lib.manual_seed(5)
    rng = np.random.default_rng(6)
    net = build(lib).to(place, getattr(lib, dtype))
    stepper = OPTIMIZERS[optimizer](lib, net.parameters())
    losses = []
    for _ in range(STEPS):
        images = lib.tensor(rng.standard_normal((BATCH, 1, 28, 28)).astype(dtype)).to(place)
        labels = lib.tensor(rng.integers(0, 10, BATCH)).to(place)
        stepper.zero_grad()
        loss = lib.nn.functional.cross_entropy(net(images), labels)
        loss.backward()
        stepper.step()
        losses.append(loss.detach())
    return {"losses": to_numpy(lib.stack(losses)), **{key: to_numpy(value) for key, value in net.state_dict().items()}}


NETS = [pytest.param(lenet, "SGD", id="lenet, SGD"), pytest.param(normed, "Adam", id="batch norm, Adam")]


@pytest.mark.parametrize(("build", "optimizer"), NETS)
def test_twenty_steps_equal_the_cpu_s(gpu: str, build: Callable[[Any], Any], optimizer: str) -> None:
    here, there = trained(sn, build, optimizer, "float64"), trained(sn, build, optimizer, "float64", "cuda")
    assert list(here) == list(there)
    for key, value in here.items():
        np.testing.assert_allclose(there[key], value, rtol=1e-9, atol=1e-9 * np.abs(value).max(), err_msg=key)


@needs_torch
@pytest.mark.parametrize(("build", "optimizer"), NETS)
def test_twenty_steps_in_float32_are_as_exact_as_torch_s(gpu: str, build: Callable[[Any], Any], optimizer: str) -> None:
    """The error against float64 is at most twice torch's own: the largest, and root mean square."""
    ours, theirs = trained(sn, build, optimizer, "float32", "cuda"), trained(torch, build, optimizer, "float32")
    for key, truth in trained(torch, build, optimizer, "float64").items():
        assert ours[key].dtype == theirs[key].dtype
        if truth.dtype.kind == "i":
            np.testing.assert_array_equal(ours[key], truth)
            continue
        error, allowed = np.abs(ours[key] - truth), np.abs(theirs[key] - truth)
        floor = np.finfo(np.float32).eps * np.abs(truth).max()
        assert error.max() <= 2 * allowed.max() + floor, key
        assert root_mean_square(error) <= 2 * root_mean_square(allowed) + floor, key


def root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def parts_of_a_step(net: Any, stepper: Any, images: Any, labels: Any) -> dict[str, Callable[[], Any]]:
    """What a training loop does between two reads of its loss, one after the other."""
    schedule = sn.optim.lr_scheduler.CosineAnnealingLR(stepper, 100)
    found: dict[str, Any] = {}

    def loss() -> None:
        found["loss"] = F.cross_entropy(net(images), labels, label_smoothing=0.1)

    return {
        "zero_grad": stepper.zero_grad,
        "forward": loss,
        "backward": lambda: found["loss"].backward(),
        "clip_grad_norm_": lambda: nn.utils.clip_grad_norm_(net.parameters(), 1.0),
        "clip_grad_value_": lambda: nn.utils.clip_grad_value_(net.parameters(), 0.5),
        "step": stepper.step,
        "schedule": schedule.step,
        "zero_grad to zeros": lambda: stepper.zero_grad(set_to_none=False),
        "sum of losses": lambda: found.update(sum=found.get("sum", 0.0) + found["loss"].detach()),
    }


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("build", [lenet, lambda lib: normed(lib, dropout=0.5)], ids=["lenet", "batch norm, dropout"])
def test_no_part_of_a_step_waits_for_the_gpu(gpu: str, build: Callable[[Any], Any], optimizer: str) -> None:
    if gpu != "emulated":
        pytest.skip("only the stand-in counts what a program waits for")
    net = build(sn).to("cuda")
    stepper = OPTIMIZERS[optimizer](sn, net.parameters())
    images, labels = sn.rand(BATCH, 1, 28, 28, device="cuda"), sn.randint(0, 10, (BATCH,), device="cuda")
    waited: dict[str, int] = {}
    parts = parts_of_a_step(net, stepper, images, labels)
    for _ in range(3):
        for name, part in parts.items():
            before = driver.cupy().waits
            part()
            waited[name] = waited.get(name, 0) + driver.cupy().waits - before
    assert waited == dict.fromkeys(parts, 0)
    before = driver.cupy().waits
    net(images).sum().item()
    assert driver.cupy().waits > before


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_s_step_is_one_launch(gpu: str, optimizer: str) -> None:
    """Of all ten parameters of LeNet; the whole training step stays below 100 launches of kernels of our own."""
    if gpu != "emulated":
        pytest.skip("only the emulator counts launches")
    net = lenet(sn).to("cuda")
    stepper = OPTIMIZERS[optimizer](sn, net.parameters())
    images, labels = sn.rand(BATCH, 1, 28, 28, device="cuda"), sn.randint(0, 10, (BATCH,), device="cuda")
    for _ in range(2):
        start = engine.launches
        F.cross_entropy(net(images), labels).backward()
        before = engine.launches
        stepper.step()
    assert engine.launches - before == 1
    print(f"LeNet, {optimizer}: {engine.launches - start} launches a step")
    assert engine.launches - start < 100
