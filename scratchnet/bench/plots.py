"""The plots. matplotlib is needed only where one is drawn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scratchnet.bench.part import Part, Rows
from scratchnet.bench.results import Row
from scratchnet.serialization import atomic


def draw(path: Path, part: Part, title: str, rows: Rows) -> None:
    """A PNG of a part's results. ImportError without matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    FigureCanvasAgg(figure)
    part.plot(figure, rows)
    figure.suptitle(title, fontsize="small")
    with atomic(path) as file:
        figure.savefig(file, format="png", dpi=110)


def column(figure: Any, count: int) -> Sequence[Any]:
    """So many axes under each other."""
    figure.set_size_inches(10, 0.8 + 2.6 * count)
    found: Sequence[Any] = figure.subplots(count, 1, squeeze=False)[:, 0]
    return found


def bars(
    axes: Any,
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    label: str,
    title: str,
    line: tuple[str, float] | None = None,
    logarithmic: bool = False,
) -> None:
    """A group of bars for each name, and a level line with a name of its own."""
    width = 0.8 / len(series)
    for index, (engine, values) in enumerate(series.items()):
        places = [i + (index - (len(series) - 1) / 2) * width for i in range(len(names))]
        axes.bar(places, values, width, label=engine)
    if line is not None:
        axes.axhline(line[1], color="black", linewidth=0.8, linestyle="--", label=line[0])
    many = len(names) > 4
    axes.set_xticks(range(len(names)), names, rotation=45 if many else 0, ha="right" if many else "center")
    axes.set(title=title, ylabel=label, yscale="log" if logarithmic else "linear")
    axes.tick_params(axis="x", labelsize="small")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize="small")


def ratios(axes: Any, found: Mapping[str, Row], others: Sequence[str], title: str) -> None:
    """Our time through each other engine's."""
    series = {f"to {name}": [row["ratio"].get(name, 0.0) for row in found.values()] for name in others}
    bars(axes, list(found), series, "our time through theirs", title, line=("equally fast", 1.0))


def lines(
    axes: Any, series: Mapping[str, tuple[Sequence[float], Sequence[float]]], xlabel: str, ylabel: str, title: str
) -> None:
    """A line for each, over logarithmic sizes."""
    for label, (x, y) in series.items():
        axes.plot(x, y, marker=".", label=label)
    every = sorted({size for x, _ in series.values() for size in x})
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale="log", yscale="log")
    axes.set_xticks(every, [str(size) for size in every])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
