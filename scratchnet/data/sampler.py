"""Samplers: the order in which a DataLoader reads the samples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

from scratchnet import dtypes, random
from scratchnet.ops.from_data import as_tensor
from scratchnet.ops.random import multinomial
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

Index = TypeVar("Index", covariant=True)


class Sampler(Generic[Index]):
    """Base class: a subclass writes `__iter__` over sample numbers, and `__len__`. Equals torch.utils.data.Sampler."""

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ... up to the length of `data_source`."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The sample numbers shuffled or, with `replacement`, drawn independently. Equals torch.utils.data.RandomSampler.

    The same numbers as torch for the same seed: without a generator each pass draws a 64-bit seed from the default
    one for a generator of its own. `num_samples` is the length of the pass.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: random.Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> int:
        """The length of a pass: the dataset's, which may change, unless it was given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        size, wanted = len(self.data_source), self.num_samples
        generator = self.generator
        if generator is None:
            seed = random.random_seed64()
            generator = random.Generator().manual_seed(seed)
        if self.replacement:
            for start in range(0, wanted + 1, 32):  # in draws of 32, as torch does; the last may be empty
                yield from random.integers(0, size, min(32, wanted - start), generator).tolist()
            return
        for _ in range(wanted // size):
            yield from random.permutation(size, generator).tolist()
        yield from random.permutation(size, generator).tolist()[: wanted % size]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given numbers, shuffled. Equals torch.utils.data.SubsetRandomSampler."""

    def __init__(self, indices: Sequence[int], generator: random.Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in random.permutation(len(self.indices), self.generator).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Sample numbers drawn in proportion to their weights, with or without replacement.

    Equals torch.utils.data.WeightedRandomSampler, the numbers drawn too. Raises ValueError for a length that isn't a
    positive int, or weights that aren't 1-d; RuntimeError, when drawing, for weights from which it can't be drawn.
    """

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: random.Generator | None = None
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights: Tensor = as_tensor(weights, dtype=dtypes.float64)
        if self.weights.dim() != 1:
            shape = tuple(self.weights.shape)
            raise ValueError(f"weights should be a 1d sequence but given weights have shape {shape}")
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` numbers from another sampler. Equals torch.utils.data.BatchSampler.

    The last list may be shorter; `drop_last` leaves it out.
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: Any) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            rule = f"batch_size should be a positive integer value, but got batch_size={batch_size}"
            raise ValueError(message("BatchSampler", "batch_size", batch_size, rule))
        if not isinstance(drop_last, bool):
            rule = f"drop_last should be a boolean value, but got drop_last={drop_last}"
            raise ValueError(message("BatchSampler", "drop_last", drop_last, rule))
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        numbers = iter(self.sampler)
        while batch := list(islice(numbers, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count: int = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
