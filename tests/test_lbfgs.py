"""LBFGS beside torch's: the losses of each step, the parameters, how often the closure ran."""

import pickle
import re
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, to_numpy, torch

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")

BOTH = [pytest.param(sn, id="scratchnet"), pytest.param(torch, id="torch", marks=needs_torch)]
SETTINGS: list[dict[str, Any]] = [
    {"lr": 0.1},
    {"lr": 0.3, "max_iter": 5, "history_size": 2},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "max_iter": 4, "history_size": 3},
    {"line_search_fn": "strong_wolfe", "max_iter": 8, "max_eval": 5, "lr": 5.0},
]


def run(lib: Any, settings: dict[str, Any], steps: int = 4) -> tuple[list[float], list[Any], dict[str, Any], int]:
    """Rosenbrock's valley in six dimensions, in two parameters, and one without a gradient."""
    a, b, c = (lib.nn.Parameter(lib.tensor(np.linspace(low, 1.4, n))) for low, n in ((-1.2, 4), (0.1, 2), (0.0, 3)))
    optimizer = lib.optim.LBFGS([a, b, c], **settings)
    calls = 0

    def closure() -> Any:
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        x = lib.cat([a, b])
        loss = ((x[1:] - x[:-1] * x[:-1]) ** 2 * 10 + (1 - x[:-1]) ** 2).sum()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(steps)]
    return losses, [a, b, c], optimizer.state_dict(), calls


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad=True")
@needs_torch
@pytest.mark.parametrize("settings", SETTINGS)
def test_four_steps(settings: dict[str, Any]) -> None:
    ours, theirs = run(sn, settings), run(torch, settings)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    for a, b in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(to_numpy(a), to_numpy(b), rtol=1e-6, atol=1e-8)
    assert ours[3] == theirs[3]
    for key in ("func_evals", "n_iter"):
        assert ours[2]["state"][0][key] == theirs[2]["state"][0][key]
    assert ours[2]["param_groups"] == theirs[2]["param_groups"]
    assert ours[0][-1] < ours[0][0]


def test_saved_state_goes_on_where_it_was() -> None:
    weight, twin = (sn.nn.Parameter(sn.tensor([3.0, -2.0, 1.0], dtype=sn.float64)) for _ in range(2))

    def closure_of(param: Any, optimizer: Any) -> Any:
        def closure() -> Any:
            optimizer.zero_grad()
            loss = (param**4).sum() + (param[0] - param[1]) ** 2
            loss.backward()
            return loss

        return closure

    optimizer = sn.optim.LBFGS([weight], max_iter=3, line_search_fn="strong_wolfe")
    optimizer.step(closure_of(weight, optimizer))
    twin.data = weight.detach().clone()
    other = sn.optim.LBFGS([twin])
    other.load_state_dict(pickle.loads(pickle.dumps(optimizer.state_dict())))
    for some, param in ((optimizer, weight), (other, twin)):
        some.step(closure_of(param, some))
    assert weight.tolist() == twin.tolist()


@pytest.mark.parametrize("lib", BOTH)
def test_what_is_refused(lib: Any) -> None:
    a, b = lib.nn.Parameter(lib.ones(1)), lib.nn.Parameter(lib.ones(1))
    a.grad = lib.ones(1)
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda: lib.optim.LBFGS([a], lr=-1), ValueError, "Invalid learning rate: -1"),
        (lambda: lib.optim.LBFGS([{"params": [a]}, {"params": [b]}]), ValueError, "doesn't support per-parameter"),
        (lambda: lib.optim.LBFGS([a]).step(), TypeError, "closure"),
        (
            lambda: lib.optim.LBFGS([a], line_search_fn="odd").step(lambda: lib.ones(())),
            RuntimeError,
            "only 'strong_wolfe' is supported",
        ),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            call()
