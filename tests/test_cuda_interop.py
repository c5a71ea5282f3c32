"""GPU memory shared with other libraries without copies, copies of tensors, and checkpoints that know devices."""

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
from devices import two_gpus
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet.kernels.cuda import driver


def same_memory(a: Any, b: Any) -> bool:
    return bool(a.data_ptr() == b.data_ptr() and a.stride() == b.stride())


class Foreign:
    """Another library's array on a GPU: it notes the streams that it is asked for."""

    def __init__(self, tensor: Any, *without: str) -> None:
        self.tensor, self.without, self.streams = tensor, without, []

    def __dlpack_device__(self) -> tuple[int, int]:
        found: tuple[int, int] = self.tensor.__dlpack_device__()
        return found

    def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
        self.streams.append(stream)
        return self.tensor.__dlpack__(stream=stream, **options)


class Described:
    """Another library's array that only tells where its memory lies."""

    def __init__(self, tensor: Any) -> None:
        self.__cuda_array_interface__ = tensor.__cuda_array_interface__
        self.kept = tensor


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool"])
def test_cupy_both_ways_without_copies(gpu: str, dtype: str) -> None:
    cupy = driver.cupy()
    x = sn.ones(3, 4, dtype=getattr(sn, dtype), device="cuda").T
    theirs = cupy.from_dlpack(x)
    assert theirs.data.ptr == x.data_ptr()
    assert theirs.strides == x.array.strides
    for back in (sn.from_dlpack(theirs), sn.as_tensor(theirs)):
        assert same_memory(back, x)
        assert (back.dtype, back.device) == (x.dtype, x.device)
    back[0, 0] = 0
    assert x[0, 0].item() == 0
    copied = sn.tensor(theirs)
    assert copied.data_ptr() != x.data_ptr()
    assert copied.tolist() == x.tolist()
    assert sn.Tensor(theirs).data_ptr() == x.data_ptr()
    assert sn.as_tensor(theirs, dtype=sn.float64).dtype == sn.float64
    assert sn.as_tensor(theirs, device="cpu").is_cpu


def test_the_current_stream_is_told(gpu: str) -> None:
    given = Foreign(sn.ones(2, device="cuda"))
    assert sn.from_dlpack(given).tolist() == [1.0, 1.0]
    stream = sn.cuda.Stream()
    with sn.cuda.stream(stream):
        sn.from_dlpack(given)
    assert given.streams == [1, stream.cuda_stream]  # 1 is CUDA's number for the default stream
    for wanted in (None, 1, stream.cuda_stream, -1):
        assert sn.ones(2, device="cuda").__dlpack__(stream=wanted) is not None


def test_memory_on_another_device(gpu: str) -> None:
    two_gpus()
    x = sn.ones(2, device="cuda:1")
    assert x.__dlpack_device__() == (2, 1)
    assert sn.ones(2).__dlpack_device__() == (1, 0)
    found = sn.from_dlpack(Foreign(x))
    assert (str(found.device), found.data_ptr()) == ("cuda:1", x.data_ptr())
    assert sn.cuda.current_device() == 0


def test_memory_is_given_with_its_device_current(gpu: str, monkeypatch: Any) -> None:
    """CuPy lets the asking stream wait for the current one of the current device."""
    two_gpus()
    if gpu != "emulated":
        pytest.skip("CuPy's arrays can't be watched")
    seen = []
    monkeypatch.setattr(
        driver.cupy().ndarray, "__dlpack__", lambda array, **options: seen.append((sn.cuda.current_device(), options))
    )
    sn.ones(2, device="cuda:1").__dlpack__(stream=7)
    assert seen == [(1, {"stream": 7})]


def test_the_cuda_array_interface(gpu: str) -> None:
    x = sn.arange(6.0, device="cuda").reshape(2, 3).T
    told = x.__cuda_array_interface__
    assert (told["shape"], told["typestr"], told["data"]) == ((3, 2), "<f4", (x.data_ptr(), False))
    assert told["strides"] == (4, 12)
    for found in (sn.as_tensor(Described(x)), sn.as_tensor(Described(x), device="cuda")):
        assert same_memory(found, x)
    assert sn.tensor(Described(x)).data_ptr() != x.data_ptr()
    assert sn.tensor(Described(x)).tolist() == x.tolist()
    assert not hasattr(sn.ones(1), "__cuda_array_interface__")
    with pytest.raises(RuntimeError, match="on Variable that requires grad"):
        _ = sn.ones(1, device="cuda", requires_grad=True).__cuda_array_interface__
    with pytest.raises(RuntimeError, match="require gradient"):
        sn.ones(1, device="cuda", requires_grad=True).__dlpack__()


def test_what_cannot_be_taken_over(gpu: str) -> None:
    cupy = driver.cupy()
    with pytest.raises(ValueError, match="from_dlpack.*negative stride"):
        sn.from_dlpack(cupy.asarray(np.arange(3.0))[::-1])
    with pytest.raises(TypeError, match="uint16 is not supported"):
        sn.as_tensor(cupy.asarray(np.arange(3, dtype=np.uint16)))


class OnCpu(Foreign):
    """The emulated device's memory, which is the host's, shown as such: torch for the CPU can take it."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0

    def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
        return super().__dlpack__(stream=1)


@needs_torch
def test_torch_takes_the_memory(gpu: str) -> None:
    x = sn.arange(6.0, device="cuda").reshape(2, 3)
    theirs = torch.from_dlpack(OnCpu(x) if gpu == "emulated" else x)
    assert theirs.data_ptr() == x.data_ptr()
    theirs[1, 2] = 7.0
    assert x[1, 2].item() == 7.0


@needs_torch
def test_the_memory_of_torch_is_taken(gpu: str) -> None:
    class OnGpu(Foreign):
        def __dlpack_device__(self) -> tuple[int, int]:
            return 2, 0

        def __dlpack__(self, *, stream: Any = None, **options: Any) -> Any:
            return super().__dlpack__(stream=None)

    if gpu == "cuda" and not torch.cuda.is_available():
        pytest.skip("this torch has no CUDA")
    theirs = torch.arange(6.0).reshape(2, 3)
    theirs = theirs if gpu == "emulated" else theirs.cuda()
    ours = sn.from_dlpack(OnGpu(theirs) if gpu == "emulated" else theirs)
    assert (ours.data_ptr(), str(ours.device)) == (theirs.data_ptr(), "cuda:0")
    ours[0, 1] = 9.0
    assert theirs[0, 1].item() == 9.0


def test_copies_stay_on_their_device(gpu: str) -> None:
    place = "cuda:1" if sn.cuda.device_count() > 1 else "cuda:0"
    x = sn.arange(4.0).to(place).requires_grad_()
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    assert (str(twin.device), twin.requires_grad, twin.tolist()) == (place, True, x.tolist())
    assert twin.data_ptr() != x.data_ptr()
    assert twin.grad is not None
    assert twin.grad.tolist() == [0.0, 2.0, 4.0, 6.0]
    loaded = pickle.loads(pickle.dumps(x))
    assert (str(loaded.device), loaded.requires_grad, loaded.tolist()) == (place, True, x.tolist())
    model = copy.deepcopy(sn.nn.Linear(2, 2).to(place))
    assert str(model.weight.device) == place
    assert copy.deepcopy(sn.device(place)) == pickle.loads(pickle.dumps(sn.device(place))) == sn.device(place)


def saved(value: Any) -> io.BytesIO:
    file = io.BytesIO()
    sn.save(value, file)
    file.seek(0)
    return file


def test_checkpoints_note_the_device(gpu: str) -> None:
    whole = sn.arange(12.0, device="cuda").reshape(3, 4)
    state = {
        "whole": whole,
        "row": whole[1],
        "column": whole.T[2],
        "host": sn.ones(2),
        "n": sn.tensor(3, device="cuda"),
    }
    state |= {"parameter": sn.nn.Parameter(sn.ones(2, device="cuda")), "none": sn.zeros(0, 2, device="cuda")}
    state["flipped"] = sn.ones(4, 3, device="cuda").T
    file = saved(state)
    found = sn.load(file)
    for name, tensor in state.items():
        assert (found[name].device, found[name].stride()) == (tensor.device, tensor.stride()), name
        assert found[name].tolist() == tensor.tolist(), name
    assert type(found["parameter"]) is sn.nn.Parameter
    found["whole"][1, 2] = -1.0
    assert (found["row"][2].item(), found["column"][1].item()) == (-1.0, -1.0)
    file.seek(0)
    assert all(tensor.is_cpu for tensor in sn.load(file, map_location="cpu").values())
    if torch is not None:
        file.seek(0)
        theirs = torch.load(file, map_location="cpu", weights_only=True)
        assert all(theirs[name].tolist() == tensor.tolist() for name, tensor in state.items())
        file.seek(0)
        if torch.cuda.is_available():
            assert torch.load(file, weights_only=True)["row"].is_cuda
        else:
            with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
                torch.load(file, weights_only=True)


def test_only_what_is_reached_is_written(gpu: str) -> None:
    x = sn.arange(1000.0, device="cuda")
    file = saved({"a": x[300:302], "b": x[301:305:2]})
    assert len(file.getvalue()) < 2000
    found = sn.load(file)
    assert (found["a"].tolist(), found["b"].tolist()) == ([300, 301], [301, 303])
    found["a"][1] = 0
    assert found["b"].tolist() == [0, 303]


def test_a_gpu_memory_that_two_kinds_of_numbers_look_at(gpu: str) -> None:
    x = sn.ones(2, device="cuda")
    twin = sn.Tensor._wrap(x.array.view(np.int16))
    found = sn.load(saved({"a": twin, "b": twin[1:]}))  # no storage of that kind lies there: a copy
    assert found["a"].tolist() == twin.tolist() == [0, 0x3F80, 0, 0x3F80]
    assert found["b"].is_cuda


MAPS: list[tuple[Any, str]] = [
    (None, "cuda:0"),
    ("cuda", "cuda:0"),
    ("cuda:1", "cuda:1"),
    (sn.device("cuda:1"), "cuda:1"),
    (sn.device("cpu"), "cpu"),
    ({"cuda:0": "cuda:1"}, "cuda:1"),
    ({"cuda:0": "cpu"}, "cpu"),
    ({"cuda:1": "cpu"}, "cuda:0"),
    (lambda storage, location: storage, "cpu"),
    (lambda storage, location: storage.cuda(1), "cuda:1"),
    (lambda storage, location: storage.cuda() if location == "cuda:0" else storage, "cuda:0"),
    (lambda storage, location: storage.cuda(1).cpu(), "cpu"),
    (lambda storage, location: None, "cuda:0"),
]


@pytest.mark.parametrize("which", range(len(MAPS)))
@pytest.mark.parametrize("older", [False, True])
def test_map_location(gpu: str, which: int, older: bool) -> None:
    two_gpus()
    where, expected = MAPS[which]
    if older:
        pytest.importorskip("torch")
        file = io.BytesIO()
        tensor = torch.arange(4.0)
        torch.save({"a": tensor, "b": tensor[1:3]}, file, _use_new_zipfile_serialization=False)
        file = io.BytesIO(file.getvalue().replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    else:
        x = sn.arange(4.0, device="cuda:0")
        file = saved({"a": x, "b": x[1:3]})
    found = sn.load(file, map_location=where)
    assert [str(found[name].device) for name in "ab"] == [expected] * 2
    assert (found["a"].tolist(), found["b"].tolist()) == ([0, 1, 2, 3], [1, 2])
    found["a"][2] = 8.0
    assert found["b"].tolist() == [1, 8]


def test_devices_of_a_file_that_are_not_here(gpu: str, monkeypatch: Any) -> None:
    file = saved({"a": sn.ones(2, device="cuda")}).getvalue()
    with pytest.raises(RuntimeError, match=r"on CUDA device 9 but scratchnet\.cuda\.device_count\(\) is \d"):
        sn.load(io.BytesIO(file), map_location="cuda:9")
    with pytest.raises(RuntimeError, match="must give a device"):
        sn.load(io.BytesIO(file), map_location=3.5)
    with pytest.raises(RuntimeError, match=r"load: location \(=tpu\) holds tensors of a device that isn't here"):
        sn.load(io.BytesIO(file), map_location="tpu")
    monkeypatch.setattr("scratchnet.kernels.cuda.runtime.count", lambda: 0)
    with pytest.raises(
        RuntimeError,
        match=r"Attempting to deserialize object on a CUDA device but scratchnet\.cuda\.is_available\(\) is False.*cpu",
    ):
        sn.load(io.BytesIO(file))
    assert sn.load(io.BytesIO(file), map_location="cpu")["a"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_weights_go_through_the_host(gpu: str, suffix: str, tmp_path: Any) -> None:
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    from scratchnet.serialization import load_weights, save_weights

    model = sn.nn.Linear(3, 2).cuda()
    save_weights(tmp_path / f"w{suffix}", model.state_dict())
    found = load_weights(tmp_path / f"w{suffix}")
    assert all(tensor.is_cpu for tensor in found.values())
    other = sn.nn.Linear(3, 2).cuda()
    other.load_state_dict(found)
    assert other.weight.is_cuda
    assert other.weight.tolist() == model.weight.tolist()
