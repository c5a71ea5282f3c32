"""Subject: what is checked, whatever it was written with, as arrays in and arrays out."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scratchnet.gradcheck.report import Source

Array = np.ndarray[Any, Any]
Values = Sequence[Array]
Gradients = tuple[Array | None, ...]


@dataclass(frozen=True)
class Slot:
    """One array that is differentiated: an "input" or a "parameter", and its value."""

    name: str
    value: Array
    kind: str


class Subject(ABC):
    """A differentiable function and its backward. Slots are what it is differentiated by; all else stays fixed.

    Every method takes the slots' values and leaves the subject as it found it. An adapter may return gradients as they
    came, of whatever shape and dtype: the checker judges them.
    """

    name: str
    slots: tuple[Slot, ...]

    @abstractmethod
    def run(self, values: Values) -> tuple[Array, ...]:
        """Forward alone: the floating outputs, as arrays of their own."""

    @abstractmethod
    def pull(self, values: Values, upstream: Values) -> Gradients:
        """Forward, then backward with one upstream gradient per output: one gradient per slot, None if unconnected."""

    def pulls(self, values: Values, upstreams: Iterable[Values]) -> Iterator[Gradients]:
        """`pull` for many upstream gradients at the same values."""
        for upstream in upstreams:
            yield self.pull(values, upstream)

    def fresh(self) -> "Subject | None":
        """The same subject as if it had never been called, where a copy could be kept; it shows what calls leave."""
        return None

    def sources(self, slot: int | None = None) -> tuple[Source, ...]:
        """The lines of the user's backward that compute this slot's gradient; none where no such code is found.

        Where there are two, the second one cuts to size what the first one wrote.
        """
        return ()

    @property
    def eps(self) -> float:
        """The spacing at 1 of the coarsest floating type among the slots."""
        return float(max(np.finfo(slot.value.dtype).eps for slot in self.slots))
