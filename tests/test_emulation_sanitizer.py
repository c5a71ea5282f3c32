"""AddressSanitizer and UndefinedBehaviorSanitizer stop kernels that leave their arrays or overflow.

`python -m emulation.sanitized -m pytest -m sanitizer` runs the kernels' tests under them, in one order of the threads.
"""

import subprocess
import sys

import pytest
from emulation import engine, sanitized

pytestmark = pytest.mark.sanitizer


def test_the_kernels_of_this_run_are_sanitized() -> None:
    assert engine.build == "sanitized", "start it by `python -m emulation.sanitized`"
    assert engine.CHECKS == ("forward",)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("y[0] = x[n];", "heap-buffer-overflow"),
        ("y[-1] = x[0];", "heap-buffer-overflow"),
        ("__shared__ float s[8]; y[0] = s[n + 5];", "index 8 out of bounds"),
        ("__shared__ float s[8]; float* p = s; y[0] = p[n + 5];", "global-buffer-overflow"),
        ("SHARED_MEMORY(float, s); y[0] = s[n];", "heap-buffer-overflow"),
        ("int m = 2147483647; y[0] = m + n;", "signed integer overflow"),
        ("y[0] = 1 << (n + 29);", "shift exponent 32 is too large"),
        ("y[0] = reinterpret_cast<const float2*>(x + 1)->x;", "misaligned address"),
    ],
)
def test_a_kernel_that_does_is_stopped(body: str, error: str) -> None:
    library = sanitized.runtime()
    assert library is not None
    code = f"""
import numpy as np
from emulation import cupy
code = "__global__ void f(const float* x, float* y, int n) {{ {body} }}"
x, y = cupy.zeros(3, np.float32), cupy.zeros(3, np.float32)
cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((1,), (1,), (x, y, np.int32(3)), shared_mem=12)
"""
    environment = sanitized.environment(library)
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode != 0
    assert error in ran.stderr, ran.stderr
