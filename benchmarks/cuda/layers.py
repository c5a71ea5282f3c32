"""Convolution alone: the kinds of layers of the nine nets, each direction by each algorithm, beside torch's."""

from benchmarks.cuda.engines import CudaEngine
from benchmarks.cuda.peers import Pair
from benchmarks.cuda.store import Row
from scratchnet.bench.layer import DIRECTIONS, Layer, Shape
from scratchnet.bench.layers import LAYERS as ON_CPU

LAYERS = {
    "LeNet 1": ON_CPU["lenet.1"],
    "LeNet 2": ON_CPU["lenet.2"],
    "MNIST CNN 2": ON_CPU["mnist_cnn.2"],
    "CIFAR-10 1": ON_CPU["cifar_cnn.1"],
    "CIFAR-10 2": ON_CPU["cifar_cnn.2"],
    "CIFAR-10 3": ON_CPU["cifar_cnn.3"],
    "small Inception, 3x3": ON_CPU["inception_mnist.3x3"],
    "small residual, 3x3": ON_CPU["residual_mnist.block2"],
    "AlexNet, NiN 1": ON_CPU["nin.1"],
    "AlexNet, NiN 2": ON_CPU["alexnet.2"],
    "AlexNet, NiN 3": ON_CPU["alexnet.3"],
    "NiN, 1x1": ON_CPU["nin.1x1_54"],
    "GoogLeNet 1": ON_CPU["googlenet.1"],
    "GoogLeNet 2": ON_CPU["googlenet.2"],
    "GoogLeNet 3, 1x1": ON_CPU["googlenet.3_1x1"],
    "GoogLeNet 5, 3x3": Shape(16, 160, 320, 3, 3, padding=1),
    "VGG-11/8 2": ON_CPU["vgg11.2"],
    "VGG-11/8 5": ON_CPU["vgg11.8"],
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
