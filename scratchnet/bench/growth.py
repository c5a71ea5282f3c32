"""`scratchnet bench growth`: how time grows with the batch, the image and fewer threads."""

from collections.abc import Iterator
from typing import Any

from scratchnet.bench import plots
from scratchnet.bench.part import Options, Part, Rows, Table, engine_cells, engine_columns, geometric_means, how
from scratchnet.bench.processes import Peers
from scratchnet.bench.results import Row

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
IMAGES = (28, 56, 84, 112, 140, 168, 196, 224)
BATCH_NET, IMAGE_NET = "mnist_cnn", "googlenet"  # the second takes images of any size
IMAGE_BATCH = 4


class Growth(Part):
    """Training steps on 1 thread and on as many as are asked for."""

    name = "growth"
    unit = "size"

    def __init__(self, options: Options, batches: tuple[int, ...], images: tuple[int, ...]) -> None:
        super().__init__(options)
        self.batches, self.images = batches, images
        self.threads = sorted({1, options.threads})
        self.table = Table(("net", -10), ("batch", 5), ("image", 5), ("threads", 7), *engine_columns(options))

    def count(self) -> int:
        return len(self.threads) * (len(self.batches) + len(self.images))

    def heading(self) -> list[str]:
        return [f"{how(self.options)} Training steps.", "", self.table.heading()]

    def measure(self) -> Iterator[tuple[str, Row]]:
        o = self.options
        sizes: list[Row] = [{"net": BATCH_NET, "batch": batch, "image": 28} for batch in self.batches]
        sizes += [{"net": IMAGE_NET, "batch": IMAGE_BATCH, "image": image} for image in self.images]
        for threads in self.threads:
            with Peers(o.against, threads) as peers:
                for size in sizes:
                    peers.all("make", subject="net", **size)
                    timed = peers.alternate(o.rounds, method="training", budget_ms=o.budget_ms)
                    where = f"{size['net']}, batch {size['batch']}, image {size['image']}"
                    yield f"{where}, {_threads(threads)}", size | {"threads": threads} | timed
                self.note(_threads(threads), peers.errors)

    def lines(self, name: str, row: Row) -> list[str]:
        sizes = [row[key] for key in ("net", "batch", "image", "threads")]
        return [self.table.line((*sizes, *engine_cells(self.options, row)))]

    def summary(self, rows: Rows) -> list[str]:
        lines = [""]
        for threads in self.threads:
            means = geometric_means(self.options, [row for row in rows.values() if row["threads"] == threads])
            if means:
                lines.append(f"{_threads(threads)}: {means}, the geometric mean of the ratios")
        return lines

    def plot(self, figure: Any, rows: Rows) -> None:
        both = ((BATCH_NET, "batch", self.batches), (IMAGE_NET, "image", self.images))
        kinds = [(net, key) for net, key, sizes in both if sizes]
        for axes, (net, key) in zip(plots.column(figure, len(kinds)), kinds, strict=True):
            lines: dict[str, tuple[list[float], list[float]]] = {}
            for name in self.options.engines:
                for threads in self.threads:
                    chosen = [r for r in rows.values() if r["net"] == net and r["threads"] == threads]
                    chosen = [row for row in chosen if name in row["ms"]]
                    speeds = [1000 * row["batch"] / row["ms"][name] for row in chosen]
                    lines[f"{name}, {_threads(threads)}"] = ([row[key] for row in chosen], speeds)
            plots.lines(axes, lines, "height and width of the image" if key == "image" else key, "images a second", net)


def _threads(n: int) -> str:
    return "1 thread" if n == 1 else f"{n} threads"
