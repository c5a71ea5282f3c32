"""The two processes that are measured by turns, and the loop over a part's rows."""

import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from benchmarks.cuda.store import Row, Store
from scratchnet.bench.processes import Peer, WorkerError

ANSWER_S = 200.0  # an answer that takes longer won't come; the first ones include compiling kernels
ROOT = Path(__file__).parents[2]


class Pair:
    """scratchnet's worker and torch's."""

    def __init__(self, device: str, log: IO[bytes], end: float) -> None:
        self.device = device
        self._log = log
        self._end = end  # of the clock: both are stopped then
        self._peers: dict[str, Peer] = {}

    def __getitem__(self, name: str) -> Peer:
        if name not in self._peers:
            command = ("-m", "benchmarks.cuda.worker", name, self.device)
            self._peers[name] = Peer(
                name, command, self._log, seconds=self._seconds, explain=lambda: "see log.txt", folder=ROOT
            )
        return self._peers[name]

    def _seconds(self) -> float:
        return min(ANSWER_S, self._end - time.monotonic())

    def both(self, request: str, **arguments: Any) -> dict[str, Any]:
        """One answer each, one after the other."""
        return {name: self[name].ask(request, **arguments) for name in ("scratchnet", "torch")}

    def about(self) -> Row:
        """What both say of themselves, and the driver."""
        merged: Row = {}
        for found in self.both("about").values():
            merged |= found
        return {"device": self.device} | merged | ({"driver": driver()} if self.device == "cuda" else {})

    def alternate(self, rounds: int, **call: Any) -> Row:
        """A measurement by turns, A B A B: medians in milliseconds, ours through torch's, its range over the rounds."""
        found = [self.both("call", **call) for _ in range(rounds)]
        ratios = [statistics.median(pair["scratchnet"]) / statistics.median(pair["torch"]) for pair in found]
        ours, theirs = (
            statistics.median(ms for pair in found for ms in pair[name]) for name in ("scratchnet", "torch")
        )
        return {"ours_ms": ours, "torch_ms": theirs, "ratio": ours / theirs, "range": [min(ratios), max(ratios)]}

    def end(self) -> None:
        """Let both processes end; the next request starts new ones."""
        for peer in self._peers.values():
            peer.end()
        self._peers.clear()


def driver() -> str:
    """The version of NVIDIA's driver."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader", "--id=0"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def measure_rows(store: Store, pair: Pair, plan: dict[str, Row], measure: Callable[[Row], Row], until: float) -> int:
    """Measure each row of the plan that isn't done, until that time of the clock. How many are left, failed or undone.

    A worker in which something failed is replaced: its GPU context may be lost.
    """
    store.describe(pair.about())
    left = [name for name in plan if not store.done(name)]
    failed = 0
    for number, name in enumerate(left):
        if time.monotonic() > until:
            print(f"time is up with {len(left) - number} rows to go: run the command again to go on")
            return len(left) - number + failed
        try:
            row = plan[name] | measure(plan[name])
        except WorkerError as error:
            row = plan[name] | {"error": str(error)}
            pair.end()
            failed += 1
        store.add(name, row)
        print(f"{name}: {row.get('error') or brief(row)}", flush=True)
    return failed


def brief(row: Row) -> str:
    """The ratios of a row, for the eye."""
    found = [
        f"{name} {value['ratio']:.2f}" for name, value in row.items() if isinstance(value, dict) and "ratio" in value
    ]
    return ", ".join(found) or "done"
