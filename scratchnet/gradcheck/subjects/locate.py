"""What a user's code says of itself: its arguments' names, and the line that computes one input's gradient."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from scratchnet.gradcheck.report import Source


def argument_names(function: Callable[..., Any], count: int) -> list[str]:
    """The names of a function's first `count` positional arguments, "input i" where they can't be read."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        names = [name for name, known in inspect.signature(function).parameters.items() if known.kind in kinds]
    except (TypeError, ValueError):
        names = []
    return [*names[:count], *(f"input {i}" for i in range(len(names), count))]


def line_of(backward: Callable[..., Any], position: int | None) -> Source | None:
    """The line that computes what `backward` returns at `position` (None: its first line); None without source.

    A returned name leads back to the last line that assigns it or writes into it; a returned `self.method(...)` leads
    on to the line that computes what that method returns.
    """
    try:
        lines, first = inspect.getsourcelines(backward)
        file = inspect.getsourcefile(backward)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    function = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)), None)
    if file is None or function is None:
        return None
    method = _method(backward, function, position)
    if method is not None:
        return line_of(method, 0)
    number = function.lineno if position is None else _number(function, position)
    return Source(file, first + number - 1, lines[number - 1].rstrip("\n"))


def attribute_line(backward: Callable[..., Any], attribute: str) -> Source | None:
    """The last line of `backward` that writes to `self.attribute`, or names `attribute` in a dict; else its first.

    `self.attribute = self.method(...)` leads on to the line that computes what that method returns.
    """
    try:
        lines, first = inspect.getsourcelines(backward)
        file = inspect.getsourcefile(backward)
    except (OSError, TypeError):
        return None
    if file is None:
        return None
    found = [
        i
        for i, line in enumerate(lines)
        if f".{attribute}" in line or f'"{attribute}"' in line or f"'{attribute}'" in line
    ]
    number = found[-1] if found else 0
    called = re.search(rf"{attribute}\s*=\s*self\.(\w+)\(", lines[number])
    method = getattr(getattr(backward, "__self__", None), called.group(1), None) if called else None
    if inspect.ismethod(method):
        return line_of(method, 0)
    return Source(file, first + number, lines[number].rstrip("\n"))


def _number(function: ast.FunctionDef | ast.Lambda, position: int) -> int:
    if isinstance(function, ast.Lambda):
        return function.lineno
    returns = [node for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    if not returns:
        return function.lineno
    last = max(returns, key=lambda node: node.lineno)
    value: ast.expr | None = last.value
    if isinstance(value, ast.Tuple) and position < len(value.elts):
        value = value.elts[position]
    name = next((node.id for node in ast.walk(value) if isinstance(node, ast.Name)), None) if value else None
    written = [line for node in ast.walk(function) if name is not None for line in _writes(node, name)]
    if isinstance(value, ast.Name | ast.Subscript | ast.Attribute | ast.Call) and written:
        return max(written)
    return value.lineno if value else last.lineno


def _method(
    backward: Callable[..., Any], function: ast.FunctionDef | ast.Lambda, position: int | None
) -> Callable[..., Any] | None:
    """The layer's own method whose call is what `backward` returns at `position`, if that is what it returns."""
    owner = getattr(backward, "__self__", None)
    returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    if owner is None or position is None or not returns:
        return None
    value = returns[-1]
    if isinstance(value, ast.Tuple) and position < len(value.elts):
        value = value.elts[position]
    called = value.func if isinstance(value, ast.Call) else None
    if not (isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "self"):
        return None
    method = getattr(owner, called.attr, None)
    return method if inspect.ismethod(method) and method.__func__ is not getattr(backward, "__func__", None) else None


def _writes(node: ast.AST, name: str) -> list[int]:
    """The line, if this statement assigns `name` or writes into it."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    else:
        return []
    parts = [part for target in targets for part in ast.walk(target)]
    return [node.lineno] if any(isinstance(part, ast.Name) and part.id == name for part in parts) else []
