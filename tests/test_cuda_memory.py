"""Memory of GPUs counted, short of it, pinned; streams and events; what the DataLoader copies from."""

import gc
import threading
from typing import Any, NamedTuple

import numpy as np
import pytest
from devices import two_gpus

import scratchnet as sn
from scratchnet import cuda, data
from scratchnet.data.pinning import pin_memory
from scratchnet.device import copied, device_of
from scratchnet.kernels.cuda import driver, runtime

MIB = 1 << 20


def held(count: int, place: str = "cuda") -> Any:
    """A tensor of so many MiB."""
    return sn.zeros(count * MIB // 4, device=place)


def test_figures_follow_the_tensors(gpu: str) -> None:
    before = cuda.memory_allocated()
    cuda.reset_peak_memory_stats()
    x = held(3)
    assert cuda.memory_allocated() == before + 3 * MIB
    y = held(5)
    assert cuda.memory_allocated("cuda:0") == before + 8 * MIB
    assert cuda.memory_reserved() >= before + 8 * MIB
    del y
    assert cuda.memory_allocated() == before + 3 * MIB
    assert cuda.max_memory_allocated() == before + 8 * MIB
    assert cuda.max_memory_reserved() >= before + 8 * MIB
    cuda.reset_peak_memory_stats()
    assert cuda.max_memory_allocated() == before + 3 * MIB
    stats = cuda.memory_stats()
    assert stats["allocated_bytes.all.current"] == stats["allocated_bytes.all.peak"] == before + 3 * MIB
    del x
    held(64)  # grows the pool, as nobody has seen so far
    reserved = cuda.memory_reserved()
    cuda.empty_cache()
    assert cuda.memory_reserved() <= reserved - 3 * MIB
    assert cuda.max_memory_reserved() == reserved
    free, total = cuda.mem_get_info()
    assert 0 < free <= total == cuda.get_device_properties().total_memory
    assert "memory of cuda:0:" in cuda.memory_summary()


def test_the_peak_counts_each_thread_that_has_asked(gpu: str) -> None:
    cuda.reset_peak_memory_stats()
    before = cuda.max_memory_allocated()

    def run(ask: bool, seen: list[int]) -> None:
        if ask:
            cuda.max_memory_allocated()
        held(7)
        seen.append(cuda.max_memory_allocated() - before)

    for ask, peak in ((False, 0), (True, 7 * MIB)):
        seen: list[int] = []
        thread = threading.Thread(target=run, args=(ask, seen))
        thread.start()
        thread.join()
        assert seen == [peak]


def test_the_peak_leaves_out_what_there_was_no_memory_for(gpu: str) -> None:
    cuda.empty_cache()  # else memory kept for later might do
    before = cuda.memory_allocated()
    cuda.reset_peak_memory_stats()
    cuda.set_per_process_memory_fraction((before + MIB) / cuda.mem_get_info()[1])
    try:
        with pytest.raises(cuda.OutOfMemoryError):
            held(7)
    finally:
        cuda.set_per_process_memory_fraction(1.0)
    assert cuda.max_memory_allocated() == before


def test_each_device_has_its_own_figures(gpu: str) -> None:
    two_gpus()
    before = [cuda.memory_allocated(i) for i in (0, 1)]
    x = held(2, "cuda:1")
    assert [cuda.memory_allocated(i) for i in (0, 1)] == [before[0], before[1] + 2 * MIB]
    with cuda.device(1):
        assert cuda.memory_allocated() == before[1] + 2 * MIB
    del x
    assert cuda.memory_allocated(1) == before[1]


def test_out_of_memory_says_how_much_and_leaves_all_usable(gpu: str) -> None:
    gc.collect()  # what earlier tests have left would go away meanwhile
    cuda.empty_cache()
    _, total = cuda.mem_get_info()
    before = cuda.memory_allocated()
    fraction = (before + 8 * MIB) / total
    x = held(2).requires_grad_()
    try:
        cuda.set_per_process_memory_fraction(fraction)
        with pytest.raises(
            cuda.OutOfMemoryError, match=r"CUDA out of memory\. Tried to allocate 7\.00 MiB\. GPU 0 has"
        ):
            held(7)
        with pytest.raises(RuntimeError, match=r"Of the allocated memory \d.* is in use, and .* unallocated"):
            x.expand(4, x.numel()).clone()
        gc.collect()
        assert cuda.memory_allocated() == before + 2 * MIB
        (x * 2).sum().backward()
        assert x.grad is not None
        assert x.grad[:2].tolist() == [2.0, 2.0]
    finally:
        cuda.set_per_process_memory_fraction(1.0)
    assert held(7).numel() == 7 * MIB // 4
    with pytest.raises(ValueError, match="Invalid fraction value"):
        cuda.set_per_process_memory_fraction(2.0)


@pytest.mark.parametrize(
    ("count", "text"), [(3 << 29, "1.50 GiB"), (20 << 20, "20.00 MiB"), (1536, "1.50 KiB"), (7, "7 b")]
)
def test_sizes_as_torch_writes_them(count: int, text: str) -> None:
    assert runtime.size(count).startswith(text)


def test_pinned_memory(gpu: str) -> None:
    x = sn.arange(6.0).reshape(2, 3)
    pinned = x.pin_memory()
    assert not x.is_pinned()
    assert pinned.is_pinned()
    assert pinned[1].is_pinned()
    assert pinned.pin_memory() is pinned
    assert pinned.tolist() == x.tolist()
    moved = pinned.to("cuda", non_blocking=True)
    assert not moved.is_pinned()
    assert moved.tolist() == x.tolist()
    assert pinned.T.to("cuda", non_blocking=True).tolist() == x.T.tolist()
    assert sn.zeros(0, 3).pin_memory().to("cuda", non_blocking=True).shape == (0, 3)


def test_what_is_copied_from_pinned_memory_is_kept_until_it_is_done(gpu: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(runtime, "_in_flight", [])
    if gpu == "emulated":
        monkeypatch.setattr(driver.cupy().cuda.Event, "done", False)
    pinned = sn.ones(1 << 10).pin_memory()
    memory = pinned.array
    pinned.to("cuda", non_blocking=True)
    assert any(
        kept is memory or kept.base is memory or np.shares_memory(kept, memory) for _, kept in runtime._in_flight
    )
    monkeypatch.undo()
    monkeypatch.setattr(runtime, "_in_flight", list(runtime._in_flight))
    cuda.synchronize()
    sn.ones(1).pin_memory().to("cuda", non_blocking=True)
    assert len(runtime._in_flight) <= 1


def test_moving_to_a_gpu_does_not_wait(gpu: str) -> None:
    if gpu != "emulated":
        pytest.skip("only the stand-in counts what a program waits for")
    waits = driver.cupy().waits
    sn.ones(3).pin_memory().to("cuda", non_blocking=True)
    sn.ones(3).to("cuda")
    x = sn.ones(2, 3, device="cuda").to("cuda:1") * 2
    assert driver.cupy().waits == waits
    x.tolist()
    assert driver.cupy().waits == waits + 1


class Pair(NamedTuple):
    image: Any
    label: Any


class Pairs(data.Dataset[Any]):
    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> Any:
        return Pair(sn.full((2,), float(index)), {"label": index, "name": str(index), "both": (index, 2.0)})


@pytest.mark.parametrize("workers", [0, 2])
def test_the_loader_pins_its_batches(gpu: str, workers: int) -> None:
    loader = data.DataLoader(Pairs(), batch_size=2, num_workers=workers, pin_memory=True)
    seen = []
    for batch in loader:
        assert type(batch) is Pair
        tensors = [batch.image, batch.label["label"], *batch.label["both"]]
        assert all(tensor.is_pinned() for tensor in tensors)
        assert batch.label["name"][0] == str(batch.label["label"][0].item())
        seen += batch.image.to("cuda", non_blocking=True)[:, 0].tolist()
    assert seen == [0, 1, 2, 3, 4]
    whole = data.DataLoader(data.TensorDataset(sn.arange(4)), batch_size=4, pin_memory=True, num_workers=workers)
    assert [batch[0].is_pinned() for batch in whole] == [True]
    plain = data.DataLoader(Pairs(), batch_size=2, num_workers=workers)
    assert not any(batch.image.is_pinned() for batch in plain)


def test_what_is_pinned_keeps_its_type(gpu: str) -> None:
    x = sn.ones(1)
    given = {"list": [x, 1], "tuple": (x, "text"), "bytes": b"b", "pair": Pair(x, None), "range": range(2)}
    pinned = pin_memory(given)
    assert {name: type(value) for name, value in pinned.items()} == {
        **{name: type(value) for name, value in given.items()},
        "range": list,
    }
    assert all(part.is_pinned() for part in (pinned["list"][0], pinned["tuple"][0], pinned["pair"].image))
    assert (pinned["list"][1], pinned["tuple"][1], pinned["bytes"], pinned["range"]) == (1, "text", b"b", [0, 1])
    assert not x.is_pinned()


def test_the_loader_says_that_there_is_no_gpu_to_pin_for(monkeypatch: Any) -> None:
    monkeypatch.setattr(runtime, "count", lambda: 0)
    loader = data.DataLoader([1, 2], batch_size=2, pin_memory=True)
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no accelerator is found"):
        assert [batch.tolist() for batch in loader] == [[1, 2]]


def test_the_end_of_an_epoch_raises_what_kernels_found(monkeypatch: Any) -> None:
    raised = []

    def pending() -> None:
        raised.append(True)
        raise IndexError("embedding: index 9")

    monkeypatch.setattr("scratchnet.data.dataloader.raise_pending", pending)
    batches = iter(data.DataLoader([1, 2, 3]))
    assert [next(batches).tolist() for _ in range(3)] == [[1], [2], [3]]
    assert raised == []
    with pytest.raises(IndexError, match="embedding: index 9"):
        next(batches)


def test_an_index_out_of_range_is_raised_where_the_program_waits(gpu: str) -> None:
    from scratchnet.kernels.cuda import indices

    def fault(value: int) -> Exception:
        return IndexError(f"gather: index (={value}) is out of range")

    wrong = sn.tensor([0, 9, 1], device="cuda")
    waiting = [
        lambda: cuda.synchronize(),
        lambda: sn.ones(1, device="cuda").item(),
        lambda: sn.ones(1, device="cuda").cpu(),
        lambda: list(data.DataLoader([1, 2])),
    ]
    for wait in waiting:
        indices.check(wrong.array, 0, 3, fault)
        with pytest.raises(IndexError, match=r"gather: index \(=9\)"):
            wait()
        wait()


def test_streams(gpu: str) -> None:
    default = cuda.default_stream()
    assert cuda.current_stream() == default
    assert default.cuda_stream == 0
    one, other = cuda.Stream(), cuda.Stream("cuda:0", priority=-1)
    assert one != other
    assert len({one, other, default, cuda.current_stream()}) == 3
    assert one.device == sn.device("cuda:0")
    assert repr(one) == f"<scratchnet.cuda.Stream device=cuda:0 cuda_stream={one.cuda_stream:#x}>"
    with cuda.stream(one):
        assert cuda.current_stream() == one
        assert driver.cupy().cuda.get_current_stream().ptr == one.cuda_stream
        x = sn.ones(1000, device="cuda") * 3
        with cuda.stream(None), cuda.stream(other):
            other.wait_stream(one)
            y = x + 1
            x.record_stream(other)
        assert cuda.current_stream() == one
        with pytest.raises(KeyError), cuda.stream(default):
            raise KeyError
        assert cuda.current_stream() == one
    assert cuda.current_stream() == default
    other.synchronize()
    assert other.query()
    assert y[0].item() == 4.0
    cuda.set_stream(one)
    assert cuda.current_stream() == one
    cuda.set_stream(None)
    outside = cuda.ExternalStream(default.cuda_stream, "cuda:0")
    cuda.set_stream(outside)
    assert cuda.current_stream() == default
    cuda.set_stream(default)


def test_streams_of_two_devices(gpu: str) -> None:
    two_gpus()
    far = cuda.Stream("cuda:1")
    assert cuda.current_device() == 0
    with cuda.stream(far):
        assert cuda.current_device() == 1
        assert cuda.current_stream() == far
        assert str(sn.ones(1, device="cuda").device) == "cuda:1"
        assert cuda.current_stream(0) == cuda.default_stream(0)
    assert cuda.current_device() == 0
    assert cuda.current_stream(1) == cuda.default_stream(1)
    event = far.record_event()
    event.wait()
    assert event.query()


def test_a_copy_between_devices_is_in_order_on_both(gpu: str, monkeypatch: Any) -> None:
    """The target's stream waits for what is queued at the source, then the source's for the copy."""
    if gpu != "emulated":
        pytest.skip("CuPy's streams can't be watched")
    there, back = cuda.Stream("cuda:1"), cuda.Stream("cuda:0")
    with cuda.stream(back):
        x = sn.ones(2, device="cuda:0")
    waited: list[Any] = []
    monkeypatch.setattr(
        driver.cupy().cuda.Stream,
        "wait_event",
        lambda stream, event: waited.append((stream.ptr, cuda.current_device())),
    )
    cuda.set_stream(back)
    try:
        with cuda.stream(there):
            x.to("cuda:1")
    finally:
        cuda.set_stream(cuda.default_stream(0))
    assert waited == [(there.cuda_stream, 1), (back.cuda_stream, 0)]


def test_a_recorded_stream_holds_memory_back(gpu: str, monkeypatch: Any) -> None:
    """When the tensor goes away, its home stream waits for the other one; a view of it does as well as the whole."""
    waited: list[Any] = []
    monkeypatch.setattr(cuda.Stream, "wait_stream", lambda home, other: waited.append((home, other)))
    side = cuda.Stream()
    whole = sn.ones(4, 4, device="cuda")
    part = whole[1:]
    part.record_stream(side)
    del part
    gc.collect()
    assert waited == []
    del whole
    gc.collect()
    assert waited == [(cuda.default_stream(), side)]


def test_events(gpu: str) -> None:
    start, end, plain = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True), cuda.Event()
    assert start.query()
    start.synchronize()
    start.wait()
    assert start.cuda_event == 0
    assert "uninitialized" in repr(start)
    with pytest.raises(ValueError, match="Both events must be recorded before"):
        start.elapsed_time(end)
    with pytest.raises(ValueError, match="created with argument 'enable_timing=True'"):
        start.elapsed_time(plain)
    start.record()
    sn.ones(1 << 16, device="cuda").exp().sum()
    end.record(cuda.current_stream())
    end.synchronize()
    assert end.query()
    assert 0 < start.elapsed_time(end) < 60_000
    assert cuda.current_stream().record_event(plain) is plain
    cuda.Stream().wait_event(plain)
    assert plain.cuda_event != 0


def test_copies_on_their_own_device(gpu: str) -> None:
    two_gpus()
    x = sn.ones(3, device="cuda:1")
    assert str(device_of(copied(x.array))) == "cuda:1"
    assert str(x.clone().device) == "cuda:1"
