"""Milliseconds of a piece of work, by the clock."""

import time
from collections.abc import Callable
from typing import Any

Work = Callable[[], Any]
FEWEST, MOST = 3, 200  # times that one measurement runs its work


def milliseconds(run: Work) -> float:
    """Of one call."""
    start = time.perf_counter()
    run()
    return 1000 * (time.perf_counter() - start)


def repeats(once_ms: float, budget_ms: float, most: int = MOST) -> int:
    """About as many as fit into the budget, FEWEST at least; without a budget 1."""
    return max(FEWEST, min(most, int(budget_ms / once_ms))) if budget_ms else 1
