"""Datasets, samplers, collate and DataLoader, beside torch's: the same batches in the same order."""

import copy
import re
import threading
import time
from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet import data

theirs_data: Any = None if torch is None else torch.utils.data
BOTH = [pytest.param(data, id="scratchnet"), pytest.param(theirs_data, id="torch", marks=needs_torch)]
Point = namedtuple("Point", ["x", "y"])


def lib_of(module: Any) -> Any:
    return sn if module is data else torch


def plain(value: Any) -> Any:
    """Tensors as (dtype, lists), so that batches of both can be compared with ==."""
    if hasattr(value, "tolist"):
        return str(value.dtype).split(".")[-1], value.tolist()
    if isinstance(value, dict):
        return type(value).__name__, {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [plain(item) for item in value]
    return value


def seeded_epochs(d: Any, loader: Any, epochs: int = 3) -> list[Any]:
    lib_of(d).manual_seed(5)
    return [[plain(batch) for batch in loader] for _ in range(epochs)]


def pairs(d: Any, n: int = 23) -> Any:
    lib = lib_of(d)
    return d.TensorDataset(lib.arange(n * 2).reshape(n, 2), lib.arange(n) * 10)


# ---- order

LOADERS: list[dict[str, Any]] = [
    {"batch_size": 5, "shuffle": True},
    {"batch_size": 4, "shuffle": True, "drop_last": True},
    {"batch_size": 4},
    {"batch_size": None, "shuffle": True},
    {"batch_size": 23},
]


@needs_torch
@pytest.mark.parametrize("settings", LOADERS)
def test_three_epochs_in_torchs_order(settings: dict[str, Any]) -> None:
    ours, theirs = (d.DataLoader(pairs(d), **settings) for d in (data, theirs_data))
    assert len(ours) == len(theirs)
    assert seeded_epochs(data, ours) == seeded_epochs(theirs_data, theirs)
    assert sn.rand(2).tolist() == torch.rand(2).tolist()


@needs_torch
def test_a_loaders_own_generator() -> None:
    epochs = []
    for d in (data, theirs_data):
        generator = lib_of(d).Generator()
        generator.manual_seed(11)
        epochs.append(seeded_epochs(d, d.DataLoader(pairs(d), batch_size=7, shuffle=True, generator=generator)))
    assert epochs[0] == epochs[1]


@needs_torch
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_samples": 4},
        {"num_samples": 25},
        {"replacement": True},
        {"replacement": True, "num_samples": 64},
        {"replacement": True, "num_samples": 33},
    ],
)
def test_random_sampler(settings: dict[str, Any]) -> None:
    found = []
    for d in (data, theirs_data):
        lib_of(d).manual_seed(3)
        sampler = d.RandomSampler(range(10), **settings)
        found.append((len(sampler), list(sampler), list(sampler), lib_of(d).rand(1).item()))
    assert found[0] == found[1]


@needs_torch
def test_subset_sampler_and_random_split() -> None:
    found = []
    for d in (data, theirs_data):
        lib_of(d).manual_seed(3)
        parts = d.random_split(range(10), [7, 3]) + d.random_split(list(range(11)), [0.5, 0.3, 0.2])
        found.append((list(d.SubsetRandomSampler([4, 9, 7, 1])), [list(part) for part in parts]))
    assert found[0] == found[1]


@needs_torch
@pytest.mark.parametrize(
    ("weights", "count", "replacement"),
    [([0.1, 0.9, 3.0, 0.0], 20, True), ([0.1, 0.9, 3.0, 2.0], 4, False), ([1, 2, 3], 1, True)],
)
def test_weighted_sampler(weights: list[float], count: int, replacement: bool) -> None:
    found = []
    for d in (data, theirs_data):
        lib_of(d).manual_seed(3)
        generator = lib_of(d).Generator()
        generator.manual_seed(4)
        samplers = [d.WeightedRandomSampler(weights, count, replacement, g) for g in (None, generator)]
        found.append(([list(sampler) for sampler in samplers * 2], len(samplers[0]), lib_of(d).rand(1).item()))
    assert found[0] == found[1]


def test_two_loops_over_one_loader_do_not_meet() -> None:
    loader = data.DataLoader(list(range(6)), batch_size=2)
    first, second = iter(loader), iter(loader)
    next(first)
    next(first)
    assert next(second).tolist() == [0, 1]
    assert next(first).tolist() == [4, 5]
    with pytest.raises(StopIteration):
        next(first)


# ---- batches


class ByItem:
    """The pairs of a TensorDataset, read one at a time."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[index]


def test_a_batch_read_at_once_is_the_batch_read_by_item() -> None:
    dataset = pairs(data)
    source: Any
    for source in (dataset, data.Subset(dataset, [3, 5, 5, 0, 22]), data.Subset(data.Subset(dataset, [4, 2]), [1, 0])):
        fast = list(data.DataLoader(source, batch_size=4))
        slow = list(data.DataLoader(ByItem(source), batch_size=4))
        assert [plain(batch) for batch in fast] == [plain(batch) for batch in slow]
        fast[0][0].fill_(0)  # no batch is a view of the dataset
    assert dataset.tensors[0][3].tolist() == [6, 7]


@pytest.mark.parametrize("d", BOTH)
def test_a_subclass_decides_what_a_sample_is(d: Any) -> None:
    class Doubled(d.TensorDataset):
        def __getitem__(self, index: Any) -> Any:
            return super().__getitem__(index)[1] * 2

    class Listed(d.TensorDataset):
        def __getitems__(self, indices: Any) -> Any:
            return [(index, index) for index in indices]

    def both(dataset: Any) -> list[Any]:
        return [plain(next(iter(d.DataLoader(x, batch_size=2)))) for x in (dataset, d.Subset(dataset, [1, 2]))]

    tensors = pairs(d).tensors
    assert both(Doubled(*tensors)) == [("int64", [0, 20]), ("int64", [20, 40])]
    assert both(Listed(*tensors)) == [
        ("list", [("int64", [0, 1]), ("int64", [0, 1])]),
        ("list", [("int64", [1, 2]), ("int64", [1, 2])]),
    ]
    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
        type("Odd", (d.Subset,), {"__getitem__": lambda self, i: i})(tensors, [0])


def samples(lib: Any) -> list[list[Any]]:
    return [
        [lib.ones(2), lib.zeros(2)],
        [np.ones(2, np.float32), np.zeros(2, np.float32)],
        [np.float32(1), np.float32(2)],
        [np.float64(1), np.float64(2)],
        [np.int16(1), np.int16(2)],
        [1.5, 2.5],
        [1, 2],
        [True, False],
        ["a", "b"],
        [b"a", b"b"],
        [(1, 2.0), (3, 4.0)],
        [[1, 2.0], [3, 4.0]],
        [{"x": 1, "y": [1, 2]}, {"x": 2, "y": [3, 4]}],
        [OrderedDict(x=1), OrderedDict(x=2)],
        [Point(1, 2.0), Point(3, 4.0)],
        [[("a", 1)], [("b", 2)]],
    ]


@needs_torch
@pytest.mark.parametrize("number", range(16))
def test_collate_and_convert(number: int) -> None:
    ours, theirs = samples(sn)[number], samples(torch)[number]
    assert plain(data.default_collate(ours)) == plain(theirs_data.default_collate(theirs))
    assert plain(data.default_convert(ours)) == plain(theirs_data.default_convert(theirs))


@pytest.mark.parametrize("d", BOTH)
def test_what_collate_refuses(d: Any) -> None:
    with pytest.raises(TypeError, match="batch must contain tensors, numpy arrays, numbers, dicts or lists; found"):
        d.default_collate([object(), object()])
    with pytest.raises(TypeError, match="batch must contain tensors, numpy arrays, numbers, dicts or lists; found"):
        d.default_collate([np.array(["a"]), np.array(["b"])])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        d.default_collate([[1], [1, 2]])


@pytest.mark.parametrize("d", BOTH)
def test_collate_of_ones_own_and_batch_sampler(d: Any) -> None:
    loader = d.DataLoader([1, 2, 3, 4, 5], batch_sampler=[[0, 4], [2]], collate_fn=sum)
    assert list(loader) == [6, 3]
    assert len(loader) == 2
    assert loader.batch_size is None
    assert list(d.DataLoader(["a", "b"], batch_size=None)) == ["a", "b"]
    assert list(d.DataLoader(list("abc"), sampler=[2, 0], batch_size=2)) == [["c", "a"]]


# ---- datasets


class Counting(data.IterableDataset):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.n))

    def __len__(self) -> int:
        return self.n - 1


def test_streams() -> None:
    assert [batch.tolist() for batch in data.DataLoader(Counting(5), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in data.DataLoader(Counting(5), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(data.DataLoader(Counting(3), batch_size=None)) == [0, 1, 2]
    assert [b.tolist() for b in data.DataLoader(Counting(3) + Counting(2), batch_size=9)] == [[0, 1, 2, 0, 1]]
    assert [b.tolist() for b in data.DataLoader(Counting(5), batch_size=2, num_workers=1)] == [[0, 1], [2, 3], [4]]
    loader = data.DataLoader(Counting(2))
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="Length of IterableDataset .* was reported to be 1"):
        assert len(list(loader)) == 2


@pytest.mark.parametrize("d", BOTH)
def test_datasets(d: Any) -> None:
    joined = pairs(d, 3) + pairs(d, 2)
    assert len(joined) == 5
    assert [joined[i][1].item() for i in (0, 3, -1)] == [0, 0, 10]
    assert d.Subset([5, 6, 7], [2, 0])[0] == 7
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        joined[-6]
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        d.TensorDataset(lib_of(d).ones(2), lib_of(d).ones(3))
    with pytest.raises(AssertionError, match="datasets should not be an empty iterable"):
        d.ConcatDataset([])
    stacked = d.StackDataset(image=[1, 2], label=pairs(d, 2))
    assert len(stacked) == 2
    assert stacked[1]["image"] == stacked.__getitems__([0, 1])[1]["image"] == 2
    assert d.StackDataset([1, 2], "ab")[1] == (2, "b")
    assert d.StackDataset([1, 2], d.Subset("abc", [2, 1])).__getitems__([1, 0]) == [(2, "b"), (1, "c")]
    assert plain(next(iter(d.DataLoader(stacked, 2)))) == (
        "dict",
        {"image": ("int64", [1, 2]), "label": ("list", [("int64", [[0, 1], [2, 3]]), ("int64", [0, 10])])},
    )
    short = type("Short", (d.Dataset,), {"__len__": lambda self: 2, "__getitems__": lambda self, indices: [1]})()
    with pytest.raises(ValueError, match="Nested dataset's output size mismatch. Expected 2, got 1"):
        d.StackDataset(short).__getitems__([0, 1])
    with pytest.raises(ValueError, match="Size mismatch between datasets"):
        d.StackDataset([1], [1, 2])
    with pytest.raises(ValueError, match="At least one dataset should be passed"):
        d.StackDataset()
    with pytest.raises(ValueError, match="but both types are given"):
        d.StackDataset([1], a=[2])
    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement __getitem__"):
        d.Dataset()[0]
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length of the input dataset!"):
        d.random_split([1, 2, 3], [2])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        d.random_split([1, 2], [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        d.random_split([1], [0.5, 0.5])


# ---- threads


class Slow:
    """Sample i comes after a wait that is longer for even batches; notes which threads read."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.threads: set[str] = set()

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> int:
        self.threads.add(threading.current_thread().name)
        time.sleep(0.004 if (index // 4) % 2 == 0 else 0.0)
        if index == 17:
            raise OSError("sample 17 is broken")
        return index


def test_threads_keep_the_order() -> None:
    dataset = Slow(17)
    started: list[int] = []
    loader = data.DataLoader(
        dataset, batch_size=4, num_workers=3, worker_init_fn=started.append, multiprocessing_context="fork"
    )
    assert [batch.tolist() for batch in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15], [16]]
    assert threading.current_thread().name not in dataset.threads
    assert set(started) <= {0, 1, 2}
    sn.manual_seed(5)
    shuffled = [batch.tolist() for batch in data.DataLoader(list(range(20)), 6, shuffle=True, num_workers=2)]
    sn.manual_seed(5)
    assert shuffled == [batch.tolist() for batch in data.DataLoader(list(range(20)), 6, shuffle=True)]


def test_errors_and_timeouts_come_out_of_threads() -> None:
    loader = data.DataLoader(Slow(18), batch_size=4, num_workers=2, prefetch_factor=1)
    with pytest.raises(OSError, match="sample 17 is broken"):
        list(loader)
    batches = iter(data.DataLoader(Slow(12), batch_size=4, num_workers=1, timeout=0.001))
    with pytest.raises(RuntimeError, match=re.escape("DataLoader timed out after 0.001 seconds")):
        next(batches)


def loader_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("scratchnet-loader")]


def test_a_loop_left_early_ends_its_threads() -> None:
    for _ in data.DataLoader(Slow(16), batch_size=1, num_workers=2):
        break
    deadline = time.monotonic() + 5
    while loader_threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not loader_threads()


# ---- refusals


@pytest.mark.parametrize("d", BOTH)
def test_what_the_loader_refuses(d: Any) -> None:
    class Stream(d.IterableDataset):
        def __iter__(self) -> Any:
            return iter(())

    def load(dataset: Any = (1, 2), **settings: Any) -> Any:
        return lambda: d.DataLoader(dataset, **settings)

    cases: list[tuple[Any, type[Exception], str]] = [
        (load(num_workers=-1), ValueError, "num_workers option should be non-negative"),
        (load(timeout=-1), ValueError, "timeout option should be non-negative"),
        (load(prefetch_factor=2), ValueError, "prefetch_factor option could only be specified in multiprocessing"),
        (load(persistent_workers=True), ValueError, "persistent_workers option needs num_workers > 0"),
        (load(multiprocessing_context="fork"), ValueError, "multiprocessing_context can only be used with"),
        (load(shuffle=True, sampler=[0]), ValueError, "sampler option is mutually exclusive with shuffle"),
        (load(batch_size=2, batch_sampler=[[0]]), ValueError, "batch_sampler option is mutually exclusive"),
        (load(batch_size=None, drop_last=True), ValueError, "batch_size=None option disables auto-batching"),
        (load(batch_size=0), ValueError, "batch_size should be a positive integer value, but got batch_size=0"),
        (load(batch_size=2.0), ValueError, "batch_size should be a positive integer value, but got batch_size=2.0"),
        (load(batch_size=2, drop_last=1), ValueError, "drop_last should be a boolean value, but got drop_last=1"),
        (load(Stream(), shuffle=True), ValueError, "expected unspecified shuffle option, but got shuffle=True"),
        (load(Stream(), sampler=[0]), ValueError, "expected unspecified sampler option, but got sampler=[0]"),
        (load(Stream(), batch_sampler=[[0]]), ValueError, "expected unspecified batch_sampler option"),
        (load((), shuffle=True), ValueError, "num_samples should be a positive integer value, but got num_samples=0"),
        (lambda: d.RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean value"),
        (lambda: d.WeightedRandomSampler([1.0], 0), ValueError, "num_samples should be a positive integer value, but"),
        (lambda: d.WeightedRandomSampler([1.0], 1, 1), ValueError, "replacement should be a boolean value, but got"),
        (lambda: d.WeightedRandomSampler([[1.0]], 1), ValueError, "given weights have shape (1, 1)"),
        (lambda: list(d.WeightedRandomSampler([1.0], 2, False)), RuntimeError, "cannot sample "),
        (lambda: list(d.WeightedRandomSampler([0.0], 2)), RuntimeError, "invalid multinomial distribution"),
        (load(num_workers=1, multiprocessing_context="odd"), ValueError, "should specify a valid start method in ["),
        (load(num_workers=1, multiprocessing_context=3), TypeError, "should be a valid context object or a string"),
        (lambda: list(load(timeout=1)()), AssertionError, "requires timeout == 0"),
        (lambda: setattr(load()(), "batch_size", 3), ValueError, "batch_size attribute should not be set after"),
    ]
    for call, kind, text in cases:
        with pytest.raises(kind, match=re.escape(text)):
            call()


def test_nothing_ahead_is_refused() -> None:
    with pytest.raises(AssertionError, match="prefetch_factor must be greater than 0"):
        iter(data.DataLoader([1, 2], num_workers=1, prefetch_factor=0))


def test_empty_datasets_and_copies() -> None:
    assert list(data.DataLoader([], batch_size=3)) == []
    loader = data.DataLoader([1, 2], batch_size=2)
    assert [batch.tolist() for batch in copy.deepcopy(loader)] == [[1, 2]]
