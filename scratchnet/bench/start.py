"""`scratchnet bench start`: what is waited for before the first result."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from tempfile import TemporaryDirectory
from typing import Any

from scratchnet.bench import plots
from scratchnet.bench.engines import ENGINES, OURS
from scratchnet.bench.part import Options, Part, Rows, Table, engine_cells, engine_columns
from scratchnet.bench.processes import Peers, WorkerError, compared, environment
from scratchnet.bench.results import Row

IMPORT = "import"
CACHED = "first step, compiled before"
EMPTY = "first step, nothing compiled"
NET = "lenet"


class Start(Part):
    """New processes for each number."""

    name = "start"
    unit = "row"
    batch = 256

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.table = Table(("", -30), *engine_columns(options))

    def count(self) -> int:
        return 3

    def heading(self) -> list[str]:
        o = self.options
        which = f"the quickest of {o.rounds} new processes" if o.rounds > 1 else "one new process"
        return [f"Milliseconds, {which}; a training step of {NET}, batch {self.batch}.", "", self.table.heading()]

    def measure(self) -> Iterator[tuple[str, Row]]:
        names = self.options.engines
        yield IMPORT, self._by_turns(IMPORT, self._import_ms, names)
        self._by_turns(CACHED, self._first_ms, names, rounds=1)  # fills the caches
        yield CACHED, self._by_turns(CACHED, self._first_ms, names)
        with_cache = tuple(name for name in names if ENGINES[name].cache_variable)
        yield EMPTY, self._by_turns(EMPTY, self._first_ms_of_empty_cache, with_cache)

    def _by_turns(
        self, what: str, measure: Callable[[str], float], names: tuple[str, ...], rounds: int | None = None
    ) -> Row:
        found: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(rounds or self.options.rounds):
            for name in tuple(found):
                try:
                    found[name].append(measure(name))
                except WorkerError as error:
                    if name == OURS:
                        raise
                    del found[name]
                    self.note(what, {name: str(error)})
        return compared(found)

    def _import_ms(self, name: str) -> float:
        code = f"import time; t = time.perf_counter(); import {ENGINES[name].module}; print(time.perf_counter() - t)"
        command, variables = [sys.executable, "-P", "-c", code], environment(self.options.threads)
        ran = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=600)
        if ran.returncode:
            raise WorkerError(f"{name}: import {ENGINES[name].module}: {(ran.stderr.strip() or '?').splitlines()[-1]}")
        return 1000 * float(ran.stdout)

    def _first_ms(self, name: str, changes: dict[str, str] | None = None) -> float:
        with Peers((), self.options.threads, changes, ours=name) as peers:
            peers.ask(name, "make", subject="net", net=NET, batch=self.batch)
            return 1000 * float(peers.ask(name, "call", method="first"))

    def _first_ms_of_empty_cache(self, name: str) -> float:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return self._first_ms(name, {str(ENGINES[name].cache_variable): folder})

    def lines(self, name: str, row: Row) -> list[str]:
        return [self.table.line((name, *engine_cells(self.options, row)))]

    def summary(self, rows: Rows) -> list[str]:
        return ["", "`scratchnet warmup` compiles beforehand."]

    def plot(self, figure: Any, rows: Rows) -> None:
        (axes,) = plots.column(figure, 1)
        series = {name: [row["ms"].get(name, 0.0) / 1000 for row in rows.values()] for name in self.options.engines}
        plots.bars(axes, list(rows), series, "seconds", "start", logarithmic=True)
