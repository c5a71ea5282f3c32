"""Schedulers, beside torch's: the same rates over 30 epochs, the same saved state, warnings and errors."""

import copy
import math
import pickle
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from parity import needs_torch, torch

import scratchnet as sn

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
Make = Callable[[Any, Any], Any]


class Halving:
    """A function object: its attributes are saved."""

    def __init__(self) -> None:
        self.base = 0.5

    def __call__(self, epoch: int) -> float:
        return self.base ** (epoch // 7)


def half(x: float) -> float:
    return 0.5 ** (x - 1)


def sequence(s: Any, o: Any) -> Any:
    parts = [s.ConstantLR(o, 0.5, 4), s.ExponentialLR(o, 0.8), s.CosineAnnealingLR(o, 6)]
    return s.SequentialLR(o, parts, [5, 12])


def chain(s: Any, o: Any) -> Any:
    return s.ChainedScheduler([s.LinearLR(o, 0.25, 0.9, 8), s.StepLR(o, 4, 0.7), s.CosineAnnealingLR(o, 9, 0.01)])


SCHEDULERS: dict[str, Make] = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "lambdas": lambda s, o: s.LambdaLR(o, [lambda epoch: 1 / (1 + epoch), Halving()]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9 + 0.01 * (epoch % 3)),
    "multiplicatives": lambda s, o: s.MultiplicativeLR(o, (Halving(), lambda epoch: 0.9)),
    "step": lambda s, o: s.StepLR(o, 7, 0.3),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 12, 12, 20], 0.3),
    "constant": lambda s, o: s.ConstantLR(o, 0.3, 6),
    "linear": lambda s, o: s.LinearLR(o, 0.1, 0.7, 11),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9),
    "polynomial": lambda s, o: s.PolynomialLR(o, 20, 1.7),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 8, 0.001),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.001),
    "restarts of one length": lambda s, o: s.CosineAnnealingWarmRestarts(o, 7),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, 7),
    "cyclic triangular2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.3], 5, mode="triangular2"),
    "cyclic exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 5, mode="exp_range", gamma=0.9, base_momentum=0.5),
    "cyclic scaled": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 5, scale_fn=half, cycle_momentum=False),
    "cyclic scaled by steps": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 5, scale_fn=Halving(), scale_mode="iterations"),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.2, 30),
    "one cycle, linear": lambda s, o: s.OneCycleLR(
        o, [0.2, 0.1], epochs=6, steps_per_epoch=5, anneal_strategy="linear"
    ),
    "one cycle, three phases": lambda s, o: s.OneCycleLR(o, 0.2, 30, pct_start=0.4, three_phase=True),
    "one cycle, no momentum": lambda s, o: s.OneCycleLR(o, 0.2, 31, cycle_momentum=False, div_factor=3.0),
    "chained": chain,
    "sequential": sequence,
    "chained with sequential": lambda s, o: s.ChainedScheduler([sequence(s, o), s.StepLR(o, 4, 0.7)]),
}


def optimizer_of(lib: Any, kind: str = "SGD", lr: Any = 0.1) -> Any:
    groups = [{"params": [lib.nn.Parameter(lib.ones(2))]}, {"params": [lib.nn.Parameter(lib.ones(1))], "lr": 0.3}]
    return getattr(lib.optim, kind)(groups, lr=lr, **({"momentum": 0.9} if kind == "SGD" else {}))


def seen(optimizer: Any, scheduler: Any) -> list[Any]:
    names = ("lr", "momentum", "betas")
    groups = [
        [float(x) if hasattr(x, "item") else x for x in map(group.get, names)] for group in optimizer.param_groups
    ]
    return [groups, [float(rate) for rate in scheduler.get_last_lr()], scheduler.__dict__.get("last_epoch")]


def run(lib: Any, make: Make, epochs: int = 30, kind: str = "SGD") -> tuple[list[Any], Any, Any]:
    optimizer = optimizer_of(lib, kind)
    scheduler = make(lib.optim.lr_scheduler, optimizer)
    found = [seen(optimizer, scheduler)]
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        found.append(seen(optimizer, scheduler))
    return found, optimizer, scheduler


@needs_torch
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_thirty_epochs(name: str, kind: str) -> None:
    ours, our_optimizer, our_scheduler = run(sn, SCHEDULERS[name], kind=kind)
    theirs, their_optimizer, their_scheduler = run(torch, SCHEDULERS[name], kind=kind)
    assert ours == theirs
    assert our_scheduler.state_dict() == their_scheduler.state_dict()
    groups = [optimizer.state_dict()["param_groups"] for optimizer in (our_optimizer, their_optimizer)]
    assert groups[0] == groups[1]


@pytest.mark.parametrize("name", SCHEDULERS)
def test_saved_state_goes_on_where_it_was(name: str) -> None:
    full, _, _ = run(sn, SCHEDULERS[name], 20)
    _, optimizer, scheduler = run(sn, SCHEDULERS[name], 11)
    saved, groups = pickle.loads(pickle.dumps((scheduler.state_dict(), optimizer.state_dict())))
    other = optimizer_of(sn)
    resumed = SCHEDULERS[name](sn.optim.lr_scheduler, other)
    before = copy.deepcopy(saved)
    resumed.load_state_dict(saved)
    other.load_state_dict(groups)
    assert saved == before
    for wanted in full[12:]:
        other.step()
        resumed.step()
        assert seen(other, resumed) == wanted


@needs_torch
@pytest.mark.parametrize("name", ["step", "multistep", "exponential", "cosine", "linear", "polynomial", "constant"])
def test_a_state_saved_by_torch_loads(name: str) -> None:
    make = SCHEDULERS[name]
    wanted, _, _ = run(torch, make, 10)
    _, their_optimizer, theirs = run(torch, make, 5)
    optimizer = optimizer_of(sn)
    scheduler = make(sn.optim.lr_scheduler, optimizer)
    scheduler.load_state_dict(theirs.state_dict())
    optimizer.load_state_dict(their_optimizer.state_dict())
    for expected in wanted[6:]:
        optimizer.step()
        scheduler.step()
        assert seen(optimizer, scheduler) == expected


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.filterwarnings("ignore:Detected call of")
@needs_torch
@pytest.mark.parametrize("name", [name for name in SCHEDULERS if not name.startswith(("chained", "sequential"))])
def test_a_given_epoch(name: str) -> None:
    found = []
    for lib in (sn, torch):
        optimizer = optimizer_of(lib)
        scheduler = SCHEDULERS[name](lib.optim.lr_scheduler, optimizer)
        rates = []
        for epoch in (3, 4, 9, 2, 21, 0):
            scheduler.step(epoch)
            rates.append(seen(optimizer, scheduler))
        found.append(rates)
    assert found[0] == found[1]


@needs_torch
def test_fractions_of_epochs() -> None:
    found = []
    for lib in (sn, torch):
        optimizer = optimizer_of(lib)
        scheduler = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2)
        rates = []
        for i in range(40):
            scheduler.step(i / 3)
            rates.append(seen(optimizer, scheduler))
        found.append((rates, scheduler.state_dict()))
    assert found[0] == found[1]


RESUMED: dict[str, Make] = {
    "step": lambda s, o: s.StepLR(o, 3, 0.3, 10),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9, 10),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 8, 0.001, 10),
    "linear": lambda s, o: s.LinearLR(o, 0.1, 0.7, 20, 10),
    "lambda": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch, 10),
    "one cycle": lambda s, o: s.OneCycleLR(o, 0.2, 30, last_epoch=10),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 4, last_epoch=10),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.001, 10),
}


@needs_torch
@pytest.mark.parametrize("name", RESUMED)
def test_resuming_with_last_epoch(name: str) -> None:
    found = []
    for lib in (sn, torch):
        _, optimizer, _ = run(lib, SCHEDULERS[name], 11)
        scheduler = RESUMED[name](lib.optim.lr_scheduler, optimizer)
        rates = [seen(optimizer, scheduler)]
        for _ in range(6):
            optimizer.step()
            scheduler.step()
            rates.append(seen(optimizer, scheduler))
        found.append(rates)
    assert found[0] == found[1]


PLATEAUS: list[dict[str, Any]] = [
    {"patience": 1},
    {"patience": 2, "cooldown": 2, "factor": 0.5, "min_lr": [0.02, 0.05]},
    {"patience": 0, "mode": "max", "threshold": 0.2},
    {"patience": 0, "mode": "max", "threshold": 0.3, "threshold_mode": "abs", "min_lr": 0.01},
    {"patience": 1, "threshold": 0.4, "threshold_mode": "abs", "eps": 0.01},
]


@needs_torch
@pytest.mark.parametrize("settings", PLATEAUS)
def test_plateau(settings: dict[str, Any]) -> None:
    found = []
    for lib in (sn, torch):
        optimizer = optimizer_of(lib)
        scheduler = lib.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
        rates = [seen(optimizer, scheduler)]
        for i in range(30):
            scheduler.step(lib.tensor(2 + math.cos(i * 0.7) - i * 0.05))
            rates.append([*seen(optimizer, scheduler), scheduler.in_cooldown])
            scheduler.load_state_dict(pickle.loads(pickle.dumps(scheduler.state_dict())))
        found.append((rates, scheduler.state_dict()))
    assert found[0] == found[1]


@pytest.mark.parametrize("lib", BOTH)
def test_a_rate_that_is_a_tensor(lib: Any) -> None:
    optimizer = lib.optim.SGD([lib.nn.Parameter(lib.ones(1))], lr=lib.tensor(0.5))
    rate = optimizer.param_groups[0]["lr"]
    scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25
    assert scheduler.base_lrs[0].item() == 0.5
    assert scheduler.get_last_lr()[0] is not rate


@pytest.mark.parametrize("lib", BOTH)
def test_warnings(lib: Any) -> None:
    s = lib.optim.lr_scheduler
    optimizer = optimizer_of(lib)
    scheduler = s.StepLR(optimizer, 3)
    with pytest.warns(UserWarning, match="Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`"):
        scheduler.step()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step\\(\\)` was not necessary"):
        scheduler.step(4)
    with pytest.warns(UserWarning, match="To get the last learning rate computed by the scheduler, please use `get_l"):
        scheduler.get_lr()
    with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step\\(\\)` was not necessary"):
        s.ReduceLROnPlateau(optimizer).step(1.0, 3)
    optimizer = optimizer_of(lib)
    scheduler = s.StepLR(optimizer, 3)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match="Seems like `optimizer.step\\(\\)` has been overridden"):
        scheduler.step()
    optimizer = optimizer_of(lib)
    scheduler = s.StepLR(optimizer, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("lib", BOTH)
def test_a_scheduler_of_ones_own(lib: Any) -> None:
    class Root(lib.optim.lr_scheduler.LRScheduler):
        def get_lr(self) -> Any:
            return [base / (1 + self.last_epoch) ** 0.5 for base in self.base_lrs]

    optimizer = optimizer_of(lib)
    scheduler = Root(optimizer)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0.05
    with pytest.raises(NotImplementedError):
        lib.optim.lr_scheduler.LRScheduler(optimizer)


@pytest.mark.parametrize("lib", BOTH)
def test_what_is_refused(lib: Any) -> None:
    s, o, other = lib.optim.lr_scheduler, optimizer_of(lib), optimizer_of(lib)
    plain = lib.optim.RMSprop([lib.nn.Parameter(lib.ones(1))])
    del plain.defaults["momentum"]
    past = s.OneCycleLR(optimizer_of(lib), 0.2, 1)
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: s.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (lambda: s.StepLR(other, 1, last_epoch=3), KeyError, "param 'initial_lr' is not specified in param_groups[0]"),
        (lambda: s.LambdaLR(o, [abs]), ValueError, "Expected 2 lr_lambdas, but got 1"),
        (lambda: s.MultiplicativeLR(o, 0.5), TypeError, "lr_lambda should be a function, but got float"),
        (lambda: s.ConstantLR(o, 1.5), ValueError, "Constant multiplicative factor expected to be between 0 and 1."),
        (lambda: s.LinearLR(o, 0.0), ValueError, "Starting multiplicative factor expected to be greater than 0"),
        (lambda: s.LinearLR(o, 0.5, -1), ValueError, "Ending multiplicative factor expected to be between 0 and 1."),
        (lambda: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0, but got 0"),
        (lambda: s.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "Expected integer T_mult >= 1, but got 0"),
        (lambda: s.CosineAnnealingWarmRestarts(o, 1, 1, "x"), ValueError, "Expected float or int eta_min, but got x"),
        (lambda: s.CosineAnnealingWarmRestarts(o, 1).step(-1), ValueError, "Expected non-negative epoch, but got -1"),
        (lambda: s.CyclicLR(3, 0.1, 0.2), TypeError, "int is not an Optimizer"),
        (lambda: s.CyclicLR(o, [0.1], 0.2), ValueError, "base_lr must have the same length as optimizer.param_groups"),
        (lambda: s.CyclicLR(o, 0.1, [0.2]), ValueError, "max_lr has 1 values, param_groups has 2"),
        (lambda: s.CyclicLR(o, 0.1, 0.2, mode="odd"), ValueError, "mode is invalid and scale_fn is None"),
        (lambda: s.CyclicLR(plain, 0.1, 0.2), ValueError, "optimizer must support momentum or beta1"),
        (lambda: s.OneCycleLR(plain, 0.1, 10), ValueError, "optimizer must support momentum or beta1"),
        (lambda: s.OneCycleLR(3, 0.1, 10), TypeError, "int is not an Optimizer"),
        (
            lambda: s.OneCycleLR(o, 0.1),
            ValueError,
            "You must define either total_steps OR (epochs AND steps_per_epoch)",
        ),
        (lambda: s.OneCycleLR(o, 0.1, 0), ValueError, "Expected positive integer total_steps, but got 0"),
        (lambda: s.OneCycleLR(o, 0.1, None, -1, 2), ValueError, "Expected positive integer epochs, but got -1"),
        (lambda: s.OneCycleLR(o, 0.1, None, 1, 0), ValueError, "Expected positive integer steps_per_epoch, but got 0"),
        (lambda: s.OneCycleLR(o, 0.1, 9, pct_start=2.0), ValueError, "Expected float between 0 and 1 pct_start"),
        (lambda: s.OneCycleLR(o, 0.1, 9, anneal_strategy="x"), ValueError, "anneal_strategy must be one of 'cos' or"),
        (lambda: [(past.optimizer.step(), past.step()) for _ in range(9)], ValueError, "Tried to step 2 times."),
        (lambda: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be < 1.0."),
        (lambda: s.ReduceLROnPlateau(3), TypeError, "int is not an Optimizer"),
        (lambda: s.ReduceLROnPlateau(o, min_lr=[0.1]), ValueError, "expected 2 min_lrs, got 1"),
        (lambda: s.ReduceLROnPlateau(o, mode="odd"), ValueError, "mode odd is unknown!"),
        (lambda: s.ReduceLROnPlateau(o, threshold_mode="odd"), ValueError, "threshold mode odd is unknown!"),
        (lambda: s.ChainedScheduler([]), ValueError, "ChainedScheduler expects at least one scheduler to be chained"),
        (lambda: s.ChainedScheduler([3], o), TypeError, "at index 0 should have `optimizer` as its attribute"),
        (lambda: s.ChainedScheduler([s.ReduceLROnPlateau(o)]), ValueError, "does not support `ReduceLROnPlateau`"),
        (
            lambda: s.ChainedScheduler([s.StepLR(o, 1), s.StepLR(other, 1)]),
            ValueError,
            "ChainedScheduler expects all schedulers to belong to the same optimizer, but got scheduler StepLR at",
        ),
        (lambda: s.SequentialLR(o, [], []), ValueError, "SequentialLR expects at least one scheduler, but got no"),
        (lambda: s.SequentialLR(o, [s.StepLR(o, 1)], [1]), ValueError, "to be one more than the number of milestone"),
        (lambda: s.SequentialLR(other, [s.StepLR(o, 1)], []), ValueError, "to belong to the same optimizer"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            call()
    plateau = s.ReduceLROnPlateau(o, patience=0, min_lr=[0.0, 0.0])
    o.add_param_group({"params": [lib.nn.Parameter(lib.ones(1))]})
    plateau.step(1.0)
    with pytest.raises(RuntimeError, match=re.escape("The number of param groups in the `optimizer` (3) differs from")):
        plateau.step(1.0)


def test_a_refused_scheduler_changes_nothing() -> None:
    optimizer = optimizer_of(sn, "RMSprop")
    del optimizer.defaults["momentum"]
    before = copy.deepcopy(optimizer.state_dict())
    for make in (sn.optim.lr_scheduler.CyclicLR, sn.optim.lr_scheduler.OneCycleLR):
        with pytest.raises(ValueError, match="must support momentum"):
            make(optimizer, 0.5, 10)
    assert optimizer.state_dict() == before
