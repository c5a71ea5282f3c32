"""Convolution alone: the kinds of layers of the nine nets, each direction by each algorithm, beside torch's."""

from benchmarks.cuda.engines import CudaEngine
from benchmarks.cuda.peers import Pair
from benchmarks.cuda.store import Row
from scratchnet.bench.layer import DIRECTIONS, Layer, Shape

LAYERS = {
    "LeNet 1": Shape(256, 1, 6, 28, 5, padding=2),
    "LeNet 2": Shape(256, 6, 16, 14, 5),
    "MNIST CNN 2": Shape(100, 32, 64, 14, 3, padding=1),
    "CIFAR-10 1": Shape(64, 3, 32, 32, 5, padding=2),
    "CIFAR-10 2": Shape(64, 32, 32, 16, 5, padding=2),
    "CIFAR-10 3": Shape(64, 32, 64, 8, 5, padding=2),
    "small Inception, 3x3": Shape(64, 24, 24, 12, 3, padding=1),
    "small residual, 3x3": Shape(64, 32, 32, 4, 3, padding=1),
    "AlexNet, NiN 1": Shape(16, 1, 96, 224, 11, stride=4),
    "AlexNet, NiN 2": Shape(16, 96, 256, 26, 5, padding=2),
    "AlexNet, NiN 3": Shape(16, 256, 384, 12, 3, padding=1),
    "NiN, 1x1": Shape(16, 96, 96, 54, 1),
    "GoogLeNet 1": Shape(16, 1, 64, 96, 7, stride=2, padding=3),
    "GoogLeNet 2": Shape(16, 64, 192, 24, 3, padding=1),
    "GoogLeNet 3, 1x1": Shape(16, 192, 96, 12, 1),
    "GoogLeNet 5, 3x3": Shape(16, 160, 320, 3, 3, padding=1),
    "VGG-11/8 2": Shape(16, 8, 16, 112, 3, padding=1),
    "VGG-11/8 5": Shape(16, 64, 64, 14, 3, padding=1),
    "wide": Shape(64, 64, 64, 56, 3, padding=1),
    "wide, 1x1": Shape(64, 256, 256, 28, 1),
    "depthwise": Shape(64, 128, 128, 56, 3, padding=1, groups=128),
}
SMALL = {
    "square": Shape(1, 2, 3, 6, 3, padding=1),
    "1x1": Shape(1, 4, 2, 3, 1),
    "depthwise": Shape(1, 2, 2, 4, 3, groups=2),
}
FLUSH = 1 << 26  # numbers: 256 MiB, more than a cache holds


class CudaLayer(Layer):
    """A convolution's arrays on the device, the same in both; before each run that is timed, the caches are emptied."""

    def __init__(self, engine: CudaEngine, shape: list[int]) -> None:
        super().__init__(engine, shape)
        if engine.on_gpu:
            self.between = engine.module.zeros(FLUSH, device=engine.place).zero_


def plan(small: bool) -> dict[str, Row]:
    """The rows by name; the card's ceilings first."""
    rows: dict[str, Row] = {}
    for tf32 in (False, True):
        kind = "TF32" if tf32 else "float32"
        rows[f"ceilings, {kind}"] = {"tf32": tf32, "size": 64 if small else 8192, "megabytes": 1 if small else 1024}
        for name, shape in (SMALL if small else LAYERS).items():
            rows[f"{name}, {kind}"] = {"layer": name, "tf32": tf32, "shape": list(shape)}
    return rows


def measure(pair: Pair, row: Row, small: bool) -> Row:
    """Each direction: our milliseconds and our difference from torch by algorithm, torch's milliseconds."""
    rounds, budget = (1, 0) if small else (3, 40)
    if "size" in row:
        torch = pair["torch"]
        torch.ask("make", subject="ceilings", **row)
        return {name: torch.ask("call", method=name, budget_ms=budget) for name in ("flops", "bandwidth")}
    pair.both("make", subject="layer", tf32=row["tf32"], shape=row["shape"])
    algorithms = pair["scratchnet"].ask("call", method="algorithms")
    return {direction: _direction(pair, direction, algorithms, rounds, budget) for direction in DIRECTIONS}


def _direction(pair: Pair, direction: str, algorithms: list[str], rounds: int, budget: float) -> Row:
    found: Row = {"ours_ms": {}, "difference": {}}
    theirs: list[float] = []
    for name in algorithms:
        timed = pair.alternate(rounds, method="measure", direction=direction, algorithm=name, budget_ms=budget)
        found["ours_ms"][name] = timed["ours_ms"]
        theirs.append(timed["torch_ms"])
        projected = pair.both("call", method="project", direction=direction, algorithm=name)
        found["difference"][name] = abs(projected["scratchnet"] - projected["torch"])
    torch_ms = sorted(theirs)[len(theirs) // 2]
    return found | {"torch_ms": torch_ms, "ratio": found["ours_ms"]["auto"] / torch_ms}
