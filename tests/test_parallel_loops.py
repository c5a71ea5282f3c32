"""Parallel loops: Numba runs some of them serially without a word, where other loops of the kernel are parallel."""

import ast
from pathlib import Path

import pytest

import scratchnet.kernels.cpu as cpu

FILES = sorted(Path(cpu.__path__[0]).rglob("*.py"))


def pranges(source: str) -> list[ast.Call]:
    """The calls of prange."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "prange"]


def conditional(call: ast.Call) -> bool:
    """Whether its argument has branches, beyond which Numba doesn't find the loop."""
    return any(isinstance(node, (ast.IfExp, ast.BoolOp)) for arg in call.args for node in ast.walk(arg))


def test_there_are_loops() -> None:
    assert sum(len(pranges(path.read_text(encoding="utf-8"))) for path in FILES) > 30


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_conditional_in_prange(path: Path) -> None:
    assert not [call.lineno for call in pranges(path.read_text(encoding="utf-8")) if conditional(call)]


@pytest.mark.parametrize("text", ["a if apart else b", "a or b"])
def test_conditionals_are_seen(text: str) -> None:
    (call,) = pranges(f"for i in prange({text}): pass")
    assert conditional(call)
