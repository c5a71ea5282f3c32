"""What an installation tells of itself, the switches of the GPU code, and that CuPy waits until it is used."""

import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

import scratchnet as sn
from scratchnet.backends import cudnn
from scratchnet.kernels.cuda import driver, tf32


def told() -> dict[str, str]:
    return {line[:14].strip(): line[15:] for line in sn.show_config().splitlines()}


def test_versions_threads_vectors_and_caches() -> None:
    import numba
    import numpy

    found = told()
    assert found["python"] == sys.version.split()[0]
    assert (found["numpy"], found["numba"]) == (numpy.__version__, numba.__version__)
    assert found["threads"].startswith(f"{sn.get_num_threads()} of ")
    assert found["vectors"].split()[:2] in (["128", "bits"], ["256", "bits"], ["512", "bits"])
    assert found["kernel cache"]


def test_gpus_and_their_memory(gpu: str) -> None:
    before = sn.cuda.memory_allocated()
    kept = sn.zeros(1 << 18, device="cuda")
    found = told()
    assert sn.cuda.get_device_name(0) in found["cuda:0"]
    assert "GiB free" in found["cuda:0"]
    assert found["CUDA"].startswith("driver 1")
    assert f"of which {(before + kept.numel() * 4) / 2**20:.2f} MiB in use" in found["cuda:0 pool"]
    assert sum(name.startswith("cuda:") for name in found) == 2 * sn.cuda.device_count()
    assert sn.cuda.current_device() == 0


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'cupy'", name="cupy"), "not installed; install it with: pip install"),
        (ModuleNotFoundError("No module named 'fastrlock'", name="fastrlock"), "CuPy is broken (No module named 'fast"),
        (ImportError("two\nlines"), "CuPy is broken (two lines);"),
        (_caused(ImportError("a page of advice"), OSError("no libnvrtc")), "CuPy is broken (no libnvrtc);"),
        (OSError("libcuda.so.1"), "pip install 'scratchnet[cuda12]' (CUDA 13: 'scratchnet[cuda13]')"),
    ],
)
def test_a_missing_or_broken_cupy_is_one_line_with_the_mend(monkeypatch: Any, error: Exception, words: str) -> None:
    def fails() -> Any:
        raise error from error.__cause__

    monkeypatch.setattr(driver, "cupy", fails)
    found = told()
    assert words in found["cupy"]
    assert "GPU" not in found
    assert not sn.cuda.is_available()


def test_no_gpu_is_told_with_the_reason(monkeypatch: Any) -> None:
    def none() -> int:
        raise RuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")

    runtime = SimpleNamespace(getDeviceCount=none)
    monkeypatch.setattr(
        driver, "cupy", lambda: SimpleNamespace(__version__="1.2", cuda=SimpleNamespace(runtime=runtime))
    )
    found = told()
    assert (found["cupy"], found["GPU"]) == ("1.2", "none: cudaErrorNoDevice: no CUDA-capable device is detected")


def test_cupy_is_imported_at_first_use_only() -> None:
    program = """
import io, sys
import scratchnet as sn
import scratchnet.cuda, scratchnet.backends
x = sn.ones(2, 3, requires_grad=True)
print((x * 2).sum().backward(), x, x.is_pinned())
file = io.BytesIO()
sn.save({"x": x}, file)
file.seek(0)
sn.load(file)
list(sn.data.DataLoader([1, 2]))
sn.nn.Linear(3, 1).to("cpu")(x).sum().backward()
sn.from_dlpack(sn.as_tensor(x.detach().numpy()).numpy())
sn.backends.cudnn.allow_tf32 = True
sn.manual_seed(1)
sn.cuda.empty_cache()
sn.cuda.is_initialized()
print("cupy" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    assert ran.stdout.split()[-1] == "False"


@pytest.fixture
def switches(monkeypatch: Any) -> Any:
    for name in ("matmul", "convolution"):
        monkeypatch.setattr(tf32, name, False)
    return sn.backends


def test_tf32_is_off_unless_asked_for(switches: Any) -> None:
    matmul = switches.cuda.matmul
    assert (matmul.allow_tf32, cudnn.allow_tf32) == (False, False)
    matmul.allow_tf32 = True
    assert (tf32.matmul, tf32.convolution) == (True, False)
    cudnn.allow_tf32 = True
    matmul.allow_tf32 = False
    assert (tf32.matmul, tf32.convolution) == (False, True)
    with cudnn.flags(enabled=True):
        assert (tf32.convolution, cudnn.enabled) == (False, True)
        with cudnn.flags(allow_tf32=True, benchmark=True):
            assert (tf32.convolution, cudnn.benchmark) == (True, True)
    assert (tf32.convolution, cudnn.enabled, cudnn.benchmark, cudnn.deterministic) == (True, True, False, False)
    with pytest.raises(RuntimeError, match="set_benchmark_cudnn expects a bool, but got int"), cudnn.flags(benchmark=1):
        pass
    assert (cudnn.benchmark, cudnn.allow_tf32) == (False, True)
    assert not cudnn.is_acceptable(sn.ones(1))


def test_the_precision_of_products_by_word(switches: Any) -> None:
    assert switches.get_float32_matmul_precision() == "highest" == sn.get_float32_matmul_precision()
    assert sn.set_float32_matmul_precision is switches.set_float32_matmul_precision
    switches.set_float32_matmul_precision("high")
    assert (tf32.matmul, switches.get_float32_matmul_precision()) == (True, "high")
    with pytest.warns(UserWarning, match="'fast'.*the call has no effect"):
        switches.set_float32_matmul_precision("fast")
    assert tf32.matmul
    switches.set_float32_matmul_precision("highest")
    assert not tf32.matmul
