"""What the card can do at most: a large product by its library, and a large copy."""

import statistics
from typing import Any

from benchmarks.cuda.engines import CudaEngine


class Ceilings:
    """Two matrices of `size` squared and two blocks of memory, in a worker."""

    def __init__(self, engine: CudaEngine, size: int, megabytes: int) -> None:
        self.engine = engine
        self.size = size
        make = engine.module.randn
        self.a, self.b, self.product = (make(size, size, device=engine.place) for _ in range(3))
        self.source, self.target = (make(megabytes << 18, device=engine.place) for _ in range(2))

    def flops(self, budget_ms: float) -> float:
        """Of a matrix product, a second."""

        def run() -> Any:
            self.engine.module.mm(self.a, self.b, out=self.product)

        return 2e3 * self.size**3 / statistics.median(self.engine.times(run, budget_ms))

    def bandwidth(self, budget_ms: float) -> float:
        """Bytes read and written by a copy, a second."""
        ms = statistics.median(self.engine.times(lambda: self.target.copy_(self.source), budget_ms))
        return 2e3 * 4 * self.source.numel() / ms
