"""What a user's code says of itself: its arguments' names, and the lines that compute one input's gradient."""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
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


def lines_of(backward: Callable[..., Any], position: int | None) -> tuple[Source, ...]:
    """The lines that compute what `backward` returns at `position` (None: its first line); () without source.

    First the last line that writes what is returned, then the one that returns it, where it still does something to
    it: cuts it to size, or hands it to a method of the layer's own. A returned `self.method(gy)` leads on into it.
    """
    code = _read(backward)
    if code is None:
        return ()
    value = None if position is None else code.returned(position)
    if value is None:
        return (code.source(code.function.lineno),)
    method = _own_method(backward, value)
    ends = lines_of(method, 0) if method is not None else (code.source(value.lineno),)
    whole = value.value if isinstance(value, ast.Subscript) else value
    written = [line for part in ast.walk(whole) for line in code.writes(part)]
    if not written or not isinstance(value, ast.Name | ast.Subscript | ast.Attribute | ast.Call):
        return ends
    wrote = code.source(max(written))
    return (wrote,) if isinstance(value, ast.Name | ast.Attribute) else (wrote, *ends[:1])


def attribute_lines(backward: Callable[..., Any], attribute: str) -> tuple[Source, ...]:
    """The last line of `backward` that writes to `self.attribute`, or names `attribute` in a dict; else its first.

    `self.attribute = self.method(...)` leads on to the lines that compute what that method returns.
    """
    code = _read(backward)
    if code is None:
        return ()
    spellings = (f".{attribute}", f'"{attribute}"', f"'{attribute}'")
    found = [number for number, line in enumerate(code.lines, 1) if any(text in line for text in spellings)]
    number = found[-1] if found else 1
    called = re.search(rf"{attribute}\s*=\s*self\.(\w+)\(", code.lines[number - 1])
    method = getattr(getattr(backward, "__self__", None), called.group(1), None) if called else None
    return lines_of(method, 0) if inspect.ismethod(method) else (code.source(number),)


@dataclass(frozen=True)
class _Code:
    """The source of one function: its lines, counted from 1, and where they stand in the file."""

    function: ast.FunctionDef | ast.Lambda
    lines: list[str]
    file: str
    first: int

    def source(self, number: int) -> Source:
        return Source(self.file, self.first + number - 1, self.lines[number - 1].rstrip("\n"))

    def returned(self, position: int) -> ast.expr | None:
        """The expression that the last return statement gives at `position`."""
        if isinstance(self.function, ast.Lambda):
            return self.function.body
        returns = [node for node in ast.walk(self.function) if isinstance(node, ast.Return)]
        value = max(returns, key=lambda node: node.lineno).value if returns else None
        if isinstance(value, ast.Tuple) and position < len(value.elts):
            return value.elts[position]
        return value

    def writes(self, thing: ast.AST) -> list[int]:
        """The numbers of the lines that assign a name or an attribute of self, or write into it."""
        key = _key(thing)
        found = []
        for node in ast.walk(self.function) if key else ():
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AugAssign | ast.AnnAssign):
                targets = [node.target]
            if any(_key(part) == key for target in targets for part in ast.walk(target)):
                found.append(targets[0].lineno)
        return found


def _key(node: ast.AST) -> str:
    """What a name, or an attribute of self, is known by; "" for anything else."""
    if isinstance(node, ast.Name) and node.id != "self":
        return node.id
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return f"self.{node.attr}" if own and isinstance(node, ast.Attribute) else ""


def _read(function: Callable[..., Any]) -> _Code | None:
    try:
        lines, first = inspect.getsourcelines(function)
        file = inspect.getsourcefile(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    found = next((node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.Lambda)), None)
    return None if file is None or found is None else _Code(found, lines, file, first)


def _own_method(backward: Callable[..., Any], value: ast.expr) -> Callable[..., Any] | None:
    """The layer's own method that `value` calls, if that is all it does."""
    called = value.func if isinstance(value, ast.Call) else None
    if not (isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "self"):
        return None
    method = getattr(getattr(backward, "__self__", None), called.attr, None)
    return method if inspect.ismethod(method) and method.__func__ is not getattr(backward, "__func__", None) else None
