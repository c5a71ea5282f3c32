"""The table of op cases: one row a case. Rows live in op_rows_<stem>.py, one file per stem of scratchnet/ops.

Our API is torch's, so one function serves both: `f(T, F, x, y)` with T = torch or scratchnet and F = T.nn.functional.

    row("add: numbers", lambda T, F, x: 2 - x + 1, (2, 3))            # any expression
    both("add", [(2, 3), (3,)], alpha=2)                              # T.add(x, y, alpha=2) and x.add(y, alpha=2)
    fn("relu", [(2, 3)])                                              # F.relu(x)
    bad("add: shapes", lambda T, F, x, y: x + y, (2,), (3,), match="broadcast")   # torch's exception type, our text

An input is a shape (normal numbers), or pos(shape), unit(shape), between(shape, low, high), ints(shape, low, high),
mask(shape), vals([...]), const(input) for one that takes no gradient. The options of a row are Row's fields.
"""

import importlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

FLOATS = ("float32", "float64")


@dataclass(frozen=True)
class Input:
    """How one argument is drawn. `kind` "real" takes the row's dtype; "int" and "bool" keep their own."""

    shape: tuple[int, ...]
    low: float | None = None
    high: float | None = None
    kind: str = "real"
    values: Any = None
    grad: bool = True

    def draw(self, rng: np.random.Generator, dtype: str) -> np.ndarray:
        """The argument as an array of `dtype` (or of the input's own kind)."""
        if self.values is not None:
            array = np.asarray(self.values)
            return array.astype(dtype) if self.kind == "real" else array
        if self.kind == "bool" or (self.kind == "real" and dtype == "bool"):
            return np.asarray(rng.random(self.shape) < 0.5)
        if self.kind == "int":
            return np.asarray(rng.integers(int(self.low or 0), int(self.high or 1), self.shape))
        if dtype[0] in "iu":
            low = (0 if dtype[0] == "u" else -5) if self.low is None else int(np.ceil(self.low))
            high = 9 if self.high is None else int(np.floor(self.high))
            return np.asarray(rng.integers(low, max(high, low) + 1, self.shape)).astype(dtype)
        if self.low is None or self.high is None:
            return np.asarray(rng.standard_normal(self.shape)).astype(dtype)
        return np.asarray(rng.uniform(self.low, self.high, self.shape)).astype(dtype)


def between(shape: tuple[int, ...], low: float, high: float) -> Input:
    """Uniform numbers in [low, high)."""
    return Input(shape, low, high)


def pos(shape: tuple[int, ...]) -> Input:
    """Positive numbers, away from 0."""
    return Input(shape, 0.3, 3.0)


def unit(shape: tuple[int, ...]) -> Input:
    """Numbers in (-0.9, 0.9)."""
    return Input(shape, -0.9, 0.9)


def ints(shape: tuple[int, ...], low: int, high: int) -> Input:
    """int64 numbers in [low, high) whatever the row's dtype: indices, targets."""
    return Input(shape, low, high, kind="int")


def mask(shape: tuple[int, ...]) -> Input:
    """Random bools."""
    return Input(shape, kind="bool")


def vals(values: Any, kind: str = "real") -> Input:
    """These values, in the row's dtype, or in their own with kind="own"."""
    return Input(np.shape(values), values=values, kind=kind)


def const(given: "Input | tuple[int, ...]") -> Input:
    """An input that takes no gradient."""
    return replace(given if isinstance(given, Input) else Input(given), grad=False)


@dataclass(frozen=True)
class Row:
    """One case of an op.

    order: the highest derivative compared with torch (0 for integer results); dtypes: of the forward comparison;
    also: a second spelling whose result must have the same bits; long_sum: float32 is judged against float64 beside
    torch (DESIGN rule 12); times: torch's error, of which a gradient on the CPU may have so many; memory: whether a
    result shares memory with an input exactly where torch's does; zero: axes of the first input that are set to 0,
    everywhere that size occurs; strided: also on strided inputs; seeded: torch and ours start from the same seed;
    covers: public names beyond those the row is seen to call.
    """

    name: str
    f: Callable[..., Any]
    inputs: tuple[Input, ...]
    order: int = 2
    dtypes: tuple[str, ...] = FLOATS
    also: Callable[..., Any] | None = None
    long_sum: bool = False
    times: int = 2
    memory: bool = True
    zero: tuple[int, ...] = (0, -1)
    strided: bool = True
    seeded: bool = False
    covers: tuple[str, ...] = ()
    stem: str = ""

    def arrays(self, dtype: str) -> list[np.ndarray]:
        """The same arguments every time: the seed is the row's name."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [given.draw(rng, dtype) for given in self.inputs]

    def without(self, axis: int) -> "Row | None":
        """The row with the size of the first input's `axis` set to 0 wherever it occurs, None where it has none."""
        if not self.inputs or not self.inputs[0].shape or any(given.values is not None for given in self.inputs):
            return None
        gone = self.inputs[0].shape[axis]
        empty = [replace(i, shape=tuple(0 if n == gone else n for n in i.shape)) for i in self.inputs]
        return replace(self, inputs=tuple(empty))


@dataclass(frozen=True)
class Bad:
    """A call that torch refuses: ours raises the same exception type with a text that matches `match`."""

    name: str
    f: Callable[..., Any]
    inputs: tuple[Input, ...]
    match: str
    dtype: str = "float32"
    stem: str = ""


def _inputs(given: Any) -> tuple[Input, ...]:
    return tuple(i if isinstance(i, Input) else Input(tuple(i)) for i in given)


def row(name: str, f: Callable[..., Any], *inputs: Any, ints: str = "", half: bool = False, **options: Any) -> Row:
    """A case `f(T, F, *inputs)`. `ints`: integer dtypes compared too, such as "int64 uint8 bool"; half: float16 too."""
    dtypes = (*FLOATS, *(("float16",) if half else ()), *ints.split())
    return Row(name, f, _inputs(inputs), **{"dtypes": dtypes} | options)


def _label(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    parts = [*map(str, args), *(f"{key}={value}" for key, value in kwargs.items())]
    return f"{name}({', '.join(parts)})" if parts else name


OPTIONS = ("ints", "half", "order", "dtypes", "long_sum", "times", "memory", "zero", "strided", "seeded", "covers")


def _split(kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    options = {key: kwargs.pop(key) for key in OPTIONS if key in kwargs}
    return kwargs, options


def both(name: str, inputs: Any, *args: Any, label: str = "", **kwargs: Any) -> Row:
    """The function T.name(*inputs, *args, **kwargs) and the method of the first input: equal bits."""
    kwargs, options = _split(kwargs)

    def function(T: Any, F: Any, *xs: Any) -> Any:
        return getattr(T, name)(*xs, *args, **kwargs)

    def method(T: Any, F: Any, *xs: Any) -> Any:
        return getattr(xs[0], name)(*xs[1:], *args, **kwargs)

    covers = (f"T.{name}", f"Tensor.{name}", *options.pop("covers", ()))
    shapes = " ".join(str(i.shape) for i in _inputs(inputs))
    title = label or f"{_label(name, args, kwargs)} {shapes}"
    return row(title, function, *inputs, also=method, covers=covers, **options)


def method(name: str, inputs: Any, *args: Any, label: str = "", **kwargs: Any) -> Row:
    """The method of the first input alone."""
    kwargs, options = _split(kwargs)

    def call(T: Any, F: Any, *xs: Any) -> Any:
        return getattr(xs[0], name)(*xs[1:], *args, **kwargs)

    covers = (f"Tensor.{name}", *options.pop("covers", ()))
    shapes = " ".join(str(i.shape) for i in _inputs(inputs))
    return row(label or f"x.{_label(name, args, kwargs)} {shapes}", call, *inputs, covers=covers, **options)


def fn(name: str, inputs: Any, *args: Any, label: str = "", **kwargs: Any) -> Row:
    """The function F.name(*inputs, *args, **kwargs)."""
    kwargs, options = _split(kwargs)

    def function(T: Any, F: Any, *xs: Any) -> Any:
        return getattr(F, name)(*xs, *args, **kwargs)

    covers = (f"F.{name}", *options.pop("covers", ()))
    shapes = " ".join(str(i.shape) for i in _inputs(inputs))
    return row(label or f"F.{_label(name, args, kwargs)} {shapes}", function, *inputs, covers=covers, **options)


def bad(name: str, f: Callable[..., Any], *inputs: Any, match: str, dtype: str = "float32") -> Bad:
    """A call that raises."""
    return Bad(name, f, _inputs(inputs), match, dtype)


def _collect() -> tuple[list[Row], list[Bad]]:
    rows: list[Row] = []
    wrong: list[Bad] = []
    for path in sorted(Path(__file__).parent.glob("op_rows_*.py")):
        module, stem = importlib.import_module(path.stem), path.stem.removeprefix("op_rows_")
        bads = getattr(module, "BAD", [])
        for names in ([r.name for r in module.ROWS], [b.name for b in bads]):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise ValueError(f"{path.name}: row names must differ, found twice: {sorted(twice)}")
        rows += [replace(found, stem=stem) for found in module.ROWS]
        wrong += [replace(found, stem=stem) for found in bads]
    return rows, wrong


def table() -> tuple[list[Row], list[Bad]]:
    """All rows and all bad calls, in the order of the files."""
    global _table
    if _table is None:
        _table = _collect()
    return _table


_table: tuple[list[Row], list[Bad]] | None = None
