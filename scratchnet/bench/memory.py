"""`scratchnet bench memory`: does memory grow while a net trains for long?"""

from collections.abc import Iterator, Sequence
from statistics import linear_regression
from typing import Any

from scratchnet.bench import plots
from scratchnet.bench.engines import OURS
from scratchnet.bench.nets import BATCHES
from scratchnet.bench.part import Options, Part, Rows, Table
from scratchnet.bench.processes import Peers
from scratchnet.bench.resident import STATM
from scratchnet.bench.results import Row

SAMPLES = 100  # for each engine
FEWEST = 10  # steps
MIB = 2**20


class Memory(Part):
    """Each net in processes of its own, whose steps take turns. `other_batch`: images of every other step."""

    name = "memory"
    unit = "net"

    def __init__(
        self, options: Options, nets: tuple[str, ...], batch: int | None, other_batch: int | None, steps: int
    ) -> None:
        super().__init__(options)
        if not STATM.exists():
            raise ValueError(f"memory is measured on Linux only: there is no {STATM} here")
        self.batches = {net: [batch or BATCHES[net], *filter(None, [other_batch])] for net in nets}
        self.steps = steps
        columns = ("first", 9), ("highest", 9), ("last", 9), ("KiB per 1,000 steps", 19)
        self.table = Table(("net", -16), ("batch", -9), ("engine", -10), *columns)

    def count(self) -> int:
        return len(self.batches)

    def heading(self) -> list[str]:
        what = f"MiB of the process after the 1st step, at most after any, and after step {self.steps:,}"
        return [f"{what}; the slope over the second half of the steps.", "", self.table.heading()]

    def measure(self) -> Iterator[tuple[str, Row]]:
        for net in self.batches:
            self._compile(net)
            yield net, self._measure(net)

    def _compile(self, net: str) -> None:
        """In a process of its own, since it takes memory."""
        with Peers((), self.options.threads) as ours:
            ours.ask(OURS, "make", subject="training", net=net, batches=self.batches[net])
            ours.ask(OURS, "call", method="steps", count=len(self.batches[net]))

    def _measure(self, net: str) -> Row:
        at, found = [0], dict[str, list[list[int]]]()
        with Peers(self.options.against, self.options.threads) as peers:
            peers.all("make", subject="training", net=net, batches=self.batches[net])
            while at[-1] < self.steps:
                count = 1 if not at[-1] else min(max(1, self.steps // SAMPLES), self.steps - at[-1])
                at.append(at[-1] + count)
                for name, sample in peers.all("call", method="steps", count=count).items():
                    found.setdefault(name, []).append(sample)
            self.note(net, peers.errors)
        engines = {name: told(at[1:], samples) for name, samples in found.items() if name not in peers.errors}
        return {"batches": self.batches[net], "steps": at[1:], "engines": engines}

    def lines(self, name: str, row: Row) -> list[str]:
        batch = " and ".join(map(str, row["batches"]))
        lines = []
        for engine, of in row["engines"].items():
            sizes = [f"{of[which] / MIB:,.1f}" for which in ("first", "highest", "last")]
            lines.append(self.table.line((name, batch, engine, *sizes, f"{1000 * of['slope'] / 1024:,.1f}")))
        return lines

    def summary(self, rows: Rows) -> list[str]:
        return []

    def plot(self, figure: Any, rows: Rows) -> None:
        for axes, (net, row) in zip(plots.column(figure, len(rows)), rows.items(), strict=True):
            for engine, of in row["engines"].items():
                axes.plot(row["steps"], [size / MIB for size in of["bytes"]], label=engine)
            highest = max(of["highest"] for of in row["engines"].values()) / MIB
            axes.set(title=net, xlabel="step", ylabel="MiB of the process", ylim=(0, 1.1 * highest))
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small")


def told(at: Sequence[int], samples: Sequence[Sequence[int]]) -> Row:
    """Bytes of an engine. `samples`: the most until a step, and after it; `slope`: bytes a step."""
    after = [last for _, last in samples]
    warm = [(step, size) for step, size in zip(at, after, strict=True) if 2 * step > at[-1]]
    slope = linear_regression(*zip(*warm, strict=True)).slope
    return {
        "first": after[0],
        "highest": max(most for most, _ in samples),
        "last": after[-1],
        "slope": slope,
        "bytes": after,
    }
