"""Threads, forks, caches and memory: what surrounds the kernels."""

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scratchnet.kernels.cpu as kernels
from scratchnet.kernels import threads
from scratchnet.kernels.cpu import blas, buffers, jit

ROOT = Path(__file__).resolve().parents[1]


def python(program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "NUMBA_"))}
    return subprocess.run(
        [sys.executable, *arguments, "-c", program],
        env={**environment, "PYTHONPATH": str(ROOT), **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def passes(program: str, **variables: str) -> str:
    done = python(program, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


COUNT = "from scratchnet.kernels import threads; print(threads.count(), threads.limit())"


def test_number_of_threads_comes_from_the_environment() -> None:
    cpus = str(threads.available())
    assert passes(COUNT) == f"{cpus} {cpus}"
    assert passes(COUNT, OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="2").split()[0] == "1"
    assert passes(COUNT, NUMBA_NUM_THREADS="1") == f"1 {cpus}"
    assert passes(COUNT, OMP_NUM_THREADS="7,2") == "7 7"
    assert passes(COUNT, OMP_NUM_THREADS="many").split()[0] == cpus


def test_more_threads_than_numba_would_start_by_itself() -> None:
    program = """
import numpy as np
from scratchnet.kernels import threads
from scratchnet.kernels.cpu import activation
assert threads.count() == 1
x = np.ones(1 << 17, np.float32)
activation.relu(x)
threads.set_count(threads.limit())
print(activation.relu(x).sum())
"""
    assert passes(program, NUMBA_NUM_THREADS="1") == "131072.0"


@pytest.mark.parametrize("n", [0, -1, 10**6])
def test_set_count_out_of_range(n: int) -> None:
    before = threads.count()
    with pytest.raises(ValueError, match=rf"n \(={n}\) must be between 1 and"):
        threads.set_count(n)
    assert threads.count() == before


@pytest.mark.parametrize("n", [1.5, "2", None, True])
def test_set_count_of_no_int(n: Any) -> None:
    with pytest.raises(TypeError, match="must be an int, not"):
        threads.set_count(n)


def test_python_threads_may_call_kernels_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "SMALL", 0)
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((4, 3, 20, 20)), rng.standard_normal((5, 3, 3, 3))
    options: dict[str, Any] = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    expected = kernels.conv.algorithm("im2col").forward(x, w, None, **options)
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(20):
                y = kernels.conv.algorithm("im2col").forward(x, w, None, **options)
                np.testing.assert_array_equal(y, expected)
                np.testing.assert_array_equal(kernels.activation.relu(y), np.maximum(expected, 0))
        except Exception as failure:
            failures.append(failure)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not failures


FORK = """
import os
import numpy as np
from scratchnet.kernels.cpu import activation, conv, jit
jit.SMALL = 0
x = np.random.default_rng(0).standard_normal((2, 3, 9, 9)).astype(np.float32)
w = np.ones((4, 3, 3, 3), np.float32)

def work():
    options = dict(stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
    return activation.sigmoid(conv.algorithm("im2col").forward(x, w, None, **options))

if LAUNCH:
    expected = work()
child = os.fork()
y = work()
if child == 0:
    os._exit(0 if not LAUNCH or np.allclose(y, expected) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("launched", [True, False])
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_kernels_run_in_a_forked_child(launched: bool, layer: str) -> None:
    try:
        import numba.np.ufunc.omppool  # noqa: F401
    except ImportError:
        if layer == "omp":
            pytest.skip("Numba has no OpenMP here")
    assert passes(f"LAUNCH = {launched}\n{FORK}", NUMBA_THREADING_LAYER=layer) == "0"


def test_kernels_run_where_no_cache_can_be_written() -> None:
    program = """
import numpy as np
from scratchnet.kernels.cpu import activation
print(activation.relu(np.array([-1.0, 2.0])))
"""
    assert passes(program, NUMBA_CACHE_DIR="/dev/null/nowhere") == "[0. 2.]"


CONVOLUTION = """
import numpy as np
from scratchnet.kernels.cpu import conv_tiled
case = dict(stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=1)
x, w = np.arange(48, dtype=np.float32).reshape(1, 3, 4, 4), np.ones((2, 3, 3, 3), np.float32)
y = conv_tiled.forward(x, w, None, **case)
print(y.sum())
"""
ITS_GRADIENT = "print(int(conv_tiled.grad_weight(y, x, w.shape, **case).sum()))"


def test_kernels_on_disk_have_with_them_what_they_call(tmp_path: Path) -> None:
    def run(program: str) -> tuple[str, dict[Path, int]]:
        printed = passes(program, SCRATCHNET_CACHE_DIR=str(tmp_path))
        return printed, {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?")}

    assert run(CONVOLUTION)[0] == "5076.0"
    # A kernel from disk, and beside it one that is compiled and calls some of the same functions.
    printed, files = run(CONVOLUTION + ITS_GRADIENT)
    assert printed == "5076.0\n3245508"
    assert run(CONVOLUTION + ITS_GRADIENT) == (printed, files)  # all from disk


def test_import_under_another_name_is_refused() -> None:
    done = python("import kernels")
    assert done.returncode == 1
    assert "ImportError: kernels: this package is the kernels of scratchnet" in done.stderr
    assert "use `import scratchnet`" in done.stderr


def test_backend_modules_are_imported_at_first_use() -> None:
    program = """
import sys
import scratchnet.kernels.cpu as kernels
assert "numba" not in sys.modules
try:
    kernels.nonsense
except AttributeError as error:
    print(error)
kernels.activation
assert "numba" in sys.modules and "scratchnet.kernels.cpu.pool" not in sys.modules
"""
    assert passes(program) == "module 'scratchnet.kernels.cpu' has no attribute 'nonsense'"


def test_large_memory_is_used_again() -> None:
    shape = (1 << 10, 1 << 9)
    buffers.clear()
    array = buffers.empty(shape, np.float32)
    address = array.ctypes.data
    assert address % buffers.ALIGNMENT == 0
    assert array.flags.c_contiguous
    assert array.flags.writeable
    view = array[3:, ::2]
    del array
    gc.collect()
    assert buffers.idle_bytes() == 0, "a view still needs the memory"
    del view
    gc.collect()
    assert buffers.idle_bytes() >= 4 << 19
    again = buffers.empty((1 << 18,), np.float64)
    assert again.ctypes.data == address
    assert buffers.empty((2, 3), np.int64).shape == (2, 3)
    assert buffers.empty((0, 1 << 30), np.float32).size == 0


def test_idle_memory_is_bounded() -> None:
    buffers.clear()
    try:
        buffers.set_idle_limit(0)
        array = buffers.empty(1 << 20, np.float32)
        del array
        gc.collect()
        assert buffers.idle_bytes() == 0
    finally:
        buffers.set_idle_limit(1 << 30)


def test_blas_is_held_to_one_thread_and_let_go() -> None:
    switch = blas._switch()
    if switch is None:
        pytest.skip("NumPy's BLAS isn't OpenBLAS")
    before = switch[0]()
    with blas.one_thread:
        assert switch[0]() == 1
        with blas.one_thread:
            assert switch[0]() == 1
        assert switch[0]() == 1
    assert switch[0]() == before
