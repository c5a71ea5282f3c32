"""What the parts of the command have in common."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scratchnet.bench.engines import OURS
from scratchnet.bench.results import Row

Rows = Mapping[str, Row]


@dataclass(frozen=True)
class Options:
    """`against`: the other engines; `budget_ms`: of each measurement in each round, 0 for a single run.

    `notes`: why other engines are left out from the start.
    """

    threads: int
    rounds: int
    against: tuple[str, ...]
    budget_ms: float
    notes: tuple[str, ...] = ()

    @property
    def engines(self) -> tuple[str, ...]:
        """All of them, ours first."""
        return (OURS, *self.against)


class Part(ABC):
    """One part: `name` is that of its files; `unit`: what a row of its results is about."""

    name: str
    unit: str

    def __init__(self, options: Options) -> None:
        self.options = options
        self.errors: dict[str, str] = {}  # of other engines, by row and engine

    @abstractmethod
    def count(self) -> int:
        """How many rows there will be."""

    @abstractmethod
    def heading(self) -> list[str]:
        """The lines above the table."""

    @abstractmethod
    def measure(self) -> Iterator[tuple[str, Row]]:
        """Each row's name and content as soon as it is known."""

    @abstractmethod
    def lines(self, name: str, row: Row) -> list[str]:
        """A row in the table."""

    @abstractmethod
    def summary(self, rows: Rows) -> list[str]:
        """The lines under the table."""

    @abstractmethod
    def plot(self, figure: Any, rows: Rows) -> None:
        """Draw the results on matplotlib's figure."""

    def note(self, name: str, errors: Mapping[str, str]) -> None:
        """Other engines' errors in a row."""
        self.errors |= {f"{name}, {engine}": text for engine, text in errors.items()}


class Table:
    """Columns of a heading and a width, printed row by row. A negative width aligns to the left."""

    def __init__(self, *columns: tuple[str, int]) -> None:
        self.columns = columns

    def heading(self) -> str:
        """The first line."""
        return self.line(heading for heading, _ in self.columns)

    def line(self, cells: Iterable[object]) -> str:
        """The cells beside each other."""
        aligned = [
            f"{cell!s:<{-width}}" if width < 0 else f"{cell!s:>{width}}"
            for cell, (_, width) in zip(cells, self.columns, strict=True)
        ]
        return "  ".join(aligned).rstrip()


def engine_columns(options: Options) -> list[tuple[str, int]]:
    """The columns that `engine_cells` fills."""
    columns = [(OURS, 10)]
    for name in options.against:
        columns += [(name, max(10, len(name))), ("ratio", 6)]
    return columns


def engine_cells(options: Options, found: Row) -> list[str]:
    """Our milliseconds; each other engine's, and ours through them."""
    cells = [number(found["ms"][OURS])]
    for name in options.against:
        there = name in found["ms"]
        cells += [number(found["ms"][name]), f"{found['ratio'][name]:.2f}"] if there else ["-", "-"]
    return cells


def number(value: float) -> str:
    """To three digits or more, never as 1e+03."""
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:,.{digits}f}"


def geometric_means(options: Options, found: Sequence[Row]) -> str:
    """Of our ratios to each other engine, over all that have one."""
    means = []
    for name in options.against:
        ratios = [row["ratio"][name] for row in found if name in row["ratio"]]
        if ratios:
            means.append(f"{math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f} of {name}")
    return ", ".join(means)


def how(options: Options) -> str:
    """What the numbers are."""
    rounds = f"the best of {options.rounds} rounds' medians" if options.rounds > 1 else "the median of 1 round"
    ratio = "; ratio: ours through theirs, so below 1 we are faster" if options.against else ""
    return f"Milliseconds, {rounds}{ratio}."
