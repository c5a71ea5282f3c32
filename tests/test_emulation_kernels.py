"""The CUDA kernels, compiled by g++, against the CPU's: the rows of kernel_cases.py in four orders of the threads."""

import itertools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import kernel_cases
import numpy as np
import pytest
from emulation import cupy, engine
from kernel_cases import CASES, DEVICE_CASES, Case
from parity import assert_same

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch

pytestmark = [pytest.mark.emulated, pytest.mark.sanitizer]

STEMS = {path.stem for path in launch.FOLDER.glob("*.py")} - {"launch", "driver", "layout", "buffers", "runtime"}
ROWS = [case for case in [*CASES, *DEVICE_CASES] if case.name.split(".")[0] in STEMS]
NAN, INF = float("nan"), float("inf")
each_row = pytest.mark.parametrize("case", ROWS, ids=lambda case: case.name)
each_dtype = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


@pytest.fixture(autouse=True, params=engine.CHECKS)
def order(request: pytest.FixtureRequest) -> Iterator[str]:
    """Every test runs on the stand-in for CuPy, once in each order of the threads and once watched for races."""
    before = driver.use(cupy)
    with engine.checked(request.param):
        yield request.param
    driver.use(before)


def up(value: Any) -> Any:
    return cupy.asarray(value) if isinstance(value, np.ndarray) else value


def down(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(down, value))
    return value.get()


def run(kernels: ModuleType, case: Case, arrays: list[Any], monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """The row's function of a backend. A row holds it either by name or as a lambda over the module's `kernels`."""
    stem, name = case.name.split()[0].split(".")
    by_name = case.ours is getattr(getattr(cpu, stem, None), name, None)
    monkeypatch.setattr(kernel_cases, "kernels", kernels)
    return (getattr(getattr(kernels, stem), name) if by_name else case.ours)(*arrays, **options)


def both(case: Case, arrays: list[Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    ours = down(run(cuda, case, [up(a) for a in arrays], monkeypatch))
    theirs = run(cpu, case, arrays, monkeypatch)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    yield from pairs


@each_row
@each_dtype
@pytest.mark.parametrize("batch", [None, 0])
def test_equals_the_cpu(
    case: Case, dtype: str, batch: int | None, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ours, theirs in both(case, case.arrays(rng, dtype, batch), monkeypatch):
        if dtype == "float64":
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
        assert_same(ours, theirs)


@each_row
def test_positions_beyond_int(case: Case, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels that arrays of 2**30 elements and more take, and their few blocks that stride on."""
    monkeypatch.setattr(launch, "INT_LIMIT", 0)
    monkeypatch.setattr(launch, "MAX_BLOCKS", 1)
    for ours, theirs in both(case, case.arrays(rng, np.float64), monkeypatch):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


@each_row
@each_dtype
def test_strides_and_out(case: Case, dtype: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = case.arrays(rng, dtype)
    expected = run(cuda, case, [up(a) for a in arrays], monkeypatch)
    first = expected[0] if isinstance(expected, tuple) else expected
    gaps = [up(np.repeat(a[..., ::-1], 2, axis=-1))[..., ::-2] for a in arrays]
    room = cupy.empty((*first.shape[:-1], 2 * first.shape[-1]), dtype)
    for out in (cupy.empty(first.shape, dtype), room[..., ::-2]):
        written = run(cuda, case, gaps, monkeypatch, out=out)
        assert (written[0] if isinstance(written, tuple) else written) is out
        np.testing.assert_array_equal(down(out), down(first))
    for array, gap in zip(arrays, gaps, strict=True):
        np.testing.assert_array_equal(down(gap), array)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64"])
def test_max_pool_of_ties_nan_and_infinities(dtype: str, rng: np.random.Generator) -> None:
    values = [NAN, -INF, -INF, -INF, -1.0, 0.0, 1.0, 1.0, INF] if dtype.startswith("float") else [0, 1, 1, 100]
    x = rng.choice(values, (20, 3, 7, 8)).astype(dtype)
    for k, s, p, d in [(3, 2, 1, 1), (2, 1, 0, 2), (3, 3, 1, 2)]:
        sizes = tuple((n + 2 * p - d * (k - 1) - 1 + s - 1) // s + 1 for n in x.shape[2:])
        options: Any = {"stride": (s, s), "padding": (p, p), "dilation": (d, d), "out_size": sizes}
        ours = cuda.pool.max_pool2d(up(x), (k, k), **options)
        for a, b in zip(down(ours), cpu.pool.max_pool2d(x, (k, k), **options), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("divisor", [None, 5])
def test_average_pooling_grid(count_include_pad: bool, divisor: int | None, rng: np.random.Generator) -> None:
    x = rng.standard_normal((2, 2, 7, 9)).astype(np.float32)
    # The CPU adds up what windows share line by line, a GPU window by window: the last bits differ.
    for kernel, stride, padding, more in itertools.product(
        [(3, 2), (4, 4)], [(1, 1), (3, 2)], [(0, 0), (1, 1)], [0, 1]
    ):
        sizes = tuple(
            (n + 2 * p - k + more * (s - 1)) // s + 1
            for n, k, s, p in zip(x.shape[2:], kernel, stride, padding, strict=True)
        )
        options: Any = {
            "stride": stride,
            "padding": padding,
            "count_include_pad": count_include_pad,
            "divisor_override": divisor,
        }
        y = cuda.pool.avg_pool2d(up(x), kernel, **options, out_size=sizes)
        assert_same(down(y), cpu.pool.avg_pool2d(x, kernel, **options, out_size=sizes))
        gx = cuda.pool.avg_pool2d_grad(y, x.shape[2:], kernel, **options)
        assert_same(down(gx), cpu.pool.avg_pool2d_grad(down(y), x.shape[2:], kernel, **options))


def test_adaptive_pooling_up_and_down(rng: np.random.Generator) -> None:
    for image, windows in itertools.product([(1, 1), (5, 7), (8, 6)], [(1, 1), (3, 4), (7, 9)]):
        x = rng.standard_normal((2, 3, *image)).astype(np.float32)
        y = cuda.pool.adaptive_avg_pool2d(up(x), windows)
        assert_same(down(y), cpu.pool.adaptive_avg_pool2d(x, windows))
        gx = cuda.pool.adaptive_avg_pool2d_grad(y, image)
        assert_same(down(gx), cpu.pool.adaptive_avg_pool2d_grad(down(y), image))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scatter_adds_in_the_order_of_the_windows(dtype: str, rng: np.random.Generator) -> None:
    """Many windows for few places, some outside the plane: the same bits as one after the other."""
    gy = rng.standard_normal((2, 7, 9, 11)).astype(dtype)
    for most in (1, 3, 40):
        indices = rng.integers(-2, most, gy.shape)
        ours = cuda.pool.scatter_planes(up(gy), up(indices), (5, 4))
        np.testing.assert_array_equal(down(ours), cpu.pool.scatter_planes(gy, indices, (5, 4)))


@each_dtype
@pytest.mark.parametrize("shape", [(3, 2, 5, 7), (40, 3, 31, 33), (0, 3, 2), (3, 0, 2), (700, 2)])
def test_channel_sum_of_one_and_many_chunks(dtype: str, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    x = rng.standard_normal(shape).astype(dtype)
    truth = x.astype(np.float64).sum(axis=(0, *range(2, x.ndim)))
    tolerance = {"float16": 1e-3, "float32": 1.2e-7, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(down(cuda.reduce.channel_sum(up(x))), truth, rtol=tolerance, atol=1e-10)


def test_relu_keeps_nan_and_the_last_of_the_rounding() -> None:
    x = np.array([NAN, -0.0, 0.0, -1.0, 65504.0, INF, -INF], np.float16)
    np.testing.assert_array_equal(down(cuda.activation.relu(up(x))), cpu.activation.relu(x))
    gy = np.arange(7, dtype=np.float16)
    np.testing.assert_array_equal(down(cuda.activation.relu_grad(up(gy), up(x))), cpu.activation.relu_grad(gy, x))
