"""scratchnet bench: each part end to end on small sizes, its files, its errors. No time is asserted."""

import json
import time

import pytest
from parity import needs_torch
from test_bench_workers import needs
from test_cli import run

from scratchnet.bench import command, engines, machine, memory, plots, results
from scratchnet.bench.layer import DIRECTIONS, Shape
from scratchnet.bench.layers import LAYERS
from scratchnet.bench.nets import BATCHES
from scratchnet.bench.part import Options, Table, geometric_means, number
from scratchnet.bench.processes import compared
from scratchnet.bench.resident import STATM, Training

QUICK = ("--rounds", 1, "--seconds", 0)
OTHERS = [pytest.param("none", id="alone"), *(pytest.param(n, marks=needs(n)) for n in ("torch", "torch.compile"))]


def bench(capsys, out, *arguments):
    """(what was printed, the JSON) of a command that must succeed."""
    code, text, errors = run(capsys, "bench", *arguments, "--out", out)
    assert code == 0, errors
    part = arguments[0]
    assert sorted(path.name for path in out.iterdir()) == [f"{part}.json", f"{part}.png"]
    assert (out / f"{part}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    content = json.loads((out / f"{part}.json").read_text())
    assert {"cpu", "cores", "versions", "threads", "date", "rounds"} <= content["about"].keys()
    return text, content["rows"]


@pytest.mark.bench
@needs("jax")
def test_a_net_that_an_engine_does_not_have(tmp_path, capsys):
    options = ("--nets", "mnist_cnn", "--batch", 2, "--what", "step", "--against", "jax")
    text, rows = bench(capsys, tmp_path / "out", "nets", *options, *QUICK)
    check_times(rows["mnist_cnn"]["step"], [])
    assert next(line.split()[4:] for line in text.splitlines() if line.startswith("mnist_cnn ")) == ["-", "-"]


@pytest.mark.bench
@needs("torch")
def test_without_a_compiler_its_engine_is_left_out(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CXX", "g++-of-nowhere")
    options = ("--nets", "lenet", "--batch", 2, "--what", "inference", "--against", "torch,torch.compile")
    text, rows = bench(capsys, tmp_path / "out", "nets", *options, *QUICK)
    check_times(rows["lenet"]["inference"], ["torch"])
    note = "torch.compile is left out: it compiles with g++-of-nowhere, which isn't there; CXX can name another."
    assert note in text.splitlines()


def check_times(found, others):
    assert list(found["ms"]) == ["scratchnet", *others]
    assert all(ms > 0 for ms in found["ms"].values())
    for name in others:
        assert found["ratio"][name] == pytest.approx(found["ms"]["scratchnet"] / found["ms"][name], rel=1e-3)
        low, high = found["range"][name]
        assert low <= high


@pytest.mark.bench
@pytest.mark.parametrize("against", OTHERS)
def test_nets(tmp_path, capsys, against):
    others = [] if against == "none" else [against]
    options = ("--nets", "lenet", "--batch", 2, "--threads", 1, "--against", against)
    text, rows = bench(capsys, tmp_path / "out", "nets", *options, *QUICK)
    row = rows["lenet"]
    assert row["batch"] == 2
    for what in ("step", "inference", "inference of 1"):
        check_times(row[what], others)
    assert list(row["losses"]) == list(row["memory_bytes"]) == ["scratchnet", *others]
    assert all(len(values) == 3 for values in row["losses"].values())
    assert all(difference < 1e-5 for difference in row["losses_differ"].values())
    assert list(row["losses_differ"]) == others
    assert ("the geometric mean of the ratios" in text) is bool(others)
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("lenet ")][:3] == [
        ["lenet", "2", "step"],
        ["lenet", "2", "inference"],
        ["lenet", "1", "inference"],
    ]


@needs_torch
@pytest.mark.bench
def test_layers(tmp_path, capsys):
    options = ("--layers", "lenet.2,wide.depthwise", "--batch", 1, "--algorithm", "naive,im2col")
    text, rows = bench(capsys, tmp_path / "out", "layers", *options, *QUICK)
    assert list(rows) == ["lenet.2", "wide.depthwise"]
    shape = Shape(**rows["lenet.2"]["shape"])
    assert shape == LAYERS["lenet.2"]._replace(batch=1)
    for direction in DIRECTIONS:
        found = rows["lenet.2"][direction]
        check_times(found, ["torch"])
        assert found["gflops"]["torch"] == pytest.approx(shape.flops() / found["ms"]["torch"] / 1e6, rel=1e-3)
        assert found["differ"]["torch"] < 1e-5
        assert set(found["algorithm_ms"]) == {"naive", "im2col"}
    assert rows["lenet.2"]["peak_gflops"] > 0
    assert "The peak: " in text


@pytest.mark.bench
def test_start(tmp_path, capsys):
    options = ("--rounds", 1, "--against", "none")
    text, rows = bench(capsys, tmp_path / "out", "start", *options)
    assert list(rows) == ["import", "first step, compiled before", "first step, nothing compiled"]
    for row in rows.values():
        check_times(row, [])
    assert "`scratchnet warmup` compiles beforehand." in text


@needs_torch
@pytest.mark.bench
def test_growth(tmp_path, capsys):
    options = ("--batches", "1,3", "--images", "none", "--threads", 1, "--against", "torch")
    _, rows = bench(capsys, tmp_path / "out", "growth", *options, *QUICK)
    assert [(row["batch"], row["threads"]) for row in rows.values()] == [(1, 1), (3, 1)]
    for row in rows.values():
        check_times(row, ["torch"])


ON_LINUX = pytest.mark.skipif(not STATM.exists(), reason=f"there is no {STATM}: the memory of a process is read there")


@ON_LINUX
@pytest.mark.bench
@pytest.mark.parametrize("against", OTHERS[:2])
def test_memory(tmp_path, capsys, against):
    others = [] if against == "none" else [against]
    options = ("--batch", 2, "--other-batch", 1, "--steps", 206, "--threads", 1, "--against", against)
    text, rows = bench(capsys, tmp_path / "out", "memory", *options)
    row = rows["lenet"]
    assert row["batches"] == [2, 1]
    assert row["steps"] == [*range(1, 206, 2), 206]
    assert list(row["engines"]) == ["scratchnet", *others]
    for found in row["engines"].values():
        assert len(found["bytes"]) == len(row["steps"])
        assert (found["first"], found["last"]) == (found["bytes"][0], found["bytes"][-1])
        assert found["first"] > 2**20
        assert max(found["bytes"]) <= found["highest"]
    assert [line.split()[:5] for line in text.splitlines() if line.startswith("lenet ")] == [
        ["lenet", "2", "and", "1", name] for name in ("scratchnet", *others)
    ]


def test_a_leak_has_a_slope():
    at = [1, *range(50, 1001, 50)]
    leak = memory.told(at, [[10_000 + 8 * step, 9_000 + 8 * step] for step in at])
    assert leak["slope"] == pytest.approx(8)
    assert (leak["first"], leak["highest"], leak["last"]) == (9_008, 18_000, 17_000)
    warm = memory.told(at, [[5_000, 5_000 if step > 500 else 0] for step in at])
    assert warm["slope"] == 0


@ON_LINUX
def test_a_training_process_takes_turns_with_its_batches():
    training = Training(engines.Scratchnet(1), "lenet", [3, 2])
    for size in (3, 2, 3):
        most, last = training.steps(1)
        assert len(training.net.images) == len(training.net.labels) == size
        assert most == last > 2**20


def test_memory_where_it_cannot_be_read(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "STATM", tmp_path / "statm")
    code, text, errors = run(capsys, "bench", "memory", "--against", "none", "--out", tmp_path / "out")
    assert (code, text) == (2, "")
    assert "scratchnet bench: memory is measured on Linux only: there is no " in errors


BAD = [
    ("nets", ["--nets", "lenett"], "argument --nets: 'lenett' is no net; there are lenet, mnist_cnn"),
    ("nets", ["--nets", ""], "argument --nets: '' is no net; there are"),
    ("nets", ["--against", "caffe"], "argument --against: 'caffe' is no engine to compare with here; there are torch"),
    ("layers", ["--against", "torch.compile"], "'torch.compile' is no engine to compare with here; there are torch,"),
    ("nets", ["--what", "training"], "argument --what: 'training' is no thing to measure; there are step, inference"),
    ("nets", ["--rounds", "0"], "argument --rounds: must be a whole number of at least 1, not '0'"),
    ("nets", ["--rounds", "many"], "argument --rounds: must be a whole number of at least 1, not 'many'"),
    ("nets", ["--seconds", "-1"], "argument --seconds: must be a number of at least 0, not '-1'"),
    ("nets", ["--batch", "0"], "argument --batch: must be a whole number of at least 1, not '0'"),
    ("nets", ["--threads", "100000"], "argument --threads: set_num_threads: n (=100000) must be between 1 and"),
    ("layers", ["--layers", "resnet"], "argument --layers: 'resnet' is no layer; there are lenet.1"),
    ("layers", ["--algorithm", "magic"], "argument --algorithm: 'magic' is no algorithm; there are fft, im2col"),
    ("growth", ["--batches", "1,x"], "argument --batches: must be a whole number of at least 1, not 'x'"),
    ("memory", ["--steps", "9"], "argument --steps: must be a whole number of at least 10, not '9'"),
    ("memory", ["--other-batch", "0"], "argument --other-batch: must be a whole number of at least 1, not '0'"),
    ("memory", ["--against", "jax"], "'jax' is no engine to compare with here; there are torch, none"),
    ("start", ["--against", "jax"], "'jax' is no engine to compare with here; there are torch, torch.compile, none"),
    ("growth", ["--against", "jax"], "'jax' is no engine to compare with here; there are torch, torch.compile, none"),
    ("growth", ["--batches", "none", "--images", "none"], "argument --images: with --batches none there must be some"),
]


@pytest.mark.parametrize(("part", "arguments", "said"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_is_a_sentence_and_writes_nothing(tmp_path, capsys, part, arguments, said):
    out = tmp_path / "out"
    code, text, errors = run(capsys, "bench", part, "--out", out, *arguments)
    assert code == 2
    assert text == ""
    assert said in errors
    assert len(errors.splitlines()) == 1
    assert not out.exists()


def test_an_engine_that_is_not_installed(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "installed", lambda name: False)
    code, _, errors = run(capsys, "bench", "nets", "--against", "torch.compile", "--out", tmp_path / "out")
    assert code == 2
    assert "--against: torch.compile needs torch, which isn't installed; install it with: pip install torch" in errors
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    code, _, errors = run(capsys, "bench", "nets", "--out", tmp_path / "file" / "out", "--against", "none")
    assert code == 2
    assert "argument --out: can't make the folder" in errors


def test_nothing_is_written_where_measuring_fails(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(BATCHES, "lenet", -1)  # which the worker can't make images of
    code, _, errors = run(capsys, "bench", "nets", "--nets", "lenet", "--out", tmp_path / "new", "--against", "none")
    assert code == 2
    assert "scratchnet bench: scratchnet: ValueError: " in errors
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_the_numbers_are_written(tmp_path, capsys, monkeypatch):
    def missing(*arguments):
        raise ImportError("No module named 'matplotlib'")

    monkeypatch.setattr(plots, "draw", missing)
    options = ("--nets", "lenet", "--batch", 1, "--what", "inference", "--against", "none")
    code, text, errors = run(capsys, "bench", "nets", *options, *QUICK, "--out", tmp_path)
    assert code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["nets.json"]
    assert "no nets.png: matplotlib is missing; install it with: pip install matplotlib" in errors
    assert text.endswith(f"nets.json is in {tmp_path}\n")


def test_comparison_takes_the_best_round():
    found = compared({"scratchnet": [2.0, 4.0], "torch": [8.0, 5.0]})
    assert found["ms"] == {"scratchnet": 2.0, "torch": 5.0}
    assert found["ratio"] == {"torch": 0.4}
    assert found["range"] == {"torch": [0.25, 0.8]}
    options = Options(1, 1, ("torch", "torch.compile"), 0.0)
    assert geometric_means(options, [found, {"ratio": {"torch": 0.1}}]) == "0.20 of torch"


def test_numbers_and_tables():
    assert [number(x) for x in (0.01234, 1.5, 12.345, 1234.5, 0.0)] == ["0.0123", "1.50", "12.3", "1,234", "0"]
    table = Table(("net", -6), ("ms", 5))
    assert [table.heading(), table.line(("lenet", 1.5))] == ["net        ms", "lenet     1.5"]


def test_results_are_rounded_and_whole(tmp_path):
    results.write(tmp_path / "a.json", {"cpu": "x"}, {"one": {"ms": 1.2345678, "list": [1 / 3]}, "two": {}})
    content = json.loads((tmp_path / "a.json").read_text())
    assert content == {"about": {"cpu": "x"}, "rows": {"one": {"ms": 1.2346, "list": [0.33333]}, "two": {}}}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_busy_machine_is_said_to_be():
    about = {"busy": 0.5}
    assert "Other programs keep 50% of the machine busy" in machine.warning(about)
    assert machine.warning({"busy": 0.02}) is None
    assert machine.warning({"busy": None}) is None
    start = time.monotonic()
    assert machine.busy(0.01) is None or 0 <= machine.busy(0.01) <= 1
    assert time.monotonic() - start < 30
