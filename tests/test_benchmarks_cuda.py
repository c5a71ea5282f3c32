"""benchmarks.cuda: every part end to end on the emulated device, going on after a stop, its page, its errors."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from parity import needs_torch

import scratchnet
from benchmarks.cuda import layers, nets, suite, tables
from benchmarks.cuda.layers import Shape
from benchmarks.cuda.peers import Pair, WorkerError
from benchmarks.cuda.store import Store

ROOT = Path(__file__).parents[1]


def run(*arguments):
    """The ended process of one command."""
    command = [sys.executable, "-m", "benchmarks.cuda", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900)


def check_suite(rows):
    assert sum(row["passed"] for row in rows.values()) > 0
    assert all(row["failed"] == {} for row in rows.values())


def check_nets(rows):
    timed = [row for row in rows.values() if "tf32" in row]
    assert {row["net"] for row in timed} == set(nets.SMALL)
    for row in timed:
        for part in ("training", "inference"):
            assert row[part]["ratio"] == pytest.approx(row[part]["ours_ms"] / row[part]["torch_ms"], rel=1e-3)
        assert row["losses"]["difference"] < (1e-2 if row["tf32"] else 1e-5)  # TF32 rounds to ten bits, torch's CPU not
    assert all(row["launches"]["scratchnet"] > 0 for row in rows.values() if "tf32" not in row)


def check_layers(rows):
    shapes = [row for row in rows.values() if "shape" in row]
    assert {row["layer"] for row in shapes} == set(layers.SMALL)
    for row in shapes:
        for direction in layers.DIRECTIONS:
            found = row[direction]
            assert len(found["ours_ms"]) > 2  # "auto" and more than one algorithm by name
            assert found["difference"].keys() == found["ours_ms"].keys()
            assert max(found["difference"].values()) < (1e-2 if row["tf32"] else 1e-5)
    assert all(row["flops"] > 0 and row["bandwidth"] > 0 for row in rows.values() if "shape" not in row)


def check_compile(rows):
    assert all(row["training"]["ratio"] > 0 and row["first_s"]["torch"] > 0 for row in rows.values())


CHECKS = {"suite": check_suite, "nets": check_nets, "layers": check_layers, "compile": check_compile}


@needs_torch
@pytest.mark.emulated
@pytest.mark.parametrize("part", CHECKS)
def test_a_part_runs_to_its_end_and_goes_on_after_a_stop(part, tmp_path):
    command = ("--part", part, "--device", "emulated", "--small", "--out", tmp_path)
    ended = run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr + (tmp_path / "log.txt").read_text()
    path = tmp_path / f"{part}.json"
    content = json.loads(path.read_text())
    assert {"device", "python", "numpy", "torch"} <= content["about"].keys()
    CHECKS[part](content["rows"])
    assert path.stat().st_size < 20_000

    lost = list(content["rows"])[-1]
    path.write_text(
        json.dumps({"about": content["about"], "rows": {k: v for k, v in content["rows"].items() if k != lost}})
    )
    ended = run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [line.partition(": ")[0] for line in ended.stdout.splitlines()] == [lost]
    again = json.loads(path.read_text())["rows"]
    assert again.keys() == content["rows"].keys()
    assert all(again[name] == row for name, row in content["rows"].items() if name != lost)

    assert run("--part", "tables", "--out", tmp_path).returncode == 0
    page = (tmp_path / tables.PAGE).read_text()
    assert page.count("\n## ") == 1
    assert "| " in page or part == "suite"


@pytest.mark.skipif(scratchnet.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("part", CHECKS)
def test_without_a_gpu_one_sentence(part, tmp_path):
    ended = run("--part", part, "--out", tmp_path)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1
    assert "no GPU" in ended.stderr or "CuPy" in ended.stderr
    assert not (tmp_path / f"{part}.json").exists()


def test_the_emulated_device_is_for_tests(tmp_path):
    ended = run("--part", "nets", "--device", "emulated", "--out", tmp_path)
    assert ended.returncode == 2
    assert "add --small" in ended.stderr


def test_a_page_of_nothing(tmp_path):
    with pytest.raises(ValueError, match="holds no results: run another --part first"):
        tables.write(tmp_path)


def test_rows_are_kept_and_failed_ones_are_done_again(tmp_path):
    store = Store(tmp_path, "nets")
    store.describe({"device": "A"})
    store.add("good", {"ms": 1.2345678})
    store.add("bad", {"error": "out of memory"})
    again = Store(tmp_path, "nets")
    again.describe({"device": "A"})
    assert again.rows["good"] == {"ms": 1.2346}
    assert again.done("good")
    assert not again.done("bad")
    assert not again.done("never seen")
    with pytest.raises(ValueError, match=r"nets.json was measured with .*'A'.*'B'.*choose another --out"):
        Store(tmp_path, "nets").describe({"device": "B"})


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("tests/a.py::test_x[cuda-relu (2, 3)-float32]", "tests/a.py::test_x[relu (2, 3)-float32]"),
        ("tests/a.py::test_x[cuda]", "tests/a.py::test_x"),
        ("tests/a.py::test_x[relu-cuda]", "tests/a.py::test_x[relu]"),
        ("tests/cuda.py::test_cuda[two]", "tests/cuda.py::test_cuda[two]"),
        ("tests/cuda.py::test_cuda", "tests/cuda.py::test_cuda"),
    ],
)
def test_the_same_test_on_the_cpu(name, twin):
    assert suite.on_cpu(name, "cuda") == twin


def test_work_of_a_convolution():
    shape = Shape(2, 6, 4, 9, 3, stride=2, padding=1, groups=2)
    assert shape.out == 5
    assert shape.flops() == 2 * (2 * 4 * 5 * 5) * (3 * 3 * 3)
    assert shape.bytes() == 4 * (2 * 6 * 81 + 4 * 3 * 9 + 2 * 4 * 25)


@needs_torch
def test_a_worker_that_fails_says_so_and_one_that_dies_is_replaced(tmp_path):
    with open(tmp_path / "log.txt", "ab") as log:
        pair = Pair("cpu", log, time.monotonic() + 120)
        try:
            with pytest.raises(WorkerError, match="scratchnet: ValueError: models: name"):
                pair["scratchnet"].ask("make", subject="net", net="lenett", batch=1)
            pair["torch"]._process.kill()
            with pytest.raises(WorkerError, match="torch: the process ended with code -9"):
                pair["torch"].ask("about")
            pair.end()
            assert "torch" in pair["torch"].ask("about")
        finally:
            pair.end()


@needs_torch
def test_both_engines_are_asked_for_the_same(tmp_path):
    """On the CPU: the nets' losses agree, and a worker is stopped when the time is up."""
    with open(tmp_path / "log.txt", "ab") as log:
        pair = Pair("cpu", log, time.monotonic() + 300)
        try:
            row = nets.measure(pair, {"net": "lenet", "batch": 2, "tf32": False}, small=True)
            assert row["losses"]["difference"] < 1e-5
        finally:
            pair.end()
        late = Pair("cpu", log, time.monotonic())
        try:
            with pytest.raises(WorkerError, match="scratchnet: the process ended"):
                late["scratchnet"].ask("about")
        finally:
            late.end()
