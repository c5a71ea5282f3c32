"""Files made to do harm: each is refused with an error that says why; nothing runs, is imported or takes much memory.

`python tests/test_hostile_files.py` prints the list with what each of them raises.
"""

import io
import os
import pickle
import random
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from collections import OrderedDict
from pickle import UnpicklingError

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet.serialization import load_weights, save_weights

DAMAGE = (UnpicklingError, RuntimeError)
MEMORY = 8 << 20  # bytes that the refusal of a small file may take at most
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n"
END = b"\x89ccollections\nOrderedDict\n)RtR."


def integer(value):
    data = value.to_bytes(16, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def storage(key="0", numel=4, kind="FloatStorage", location="cpu"):
    return (
        b"("
        + text("storage")
        + b"ctorch\n"
        + kind.encode()
        + b"\n"
        + text(key)
        + text(location)
        + integer(numel)
        + b"tQ"
    )


def tensor(offset=0, size=(4,), stride=(1,), **options):
    """The pickle of one tensor."""
    numbers = [b"(" + b"".join(map(integer, values)) + b"t" for values in (size, stride)]
    return b"\x80\x02" + TENSOR + b"(" + storage(**options) + integer(offset) + b"".join(numbers) + END


def archive(pickled, records=None, edit=None, **options):
    """A file as torch writes it around a pickle; `records` are added, `edit` changes their headers."""
    out = io.BytesIO()
    given = {"a/data.pkl": pickled, "a/version": b"3\n", "a/data/0": bytes(16)} | (records or {})
    with zipfile.ZipFile(out, "w", **options) as file:
        for name, data in given.items():
            file.writestr(zipfile.ZipInfo(name), data, file.compression)
    data = bytearray(out.getvalue())
    if edit is not None:
        edit(data)
    return bytes(data)


def legacy(*parts, tail=b""):
    """torch's old format: five pickles; those not given are what they should be."""
    given = dict(enumerate(parts))
    whole = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, None, ["0"]]
    pickles = [given.get(i) or pickle.dumps(value, 2) for i, value in enumerate(whole)]
    return b"".join(pickles) + tail


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def dumps(value, protocol=2):
    return pickle.dumps(value, protocol)


def directory(data):
    """Where the first entry of the archive's directory lies."""
    return data.index(b"PK\1\2")


def declare(size):
    def edit(data):
        at = data.index(b"PK\1\2", data.index(b"a/data/0", directory(data)) - 46)
        data[at + 20 : at + 28] = struct.pack("<II", size, size)

    return edit


def encrypt(data):
    data[directory(data) + 8] |= 1


def overlap(data):
    """All records of the directory point at the first one."""
    at = directory(data)
    while data[at : at + 4] == b"PK\1\2":
        data[at + 42 : at + 46] = bytes(4)
        at += 46 + sum(struct.unpack_from("<HHH", data, at + 28))


def rename(old, new):
    def edit(data):
        assert len(old) == len(new)
        data[:] = bytes(data).replace(old, new)

    return edit


def nested_tuples(depth):
    """A key whose hash takes 2 ** depth steps."""
    return b"\x80\x02})" + b"q\x00h\x00\x86" * depth + b"K\x01s."


SHELL = "touch exploded"
CALLS = {
    "os.system": Call(os.system, SHELL),
    "builtins.eval": Call(eval, "open('exploded', 'w')"),
    "builtins.exec": Call(exec, "open('exploded', 'w')"),
    "builtins.getattr": Call(getattr, Call(__import__, "os"), "system"),
    "os.mkdir": Call(os.mkdir, "exploded"),
    "subprocess.Popen": Call(subprocess.Popen, ["touch", "exploded"]),
    "builtins.open": Call(open, "exploded", "w"),
    "numpy array": np.ones(3),
    "numpy scalar": np.float32(1),
    "complex": 1j,
    "a function": print,
}
PICKLES = {
    "a name nobody asked for": b"\x80\x02cplanted\nthing\n.",
    "a dotted name": b"\x80\x04\x8c\x13torch.serialization\x8c\tos.system\x93\x8c\x0etouch exploded\x85R.",
    "torch.hub.load": b"\x80\x02ctorch.hub\nload\n" + text("evil/repo") + b"\x85R.",
    "our own os": b"\x80\x02cscratchnet.serialization.files\nos\n.",
    "instruction INST": b"(S'touch exploded'\nios\nsystem\n.",
    "instruction OBJ": b"(cos\nsystem\n" + text(SHELL) + b"o.",
    "instruction NEWOBJ": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "instruction EXT1": b"\x80\x02\x82\x01.",
    "an instruction that doesn't exist": b"\x80\x02\xff.",
    "attributes of a tensor": tensor()[:-1] + b"}" + text("array") + b"K\x01sb.",
    "attributes of an OrderedDict": b"\x80\x02ccollections\nOrderedDict\n)R}" + text("update") + b"K\x01sb.",
    "a call of a string": b"\x80\x02" + text("os.system") + text(SHELL) + b"\x85R.",
    "a call of a dtype": b"\x80\x02ctorch\nfloat32\n)R.",
    "a storage class called": b"\x80\x02ctorch\nFloatStorage\nK\x09\x85R.",
    "a name as the value": b"\x80\x02]ctorch._utils\n_rebuild_tensor_v2\na.",
    "a storage as the value": b"\x80\x02]" + storage() + b"a.",
    "a string of 2**62 bytes": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"x.",
    "bytes of 2**32 - 1": b"\x80\x03B\xff\xff\xff\xffx.",
    "an integer of minus 5 bytes": b"\x80\x02\x8b" + struct.pack("<i", -5) + b".",
    "an integer of 4 MB": b"\x80\x02\x8b" + struct.pack("<i", 1 << 22) + bytes(1 << 22) + b".",
    "a reference to nothing": b"\x80\x02j\xff\xff\xff\xff.",
    "an empty stack": b"\x80\x02.",
    "no end": b"\x80\x02]",
    "a name without end": b"\x80\x02c" + b"x" * 10**6,
    "text that is no text": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
    "a pop below the mark": b"\x80\x02K\x01(a.",
    "a key that is a list": b"\x80\x02}]K\x01s.",
    "a key that takes forever": nested_tuples(60),
    "a set that takes forever": b"\x80\x04\x8f()" + b"q\x00h\x00\x86" * 60 + b"\x90.",
    "Size of 2**70": b"\x80\x02ctorch\nSize\n(" + integer(1 << 70) + b"t\x85R.",
    "a device that is none": b"\x80\x02ctorch\ndevice\n" + text("../../x") + b"\x85R.",
    "an odd encoding": b"\x80\x02c_codecs\nencode\n" + text("x") + text("rot13") + b"\x86R.",
    "a persistent id that is code": b"\x80\x02(" + text("module") + text("x") + text("y") + text("z") + b"tQ.",
    "a storage outside the archive": tensor(key="../../../../etc/passwd"),
    "a storage of a full path": tensor(key="/etc/passwd"),
    "a storage that isn't there": tensor(key="7"),
    "a storage larger than its record": tensor(numel=5),
    "a storage smaller than its record": tensor(numel=3),
    "a storage of 2**60 numbers": tensor(numel=1 << 60),
    "a storage of minus 4 numbers": tensor(numel=-4),
    "an offset beyond the end": tensor(offset=1),
    "an offset before the start": tensor(offset=-1),
    "an offset of 2**63": tensor(offset=1 << 63),
    "a size beyond the end": tensor(size=(5,)),
    "a negative size": tensor(size=(-1,)),
    "a stride beyond the end": tensor(size=(3,), stride=(2,)),
    "a negative stride": tensor(offset=3, stride=(-1,)),
    "a stride of 2**61": tensor(size=(2,), stride=(1 << 61,)),
    "sizes whose product overflows": tensor(size=(1 << 31, 1 << 31, 4), stride=(0, 0, 0)),
    "more sizes than strides": tensor(size=(2, 2), stride=(1,)),
    "a hundred dimensions": tensor(size=(1,) * 100, stride=(1,) * 100),
    "bfloat16": tensor(kind="BFloat16Storage", numel=8),
    "complex numbers": tensor(kind="ComplexFloatStorage", numel=2),
    "quantized numbers": tensor(kind="QInt8Storage", numel=16),
    "a kind of storage that doesn't exist": tensor(kind="PlantedStorage"),
}
HOSTILE = {
    **{f"{name}, protocol {p}": archive(dumps(v, p)) for name, v in CALLS.items() for p in (0, 2, 4)},
    **{name: archive(data) for name, data in PICKLES.items()},
    **{f"old format: {name}": legacy(None, None, None, dumps(v)) for name, v in CALLS.items()},
    **{f"old format: os.system as part {i}": legacy(*[None] * i, dumps(CALLS["os.system"])) for i in range(5)},
    "old format: 2**40 numbers": legacy(
        None, None, None, tensor(numel=1 << 40).replace(b"tQ", b"NtQ"), tail=struct.pack("<q", 1 << 40)
    ),
    "old format: numbers cut short": legacy(
        None, None, None, tensor().replace(b"tQ", b"NtQ"), tail=struct.pack("<q", 4) + bytes(15)
    ),
    "old format: a storage nobody names": legacy(tail=bytes(24)),
    "old format: another first number": legacy(dumps(5)),
    "a bomb: 4 MB in 4 KB": archive(tensor(), {"a/data/0": bytes(1 << 22)}, compression=zipfile.ZIP_DEFLATED),
    "a bomb: 4 GB declared": archive(tensor(numel=(1 << 30) - 1), edit=declare((1 << 32) - 4)),
    "a bomb: 64 records on one place": archive(tensor(), {f"a/data/{i}": b"" for i in range(1, 64)}, overlap),
    "an encrypted record": archive(tensor(), edit=encrypt),
    "a path above": archive(tensor(), {"../../exploded": b"x"}),
    "a path above, inside": archive(tensor(), {"a/../../exploded": b"x"}),
    "a full path": archive(tensor(), {"/tmp/exploded": b"x"}),
    "a path of Windows": archive(tensor(), {"a/c:exploded": b"x"}),
    "backslashes": archive(tensor(), {"a/..\\..\\exploded": b"x"}),
    "two folders": archive(tensor(), {"b/data/1": b"x"}),
    "a name twice": archive(tensor(), {"a/data/1": bytes(16)}, rename(b"a/data/1", b"a/data/0")),
    "a name that differs in the header": archive(
        tensor(), edit=lambda data: data.__setitem__(slice(30, 40), b"a/data.xyz")
    ),
    "no pickle": archive(tensor(), edit=rename(b"a/data.pkl", b"a/data.pkx")),
    "no version": archive(tensor(), edit=rename(b"a/version", b"a/vorsion")),
    "an unknown version": archive(tensor(), {"a/version": b"99"}),
    "a version that is no number": archive(tensor(), {"a/version": b"x"}),
    "a byte order that is none": archive(tensor(), {"a/byteorder": b"middle"}),
    "only a signature": b"PK\3\4",
    "nothing": b"",
    "zeros": bytes(1000),
}


def outcome(data):
    """What loading raises, and how many bytes it took at most."""
    file = io.BytesIO(data)
    tracemalloc.start()
    try:
        return sn.load(file), tracemalloc.get_traced_memory()[1]
    except Exception as error:
        return error, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path, monkeypatch):
    """A module lies ready to be imported and a name to be made: afterwards neither has happened."""
    (tmp_path / "planted.py").write_text("import os\nos.mkdir('exploded')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix != ".bin") == ["planted.py"]
    assert "planted" not in sys.modules
    assert not os.path.exists("/tmp/exploded")


@pytest.mark.parametrize("name", HOSTILE)
def test_refused(name):
    error, memory = outcome(HOSTILE[name])
    assert isinstance(error, DAMAGE), f"{name}: {error!r}"
    assert "load: f (=" in str(error)
    assert "can't be loaded: " in str(error)
    assert memory < MEMORY + 3 * len(HOSTILE[name])


def test_the_untouched_file_is_fine():
    """Else every refusal above could be that of a badly made file."""
    for data in (
        archive(tensor()),
        legacy(None, None, None, tensor().replace(b"tQ", b"NtQ"), tail=struct.pack("<q", 4) + bytes(16)),
    ):
        assert sn.load(io.BytesIO(data)).tolist() == [0, 0, 0, 0]
    last_place = archive(b"\x80\x02Nr\xff\xff\xff\xff.")  # of the memo: Python's own reader makes room for all before
    found, memory = outcome(last_place)
    assert found is None
    assert memory < MEMORY


@pytest.mark.parametrize("shape", ["(1099511627776,)", "(4, 4)", "(-4,)"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_npz_that_declares_more_than_it_holds(shape, method):
    out = io.BytesIO()
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr("a.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + bytes(16))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"must be a whole \.npz file"):
        loaded("npz", out.getvalue())
    assert tracemalloc.get_traced_memory()[1] < MEMORY
    tracemalloc.stop()


@needs_torch
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: torch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear|name"),
        (lambda: torch.ones(2, dtype=torch.bfloat16), "torch.BFloat16Storage holds numbers that are not supported"),
        (lambda: torch.ones(2, dtype=torch.complex64), "torch.ComplexFloatStorage holds numbers"),
        (lambda: torch.eye(2).to_sparse(), "_rebuild_sparse_tensor"),
        (lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8), "_rebuild_qtensor"),
        (lambda: torch.ones(2, dtype=torch.uint16), "_rebuild_tensor_v3|UInt16"),
        (lambda: torch.ones(2).untyped_storage(), "Untyped|storage"),
        (lambda: np.ones(2), "numpy"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_torch_saves_and_we_do_not_take(make, text):
    for zipped in (True, False):
        file = io.BytesIO()
        torch.save({"a": make()}, file, _use_new_zipfile_serialization=zipped)
        file.seek(0)
        with pytest.raises(UnpicklingError, match=text):
            sn.load(file)


def state():
    values = np.arange(3000, dtype=np.float32).reshape(30, 100)
    return OrderedDict((f"layer{i}.weight", sn.from_numpy(values[i:].copy())) for i in range(3))


def saved(kind, value):
    """The bytes of a file of each kind."""
    if kind == "zip":
        file = io.BytesIO()
        sn.save(value, file)
        return file.getvalue()
    if kind == "old":
        file = io.BytesIO()
        twin = OrderedDict((name, torch.from_numpy(t.numpy())) for name, t in value.items())
        torch.save(twin, file, _use_new_zipfile_serialization=False)
        return file.getvalue()
    save_weights(f"w.{kind}.bin".removesuffix(".bin"), value)
    with open(f"w.{kind}", "rb") as written:
        data = written.read()
    os.remove(f"w.{kind}")
    return data


def loaded(kind, data):
    if kind in ("zip", "old"):
        return sn.load(io.BytesIO(data))
    with open(f"w.{kind}", "wb") as file:
        file.write(data)
    try:
        return load_weights(f"w.{kind}")
    finally:
        os.remove(f"w.{kind}")


KINDS = ["zip", pytest.param("old", marks=needs_torch), "npz", "safetensors"]


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_at_every_kilobyte(kind):
    data = saved(kind, state())
    for length in [*range(0, len(data), 1024), len(data) - 1]:
        with pytest.raises((*DAMAGE, ValueError), match=r"load(_weights)?: "):
            loaded(kind, data[:length])


@pytest.mark.parametrize("kind", KINDS)
def test_a_bit_flipped_anywhere(kind):
    """One bit of every byte in turn: the value as it was (a bit that means nothing), or an error; no other numbers.

    Old files and .safetensors have no checksums: there a changed number can't be told from a true one.
    """
    before = OrderedDict(a=sn.tensor([1.5, 2.5]), b=sn.tensor([[1, 2], [3, 4]]))
    data, draw, refused = saved(kind, before), random.Random(0), 0
    for position in range(len(data)):
        broken = bytearray(data)
        broken[position] ^= 1 << draw.randrange(8)
        try:
            found = loaded(kind, bytes(broken))
        except (*DAMAGE, ValueError) as error:
            refused += str(error).startswith("load")
            continue
        if kind in ("zip", "npz"):
            assert list(found) == list(before)
            for name, value in before.items():
                assert found[name].tolist() == value.tolist()
    assert refused > len(data) / 20


def mutated(data, draw):
    """Up to four bytes changed, cut out, repeated or made instructions."""
    data = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        i, j, kind = draw.randrange(len(data)), draw.randrange(len(data)), draw.randrange(4)
        if kind == 0:
            data[i] = draw.randrange(256)
        elif kind == 1:
            data[i] = draw.choice(b"()]}tesubRQcqhjrX\x85\x86\x87KMJ\x8aG.\x93\x94\x8c\x8f\x90N\x88")
        elif kind == 2:
            del data[i : i + draw.randint(1, 20)]
        else:
            data[i:i] = data[j : j + draw.randint(1, 60)]
    return bytes(data)


def test_mutated_pickles_give_values_or_the_two_errors():
    """1000 of them, in archives that are otherwise whole: no other exception, and no long wait."""
    value = {"a": sn.ones(2, 2), "b": [(1, 2.5), {"c": None}], "d": OrderedDict(e=sn.nn.Parameter(sn.ones(3)))}
    draw, refused = random.Random(1), 0
    with zipfile.ZipFile(io.BytesIO(saved("zip", value))) as file:
        records = {name: file.read(name) for name in file.namelist()}
    for _ in range(1000):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name, data in records.items():
                file.writestr(name, mutated(data, draw) if name.endswith("data.pkl") else data)
        try:
            sn.load(out)
        except DAMAGE:
            refused += 1
    assert refused > 800


if __name__ == "__main__":
    for title, content in HOSTILE.items():
        error, _ = outcome(content)
        print(f"{title}: {type(error).__name__}: {str(error)[:200]}")
