"""The same small program run on torch and on scratchnet: what it returns, or raises, must agree."""

from collections.abc import Callable
from typing import Any

import pytest
from parity import assert_same, needs_torch, torch

import scratchnet

Program = Callable[[Any], Any]


def _flat(result: Any) -> list[Any]:
    if isinstance(result, (list, tuple)) and not hasattr(result, "numel"):
        return [leaf for item in result for leaf in _flat(item)]
    return [result]


def agree(program: Program) -> None:
    """Run the program on both; compare tensors as parity does, everything else by ==."""
    ours, theirs = _flat(program(scratchnet)), _flat(program(torch))
    assert len(ours) == len(theirs)
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if isinstance(b, torch.Tensor):
            assert_same(a, b, f"result {number}")
        else:
            assert a == b, f"result {number}: {a!r}, torch has {b!r}"


def refuse(program: Program, *phrases: str) -> None:
    """Both raise the same type of exception, and ours says each of the phrases."""
    with pytest.raises(Exception) as theirs:
        program(torch)
    with pytest.raises(type(theirs.value)) as ours:
        program(scratchnet)
    for phrase in phrases:
        assert phrase in str(ours.value), f"{phrase!r} is not in {ours.value}"


def same_program(program: Program) -> Callable[[], None]:
    """A decorator: the program becomes a test that runs it on both."""

    @needs_torch
    def compared() -> None:
        agree(program)

    compared.__name__, compared.__doc__ = program.__name__, program.__doc__
    return compared
