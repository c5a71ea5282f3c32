"""One engine in a process of its own, as peers.py starts it: benchmarks.cuda.worker scratchnet|torch DEVICE"""

import sys
from collections.abc import Callable
from typing import Any

from benchmarks.cuda.ceilings import Ceilings
from benchmarks.cuda.engines import ENGINES, CudaEngine
from benchmarks.cuda.layers import CudaLayer
from benchmarks.cuda.nets import CudaNet
from scratchnet.bench.answering import Worker, serve

SUBJECTS: dict[str, Callable[..., Any]] = {"net": CudaNet, "layer": CudaLayer, "ceilings": Ceilings}


class CudaWorker(Worker):
    """Its requests also choose TF32 and ask about the device."""

    engine: CudaEngine

    def __init__(self, name: str, device: str) -> None:
        super().__init__(ENGINES[name](device), SUBJECTS)

    def make(self, subject: str, tf32: bool = False, **arguments: Any) -> None:
        """Build a net, a layer ..., after giving up the one before."""
        self.engine.allow_tf32(tf32)
        super().make(subject, **arguments)

    def about(self) -> dict[str, Any]:
        """Versions and device's name. Raises RuntimeError where there is no device."""
        missing = self.engine.missing()
        if missing:
            raise RuntimeError(missing)
        return self.engine.about()


if __name__ == "__main__":
    serve(lambda: CudaWorker(sys.argv[1], sys.argv[2]))
