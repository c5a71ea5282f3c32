"""CUDA's words on the CPU: warps, atomic operations, vectors, bits and mathematics do what they do on a GPU."""

from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine

pytestmark = pytest.mark.emulated

each_order = pytest.mark.parametrize("order", engine.ORDERS)
LANES = np.arange(32)


def computed(expression: str, x: np.ndarray, result: str, order: str = "forward") -> np.ndarray:
    """`expression` of v = x[i] and i, for 64 threads, as C++'s `result`."""
    names = {"int32": "int", "uint32": "unsigned", "int64": "long long", "float32": "float", "float64": "double"}
    code = f"""
__global__ void f(const {names[str(x.dtype)]}* x, {names[result]}* y) {{
  int i = threadIdx.x;
  auto v = x[i];
  y[i] = {expression};
}}"""
    y = cupy.empty(64, result)
    with engine.ordered(order):
        cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((1,), (64,), (cupy.asarray(x), y))
    return y.get()


@each_order
def test_shuffle_up(order: str) -> None:
    x = np.arange(64, dtype=np.float32)
    y = computed("__shfl_up_sync(0xffffffff, v, 3)", x, "float32", order)
    np.testing.assert_array_equal(y, x - np.where(np.tile(LANES, 2) >= 3, 3, 0))


@each_order
def test_ballots(order: str, rng: np.random.Generator) -> None:
    x = rng.integers(0, 2, 64).astype(np.int32)
    x[32:] = 1
    y = computed("__ballot_sync(0xffffffff, v)", x, "uint32", order)
    np.testing.assert_array_equal(
        y, np.repeat([(x[:32].astype(np.uint64) << LANES.astype(np.uint64)).sum(), 2**32 - 1], 32)
    )
    for word, expected in (("all", [0, 1]), ("any", [1, 1])):
        y = computed(f"__{word}_sync(0xffffffff, v)", x, "int32", order)
        np.testing.assert_array_equal(y, np.repeat(expected, 32))
    assert not computed("__any_sync(0xffffffff, v > 1)", x, "int32", order).any()


@each_order
def test_barriers_that_count(order: str) -> None:
    x = np.arange(64, dtype=np.int32)
    assert (computed("__syncthreads_count(v < 40)", x, "int32", order) == 40).all()
    assert (computed("__syncthreads_or(v == 63)", x, "int32", order) == 1).all()
    assert (computed("__syncthreads_or(v == 64)", x, "int32", order) == 0).all()
    assert (computed("__syncthreads_and(v < 63)", x, "int32", order) == 0).all()
    assert (computed("__syncthreads_and(v < 64)", x, "int32", order) == 1).all()


@pytest.mark.parametrize(
    ("block", "body", "reason"),
    [
        (64, "__syncwarp(0xffff);", "f.cu:1: only the mask 0xffffffff"),
        (64, "__shfl_sync(0xffffffff, 1, 0, 16);", "f.cu:1: only .* the width 32"),
        (40, "__any_sync(0xffffffff, 1);", "the warp has only 8 threads"),
        (64, "if (threadIdx.x % 2) __all_sync(0xffffffff, 1);", "a warp's barrier diverges"),
        (64, "if (threadIdx.x < 32) __syncthreads_or(1);", "__syncthreads diverges"),
        (64, "if (threadIdx.x < 9) return; __shfl_up_sync(0xffffffff, 1, 1);", "diverges: .* has left the kernel"),
    ],
)
def test_what_is_not_emulated_ends_the_launch(block: int, body: str, reason: str) -> None:
    code = f'#line 1 "f.cu"\n__global__ void f() {{ {body} }}'
    with pytest.raises(RuntimeError, match=reason):
        cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((1,), (block,), ())


@each_order
@pytest.mark.parametrize("dtype", ["int32", "uint32", "uint64"])
def test_atomic_operations(order: str, dtype: str, rng: np.random.Generator) -> None:
    name = {"int32": "int", "uint32": "unsigned", "uint64": "unsigned long long"}[dtype]
    code = f"""
__global__ void f(const {name}* x, {name}* y) {{
  {name} v = x[blockIdx.x * 64 + threadIdx.x];
  atomicAdd(&y[0], v);
  atomicMax(&y[1], v);
  atomicMin(&y[2], v);
  atomicOr(&y[3], v);
  atomicAnd(&y[4], v);
  atomicXor(&y[5], v);
  if (atomicCAS(&y[6], 7, 8) == 7) atomicAdd(&y[7], 1);
  if (atomicExch(&y[8], 1) == 0) atomicAdd(&y[9], 1);
}}"""
    x = rng.integers(0, 1 << 20, 192).astype(dtype)
    start = np.array([0, 0, 1 << 20, 0, (1 << 20) - 1, 0, 7, 0, 0, 0], dtype)
    y = cupy.asarray(start)
    with engine.ordered(order):
        cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((3,), (64,), (cupy.asarray(x), y))
    reduced = [np.bitwise_or.reduce(x), np.bitwise_and.reduce(x), np.bitwise_xor.reduce(x)]
    np.testing.assert_array_equal(y.get(), [x.sum(), x.max(), x.min(), *reduced, 8, 1, 1, 1])


def test_there_are_no_atomic_operations_on_floats() -> None:
    with pytest.raises(cupy.cuda.compiler.CompileException, match="atomic operations are for int"):
        cupy.RawModule(code="__global__ void f(float* y) { atomicAdd(y, 1.0f); }", name_expressions=["f"]).get_function(
            "f"
        )


def test_vectors() -> None:
    code = """
__global__ void f(const float* x, float* y) {
  static_assert(sizeof(float4) == 16 && alignof(float4) == 16 && alignof(float2) == 8 && alignof(double4) == 16, "");
  int4 places = make_int4(3, 2, 1, 0);
  float4 v = reinterpret_cast<const float4*>(x)[threadIdx.x];
  const float* p = x + 4 * threadIdx.x;
  reinterpret_cast<float4*>(y)[threadIdx.x] = make_float4(__ldg(p + places.x), v.z, v.y, make_float2(0, v.x).y);
}"""
    x, y = cupy.asarray(np.arange(16, dtype=np.float32)), cupy.empty(16, np.float32)
    cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")((1,), (4,), (x, y))
    np.testing.assert_array_equal(y.get().reshape(4, 4), np.arange(16).reshape(4, 4)[:, ::-1])


def test_bits(rng: np.random.Generator) -> None:
    x = rng.integers(-(2**31), 2**31, 64).astype(np.int32)
    x[:3] = 0, 1, -1
    bits = [format(v, "032b") for v in x.view(np.uint32).tolist()]
    np.testing.assert_array_equal(computed("__popc(v)", x, "int32"), [b.count("1") for b in bits])
    np.testing.assert_array_equal(computed("__clz(v)", x, "int32"), [32 - len(b.lstrip("0")) for b in bits])
    np.testing.assert_array_equal(computed("__ffs(v)", x, "int32"), [b[::-1].find("1") + 1 for b in bits])
    unsigned = x.view(np.uint32)
    high = [v * 0xD2511F53 >> 32 for v in unsigned.tolist()]
    np.testing.assert_array_equal(computed("__umulhi(v, 0xD2511F53u)", unsigned, "uint32"), high)
    floats = rng.standard_normal(64).astype(np.float32)
    np.testing.assert_array_equal(computed("__float_as_int(v)", floats, "int32"), floats.view(np.int32))
    np.testing.assert_array_equal(computed("__uint_as_float(v)", floats.view(np.uint32), "float32"), floats)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["exp", "log1p", "tanh", "sqrt", "floor", "expm1", "atan"])
def test_functions_compute_in_their_argument_s_type(name: str, dtype: str, rng: np.random.Generator) -> None:
    x = rng.random(64).astype(dtype)
    named = {"atan": np.arctan}
    y = computed(f"(sizeof({name}(v)) == sizeof(v)) ? {name}(v) : v * 0 - 1", x, dtype)
    np.testing.assert_allclose(y, named.get(name, getattr(np, name, None))(x), rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fma_rounds_once_and_max_leaves_nan_out(dtype: str, rng: np.random.Generator) -> None:
    x = rng.random(64).astype(dtype)
    assert (computed("fma(v, v, -(v * v))", x, dtype) != 0).any()
    assert (np.abs(computed("fma(v, v, -(v * v))", x, dtype)) <= np.finfo(dtype).eps).all()
    x[5] = np.nan
    np.testing.assert_array_equal(computed("max(v, v * 0 + 0)", np.nan_to_num(x), dtype), np.nan_to_num(x))
    one = {"float32": "1.0f", "float64": "1.0"}[dtype]
    assert computed(f"max(v, {one})", x, dtype)[5] == computed(f"min(v, {one})", x, dtype)[5] == 1
    np.testing.assert_allclose(computed(f"rsqrt(v + {one})", x, dtype), 1 / np.sqrt(x + 1), rtol=1e-6)


def test_random_orders_differ_in_blocks_and_in_warps() -> None:
    """Each thread and each warp's second half takes the next number: every order gives another arrangement."""
    code = """
__global__ void f(int* next, int* y) {
  y[blockIdx.x * 256 + threadIdx.x] = atomicAdd(next, 1);
  __syncwarp();
  y[1024 + blockIdx.x * 256 + threadIdx.x] = atomicAdd(next, 1);
}"""
    seen: dict[str, Any] = {}
    for order in engine.ORDERS:
        y = cupy.empty(2048, np.int32)
        with engine.ordered(order):
            kernel = cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")
            kernel((4,), (256,), (cupy.zeros(1, np.int32), y))
        first, second = seen[order] = y.get().reshape(2, 4, 8, 32)
        assert sorted(seen[order].ravel()) == list(range(2048))
        starts = np.argsort(seen[order].reshape(2, 4, 256).min((0, 2)))
        assert (starts.tolist() == [0, 1, 2, 3]) == (order == "forward")
        # A warp's second half begins before another warp's first half, in the random orders alone.
        straight = all(
            (second[block, warp].max() - first[block, warp].min()) == 63 for block in range(4) for warp in range(8)
        )
        assert straight == (order in ("forward", "reversed"))
    assert len({seen[order].tobytes() for order in seen}) == len(engine.ORDERS)
