"""What a benchmark asks of an engine. All of it runs in a worker process."""

import gc
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from scratchnet.bench.timing import MOST, Work, milliseconds, repeats


class Engine:
    """Whatever computes: how its work is timed."""

    most = MOST  # times that one measurement runs its work

    def wait(self) -> None:
        """Until all work is done, for engines that return before it is."""
        return

    def release(self) -> None:
        """Give up the memory of what is no longer used."""
        gc.collect()

    def times(self, run: Work, budget_ms: float, between: Work | None = None) -> list[float]:
        """run() is called about as often as fits into the budget: the milliseconds of each, after two more calls.

        What takes ten times the budget runs only twice.

        `between` is called before each of them and not counted.
        """
        run()
        self.wait()
        once = self.once(run)
        if 0 < 10 * budget_ms < once:  # so slow that it would hold up everything else
            return [once]
        return self.timed(run, repeats(once, budget_ms, self.most), between)

    def once(self, run: Work) -> float:
        """Milliseconds until one call's work is done."""

        def whole() -> None:
            run()
            self.wait()

        return milliseconds(whole)

    def timed(self, run: Work, count: int, between: Work | None = None) -> list[float]:
        """The milliseconds of each of `count` calls."""
        found = []
        for _ in range(count):
            if between is not None:
                between()
            found.append(milliseconds(run))
        return found


class TorchLike(Engine, ABC):
    """`module`: scratchnet, or torch, whose names it has; `place`: where its tensors lie."""

    module: Any
    place: str = "cpu"

    @abstractmethod
    def create(self, name: str) -> Any:
        """A new net with initial weights from the global generator, on the CPU."""

    def prepared(self, model: Any) -> Any:
        """What to call in the model's place: a compiled one, where that is what the engine is measured with."""
        return model

    def algorithm(self, name: str) -> AbstractContextManager[Any]:
        """Inside, convolutions are computed in this way. An engine that has no names for its ways chooses itself."""
        return nullcontext()
