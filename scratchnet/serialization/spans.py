"""Which stretches of memory the tensors of a file look into: tensors that share memory share it in the file."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.inplace import address
from scratchnet.device import array_module, copied, device, device_of, on, to_host
from scratchnet.shapes import message

Array = Any  # NumPy's or CuPy's


class Span:
    """The stretch of one memory block that the saved tensors of one dtype look into: a storage of the file."""

    def __init__(self, key: str, dtype: dtypes.dtype, low: int, high: int, owner: Any) -> None:
        self.key, self.dtype, self.low, self.high, self.owner = key, dtype, low, high, owner

    @property
    def place(self) -> device:
        """Where the memory lies."""
        return device_of(self.owner)

    def content(self) -> np.ndarray:
        """Its numbers (numel,)."""
        count = (self.high - self.low) // self.dtype.itemsize
        if not isinstance(self.owner, np.ndarray):
            return self._downloaded(count)
        interface = {"data": (self.low, True), "shape": (count,), "typestr": self.dtype.numpy.str, "version": 3}
        return np.asarray(type("Memory", (), {"__array_interface__": interface, "owner": self.owner})())

    def _downloaded(self, count: int) -> np.ndarray:
        first, size = (self.low - address(self.owner)) // self.dtype.itemsize, self.dtype.itemsize
        with on(self.place):
            flat = array_module(self.owner).lib.stride_tricks.as_strided(self.owner, (self.owner.size,), (size,))
            found: np.ndarray = to_host(flat[first : first + count])
        return found


class Storages:
    """Which tensors share memory. Only what the saved tensors reach is written, not the rest of a larger block."""

    def __init__(self) -> None:
        self.spans: dict[tuple[int, dtypes.dtype], Span] = {}
        self.copies: dict[int, Array] = {}

    def note(self, array: Array) -> None:
        """Make room for a tensor's elements."""
        array = self._plain(array)
        owner, dtype = _owner(array), dtypes.of(array.dtype)
        low = high = address(array)
        if array.size:
            high += array.itemsize + sum((n - 1) * step for n, step in zip(array.shape, array.strides, strict=True))
        span = self.spans.get((id(owner), dtype))
        if span is None:
            self.spans[id(owner), dtype] = Span(str(len(self.spans)), dtype, low, high, owner)
        elif array.size:
            empty = span.low == span.high
            span.low, span.high = (low, high) if empty else (min(span.low, low), max(span.high, high))

    def check(self) -> None:
        """Raises RuntimeError where two dtypes look at the same bytes."""
        last: dict[int, Span] = {}
        for span in sorted(self.spans.values(), key=lambda found: found.low):
            other = last.get(id(span.owner))
            if other is not None and span.low < other.high:
                kinds = f"{other.dtype.name} and {span.dtype.name}"
                rule = "Cannot save multiple tensors or storages that view the same data as different types"
                raise RuntimeError(message("save", "obj", kinds, rule, "clone() one of them"))
            if other is None or span.high > other.high:
                last[id(span.owner)] = span

    def find(self, array: Array) -> tuple[Span, int, tuple[int, ...], tuple[int, ...]]:
        """The span of a tensor that was noted: with its offset, shape and strides in elements."""
        array = self._plain(array)
        span = self.spans[id(_owner(array)), dtypes.of(array.dtype)]
        offset = (address(array) - span.low) // array.itemsize if array.size else 0
        return span, offset, array.shape, tuple(step // array.itemsize for step in array.strides)

    def _plain(self, array: Array) -> Array:
        """The array, or its copy where strides run backwards or don't count whole elements.

        On a GPU also where the memory that it looks into isn't one dense block of its dtype.
        """
        key = id(array)
        if key not in self.copies:
            odd = any(step < 0 or step % array.itemsize for step in array.strides) or address(array) % array.itemsize
            self.copies[key] = copied(array) if odd or not _dense(_owner(array), array) else array
        return self.copies[key]


def _owner(array: Array) -> Array:
    """The array whose memory the array looks into."""
    owner = array
    while isinstance(owner.base, type(array)):
        owner = owner.base
    return owner


def _dense(owner: Array, array: Array) -> bool:
    """Whether `owner`, on a GPU, can be read from its first element on as a row of the numbers of `array`."""
    if isinstance(owner, np.ndarray):
        return True
    return owner.dtype == array.dtype and bool(owner.flags.c_contiguous or owner.flags.f_contiguous)
