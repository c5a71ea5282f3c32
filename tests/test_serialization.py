"""Weights on disk: what is written comes back, nothing half-written stays, damaged files are named."""

import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet import models
from scratchnet.serialization import atomic, load_metadata, load_weights, save_weights

SUFFIXES = [".npz", ".safetensors"]
DTYPES = ["float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool"]


def state():
    values = np.random.default_rng(0).integers(0, 100, (2, 3, 4))
    tensors = {f"of.{name}": sn.Tensor(values.astype(name)) for name in DTYPES}
    tensors["scalar"] = sn.Tensor(np.array(7))
    tensors["empty"] = sn.Tensor(np.zeros((0, 3), np.float32))
    tensors["strided"] = sn.Tensor(values.astype(np.float32).transpose(2, 0, 1))
    tensors["file"] = sn.Tensor(np.ones(1, np.float32))  # np.savez could not take this name
    return tensors


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(tmp_path, suffix):
    path, before = tmp_path / f"w{suffix}", state()
    save_weights(path, before, {"model": "lenet", "classes": ["a", "b"]})
    after = load_weights(path)
    assert set(after) == set(before)
    for name, want in before.items():
        assert after[name].dtype is want.dtype, name
        np.testing.assert_array_equal(after[name].numpy(), want.numpy(), err_msg=name, strict=True)
    assert load_metadata(path) == {"model": "lenet", "classes": ["a", "b"]}
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_model_round_trip(tmp_path, suffix):
    first, second = models.create("residual_mnist"), models.create("residual_mnist")
    save_weights(tmp_path / f"w{suffix}", first.state_dict())
    second.load_state_dict(load_weights(tmp_path / f"w{suffix}"))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    assert load_metadata(tmp_path / f"w{suffix}") == {}


def test_npz_keeps_the_order(tmp_path):
    before = models.create("lenet").state_dict()
    save_weights(tmp_path / "w.npz", before)
    assert list(load_weights(tmp_path / "w.npz")) == list(before)


@needs_torch
def test_files_are_those_of_the_other_libraries(tmp_path):
    """NumPy reads our .npz, torch's side reads our .safetensors, and we read theirs."""
    import safetensors.torch

    save_weights(tmp_path / "w.npz", {"a.weight": sn.tensor([1.0, 2.0])})
    with np.load(tmp_path / "w.npz") as archive:
        np.testing.assert_array_equal(archive["a.weight"], np.float32([1, 2]))
    save_weights(tmp_path / "w.safetensors", {"a.weight": sn.tensor([1.0, 2.0])}, {"model": "x"})
    torch.testing.assert_close(
        safetensors.torch.load_file(tmp_path / "w.safetensors")["a.weight"], torch.tensor([1.0, 2.0])
    )
    safetensors.torch.save_file({"b": torch.arange(3)}, tmp_path / "t.safetensors")
    assert load_weights(tmp_path / "t.safetensors")["b"].tolist() == [0, 1, 2]
    assert load_metadata(tmp_path / "t.safetensors") == {}
    np.savez(tmp_path / "t.npz", b=np.arange(3))
    assert load_weights(tmp_path / "t.npz")["b"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_truncated_file(tmp_path, suffix, keep):
    path = tmp_path / f"w{suffix}"
    save_weights(path, state())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(ValueError, match=rf"load_weights: path \(=.*w\{suffix}\) must be a whole \{suffix} file"):
        load_weights(path)


def test_damaged_bytes_are_found(tmp_path):
    path = tmp_path / "w.npz"
    save_weights(path, {"a": sn.tensor(list(range(100)))})
    content = bytearray(path.read_bytes())
    content[400] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(ValueError, match="must be a whole .npz file"):
        load_weights(path)


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


@needs_torch
def test_nothing_read_is_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("object.npz", a=np.array([Bomb()], dtype=object))
    with pytest.raises(ValueError, match=r"must be a whole \.npz file of plain numbers"):
        load_weights("object.npz")
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="must be a whole .npz file"):
        load_weights("pickle.npz")
    torch.save({"a": torch.zeros(1)}, "torch.npz")
    with pytest.raises(ValueError, match="is no array"):
        load_weights("torch.npz")
    assert not (tmp_path / "exploded").exists()


def test_arrays_that_are_no_tensors(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.array(["text"]))
    with pytest.raises(ValueError, match=r"holds 'a', which is no tensor: dtype <U4 is not supported"):
        load_weights(tmp_path / "w.npz")


def test_wrong_metadata(tmp_path):
    for text in ("{", "[1]"):
        np.savez(tmp_path / "w.npz", __metadata__=np.array(text))
        with pytest.raises(ValueError, match="load_metadata: path .* holds metadata that is no JSON"):
            load_metadata(tmp_path / "w.npz")


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"path \(=w.pt\) must end in .npz or .safetensors"):
        save_weights("w.pt", {})
    with pytest.raises(FileNotFoundError, match=r"load_weights: path \(=.*none.npz\) must be a file"):
        load_weights(tmp_path / "none.npz")
    with pytest.raises(TypeError, match=r"state_dict\['a'\] \(=3\) must be a Tensor"):
        save_weights(tmp_path / "w.npz", {"a": 3})
    with pytest.raises(ValueError, match="is the metadata's name"):
        save_weights(tmp_path / "w.npz", {"__metadata__": sn.tensor(1)})
    assert not list(tmp_path.iterdir())


def test_mismatched_weights_change_nothing(tmp_path):
    save_weights(tmp_path / "w.npz", models.create("mnist_cnn").state_dict())
    model = models.create("lenet")
    before = {key: value.numpy().copy() for key, value in model.state_dict().items()}
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict(load_weights(tmp_path / "w.npz"))
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key])


def test_atomic_keeps_the_old_content_when_the_block_raises(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error), atomic(path) as file:
            file.write(b"half of the new")
            raise error
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir()] == ["file"]
    with atomic(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"


def test_missing_safetensors_library(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(ImportError, match="pip install safetensors"):
        save_weights(tmp_path / "w.safetensors", {})
    assert not list(tmp_path.iterdir())


def test_archive_is_plain(tmp_path):
    save_weights(tmp_path / "w.npz", {"a": sn.tensor(1.0)}, {"k": 1})
    with zipfile.ZipFile(tmp_path / "w.npz") as archive:
        assert archive.namelist() == ["a.npy", "__metadata__.npy"]
        assert np.load(io.BytesIO(archive.read("__metadata__.npy")), allow_pickle=False).item() == '{"k": 1}'
