"""scratchnet bench's workers, what they measure, and scratchnet warmup. No time is asserted."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from parity import needs_torch

from scratchnet.bench import engines, peak
from scratchnet.bench.answering import Worker
from scratchnet.bench.layer import DIRECTIONS, Layer, Shape
from scratchnet.bench.processes import Peers, WorkerError, environment


def needs(engine):
    """A mark: skips where the engine, or what it compiles with, isn't installed."""
    reason = engines.without_compiler(engine) if engines.installed(engine) else f"{engine} isn't installed"
    return pytest.mark.skipif(reason is not None, reason=str(reason))


@needs_torch
def test_another_engine_that_fails_is_left_out():
    with Peers(("torch",), 1) as peers:
        peers._peers["torch"]._process.kill()
        peers._peers["torch"]._process.wait()
        peers.all("make", subject="net", net="lenet", batch=1)
        assert "torch: the process ended with code -9; it said nothing" in peers.errors["torch"]
        assert list(peers.alternate(1, method="inference", budget_ms=0)["ms"]) == ["scratchnet"]


def test_a_worker_of_ours_that_fails_is_an_error():
    with Peers((), 1) as peers:
        with pytest.raises(WorkerError, match="scratchnet: ValueError: models: name"):
            peers.all("make", subject="net", net="lenett", batch=1)
        peers.all("make", subject="net", net="lenet", batch=1)  # the worker goes on
    with Peers((), 1, ours="caffe") as peers, pytest.raises(WorkerError, match="ended with code 1; KeyError: 'caffe'"):
        peers.ask("caffe", "memory")


@pytest.mark.bench
@pytest.mark.parametrize("net", engines.FEW)
@pytest.mark.parametrize("engine", [pytest.param(name, marks=needs(name)) for name in ("jax", "tinygrad", "dezero")])
def test_an_engine_with_nets_of_its_own(engine, net):
    with Peers((engine,), 1) as peers:
        peers.all("make", subject="net", net=net, batch=4)
        losses = peers.all("call", method="losses")
        assert losses[engine] == pytest.approx(losses["scratchnet"], rel=1e-5)
        for method in ("training", "inference"):
            assert list(peers.alternate(1, method=method, budget_ms=0)["ms"]) == ["scratchnet", engine]
        assert not peers.errors


@pytest.mark.bench
@needs("torch.compile")
def test_an_error_of_many_lines_is_told_in_one(monkeypatch, tmp_path):
    for name, value in (("CXX", "false"), ("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))):
        monkeypatch.setenv(name, value)
    with Peers(("torch.compile",), 1) as peers:
        peers.all("make", subject="net", net="lenet", batch=1)
        peers.all("call", method="inference", budget_ms=0)
        (line,) = peers.errors["torch.compile"].splitlines()
    assert "No working C++ compiler found" in line


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")  # the compiler's own
@needs("torch.compile")
def test_one_size_after_the_other_is_compiled():
    """torch compiles a function for eight sizes, here for one, and leaves those after them uncompiled."""
    dynamo = import_module("torch._dynamo")
    compiled = import_module("torch._dynamo.utils").counters["stats"]
    before, engine = compiled["unique_graphs"], engines.TorchCompile(1)
    worker = Worker(engine, engine.subjects)
    with dynamo.config.patch(recompile_limit=1):
        for batch in (1, 2, 3):
            worker.make("net", net="lenet", batch=batch)
            worker.call("inference", budget_ms=0)
    assert compiled["unique_graphs"] == before + 3


def test_a_compiler_is_looked_for_by_its_name(monkeypatch):
    monkeypatch.setenv("CC", "clang-of-nowhere")
    assert engines.without_compiler("scratchnet") is engines.without_compiler("jax") is None
    said = "tinygrad is left out: it compiles with clang-of-nowhere, which isn't there; CC can name another."
    assert engines.without_compiler("tinygrad") == said
    monkeypatch.setenv("CC", sys.executable)
    assert engines.without_compiler("tinygrad") is None


def test_workers_do_not_see_settings_of_one_library(monkeypatch):
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        monkeypatch.setenv(name, "Haswell")
    found = environment(3, {"MORE": "1"})
    assert "OPENBLAS_CORETYPE" not in found
    assert "OPENBLAS_L2_SIZE" not in found
    assert (found["OMP_NUM_THREADS"], found["MORE"]) == ("3", "1")


def test_the_worker_has_the_threads_it_is_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    code = "import scratchnet; print(scratchnet.get_num_threads())"
    ran = subprocess.run([sys.executable, "-P", "-c", code], env=environment(1), capture_output=True, text=True)
    assert ran.stdout == "1\n", ran.stderr


def test_a_layer_computes_what_its_shape_says():
    s = Shape(2, 6, 4, 9, 3, stride=2, padding=1, groups=2)
    assert s.flops() == 2 * (2 * 4 * 5 * 5) * (3 * 3 * 3)
    layer = Layer(engines.Scratchnet(1), list(s))
    sizes = [tuple(layer.run(direction).shape) for direction in DIRECTIONS]
    assert sizes == [(2, 4, 5, 5), (2, 6, 9, 9), (4, 3, 3, 3)]
    assert layer.algorithms()[0] == "auto"
    assert len(layer.measure("forward", 0, "naive")) == 1
    assert layer.project("forward", "naive") == pytest.approx(layer.project("forward", "im2col"), abs=1e-6)


def test_the_peak_counts_what_the_kernel_does(monkeypatch):
    """The kernel's sums are those of its terms; the rate is a positive number."""
    from scratchnet.kernels.cpu.vectors import HOST

    monkeypatch.setattr(peak, "REPEATS", 50)
    assert peak.measured(1) > 1e6
    rows, width, terms = HOST.rows, HOST.columns * HOST.size // 4, peak.TERMS
    panel, factors = np.ones((1, terms * width), np.float32), np.full((1, rows * terms), 2, np.float32)
    bias, out = np.zeros(width, np.float32), np.zeros((1, rows * width), np.float32)
    peak._compiled()(1, 1, panel, np.arange(terms), factors, bias, out)
    assert np.array_equal(out, np.full_like(out, 2 * terms))


def scratchnet(*arguments, **variables):
    """The ended process of one command, with kernels of its own."""
    command = [sys.executable, "-P", "-m", "scratchnet", *arguments]
    return subprocess.run(command, env=environment(1, variables), capture_output=True, text=True, timeout=600)


@pytest.mark.bench
def test_after_warmup_nothing_is_compiled(tmp_path):
    ran = scratchnet("warmup", "--nets", "lenet", SCRATCHNET_CACHE_DIR=str(tmp_path))
    assert ran.returncode == 0, ran.stderr
    assert "the kernels of 1 net are compiled, in " in ran.stdout
    assert str(tmp_path) in ran.stdout
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files
    with Peers((), 1, {"SCRATCHNET_CACHE_DIR": str(tmp_path)}) as peers:
        for batch in (1, 16):
            peers.all("make", subject="net", net="lenet", batch=batch)
            peers.all("call", method="first")
            peers.all("call", method="inference", budget_ms=0)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == files


def test_warmup_clears_the_cache_and_nothing_else(tmp_path):
    (tmp_path / "kernels-of-old").mkdir()
    (tmp_path / "mine").mkdir()
    code = "from scratchnet.bench import warmup; print(warmup.prepare(clear=True))"
    variables = environment(1, {"SCRATCHNET_CACHE_DIR": str(tmp_path)})
    ran = subprocess.run([sys.executable, "-P", "-c", code], env=variables, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "mine", Path(ran.stdout.strip())])


def test_warmup_without_a_cache():
    ran = scratchnet("warmup", "--nets", "lenet", SCRATCHNET_CACHE_DIR="off")
    assert ran.returncode == 2
    assert "no cache to compile into: it is off; name a folder in SCRATCHNET_CACHE_DIR" in ran.stderr
