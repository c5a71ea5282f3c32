"""DataLoader: samples in batches, in order or shuffled, read here or ahead of time in threads."""

from __future__ import annotations

import math
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from types import GenericAlias
from typing import Any

from scratchnet import random
from scratchnet.data.collate import default_collate, default_convert
from scratchnet.data.dataset import IterableDataset
from scratchnet.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from scratchnet.shapes import message

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


class _Endless:
    """The sampler of a stream: nothing to choose."""

    def __iter__(self) -> Iterator[None]:
        while True:
            yield None


class DataLoader:
    """Iterates over batches of a dataset. Equals torch.utils.data.DataLoader; the same seed gives the same order.

    `batch_size=None` gives single samples. `shuffle` draws a new order each pass. `num_workers` > 0 reads ahead in as
    many threads (`prefetch_factor` batches each); random transforms there draw from the one default generator in no
    fixed order, so use 0 where they must repeat. `pin_memory`, `persistent_workers` and `multiprocessing_context` are
    taken and change nothing. Raises torch's ValueErrors for settings that exclude each other.
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
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in _FIXED:
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        return _LoaderIterator(self)

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
        self._loader = loader
        self._indices = iter(loader._index_sampler)
        # torch draws the seed of its workers here, whether it has any or not: the words must stay in step
        self.base_seed = random.random_seed64(loader.generator)
        fetch = _stream_reader(loader) if loader._streams else _map_reader(loader)
        self._batches = _read_ahead(loader, self._indices, fetch) if loader.num_workers else map(fetch, self._indices)
        self._reported_length = loader._reported_length
        self._yielded = 0

    def __iter__(self) -> _LoaderIterator:
        return self

    def __next__(self) -> Any:
        batch = next(self._batches)
        self._yielded += 1
        reported = self._reported_length
        if self._loader._streams and reported is not None and self._yielded > reported:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {reported} (when accessing "
                f"len(dataloader)), but {self._yielded} samples have been fetched.",
                stacklevel=2,
            )
        return batch

    def __len__(self) -> int:
        return len(self._loader._index_sampler)


def _map_reader(loader: DataLoader) -> Callable[[Any], Any]:
    dataset, collate = loader.dataset, loader.collate_fn
    if loader.batch_sampler is None:
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


def _stream_reader(loader: DataLoader) -> Callable[[Any], Any]:
    samples = iter(loader.dataset)

    def fetch(indices: Any) -> Any:
        if loader.batch_sampler is None:
            return loader.collate_fn(next(samples))
        found = [sample for _, sample in zip(indices, samples, strict=False)]
        if not found or (loader.drop_last and len(found) < len(indices)):
            raise StopIteration
        return loader.collate_fn(found)

    return fetch


_END = object()


def _read_ahead(loader: DataLoader, indices: Iterator[Any], fetch: Callable[[Any], Any]) -> Iterator[Any]:
    """Batches in order, read in threads; at most num_workers * prefetch_factor of them wait."""
    threads = 1 if loader._streams else loader.num_workers  # a stream has one reader
    numbers = iter(range(threads))

    def start() -> None:
        number = next(numbers)
        if loader.worker_init_fn is not None:
            loader.worker_init_fn(number)

    def job(index: Any) -> Any:
        try:
            return fetch(index)
        except StopIteration:
            return _END  # a future can't carry StopIteration out of a generator

    pool = ThreadPoolExecutor(threads, "scratchnet-loader", initializer=start)
    waiting: deque[Future[Any]] = deque()
    try:
        ahead = max(1, loader.num_workers * (loader.prefetch_factor or 1))
        ended = False
        while True:
            while not ended and len(waiting) < ahead:
                try:
                    waiting.append(pool.submit(job, next(indices)))
                except StopIteration:
                    ended = True
            if not waiting:
                return
            batch = _result(waiting.popleft(), loader.timeout)
            if batch is _END:
                return
            yield batch
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _result(future: Future[Any], timeout: float) -> Any:
    try:
        return future.result(timeout or None)
    except FutureTimeout:
        if future.done():
            raise  # the dataset's own
        raise RuntimeError(f"DataLoader timed out after {timeout} seconds") from None


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
