"""DataLoader: samples in batches, in order or shuffled, read here or ahead of time in threads."""

from __future__ import annotations

import math
import multiprocessing
import multiprocessing.context
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import GenericAlias
from typing import Any

from scratchnet import random
from scratchnet.data.collate import default_collate, default_convert
from scratchnet.data.dataset import IterableDataset
from scratchnet.data.pinning import can_pin, pin_memory
from scratchnet.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from scratchnet.data.worker import END, Workers
from scratchnet.device import raise_pending
from scratchnet.shapes import message

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class _Endless:
    """The sampler of a stream: nothing to choose."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader:
    """Iterates over batches of a dataset. Equals torch.utils.data.DataLoader; the same seed gives the same order.

    `batch_size=None` gives single samples. `shuffle` draws a new order each pass. `num_workers` > 0 reads ahead
    (`prefetch_factor` batches each) in as many threads, which stand for torch's processes: a worker has its own random
    stream and copy of the dataset, streams are read by each worker (see `get_worker_info`), `persistent_workers` go
    on from pass to pass. `pin_memory` puts batches where a GPU can copy them from while the program goes on, by
    `.to(device, non_blocking=True)`. `multiprocessing_context` changes nothing. Raises torch's ValueErrors for settings
    that exclude each other, RuntimeError where a batch takes longer than `timeout` seconds, and at the end of a pass
    IndexError where a GPU has met an index out of range.
    """

    _ready = False
    __class_getitem__: Any = classmethod(GenericAlias)

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: random.Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        self._streams = isinstance(dataset, IterableDataset)
        if self._streams:
            _check_stream(shuffle, sampler, batch_sampler)
        _check_sampling(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            sampler = _sampler(dataset, shuffle, generator)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers > 0 and prefetch_factor is None else prefetch_factor
        self.collate_fn = collate_fn or (default_collate if batch_sampler is not None else default_convert)
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._reported_length: int | None = None
        self._iterator: _LoaderIterator | None = None
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if not self.persistent_workers:
            return _LoaderIterator(self)
        if self._iterator is None:
            self._iterator = _LoaderIterator(self)
        else:
            self._iterator.restart()
        return self._iterator

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_iterator": None}  # threads can't be copied

    def __len__(self) -> int:
        if not self._streams:
            return len(self._index_sampler)
        length = self._reported_length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)


class _LoaderIterator:
    """One pass over the loader."""

    def __init__(self, loader: DataLoader) -> None:
        if loader.timeout and not loader.num_workers:
            rule = "a loader without workers requires timeout == 0"
            raise AssertionError(message("DataLoader", "timeout", loader.timeout, rule, "set num_workers > 0"))
        if loader.num_workers and not loader.prefetch_factor:
            rule = "prefetch_factor must be greater than 0"
            raise AssertionError(message("DataLoader", "prefetch_factor", loader.prefetch_factor, rule))
        self._loader = loader
        self._indices = iter(loader._index_sampler)
        # torch draws the seed of its workers here, whether it has any or not: the words must stay in step
        self.base_seed = random.random_seed64(loader.generator)
        self._reported_length = loader._reported_length
        self._yielded = 0
        self._workers: Workers | None = None
        reader = _reader(loader, can_pin(loader.pin_memory))
        if not loader.num_workers:
            self._batches = map(reader(loader.dataset), self._indices)
            return
        self._workers = Workers(
            loader.dataset,
            reader,
            count=loader.num_workers,
            ahead=loader.prefetch_factor or 2,
            base_seed=self.base_seed,
            init=loader.worker_init_fn,
            timeout=loader.timeout,
            in_order=loader.in_order,
        )
        self._workers.start_epoch(iter(loader._index_sampler))  # a second time, as torch does

    def restart(self) -> None:
        """A new pass with the same workers, which draws no new seed for them."""
        self._indices = iter(self._loader._index_sampler)
        self._reported_length = self._loader._reported_length
        self._yielded = 0
        if self._workers is not None:
            self._workers.start_epoch(self._indices)

    def __iter__(self) -> _LoaderIterator:
        return self

    def __next__(self) -> Any:
        try:
            batch = self._next_batch()
        except StopIteration:
            raise_pending()
            raise
        self._yielded += 1
        reported = self._reported_length
        if self._loader._streams and reported is not None and self._yielded > reported:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {reported} (when accessing "
                f"len(dataloader)), but {self._yielded} samples have been fetched.",
                stacklevel=2,
            )
        return batch

    def _next_batch(self) -> Any:
        if self._workers is None:
            batch = next(self._batches)
            if batch is END:
                raise StopIteration
            return batch
        try:
            return self._workers.next_batch()
        except StopIteration:
            if not self._loader.persistent_workers:
                self._workers.stop()
            raise

    def __len__(self) -> int:
        return len(self._loader._index_sampler)


def _reader(loader: DataLoader, pinned: bool) -> Callable[[Any], Callable[[Any], Any]]:
    """A function that makes, of a dataset, the function that reads one batch of it. Doesn't hold the loader."""
    read = _plain_reader(loader)
    return (lambda dataset: _pinned(read(dataset))) if pinned else read


def _pinned(fetch: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def fetch_pinned(indices: Any) -> Any:
        batch = fetch(indices)
        return batch if batch is END else pin_memory(batch)

    return fetch_pinned


def _plain_reader(loader: DataLoader) -> Callable[[Any], Callable[[Any], Any]]:
    in_batches, collate, drop_last = loader.batch_sampler is not None, loader.collate_fn, loader.drop_last
    if loader._streams:
        return lambda dataset: _stream_reader(dataset, in_batches, collate, drop_last)
    return lambda dataset: _map_reader(dataset, in_batches, collate)


def _map_reader(dataset: Any, in_batches: bool, collate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if not in_batches:
        return lambda index: collate(dataset[index])
    read_batch = getattr(dataset, "__getbatch__", None) if collate is default_collate else None
    read_items = getattr(dataset, "__getitems__", None)

    def fetch(indices: Any) -> Any:
        if read_batch is not None:
            batch = read_batch(indices)
            if batch is not NotImplemented:
                return batch
        return collate(read_items(indices) if read_items else [dataset[i] for i in indices])

    return fetch


def _stream_reader(
    dataset: Any, in_batches: bool, collate: Callable[[Any], Any], drop_last: bool
) -> Callable[[Any], Any]:
    samples = iter(dataset)

    def fetch(indices: Any) -> Any:
        if not in_batches:
            sample = next(samples, END)
            return END if sample is END else collate(sample)
        found = [sample for _, sample in zip(indices, samples, strict=False)]
        if not found or (drop_last and len(found) < len(indices)):
            return END
        return collate(found)

    return fetch


def _sampler(dataset: Any, shuffle: bool | None, generator: random.Generator | None) -> Iterable[Any]:
    if isinstance(dataset, IterableDataset):
        return _Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    if num_workers < 0:
        rule = "num_workers option should be non-negative"
        raise ValueError(message("DataLoader", "num_workers", num_workers, rule, "use 0 to read without threads"))
    if timeout < 0:
        raise ValueError(message("DataLoader", "timeout", timeout, "timeout option should be non-negative"))
    if prefetch_factor is not None and num_workers == 0:
        rule = "prefetch_factor option could only be specified in multiprocessing"
        raise ValueError(message("DataLoader", "prefetch_factor", prefetch_factor, rule, "set num_workers > 0"))
    if prefetch_factor is not None and prefetch_factor < 0:
        rule = "prefetch_factor option should be non-negative"
        raise ValueError(message("DataLoader", "prefetch_factor", prefetch_factor, rule))
    if num_workers == 0 and persistent_workers:
        rule = "persistent_workers option needs num_workers > 0"
        raise ValueError(message("DataLoader", "persistent_workers", True, rule))
    if num_workers == 0 and context is not None:
        rule = "multiprocessing_context can only be used with multi-process loading (num_workers > 0)"
        raise ValueError(message("DataLoader", "multiprocessing_context", context, rule))
    if isinstance(context, str):
        if context not in multiprocessing.get_all_start_methods():
            rule = f"should specify a valid start method in {multiprocessing.get_all_start_methods()}"
            raise ValueError(message("DataLoader", "multiprocessing_context option", repr(context), rule))
    elif context is not None and not isinstance(context, multiprocessing.context.BaseContext):
        rule = "should be a valid context object or a string specifying the start method"
        raise TypeError(message("DataLoader", "multiprocessing_context option", context, rule))


def _check_stream(shuffle: bool | None, sampler: Any, batch_sampler: Any) -> None:
    for name, value in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={value}"
            )


def _check_sampling(
    batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
