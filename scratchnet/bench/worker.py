"""One engine in a process of its own: python -m scratchnet.bench.worker ENGINE THREADS"""

import sys

from scratchnet.bench.answering import Worker, serve
from scratchnet.bench.engines import ENGINES


class CpuWorker(Worker):
    """Knows how much memory the process needed before it was asked for anything."""

    def __init__(self, name: str, threads: int) -> None:
        engine = ENGINES[name].build(threads)
        super().__init__(engine, engine.subjects)
        self._imported = _peak_bytes()

    def memory(self) -> int | None:
        """By how many bytes the process's peak of resident memory has grown since the engine was imported."""
        now = _peak_bytes()
        return None if now is None or self._imported is None else now - self._imported


def _peak_bytes() -> int | None:
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return None
    return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    serve(lambda: CpuWorker(sys.argv[1], int(sys.argv[2])))
