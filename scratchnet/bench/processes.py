"""The parent's side of a benchmark: worker processes, asked by turns."""

import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from scratchnet.bench.engines import OURS
from scratchnet.bench.results import Row

ANSWER_S = 900.0  # an answer that takes longer won't come; torch.compile can take minutes
# They change one engine and not the others, or, as OMP_WAIT_POLICY by our kernels, may have been set in this process.
DROPPED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NUMBA_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
THREADS = ("OMP_NUM_THREADS", "NPROC", "NUM_CPU_THREADS")  # the second is JAX's, the third tinygrad's


class WorkerError(ValueError):
    """What went wrong in a worker, in its words."""


class Peer:
    """A worker process seen from outside.

    `seconds()`: how long it may take for an answer; `explain()`: what to say where it ended without one.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: IO[bytes],
        *,
        explain: Callable[[], str],
        seconds: Callable[[], float] = lambda: ANSWER_S,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self._seconds, self._explain = seconds, explain
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": log}
        self._process: Any = subprocess.Popen(
            [sys.executable, *command], cwd=folder, env=environment, text=True, encoding="utf-8", **pipes
        )

    def ask(self, request: str, **arguments: Any) -> Any:
        """The answer. Raises WorkerError for an error in the worker, or if it dies or has to be stopped."""
        stdin, stdout = self._process.stdin, self._process.stdout
        timer = threading.Timer(max(0.0, self._seconds()), self._process.kill)
        timer.start()
        try:
            stdin.write(json.dumps([request, arguments]) + "\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            raise WorkerError(f"{self.name}: the process ended with code {self._process.wait()}; {self._explain()}")
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(f"{self.name}: {answer['error']}")
        return answer["result"]

    def end(self) -> None:
        """Let the process end."""
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def environment(threads: int, changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """A worker's variables: it imports this scratchnet, wherever the command is run, and has so many threads.

    Those of JAX and tinygrad keep them on the CPU.
    """
    found = {name: value for name, value in os.environ.items() if name not in DROPPED}
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    found |= {"PYTHONPATH": os.pathsep.join(paths)} | dict.fromkeys(THREADS, str(threads))
    return found | {"JAX_PLATFORMS": "cpu", "DEV": "CPU"} | dict(changes or {})


class Peers:
    """A worker for each engine, ours first. Another engine that fails is left out from then on: see `errors`."""

    def __init__(
        self, others: Sequence[str], threads: int, changes: Mapping[str, str] | None = None, ours: str = OURS
    ) -> None:
        self.errors: dict[str, str] = {}
        self._closing = ExitStack()
        self._peers: dict[str, Peer] = {}
        with ExitStack() as started:  # where the second can't be started, the first ends
            for name in (ours, *others):
                log = started.enter_context(TemporaryFile())
                command = ("-P", "-m", "scratchnet.bench.worker", name, str(threads))
                variables = environment(threads, changes)
                self._peers[name] = Peer(name, command, log, explain=partial(_last_line, log), environment=variables)
                started.callback(self._peers[name].end)
            self._closing = started.pop_all()

    def __enter__(self) -> "Peers":
        return self

    def __exit__(self, *exception: object) -> None:
        self._closing.close()

    def ask(self, name: str, request: str, **arguments: Any) -> Any:
        """One engine's answer."""
        return self._peers[name].ask(request, **arguments)

    def all(self, request: str, **arguments: Any) -> Row:
        """An answer each, one after the other. Raises WorkerError where ours fails."""
        found = {}
        for name in [name for name in self._peers if name not in self.errors]:
            try:
                found[name] = self.ask(name, request, **arguments)
            except WorkerError as error:
                if name == OURS:
                    raise
                self.errors[name] = str(error)
        return found

    def alternate(self, rounds: int, **call: Any) -> Row:
        """A measurement by turns, A B A B: see `compared`."""
        found = [self.all("call", **call) for _ in range(rounds)]
        names = [name for name in found[0] if name not in self.errors]
        return compared({name: [statistics.median(answers[name]) for answers in found] for name in names})


def _last_line(log: IO[bytes]) -> str:
    log.seek(0)
    lines = log.read().decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def compared(medians: Mapping[str, Sequence[float]]) -> Row:
    """Milliseconds by engine, the best of the rounds' medians; ours through each other's, and its range by round."""
    ms = {name: min(values) for name, values in medians.items()}
    others = [name for name in medians if name != OURS]
    pairs = {name: [a / b for a, b in zip(medians[OURS], medians[name], strict=True)] for name in others}
    return {
        "ms": ms,
        "ratio": {name: ms[OURS] / ms[name] for name in others},
        "range": {name: [min(ratios), max(ratios)] for name, ratios in pairs.items()},
    }
