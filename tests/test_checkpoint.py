"""save and load in PyTorch's formats: torch reads ours with weights_only=True, we read torch's."""

import io
import zipfile
from collections import Counter, OrderedDict
from pickle import UnpicklingError

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet as sn

DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]


def ours(value):
    file = io.BytesIO()
    sn.save(value, file)
    file.seek(0)
    return file


def theirs(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    file.seek(0)
    return file


def same(a, b):
    """Two loaded values, of any of the two engines: equal types of containers, equal numbers."""
    if hasattr(a, "detach"):
        assert hasattr(b, "detach")
        assert type(a).__name__ == type(b).__name__
        assert a.requires_grad == b.requires_grad
        assert tuple(a.stride()) == tuple(b.stride()) or a.numel() < 2
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy(), strict=True)
    elif isinstance(a, dict):
        assert (type(a), list(a)) == (type(b), list(b))
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert type(a).__name__ == type(b).__name__
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif type(a).__name__ in ("dtype", "device"):
        assert str(a).rpartition(".")[2] == str(b).rpartition(".")[2]
    else:
        assert type(a) is type(b)
        assert a == b or a != a


def checkpoint(T):
    x = T.arange(24.0).reshape(4, 6)
    shared = [1, 2]
    return {
        "dtypes": OrderedDict((name, T.ones(2, 3, dtype=getattr(T, name))) for name in DTYPES),
        "parameter": T.nn.Parameter(x * 2),
        "frozen": T.nn.Parameter(x * 3, requires_grad=False),
        "leaf": T.ones(2, requires_grad=True),
        "views": [x, x[1:3, ::2], x.t(), x[3]],
        "expanded": T.ones(1, 3).expand(4, 3),
        "0-d": T.tensor(7),
        "empty": T.zeros(0, 3),
        "numbers": (1, -1, 255, 256, 2**31, -(2**31), 2**70, -(2**63), 0.1, float("inf"), True, False, None),
        "text": ["", "é", "x" * 300, "a\nb"],
        "bytes": b"\x00\xff",
        "nested": [[], (), {}, ((1,), [2, {3: "c"}]), shared, shared],
        "size": x.shape,
        "dtype": T.float16,
        "device": T.device("cpu"),
        "counter": Counter([3, 3, 5]),
        "set": {1, 2},
        0: "int key",
        None: "None key",
        (1, "a"): "tuple key",
    }


def test_round_trip(tmp_path):
    before = checkpoint(sn)
    sn.save(before, tmp_path / "c.pt")
    assert [p.name for p in tmp_path.iterdir()] == ["c.pt"]
    same(sn.load(tmp_path / "c.pt"), before)
    same(sn.load(str(tmp_path / "c.pt")), before)


@needs_torch
def test_torch_reads_ours():
    same(torch.load(ours(checkpoint(sn)), weights_only=True), checkpoint(torch))


@needs_torch
@pytest.mark.parametrize("zipped", [True, False])
def test_we_read_torchs(zipped):
    same(sn.load(theirs(checkpoint(torch), _use_new_zipfile_serialization=zipped)), checkpoint(sn))


@needs_torch
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_of_pickle(protocol):
    same(sn.load(theirs(checkpoint(torch), pickle_protocol=protocol)), checkpoint(sn))


@needs_torch
@pytest.mark.parametrize("load", [sn.load, lambda f: torch.load(f, weights_only=True)], ids=["ours", "torch"])
@pytest.mark.parametrize("file", [lambda v: ours(v(sn)), lambda v: theirs(v(torch))], ids=["by us", "by torch"])
def test_shared_memory_is_shared_again(load, file):
    found = load(file(lambda T: (lambda x: [x, x[1:, ::2], x.t(), T.nn.Parameter(x), x])(T.arange(12.0).reshape(3, 4))))
    found[0].detach().numpy()[1, 0] = 99
    assert found[1][0, 0] == found[2][0, 1] == found[3][1, 0] == 99
    assert found[4] is found[0]


def test_a_small_view_takes_little_room():
    big = sn.zeros(1000, 1000)
    assert len(ours(big[3:5, :10]).getvalue()) < 20_000
    same(sn.load(ours([big[3:5, :10], big[4]])), [big[3:5, :10], big[4]])
    assert len(ours(sn.ones(1, 1).expand(1000, 1000)).getvalue()) < 2000


def test_the_file_is_the_same_every_time():
    assert ours(checkpoint(sn)).getvalue() == ours(checkpoint(sn)).getvalue()


def test_lists_that_hold_themselves_and_equal_objects():
    loop = [1]
    loop.append(loop)
    found = sn.load(ours(loop))
    assert found[1] is found
    t = sn.ones(2)
    found = sn.load(ours([t, t, t.detach()]))
    assert found[0] is found[1]
    assert found[0] is not found[2]


def basic_block(T, channels, outputs, stride):
    norm = T.nn.BatchNorm2d
    parts = OrderedDict(conv1=T.nn.Conv2d(channels, outputs, 3, stride, 1, bias=False), bn1=norm(outputs))
    parts |= OrderedDict(conv2=T.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), bn2=norm(outputs))
    if stride != 1 or channels != outputs:
        parts["downsample"] = T.nn.Sequential(T.nn.Conv2d(channels, outputs, 1, stride, bias=False), norm(outputs))
    return T.nn.Sequential(parts)


def resnet18(T):
    """The layers of ResNet-18 under the names that torchvision gives them."""
    net = OrderedDict(conv1=T.nn.Conv2d(3, 64, 7, 2, 3, bias=False), bn1=T.nn.BatchNorm2d(64))
    channels = 64
    for number, outputs in enumerate((64, 128, 256, 512), 1):
        first = basic_block(T, channels, outputs, 1 if number == 1 else 2)
        net[f"layer{number}"] = T.nn.Sequential(first, basic_block(T, outputs, outputs, 1))
        channels = outputs
    net["fc"] = T.nn.Linear(512, 1000)
    return T.nn.Sequential(net)


@needs_torch
@pytest.mark.parametrize("zipped", [True, False])
def test_resnet18_both_ways(tmp_path, zipped):
    torch.save(resnet18(torch).state_dict(), tmp_path / "theirs.pth", _use_new_zipfile_serialization=zipped)
    state = sn.load(tmp_path / "theirs.pth", map_location="cpu")
    net = resnet18(sn)
    assert len(state) == 122
    assert sum(p.numel() for p in net.parameters()) == 11_689_512
    assert str(net.load_state_dict(state)) == "<All keys matched successfully>"
    assert state._metadata["bn1"] == {"version": 2}
    sn.save(net.state_dict(), tmp_path / "ours.pth")
    back = torch.load(tmp_path / "ours.pth", weights_only=True)
    want = torch.load(tmp_path / "theirs.pth", weights_only=True)
    assert back._metadata == want._metadata
    for name, value in want.items():
        np.testing.assert_array_equal(back[name].numpy(), value.numpy(), err_msg=name, strict=True)


@needs_torch
@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_checkpoint_of_a_training_run(name):
    """Model, optimizer and epoch: saved here, loaded by torch, saved there, loaded here."""
    a, b = sn.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    mine, other = getattr(sn.optim, name)(a.parameters(), lr=0.1), getattr(torch.optim, name)(b.parameters(), lr=0.1)
    a(sn.ones(1, 3)).sum().backward()
    mine.step()
    found = torch.load(ours({"model": a.state_dict(), "optimizer": mine.state_dict(), "epoch": 3}), weights_only=True)
    b.load_state_dict(found["model"])
    other.load_state_dict(found["optimizer"])
    back = sn.load(theirs({"model": b.state_dict(), "optimizer": other.state_dict(), "epoch": found["epoch"]}))
    assert back["epoch"] == 3
    mine.load_state_dict(back["optimizer"])
    np.testing.assert_array_equal(back["model"]["weight"].numpy(), a.weight.detach().numpy())


@needs_torch
def test_big_endian_files_are_read():
    text = theirs({"a": torch.arange(3, dtype=torch.int32)}).getvalue()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(text)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename.endswith("byteorder"):
                data = b"big"
            elif info.filename.endswith("data/0"):
                data = np.frombuffer(data, "<i4").astype(">i4").tobytes()
            new.writestr(info.filename, data)
    out.seek(0)
    assert sn.load(out)["a"].tolist() == [0, 1, 2]


@needs_torch
@pytest.mark.parametrize("location", [None, "cuda:0", {"cuda:0": "cuda:1"}, {"cpu": "cpu"}])
def test_tensors_of_a_device_that_is_not_here(location):
    file = theirs({"a": torch.ones(2)}, _use_new_zipfile_serialization=False)
    text = file.getvalue().replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
    with pytest.raises(RuntimeError, match=r"load: location \(=cuda:\d\) .*use map_location='cpu'"):
        sn.load(io.BytesIO(text), location)
    for place in ("cpu", sn.device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert sn.load(io.BytesIO(text), map_location=place)["a"].tolist() == [1, 1]


REFUSED = [
    (lambda: sn.nn.Linear(1, 1), TypeError, r"save: obj .* is a .*Linear.*use obj.state_dict\(\)"),
    (lambda: {"a": [np.float32(1)]}, TypeError, r"save: obj\['a'\]\[0\] .*use obj\['a'\]\[0\].item\(\)"),
    (lambda: {"a": np.ones(2)}, TypeError, r"save: obj\['a'\] .* is a numpy.ndarray"),
    (lambda: [1j], TypeError, r"obj\[0\] \(=1j\) is a builtins.complex"),
    (lambda: print, TypeError, "builtin_function"),
    (lambda: {frozenset(): 1}, TypeError, r"has a key of type frozenset"),
    (lambda: 1 << 5000, TypeError, r"obj \(=5001 bits\) is too large"),
    (lambda: deep(100_000), ValueError, "nested too deeply"),
    (lambda: two_dtypes(), RuntimeError, "float32 and int32|int32 and float32"),
]


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def two_dtypes():
    array = np.zeros(4, np.float32)
    return [sn.from_numpy(array), sn.from_numpy(array.view(np.int32))]


@pytest.mark.parametrize(("make", "kind", "text"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_what_is_no_data_is_not_saved(tmp_path, make, kind, text):
    path = tmp_path / "old.pt"
    path.write_bytes(b"old")
    with pytest.raises(kind, match=text):
        sn.save(make(), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["old.pt"]
    file = io.BytesIO()
    with pytest.raises(kind, match=text):
        sn.save(make(), file)
    assert not file.getvalue()


def test_wrong_arguments(tmp_path):
    with pytest.raises(AttributeError, match=r"save: f \(=3\) must be a path"):
        sn.save([], 3)
    with pytest.raises(AttributeError, match=r"load: f \(=3\) must be a path"):
        sn.load(3)
    with pytest.raises(FileNotFoundError):
        sn.load(tmp_path / "none.pt")


@pytest.mark.parametrize("content", [b"", b"PK\3\4", b"text", bytes(100)])
def test_other_files(tmp_path, content):
    (tmp_path / "f.pt").write_bytes(content)
    with pytest.raises((RuntimeError, UnpicklingError), match=r"load: f \(=.*f.pt\) can't be loaded"):
        sn.load(tmp_path / "f.pt")
