"""`scratchnet bench layers`: convolution alone, layers of the nine nets, each direction."""

import math
import statistics
from collections.abc import Iterator
from typing import Any

from scratchnet.bench import plots
from scratchnet.bench.engines import OURS
from scratchnet.bench.layer import DIRECTIONS, Shape
from scratchnet.bench.part import Options, Part, Rows, Table, engine_cells, engine_columns, geometric_means, how, number
from scratchnet.bench.processes import Peers
from scratchnet.bench.results import Row

LAYERS = {
    "lenet.1": Shape(256, 1, 6, 28, 5, padding=2),
    "lenet.2": Shape(256, 6, 16, 14, 5),
    "mnist_cnn.1": Shape(100, 1, 32, 28, 3, padding=1),
    "mnist_cnn.2": Shape(100, 32, 64, 14, 3, padding=1),
    "cifar_cnn.1": Shape(64, 3, 32, 32, 5, padding=2),
    "cifar_cnn.2": Shape(64, 32, 32, 16, 5, padding=2),
    "cifar_cnn.3": Shape(64, 32, 64, 8, 5, padding=2),
    "inception_mnist.1": Shape(64, 1, 10, 28, 5),
    "inception_mnist.2": Shape(64, 88, 20, 12, 5),
    "inception_mnist.1x1": Shape(64, 10, 16, 12, 1),
    "inception_mnist.3x3": Shape(64, 24, 24, 12, 3, padding=1),
    "inception_mnist.5x5": Shape(64, 16, 24, 12, 5, padding=2),
    "residual_mnist.1": Shape(64, 1, 16, 28, 5),
    "residual_mnist.2": Shape(64, 16, 32, 12, 5),
    "residual_mnist.block1": Shape(64, 16, 16, 12, 3, padding=1),
    "residual_mnist.block2": Shape(64, 32, 32, 4, 3, padding=1),
    "nin.1": Shape(16, 1, 96, 224, 11, stride=4),
    "nin.1x1_54": Shape(16, 96, 96, 54, 1),
    "nin.1x1_26": Shape(16, 256, 256, 26, 1),
    "googlenet.1": Shape(16, 1, 64, 96, 7, stride=2, padding=3),
    "googlenet.2": Shape(16, 64, 192, 24, 3, padding=1),
    "googlenet.3_1x1": Shape(16, 192, 96, 12, 1),
    "googlenet.3_3x3": Shape(16, 96, 128, 12, 3, padding=1),
    "googlenet.3_5x5": Shape(16, 32, 96, 12, 5, padding=2),
    "googlenet.4_1x1": Shape(16, 512, 160, 6, 1),
    "googlenet.4_3x3": Shape(16, 112, 224, 6, 3, padding=1),
    "googlenet.4_5x5": Shape(16, 24, 64, 6, 5, padding=2),
    "googlenet.5_1x1": Shape(16, 832, 384, 3, 1),
    "googlenet.5_3x3": Shape(16, 192, 384, 3, 3, padding=1),
    "googlenet.5_5x5": Shape(16, 48, 128, 3, 5, padding=2),
    "vgg11.1": Shape(16, 1, 8, 224, 3, padding=1),
    "vgg11.2": Shape(16, 8, 16, 112, 3, padding=1),
    "vgg11.4": Shape(16, 32, 32, 56, 3, padding=1),
    "vgg11.6": Shape(16, 64, 64, 28, 3, padding=1),
    "vgg11.8": Shape(16, 64, 64, 14, 3, padding=1),
    "alexnet.1": Shape(16, 1, 96, 224, 11, stride=4, padding=1),
    "alexnet.2": Shape(16, 96, 256, 26, 5, padding=2),
    "alexnet.3": Shape(16, 256, 384, 12, 3, padding=1),
    "wide.3x3": Shape(16, 64, 64, 56, 3, padding=1),
    "wide.depthwise": Shape(16, 64, 64, 56, 3, padding=1, groups=64),
}
SLOW_MS = 500


class Layers(Part):
    """All layers in the same processes, one after the other. `algorithms`: those that get a column of their own."""

    name = "layers"
    unit = "layer"

    def __init__(
        self, options: Options, layers: tuple[str, ...], batch: int | None, algorithms: tuple[str, ...]
    ) -> None:
        super().__init__(options)
        shapes = {name: LAYERS[name] for name in layers}
        self.shapes = {name: shape._replace(batch=batch or shape.batch) for name, shape in shapes.items()}
        self.algorithms = algorithms
        self.peak = 0.0
        shares = [("GFLOP/s", 7), ("of peak", 7)]
        ways = [(name, 9) for name in algorithms]
        self.table = Table(("layer", -21), ("direction", -11), *engine_columns(options), *shares, *ways)

    def count(self) -> int:
        return len(self.shapes)

    def heading(self) -> list[str]:
        ways = f" Then the milliseconds of {', '.join(self.algorithms)}." if self.algorithms else ""
        return [
            f"{how(self.options)} Multiplications and additions count, those by padding too.{ways}",
            "",
            self.table.heading(),
        ]

    def measure(self) -> Iterator[tuple[str, Row]]:
        o = self.options
        with Peers(o.against, o.threads) as peers:
            peers.ask(OURS, "make", subject="peak")
            self.peak = peers.ask(OURS, "call", method="flops")
            for name, shape in self.shapes.items():
                peers.all("make", subject="layer", shape=list(shape))
                row = {direction: self._direction(peers, direction, shape) for direction in DIRECTIONS}
                yield name, {"shape": shape._asdict(), "peak_gflops": self.peak / 1e9} | row
            self.note("layers", peers.errors)

    def _direction(self, peers: Peers, direction: str, shape: Shape) -> Row:
        rounds, call = self.options.rounds, {"direction": direction, "budget_ms": self.options.budget_ms}
        found = peers.alternate(rounds, method="measure", **call)
        found["gflops"] = {name: shape.flops() / ms / 1e6 for name, ms in found["ms"].items()}
        projected = peers.all("call", method="project", direction=direction)
        found["differ"] = {name: abs(projected[OURS] - at) for name, at in projected.items() if name != OURS}
        possible = peers.ask(OURS, "call", method="algorithms") if self.algorithms else []
        found["algorithm_ms"] = {
            name: self._alone(peers, algorithm=name, **call) for name in self.algorithms if name in possible
        }
        return found

    def _alone(self, peers: Peers, **call: Any) -> float:
        """The best round's median of an algorithm. What takes long isn't measured again."""
        best = math.inf
        for _ in range(self.options.rounds):
            best = min(best, statistics.median(peers.ask(OURS, "call", method="measure", **call)))
            if best > SLOW_MS:
                break
        return best

    def lines(self, name: str, row: Row) -> list[str]:
        lines = []
        for direction in DIRECTIONS:
            found = row[direction]
            gflops = found["gflops"][OURS]
            cells = [*engine_cells(self.options, found), f"{gflops:.1f}", f"{gflops / row['peak_gflops']:.0%}"]
            ways = found["algorithm_ms"]
            cells += [number(ways[way]) if way in ways else "-" for way in self.algorithms]
            lines.append(self.table.line((name, direction, *cells)))
        return lines

    def summary(self, rows: Rows) -> list[str]:
        lines = ["", f"The peak: {self.peak / 1e9:.1f} GFLOP/s, our microkernel on numbers in the first cache."]
        for direction in DIRECTIONS:
            means = geometric_means(self.options, [row[direction] for row in rows.values()])
            if means:
                lines.append(f"{direction}: {means}, the geometric mean of the ratios")
        apart = [value for row in rows.values() for d in DIRECTIONS for value in row[d]["differ"].values()]
        return lines + ([f"The results differ by {max(apart):.1e} at most, relatively."] if apart else [])

    def plot(self, figure: Any, rows: Rows) -> None:
        for axes, direction in zip(plots.column(figure, len(DIRECTIONS)), DIRECTIONS, strict=True):
            series = {
                name: [row[direction]["gflops"].get(name, 0.0) for row in rows.values()]
                for name in self.options.engines
            }
            plots.bars(axes, list(rows), series, "GFLOP/s", direction, line=("peak", self.peak / 1e9))
