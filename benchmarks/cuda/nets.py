"""The nine nets: a training step and inference beside torch eager; with torch.compile in a part of its own."""

from benchmarks.cuda.engines import CudaEngine
from benchmarks.cuda.peers import Pair
from benchmarks.cuda.store import Row
from scratchnet.bench.net import Net
from scratchnet.bench.nets import BATCHES as ON_CPU

LARGE = dict.fromkeys(ON_CPU, 1024) | {"lenet": 4096} | dict.fromkeys(("nin", "googlenet", "vgg11", "alexnet"), 128)
# The batch of each net's table on the CPU, and one that fills a GPU.
BATCHES = {net: (batch, LARGE[net]) for net, batch in ON_CPU.items()}
SMALL = {"lenet": (2,), "residual_mnist": (2,)}
GOALS = dict.fromkeys(BATCHES, 1.3) | dict.fromkeys(("nin", "googlenet", "vgg11", "alexnet"), 1.5)


class CudaNet(Net):
    """A net on the device. `compiler`: what torch compiles it with."""

    engine: CudaEngine

    def __init__(self, engine: CudaEngine, net: str, batch: int, compiler: str | None = None) -> None:
        super().__init__(engine, net, batch)
        if compiler is not None and self.module.__name__ == "torch":
            self.run = self.module.compile(self.model, backend=compiler)

    def memory(self) -> int | None:
        """The most bytes in use during a training step."""
        self.model.train()
        self.step()
        self.engine.release()
        return self.engine.peak_memory(self.step)

    def launches(self) -> int | None:
        """Kernels of a training step."""
        self.model.train()
        self.step()
        return self.engine.launches(self.step)


def plan(small: bool) -> dict[str, Row]:
    """The rows by name, the most wanted first. Memory and launches come last: following them slows a worker down."""
    batches = SMALL if small else BATCHES
    rows: dict[str, Row] = {}
    for tf32 in (False, True):
        for size in range(max(map(len, batches.values()))):
            for net, sizes in batches.items():
                name = f"{net}, batch {sizes[size]}, {'TF32' if tf32 else 'float32'}"
                rows[name] = {"net": net, "batch": sizes[size], "tf32": tf32}
    counted = [(net, batch) for net, sizes in batches.items() for batch in sizes]
    return rows | {f"{net}, batch {batch}, resources": {"net": net, "batch": batch} for net, batch in counted}


def measure(pair: Pair, row: Row, small: bool) -> Row:
    """Losses, times and ratios of a row of the plan; or memory and launches."""
    pair.both("make", subject="net", **row)
    if "tf32" not in row:
        return {"bytes": pair.both("call", method="memory"), "launches": pair.both("call", method="launches")}
    rounds, budget = (1, 0) if small else (3, 250)
    losses = pair.both("call", method="losses")
    apart = [abs(a - b) / abs(b) for a, b in zip(losses["scratchnet"], losses["torch"], strict=True)]
    found: Row = {"losses": losses | {"difference": max(apart)}}
    found["training"] = pair.alternate(rounds, method="training", budget_ms=budget)
    return found | {"inference": pair.alternate(rounds, method="inference", budget_ms=budget)}


def plan_compiled(small: bool) -> dict[str, Row]:
    """As `plan`, at the smaller batch."""
    return {
        f"{net}, batch {sizes[0]}, {'TF32' if tf32 else 'float32'}": {"net": net, "batch": sizes[0], "tf32": tf32}
        for tf32 in ((False,) if small else (False, True))
        for net, sizes in (list(SMALL.items())[:1] if small else BATCHES.items())
    }


def measure_compiled(pair: Pair, row: Row, small: bool) -> Row:
    """A training step beside torch.compile's, and how long the first step took."""
    pair.both("make", subject="net", compiler="aot_eager" if small else "inductor", **row)
    found: Row = {"first_s": pair.both("call", method="first")}
    rounds, budget = (1, 0) if small else (3, 250)
    return found | {"training": pair.alternate(rounds, method="training", budget_ms=budget)}
