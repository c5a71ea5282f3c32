"""A DataLoader's workers: threads that each read the batches handed to them, as torch's worker processes do."""

from __future__ import annotations

import copy
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from scratchnet import random
from scratchnet.data.dataset import Dataset

END = object()  # in place of a batch: this worker's stream has no more


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """Which worker this is: its number, how many there are, its seed, and its own copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_thread = threading.local()


def get_worker_info() -> WorkerInfo | None:
    """What the current thread is as a worker of a DataLoader; None elsewhere. Equals torch.utils.data's function."""
    return getattr(_thread, "info", None)


@dataclass(frozen=True, slots=True)
class _Failure:
    """In place of a batch: an exception to raise where the batch is waited for."""

    error: BaseException


@dataclass(frozen=True, slots=True)
class _Task:
    epoch: int
    number: int
    index: Any


@dataclass(slots=True)
class _Shared:
    """What the workers of one loader see of it: nothing by which they would keep it alive."""

    results: SimpleQueue[tuple[_Task, Any]] = field(default_factory=SimpleQueue)
    epoch: int = 0
    ended: bool = False


class Workers:
    """`count` threads; task number i of an epoch goes to worker i % count, streams that have ended left out.

    Each has its own default random stream, seeded with base_seed + its number as in torch, and a shallow copy of the
    dataset. The threads end when this object is collected. Python's and NumPy's global streams are one for all
    threads and aren't touched.
    """

    def __init__(
        self,
        dataset: Any,
        make_reader: Callable[[Any], Callable[[Any], Any]],
        *,
        count: int,
        ahead: int,
        base_seed: int,
        init: Callable[[int], Any] | None,
        timeout: float,
        in_order: bool,
    ) -> None:
        self._shared = _Shared()
        self._queues: list[SimpleQueue[_Task | None]] = [SimpleQueue() for _ in range(count)]
        self._ahead = ahead
        self._timeout = timeout
        self._in_order = in_order
        for number, queue in enumerate(self._queues):
            info = WorkerInfo(number, count, base_seed + number, _replica(dataset))
            thread = threading.Thread(
                target=_work,
                args=(info, make_reader, init, queue, self._shared),
                name=f"scratchnet-loader-{number}",
                daemon=True,
            )
            thread.start()
        weakref.finalize(self, _stop, self._shared, self._queues)

    def start_epoch(self, indices: Iterator[Any]) -> None:
        """Forget what is under way and hand out the first tasks of `indices`."""
        self._shared.epoch += 1
        self._indices = indices
        self._active = [True] * len(self._queues)
        self._tasks = [0] * len(self._queues)
        self._turn = 0
        self._sent = self._received = 0
        self._done: dict[int, tuple[int, Any]] = {}
        self._worker_of: dict[int, int] = {}
        for _ in range(self._ahead * len(self._queues)):
            self._hand_out()

    def stop(self) -> None:
        """End the threads, after the batch that each is reading."""
        _stop(self._shared, self._queues)

    def _hand_out(self) -> None:
        """Give the next index to the next worker; in any order, to one that has no more than its share to do."""
        try:
            index = next(self._indices)
        except StopIteration:
            return
        share = sum(self._tasks) // max(1, sum(self._active))
        for _ in self._queues:
            worker = self._turn
            self._turn = (worker + 1) % len(self._queues)
            if self._active[worker] and (self._in_order or self._tasks[worker] <= share):
                break
        else:
            return
        self._queues[worker].put(_Task(self._shared.epoch, self._sent, index))
        self._worker_of[self._sent] = worker
        self._tasks[worker] += 1
        self._sent += 1

    def next_batch(self) -> Any:
        """The next batch. Raises StopIteration at the end, RuntimeError on a timeout, and what a worker raised."""
        while True:
            while self._received < self._sent and self._received not in self._worker_of:
                self._received += 1  # given out of order already, or its stream had ended
            if self._received == self._sent:
                raise StopIteration
            if self._received not in self._done:
                self._wait_for_one()
                if self._received not in self._done and (self._in_order or not self._done):
                    continue
            number = self._received if self._received in self._done else next(iter(self._done))
            worker, batch = self._done.pop(number)
            del self._worker_of[number]
            self._tasks[worker] -= 1
            if batch is END:
                self._active[worker] = False
                self._hand_out()
                continue
            self._hand_out()
            if isinstance(batch, _Failure):
                try:
                    raise batch.error
                finally:
                    del batch  # the error's traceback holds this frame: no ring of references may keep the threads
            return batch

    def _wait_for_one(self) -> None:
        while True:
            try:
                task, batch = self._shared.results.get(timeout=self._timeout or None)
            except Empty:
                raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds") from None
            if task.epoch == self._shared.epoch:
                self._done[task.number] = (self._worker_of[task.number], batch)
                return


def _replica(dataset: Any) -> Any:
    """A worker's own copy of a dataset: what it sets there, as an open file or its part of a stream, is its own."""
    if not isinstance(dataset, Dataset):
        return dataset
    try:
        return copy.copy(dataset)
    except Exception:  # a dataset that can't be copied is shared
        return dataset


def _stop(shared: _Shared, queues: list[SimpleQueue[_Task | None]]) -> None:
    shared.ended = True
    for queue in queues:
        queue.put(None)


def _work(
    info: WorkerInfo,
    make_reader: Callable[[Any], Callable[[Any], Any]],
    init: Callable[[int], Any] | None,
    queue: SimpleQueue[_Task | None],
    shared: _Shared,
) -> None:
    """What a worker's thread runs."""
    _thread.info = info
    random.set_thread_generator(random.Generator().manual_seed(info.seed))
    failure: _Failure | None = None
    try:
        if init is not None:
            init(info.id)
    except Exception as error:
        failure = _Failure(error)
    read: Callable[[Any], Any] | None = None
    epoch = 0
    while (task := queue.get()) is not None:
        if shared.ended or task.epoch != shared.epoch:
            continue
        batch: Any
        try:
            if failure is not None:
                batch, failure = failure, None
            else:
                if read is None or epoch != task.epoch:
                    read, epoch = make_reader(info.dataset), task.epoch
                batch = read(task.index)
        except Exception as error:
            batch = _Failure(error)
        shared.results.put((task, batch))
        del batch, task
