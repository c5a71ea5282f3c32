"""The progress bar of a training run and of other long work."""

import sys
from contextlib import suppress
from typing import Any


class Progress:
    """A tqdm bar over all batches of a run, with the current loss; without tqdm only the lines are printed.

    `text` stands before the bar until the first step.
    """

    def __init__(self, total: int, unit: str = "batch", text: str = "compiling kernels, the first time") -> None:
        self._bar: Any = None
        with suppress(ImportError):
            from tqdm import tqdm

            # In a log file, where each update is a line of its own, updates are rare.
            seconds = 0.1 if sys.stderr.isatty() else 10.0
            self._bar = tqdm(desc=text, total=total, unit=unit, leave=False, mininterval=seconds, dynamic_ncols=True)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def step(self, loss: float) -> None:
        """One batch has ended with this loss."""
        self.advance(f"loss {loss:.4f}")

    def advance(self, note: str) -> None:
        """One more is done."""
        if self._bar is not None:
            self._bar.set_description(refresh=False)
            self._bar.set_postfix_str(note, refresh=False)
            self._bar.update()

    def line(self, text: str) -> None:
        """Print a line above the bar."""
        if self._bar is not None:
            self._bar.write(text)
        else:
            print(text, flush=True)
