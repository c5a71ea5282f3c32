"""`scratchnet bench nets`: the nine nets, a training step and inference."""

from collections.abc import Iterator
from typing import Any

from scratchnet.bench import plots
from scratchnet.bench.engines import ENGINES, OURS
from scratchnet.bench.net import STEPS
from scratchnet.bench.part import Options, Part, Rows, Table, engine_cells, engine_columns, geometric_means, how
from scratchnet.bench.processes import Peers
from scratchnet.bench.results import Row

BATCHES = {
    "lenet": 256,
    "mnist_cnn": 100,
    "cifar_cnn": 64,
    "inception_mnist": 64,
    "residual_mnist": 64,
    "nin": 16,
    "googlenet": 16,
    "vgg11": 16,
    "alexnet": 16,
}
WHAT = ("step", "inference")
ALONE = "inference of 1"  # image


class Nets(Part):
    """Each net in processes of its own, so that the growth of their memory is that net's."""

    name = "nets"
    unit = "net"

    def __init__(self, options: Options, nets: tuple[str, ...], batch: int | None, what: tuple[str, ...]) -> None:
        super().__init__(options)
        self.batches = {net: batch or BATCHES[net] for net in nets}
        self.what = what
        self.table = Table(("net", -16), ("batch", 5), ("what", -10), *engine_columns(options))

    def count(self) -> int:
        return len(self.batches)

    def heading(self) -> list[str]:
        return [how(self.options), "", self.table.heading()]

    def measure(self) -> Iterator[tuple[str, Row]]:
        self._compile()
        for net in self.batches:
            yield net, self._measure(net)

    def _compile(self) -> None:
        """Before anything is measured, since it takes memory."""
        with Peers((), self.options.threads) as ours:
            for net, batch in self.batches.items():
                for size in (batch, 1):
                    ours.ask(OURS, "make", subject="net", net=net, batch=size)
                    ours.ask(OURS, "call", method="first")
                    ours.ask(OURS, "call", method="inference", budget_ms=0)

    def _measure(self, net: str) -> Row:
        batch, o = self.batches[net], self.options
        row: Row = {"batch": batch}
        with Peers([name for name in o.against if net in ENGINES[name].nets], o.threads) as peers:
            peers.all("make", subject="net", net=net, batch=batch)
            losses = peers.all("call", method="losses")
            theirs = {name: losses[name] for name in losses if name != OURS}
            row["losses"] = losses
            row["losses_differ"] = {name: _apart(losses[OURS], values) for name, values in theirs.items()}
            row["memory_bytes"] = peers.all("memory")
            if "step" in self.what:
                row["step"] = peers.alternate(o.rounds, method="training", budget_ms=o.budget_ms)
            if "inference" in self.what:
                row["inference"] = peers.alternate(o.rounds, method="inference", budget_ms=o.budget_ms)
                if batch > 1:
                    peers.all("make", subject="net", net=net, batch=1)
                    row[ALONE] = peers.alternate(o.rounds, method="inference", budget_ms=o.budget_ms)
            self.note(net, peers.errors)
        return row

    def lines(self, name: str, row: Row) -> list[str]:
        found = [
            (row["batch"] if what != ALONE else 1, what.split()[0], row[what]) for what in (*WHAT, ALONE) if what in row
        ]
        return [self.table.line((name, *cells, *engine_cells(self.options, timed))) for *cells, timed in found]

    def summary(self, rows: Rows) -> list[str]:
        lines = [""]
        for what in (*WHAT, ALONE):
            means = geometric_means(self.options, [row[what] for row in rows.values() if what in row])
            if means:
                lines.append(f"{what}: {means}, the geometric mean of the ratios")
        table = Table(("net", -16), *((name, max(10, len(name))) for name in self.options.engines))
        lines += ["", f"MiB by which {STEPS} training steps raise the process's peak of memory:", table.heading()]
        for net, row in rows.items():
            used = [row["memory_bytes"].get(name) for name in self.options.engines]
            lines.append(table.line((net, *("-" if n is None else f"{n / 2**20:,.0f}" for n in used))))
        apart = {f"{name}'s in {net}": d for net, row in rows.items() for name, d in row["losses_differ"].items()}
        if apart:
            worst = max(apart, key=lambda which: apart[which])
            most = f"differ by {apart[worst]:.1e} at most, relatively: from {worst}"
            lines += ["", f"The losses of {STEPS} steps {most}."]
        return lines

    def plot(self, figure: Any, rows: Rows) -> None:
        shown = [what for what in (*WHAT, ALONE) if any(what in row for row in rows.values())]
        for axes, what in zip(plots.column(figure, len(shown)), shown, strict=True):
            found = {net: row[what] for net, row in rows.items() if what in row}
            if self.options.against:
                plots.ratios(axes, found, self.options.against, what)
            else:
                series = {OURS: [timed["ms"][OURS] for timed in found.values()]}
                plots.bars(axes, list(found), series, "milliseconds", what)


def _apart(ours: list[float], theirs: list[float]) -> float:
    """The largest relative difference."""
    return max(abs(a - b) / abs(b) for a, b in zip(ours, theirs, strict=True))
