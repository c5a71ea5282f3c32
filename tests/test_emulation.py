"""The emulator itself: what CUDA's words do, and that every kind of misuse is caught."""

import platform
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine

pytestmark = pytest.mark.emulated
each_order = pytest.mark.parametrize("order", engine.ORDERS)

REVERSE = """
__global__ void reverse(const float* x, float* y, int n) {
  __shared__ float block[128];
  block[threadIdx.x] = x[threadIdx.x];
  __syncthreads();
  y[threadIdx.x] = block[n - 1 - threadIdx.x];
}"""


def kernel(code: str, name: str = "f") -> Any:
    return cupy.RawModule(code=code, name_expressions=[name]).get_function(name)


@each_order
def test_shared_memory_and_barrier(order: str) -> None:
    x, y = cupy.asarray(np.arange(128, dtype=np.float32)), cupy.empty(128, np.float32)
    with engine.ordered(order):
        kernel(REVERSE, "reverse")((1,), (128,), (x, y, np.int32(128)))
    np.testing.assert_array_equal(y.get(), x.get()[::-1])


def test_a_missing_barrier_shows_as_nan_in_both_directions() -> None:
    x = cupy.asarray(np.arange(128, dtype=np.float32))
    for order in ("forward", "reversed"):
        y = cupy.empty(128, np.float32)
        with engine.ordered(order):
            kernel(REVERSE.replace("__syncthreads();", ""), "reverse")((1,), (128,), (x, y, np.int32(128)))
        assert np.isnan(y.get()).sum() == 64


@each_order
def test_shuffles(order: str) -> None:
    code = """
__global__ void f(const double* x, double* y) {
  int lane = threadIdx.x % 32;
  double v = x[threadIdx.x];
  y[threadIdx.x] = __shfl_sync(0xffffffff, v, 3) + 100 * __shfl_down_sync(0xffffffff, v, 1)
                   + 10000 * __shfl_xor_sync(0xffffffff, v, 5);
}"""
    x, y = np.arange(64, dtype=np.float64), cupy.empty(64, np.float64)
    with engine.ordered(order):
        kernel(code)((1,), (64,), (cupy.asarray(x), y))
    warps = x.reshape(2, 32)
    lane = np.arange(32)
    expected = warps[:, [3]] + 100 * warps[:, np.minimum(lane + 1, 31)] + 10000 * warps[:, lane ^ 5]
    np.testing.assert_array_equal(y.get().reshape(2, 32), expected)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only there the emulator does as CuPy has it")
def test_subnormal_numbers_count_as_zero() -> None:
    """In kernels alone: CuPy compiles them so. What lies in memory is kept."""
    code = "__global__ void f(const float* x, float* y) { y[0] = x[0]; y[1] = x[0] * 2; y[2] = x[1] / 2; y[3] = x[1]; }"
    x, y = np.array([1e-39, 1.2e-38], np.float32), cupy.empty(4, np.float32)
    kernel(code)((1,), (1,), (cupy.asarray(x), y))
    np.testing.assert_array_equal(y.get(), [x[0], 0, 0, x[1]])
    assert x[0] * 2 > 0 < x[1] / 2


@each_order
def test_threads_and_blocks_in_three_dimensions(order: str) -> None:
    code = """
__global__ void f(int* y) {
  int thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  y[block * 24 + thread] += block * 24 + thread;
}"""
    y = cupy.zeros(120, np.int32)
    with engine.ordered(order):
        kernel(code)((1, 5, 1), (2, 3, 4), (y,))
    np.testing.assert_array_equal(y.get(), np.arange(120))


def test_dynamic_shared_memory_is_as_large_as_the_launch_says() -> None:
    code = """
__global__ void f(float* y) {
  SHARED_MEMORY(float, room);
  y[threadIdx.x] = room[threadIdx.x];
}"""
    y = cupy.zeros(8, np.float32)
    kernel(code)((1,), (8,), (y,), shared_mem=32)
    assert np.isnan(y.get()).all()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("if (threadIdx.x < 40) return; __syncthreads();", "f.cu:3: __syncthreads diverges: .* has left the kernel"),
        ("if (threadIdx.x < 40)\n__syncthreads();\nelse\n__syncthreads();", "__syncthreads diverges: .* waits at line"),
        ("if (threadIdx.x % 2) __syncwarp();", "a warp's barrier diverges: thread 63 .* thread 32 has left"),
        ("if (threadIdx.x % 2) __syncwarp(); else __syncthreads();", "a warp's barrier diverges"),
    ],
)
def test_diverging_barriers_are_reported(body: str, reason: str) -> None:
    reason = reason.replace("thread 63 .* thread 32", "thread 31 .* thread 0")
    with pytest.raises(RuntimeError, match=reason):
        kernel(f'#line 1 "f.cu"\n__global__ void f(int n)\n{{\n{body}\n}}')((1,), (64,), (np.int32(1),))
    kernel("__global__ void f(int n) { __syncthreads(); }")((1,), (64,), (np.int32(1),))  # the next launch is sound


def test_arguments_are_checked_against_the_parameters() -> None:
    run = kernel("__global__ void f(const float* x, int n, double* y) {}")
    x, y, n = cupy.zeros(3, np.float32), cupy.zeros(3, np.float64), np.int32(3)
    run((1,), (1,), (x, n, y))
    for arguments, reason in [
        ((x, n), "2 arguments for 3 parameters"),
        ((y, n, x), r"argument 0 is \*float64, the parameter is \*float32"),
        ((x, 3, y), "argument 1 is int64, the parameter is int32"),
        ((x, np.float32(3), y), "argument 1 is float32"),
        ((np.zeros(3, np.float32), n, y), "unsupported type"),
        ((x, n, None), "unsupported type"),
    ]:
        with pytest.raises(TypeError, match=reason):
            run((1,), (1,), arguments)


@pytest.mark.parametrize(("grid", "block"), [((0,), (1,)), ((1, 65536), (1,)), ((1,), (0,)), ((1,), (32, 33))])
def test_impossible_launches_are_refused(grid: Any, block: Any) -> None:
    with pytest.raises(RuntimeError, match="can't be launched"):
        kernel("__global__ void f(int n) {}")(grid, block, (np.int32(1),))


def test_the_compiler_s_words_are_shown() -> None:
    with pytest.raises(cupy.cuda.compiler.CompileException, match="nonsense"):
        kernel("__global__ void f(int n) { nonsense; }")


def test_arrays_do_not_mix_with_numpy() -> None:
    x, host = cupy.zeros(3, np.float32), np.zeros(3, np.float32)
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(x)
    with pytest.raises(TypeError):
        host + x
    with pytest.raises(TypeError, match="Unsupported type"):
        x[...] = host
    with pytest.raises(TypeError, match="Unsupported type"):
        cupy.ascontiguousarray(host)
    assert x[0].shape == ()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_fresh_memory_is_nan(dtype: str) -> None:
    assert np.isnan(cupy.empty((2, 3), dtype).get()).all()
