"""Averaged models, beside torch's: weights, buffers, state, the scheduler, batch norm's statistics anew."""

import pickle
import re
from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, torch

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]


def net(lib: Any) -> Any:
    lib.manual_seed(3)
    n = lib.nn
    return n.Sequential(n.Linear(4, 5), n.BatchNorm1d(5), n.ReLU(), n.Linear(5, 2)).double()


def batches(lib: Any) -> list[Any]:
    rng = np.random.default_rng(5)
    return [lib.tensor(rng.standard_normal((6, 4))) for _ in range(4)]


def averaged(lib: Any, **settings: Any) -> Any:
    swa = lib.optim.swa_utils
    known = {
        key: getattr(swa, value[0])(*value[1:]) if key != "use_buffers" else value for key, value in settings.items()
    }
    model = net(lib)
    average = swa.AveragedModel(model, **known)
    optimizer = lib.optim.SGD(model.parameters(), lr=0.1)
    for x in batches(lib):
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        optimizer.step()
        average.update_parameters(model)
    return average


SETTINGS: list[dict[str, Any]] = [
    {},
    {"avg_fn": ("get_swa_avg_fn",)},
    {"avg_fn": ("get_ema_avg_fn", 0.7), "use_buffers": True},
    {"multi_avg_fn": ("get_swa_multi_avg_fn",)},
    {"multi_avg_fn": ("get_ema_multi_avg_fn", 0.7)},
    {"multi_avg_fn": ("get_ema_multi_avg_fn", 0.2)},
]


@needs_torch
@pytest.mark.parametrize("settings", SETTINGS)
def test_averages(settings: dict[str, Any]) -> None:
    ours, theirs = averaged(sn, **settings).state_dict(), averaged(torch, **settings).state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert_same(ours[key], value, key)


@needs_torch
def test_statistics_anew() -> None:
    found = []
    for lib in (sn, torch):
        average = averaged(lib)
        average.eval()
        lib.optim.swa_utils.update_bn([(x, 1) for x in batches(lib)], average)
        assert not average.training
        assert average.module[1].momentum == 0.1
        found.append(average(batches(lib)[0]))
        lib.optim.swa_utils.update_bn([], lib.nn.Linear(1, 1))
    assert_same(*found)


@needs_torch
@pytest.mark.parametrize(
    "settings",
    [
        {"swa_lr": 0.05},
        {"swa_lr": [0.05, 0.2], "anneal_epochs": 5, "anneal_strategy": "linear"},
        {"swa_lr": 0.5, "anneal_epochs": 0},
    ],
)
def test_rates(settings: dict[str, Any]) -> None:
    found = []
    for lib in (sn, torch):
        groups = [{"params": [lib.nn.Parameter(lib.ones(1))], "lr": lr} for lr in (0.1, 0.4)]
        optimizer = lib.optim.SGD(groups, lr=1.0)
        start = lib.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        scheduler = lib.optim.swa_utils.SWALR(optimizer, **settings)
        rates = [scheduler.get_last_lr()]
        for epoch in range(20):
            optimizer.step()
            (start if epoch < 4 else scheduler).step()
            rates.append([group["lr"] for group in optimizer.param_groups])
            scheduler.load_state_dict(pickle.loads(pickle.dumps(scheduler.state_dict())))
        found.append((rates, scheduler.state_dict()))
    assert found[0] == found[1]


@pytest.mark.parametrize("lib", BOTH)
def test_what_is_refused(lib: Any) -> None:
    swa = lib.optim.swa_utils
    optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=1.0)
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: swa.get_ema_avg_fn(1.5), ValueError, "Invalid decay value 1.5 provided"),
        (lambda: swa.get_ema_multi_avg_fn(-1), ValueError, "Invalid decay value -1 provided"),
        (lambda: swa.AveragedModel(net(lib), None, abs, abs), AssertionError, "Only one of avg_fn and multi_avg_fn"),
        (lambda: swa.SWALR(optimizer, [0.1, 0.2]), ValueError, "swa_lr must have the same length as"),
        (lambda: swa.SWALR(optimizer, 0.1, -1), ValueError, "anneal_epochs must be equal or greater than 0, got -1"),
        (lambda: swa.SWALR(optimizer, 0.1, 1, "x"), ValueError, "anneal_strategy must be one of 'cos' or 'linear'"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            call()
