"""A loader's workers: threads here, processes in torch. The same batches, the same random numbers in them."""

import copy
import gc
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet import data

theirs_data: Any = None if torch is None else torch.utils.data
BOTH = [pytest.param(data, id="scratchnet"), pytest.param(theirs_data, id="torch", marks=needs_torch)]


def lib_of(d: Any) -> Any:
    return sn if d is data else torch


def noisy(d: Any, n: int = 13) -> Any:
    """Samples with a random number, and who read them."""

    class Noisy(d.Dataset):
        def __len__(self) -> int:
            return n

        def __getitem__(self, index: int) -> Any:
            info = d.get_worker_info()
            noise = lib_of(d).rand(1).item()
            return index, noise, (-1, 0, 0) if info is None else (info.id, info.num_workers, info.seed)

    return Noisy()


def stream(d: Any, n: int = 11) -> Any:
    """0 .. n - 1, each worker its share, as torch's documentation does it."""

    class Stream(d.IterableDataset):
        def __iter__(self) -> Iterator[Any]:
            info = d.get_worker_info()
            first, step = (0, 1) if info is None else (info.id, info.num_workers)
            return iter([(i, lib_of(d).rand(1).item()) for i in range(first, n, step)])

    return Stream()


def as_list(batch: Any) -> Any:
    return batch


LOADERS: list[dict[str, Any]] = [
    {"batch_size": 3, "shuffle": True, "num_workers": 0},
    {"batch_size": 3, "shuffle": True, "num_workers": 2},
    {"batch_size": 2, "shuffle": True, "num_workers": 2, "persistent_workers": True, "drop_last": True},
    {"batch_size": None, "num_workers": 1, "prefetch_factor": 1},
    {"batch_size": 4, "num_workers": 2, "timeout": 60},
]


@needs_torch
@pytest.mark.parametrize("settings", LOADERS)
@pytest.mark.parametrize("make", [noisy, stream])
def test_three_epochs_with_random_numbers_in_the_workers(make: Any, settings: dict[str, Any]) -> None:
    if make is stream:
        settings = {key: value for key, value in settings.items() if key != "shuffle"}
    found = []
    for d in (data, theirs_data):
        lib_of(d).manual_seed(8)
        loader = d.DataLoader(make(d), collate_fn=as_list, **settings)
        epochs = [list(loader) for _ in range(3)]
        found.append((epochs, lib_of(d).rand(2).tolist()))
        del loader
    assert found[0] == found[1]


@pytest.mark.parametrize("d", BOTH)
def test_worker_init_fn_shares_out_a_stream(d: Any) -> None:
    class Range(d.IterableDataset):
        def __init__(self) -> None:
            self.start, self.end = 0, 10

        def __iter__(self) -> Iterator[int]:
            return iter(range(self.start, self.end))

    def halve(number: int) -> None:
        info = d.get_worker_info()
        assert info.id == number
        own = info.dataset
        own.start, own.end = (0, 5) if number == 0 else (5, 10)

    dataset = Range()
    loader = d.DataLoader(dataset, batch_size=None, num_workers=2, worker_init_fn=halve)
    assert list(loader) == [0, 5, 1, 6, 2, 7, 3, 8, 4, 9]
    assert (dataset.start, dataset.end) == (0, 10)
    assert d.get_worker_info() is None
    twice = d.DataLoader(Range(), batch_size=4, num_workers=2)  # without a share each worker reads all
    assert [batch.tolist() for batch in twice] == [[0, 1, 2, 3]] * 2 + [[4, 5, 6, 7]] * 2 + [[8, 9]] * 2


def test_the_main_stream_is_left_alone() -> None:
    sn.manual_seed(2)
    loader = data.DataLoader(noisy(data), 1, num_workers=2, collate_fn=as_list)
    first = list(loader)
    after = sn.rand(1).item()
    sn.manual_seed(2)
    sn.random.random_seed64()
    assert sn.rand(1).item() == after
    sn.manual_seed(2)
    assert list(loader) == first
    own = sn.Generator()
    own.manual_seed(5)
    assert [list(data.DataLoader(noisy(data), 1, num_workers=1, collate_fn=as_list, generator=g)) for g in [own]]


def test_any_order() -> None:
    class Uneven(data.Dataset[int]):
        def __len__(self) -> int:
            return 12

        def __getitem__(self, index: int) -> int:
            time.sleep(0.02 if index == 0 else 0.0)
            return index

    batches = list(data.DataLoader(Uneven(), None, num_workers=3, in_order=False))
    assert sorted(batches) == list(range(12))
    assert batches[0] != 0


def test_a_failing_start_and_a_failing_batch() -> None:
    def fail(number: int) -> None:
        raise OSError(f"no licence for worker {number}")

    with pytest.raises(OSError, match="no licence for worker 0"):
        next(iter(data.DataLoader([1, 2], num_workers=1, worker_init_fn=fail)))

    class Odd(data.Dataset[int]):
        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> int:
            if index == 2:
                raise OSError("sample 2 is broken")
            return index

    batches = iter(data.DataLoader(Odd(), None, num_workers=2))
    assert [next(batches), next(batches)] == [0, 1]
    with pytest.raises(OSError, match="sample 2 is broken"):
        next(batches)
    assert list(batches) == [3, 4, 5]


def loader_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("scratchnet-loader")]


def wait_for_threads(count: int) -> int:
    deadline = time.monotonic() + 5
    while len(loader_threads()) != count and time.monotonic() < deadline:
        gc.collect()
        time.sleep(0.01)
    return len(loader_threads())


def test_persistent_workers_stay_and_end_with_the_loader() -> None:
    assert wait_for_threads(0) == 0
    loader = data.DataLoader(list(range(8)), 2, num_workers=2, persistent_workers=True)
    started: list[set[int]] = []
    for _ in range(3):
        assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4, 5], [6, 7]]
        started.append({thread.ident or 0 for thread in threading.enumerate() if "scratchnet-loader" in thread.name})
    assert started[0] == started[1] == started[2]
    assert len(started[0]) == 2
    batches = iter(loader)
    next(batches)
    assert next(iter(loader)).tolist() == [0, 1]  # a new pass; what was under way is forgotten
    assert next(batches).tolist() == [2, 3]  # by the one iterator that such a loader has
    assert [batch.tolist() for batch in copy.deepcopy(loader)][3] == [6, 7]
    del loader, batches
    assert wait_for_threads(0) == 0


@pytest.mark.parametrize("persistent", [False, True])
def test_a_timeout(persistent: bool) -> None:
    class Slow(data.Dataset[int]):
        def __len__(self) -> int:
            return 2

        def __getitem__(self, index: int) -> int:
            time.sleep(0.2)
            return index

    loader = data.DataLoader(Slow(), num_workers=1, timeout=0.01, persistent_workers=persistent)
    with pytest.raises(RuntimeError, match=re.escape("DataLoader timed out after 0.01 seconds")):
        next(iter(loader))
