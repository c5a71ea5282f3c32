"""einsum on random equations: the same values, gradients and refusals as torch."""

import random
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet

LETTERS = "ijkAB"


def drawn(seed: int) -> tuple[str, list[np.ndarray]]:
    """An equation of one to three terms, now and then with an ellipsis or an impossible output, and its operands."""
    dice, rng = random.Random(seed), np.random.default_rng(seed)
    sizes = {letter: dice.choice([1, 2, 3]) for letter in LETTERS}
    terms = ["".join(dice.choice(LETTERS) for _ in range(dice.randint(0, 3))) for _ in range(dice.randint(1, 3))]
    dots = [dice.random() < 0.2 for _ in terms]
    equation = ",".join(("..." if d else "") + term for d, term in zip(dots, terms, strict=True))
    if dice.random() < 0.7:
        known = sorted(set("".join(terms)))
        dice.shuffle(known)
        equation += "->" + ("..." if dice.random() < 0.3 else "") + "".join(known[: dice.randint(0, len(known))])
    arrays = []
    for d, term in zip(dots, terms, strict=True):
        lead = [dice.choice([1, 2]) for _ in range(dice.randint(0, 2))] if d else []
        arrays.append(rng.standard_normal([*lead, *(sizes[letter] for letter in term)]))
    return equation, arrays


def outcome(engine: Any, equation: str, arrays: list[np.ndarray]) -> Any:
    """The result and the gradients of its squares, or the exception's type."""
    xs = [engine.from_numpy(a.copy()).requires_grad_() for a in arrays]
    try:
        y = engine.einsum(equation, *xs)
    except (RuntimeError, ValueError) as error:
        return type(error)
    grads = engine.autograd.grad((y * y).sum(), xs)
    return [np.asarray(y.detach()), *(np.asarray(g) for g in grads)]


@needs_torch
@pytest.mark.parametrize("block", range(4))
def test_random_equations(block: int) -> None:
    refused = 0
    for seed in range(block * 60, block * 60 + 60):
        equation, arrays = drawn(seed)
        ours, theirs = (outcome(engine, equation, arrays) for engine in (scratchnet, torch))
        what = f"{equation} {[a.shape for a in arrays]}"
        if isinstance(theirs, type):
            assert ours is theirs, what
            refused += 1
            continue
        assert not isinstance(ours, type), what
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9, err_msg=what)
    assert refused < 30, "most equations must be valid"
