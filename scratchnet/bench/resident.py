"""A training process in a worker: what it keeps in memory, step after step."""

import os
from itertools import cycle
from pathlib import Path

from scratchnet.bench.engine import TorchLike
from scratchnet.bench.net import Net

STATM = Path("/proc/self/statm")  # Linux's: sizes of this process, in pages


def resident_bytes() -> int:
    """What this process has in memory now."""
    return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Training:
    """Steps of a net. `batches`: sizes that take turns."""

    def __init__(self, engine: TorchLike, net: str, batches: list[int]) -> None:
        self.net = Net(engine, net, batches[0])
        self.tensors = cycle([self.net.tensors(batch) for batch in batches])

    def steps(self, count: int) -> list[int]:
        """The most bytes after any of so many steps, and after the last."""
        found = []
        for _ in range(count):
            self.net.images, self.net.labels = next(self.tensors)
            self.net.step()
            found.append(resident_bytes())
        return [max(found), found[-1]]
