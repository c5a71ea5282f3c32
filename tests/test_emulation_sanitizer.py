"""The kernels under AddressSanitizer and UndefinedBehaviorSanitizer, in a process that loads their runtime first."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.emulated

TESTS = Path(__file__).resolve().parent


@cache
def runtime() -> str | None:
    """The path of g++'s libasan, or None where it has none."""
    found = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, timeout=60)
    path = found.stdout.strip()
    return path if Path(path).is_absolute() else None


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    library = runtime()
    if library is None:
        pytest.skip("g++ has no libasan")
    environment = {
        **os.environ,
        "LD_PRELOAD": library,
        "ASAN_OPTIONS": "detect_leaks=0",  # Python keeps memory until its end
        "EMULATION_SANITIZE": "1",
        "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]),
    }
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=TESTS.parent, capture_output=True, text=True, timeout=900
    )


def test_no_kernel_leaves_its_arrays() -> None:
    ran = python(
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-m",
        "emulated",
        "tests/test_emulation_kernels.py",
        "-k",
        "forward",
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert " passed" in ran.stdout


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("y[0] = x[n];", "heap-buffer-overflow"),
        ("y[-1] = x[0];", "heap-buffer-overflow"),
        ("__shared__ float s[8]; y[0] = s[n + 5];", "index 8 out of bounds"),
        ("__shared__ float s[8]; float* p = s; y[0] = p[n + 5];", "insufficient space for an object"),
        ("SHARED_MEMORY(float, s); y[0] = s[n];", "heap-buffer-overflow"),
        ("int m = 2147483647; y[0] = m + n;", "signed integer overflow"),
    ],
)
def test_a_kernel_that_does_is_stopped(body: str, error: str) -> None:
    code = f"""
import numpy as np
from emulation import cupy
code = "__global__ void f(const float* x, float* y, int n) {{ {body} }}"
x, y = cupy.zeros(3, np.float32), cupy.zeros(3, np.float32)
cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((1,), (1,), (x, y, np.int32(3)), shared_mem=12)
"""
    ran = python("-c", code)
    assert ran.returncode != 0
    assert error in ran.stderr, ran.stderr
