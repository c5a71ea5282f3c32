"""What a watched build finds: races between threads, and accesses outside all arrays."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine

pytestmark = pytest.mark.emulated


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    with engine.checked(engine.RACES):
        yield


def run(body: str, *, blocks: int = 2, dtype: Any = np.int32, shared: int = 512) -> np.ndarray:
    """Blocks of 128 threads; x and y have 256 numbers, `i` is the thread and `b` the block."""
    name = {np.int32: "int", np.float64: "double"}[dtype]
    code = f"""#line 1 "f.cu"
__constant__ int table[2] = {{5, 6}};
__global__ void f(const {name}* x, {name}* y) {{
  int i = threadIdx.x, b = blockIdx.x;
  {body}
}}"""
    x, y = cupy.asarray(np.arange(256, dtype=dtype)), cupy.zeros(256, dtype)
    cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((blocks,), (128,), (x, y), shared_mem=shared)
    return y.get()


@pytest.mark.parametrize(
    "body",
    [
        "y[b * 128 + i] = x[0];",
        "y[b * 128 + i] = x[i]; y[b * 128 + i] += 1;",
        "__shared__ int s[128]; s[i] = x[i]; __syncthreads(); y[b * 128 + i] = s[127 - i];",
        "__shared__ int s[128]; s[i] = x[i]; __syncwarp(); y[b * 128 + i] = s[i ^ 1];",
        "__shared__ int s[128]; s[i] = x[i]; __shfl_sync(0xffffffff, 1, 0); y[b * 128 + i] = s[i ^ 1];",
        "__shared__ int s[4]; if (i % 32 == 0) s[i / 32] = 1; __syncthreads(); y[b * 128 + i] = s[0] + s[3];",
        "SHARED_MEMORY(int, s); s[i] = 1; __syncthreads(); y[b * 128 + i] = s[i ^ 64];",
        "atomicAdd(y, 1); atomicMax(y + 1, i);",
        "if (b == 0) atomicAdd(y, 1); __syncthreads(); if (b == 0 && i == 5) y[1] = y[0];",
        "y[b * 128 + i] = table[i % 2];",
        "int own[8]; for (int k = 0; k < 8; ++k) own[k] = x[k]; int* p = own; y[b * 128 + i] = p[i % 8];",
    ],
)
@pytest.mark.parametrize("dtype", [np.int32, np.float64])
def test_sound_kernels_pass(body: str, dtype: Any) -> None:
    if dtype is np.float64 and "atomic" in body:
        dtype = np.int32
    run(body, dtype=dtype)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("y[0] = x[i];", r"global memory: a write at f.cu:4 \(block 0, thread 0\), a write .* \(block 0, thread 1\)"),
        ("y[i] = x[i];", r"global memory: a write at f.cu:4 \(block 0, thread 0\), a write .* \(block 1, thread 0\)"),
        ("y[0] = 1;", "global memory"),  # though all write the same
        ("if (b == 0) y[i] = 1; else y[b * 128 + i] = y[127 - i];", "a write .* a read .*block 1"),
        ("if (b == 1) y[i] = 1; else y[128 + i] = y[i];", "a read .* a write .*block 1"),
        ("if (b == 0) y[i] = y[127 - i];", r"a write .* a read at f.cu:4 \(block 0, thread 64\)"),
        ("__shared__ int s[128]; s[i] = 1; y[b * 128 + i] = s[i ^ 1];", "shared memory"),
        ("__shared__ int s[128]; s[i] = 1; __syncwarp(); y[b * 128 + i] = s[i ^ 32];", "shared memory"),
        (  # between two rounds
            "__shared__ int s[128]; for (int k : {0, 1}) { s[i] = k; __syncthreads(); y[b * 128 + i] = s[i ^ 64]; }",
            r"shared memory: a write .* a read",
        ),
        (  # read by two lanes of the warp, then written by one of them
            "__shared__ int s; if (!i) s = 1; __syncthreads(); if (b == 0 && i < 2) { y[i] = s; if (i == 1) s = 5; }",
            r"shared memory: a read at f.cu:4 .* a write at f.cu:4 \(block 0, thread 1\)",
        ),
        ("SHARED_MEMORY(int, s); s[0] = i;", "shared memory"),
        ("if (i == 0) y[0] = 1; else atomicAdd(y, 1);", "a write .* an atomic operation"),
        ("atomicAdd(y, 1); if (b == 1) y[1] = y[0];", "an atomic operation .* a read"),
        ("__syncthreads(); if (b == 0) y[i] = 1; __threadfence(); if (b == 1) y[128 + i] = y[i];", "a write .* a read"),
    ],
)
def test_races_are_found(body: str, found: str) -> None:
    with pytest.raises(RuntimeError, match=f"a race in .*{found}"):
        run(body)
    run("y[b * 128 + i] = 1;")  # the next launch is sound


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("y[b * 128 + i + 1] = 1;", r"a write at f.cu:4 \(block 1, thread 127\)"),
        ("y[b * 128 + i] = x[i - 1];", r"a read at f.cu:4 \(block 0, thread 0\)"),
        ("SHARED_MEMORY(int, s); s[i + 1] = 1;", r"a write at f.cu:4 \(block 0, thread 127\)"),
        ("atomicAdd(y + 256, 1);", "an atomic operation at f.cu:4"),
    ],
)
@pytest.mark.parametrize("order", engine.CHECKS)
def test_accesses_outside_all_arrays_are_found_in_every_order(body: str, found: str, order: str) -> None:
    found = found if order in ("forward", engine.RACES) and "[i" not in found else "a"
    with engine.ordered(order), pytest.raises(RuntimeError, match=f"outside all arrays lies {found}"):
        run(body)


def test_an_array_that_is_freed_is_outside() -> None:
    code = "__global__ void f(double* const* p) { **p = 1; }"
    y = cupy.zeros(3)
    address = cupy.asarray(np.array([y.data.ptr], np.uint64))
    kernel = cupy.RawModule(
        code=code.replace("double* const* p", "unsigned long long* q").replace("**p", "*(double*)*q"),
        name_expressions=["f"],
    ).get_function("f")
    kernel((1,), (1,), (address,))
    assert y.get()[0] == 1
    del y
    with pytest.raises(RuntimeError, match="outside all arrays lies a write"):
        kernel((1,), (1,), (address,))
