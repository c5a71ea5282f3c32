"""Milliseconds of a piece of work: by events on a GPU, by the clock elsewhere."""

import time
from collections.abc import Callable
from typing import Any

from benchmarks.cuda.engines import Engine

Work = Callable[[], Any]
FEWEST, MOST = 3, 50  # times that one measurement runs its work


def times(engine: Engine, run: Work, budget_ms: float, between: Work | None = None) -> list[float]:
    """run() is called about as often as fits into the budget, FEWEST times at least: the milliseconds of each.

    `between` is called before each of them and not counted. A GPU that is busy with it lets the next launches queue
    up, so that the kernel is timed and not Python; if it writes much memory, the caches hold nothing of use.
    """
    run()
    engine.wait()
    start = time.perf_counter()
    run()
    engine.wait()
    once = 1000 * (time.perf_counter() - start)
    count = max(FEWEST, min(MOST, int(budget_ms / once))) if budget_ms else 1
    return _by_events(engine, run, count, between) if engine.on_gpu else _by_clock(run, count)


def _by_events(engine: Engine, run: Work, count: int, between: Work | None) -> list[float]:
    event = engine.module.cuda.Event
    pairs = [(event(enable_timing=True), event(enable_timing=True)) for _ in range(count)]
    for start, end in pairs:
        if between is not None:
            between()
        start.record()
        run()
        end.record()
    engine.wait()
    return [start.elapsed_time(end) for start, end in pairs]


def _by_clock(run: Work, count: int) -> list[float]:
    found = []
    for _ in range(count):
        start = time.perf_counter()
        run()
        found.append(1000 * (time.perf_counter() - start))
    return found
