"""softmax's and cross-entropy's CUDA kernels at their edges: long, short and single rows, infinities, bad targets."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine
from parity import assert_same

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch

pytestmark = [pytest.mark.emulated, pytest.mark.sanitizer]

INF, NAN = np.inf, np.nan
# A row to a thread, to a warp, to a block; (shape, axis).
ROWS = [((7, 1), 1), ((300, 3), 0), ((5, 33), 1), ((2, 40, 9), 1), ((3, 1024), 1), ((3, 1025), -1), ((1100, 2), 0)]
each_row = pytest.mark.parametrize(("shape", "axis"), ROWS)
each_dtype = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


@pytest.fixture(autouse=True, params=["forward", "shuffled"])  # the rows of kernel_cases.py run in all, and for races
def order(request: pytest.FixtureRequest) -> Iterator[str]:
    before = driver.use(cupy)
    with engine.checked(request.param):
        yield request.param
    driver.use(before)


@each_row
@each_dtype
def test_softmax_of_rows_of_any_length(shape: tuple[int, ...], axis: int, dtype: str, rng: np.random.Generator) -> None:
    x, gy = (10 * rng.standard_normal((2, *shape))).astype(dtype)
    for name in ("softmax", "log_softmax"):
        y = getattr(cuda.softmax, name)(cupy.asarray(x), axis)
        theirs = getattr(cpu.softmax, name)(x, axis)
        assert_same(y.get(), theirs)
        gx = getattr(cuda.softmax, f"{name}_grad")(cupy.asarray(gy), cupy.asarray(theirs), axis)
        assert_same(gx.get(), getattr(cpu.softmax, f"{name}_grad")(gy, theirs, axis))


@pytest.mark.parametrize("length", [5, 40, 1100])
@pytest.mark.parametrize("inner", [1, 9])
def test_nan_and_infinities(length: int, inner: int, rng: np.random.Generator) -> None:
    """A NaN, an inf, or nothing but -inf makes a row NaN, and no other; a -inf beside numbers gives 0."""
    x = rng.standard_normal((5, length, inner)).astype(np.float32)
    x[0, -1], x[1, length // 2], x[2], x[3, 0] = NAN, INF, -INF, -INF
    y = cuda.softmax.softmax(cupy.asarray(x), 1).get()
    assert np.isnan(y[:3]).all()
    assert (y[3, 0] == 0).all()
    np.testing.assert_allclose(y[3:].sum(axis=1), 1, rtol=1e-6)
    log = cuda.softmax.log_softmax(cupy.asarray(x), 1).get()
    assert np.isnan(log[:3]).all()
    assert (log[3, 0] == -INF).all()
    assert np.isfinite(log[4]).all()


@pytest.mark.parametrize("length", [3, 40, 1100])
def test_large_logits_lose_no_digits(length: int, rng: np.random.Generator) -> None:
    x = (rng.standard_normal((4, length)) + 1e4).astype(np.float32)
    wide = x.astype(np.float64) - 1e4
    truth = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(cuda.softmax.log_softmax(cupy.asarray(x), 1).get(), truth, rtol=1e-6, atol=1e-6)
    target = np.full((4, 1), length - 1)
    losses, _ = cuda.loss.cross_entropy(cupy.asarray(x[..., None]), cupy.asarray(target), None, -1, 0.0)
    np.testing.assert_allclose(losses.get(), -truth[:, -1:], rtol=1e-6)


def test_a_number_without_dimensions_is_its_own_row() -> None:
    for axis in (0, -1):
        assert cuda.softmax.softmax(cupy.asarray(np.float32(7)), axis).get() == 1
        assert cuda.softmax.log_softmax(cupy.asarray(np.float32(7)), axis).get() == 0


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3)])
def test_softmax_of_nothing(shape: tuple[int, ...]) -> None:
    x = cupy.asarray(np.zeros(shape, np.float32))
    for axis in range(len(shape)):
        assert cuda.softmax.softmax(x, axis).shape == cuda.softmax.softmax_grad(x, x, axis).shape == shape


@each_dtype
@pytest.mark.parametrize(("m", "c", "d"), [(3, 1, 4), (5000, 3, 1), (2, 3, 300), (3, 40, 1), (2, 1500, 2), (0, 3, 2)])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_of_rows_of_any_length(
    m: int, c: int, d: int, weighted: bool, dtype: str, rng: np.random.Generator
) -> None:
    x, gy = rng.standard_normal((m, c, d)).astype(dtype), rng.standard_normal((m, d)).astype(dtype)
    target, weight = rng.integers(0, c, (m, d)), (rng.random(c) + 0.5).astype(dtype) if weighted else None
    target[:1, :1] = -100
    given = (cupy.asarray(target), None if weight is None else cupy.asarray(weight), -100, 0.1)
    for ours, theirs in zip(
        cuda.loss.cross_entropy(cupy.asarray(x), *given),
        cpu.loss.cross_entropy(x, target, weight, -100, 0.1),
        strict=True,
    ):
        assert_same(ours.get(), theirs)
    gx = cuda.loss.cross_entropy_grad(cupy.asarray(gy), cupy.asarray(x), None, *given)
    assert_same(gx.get(), cpu.loss.cross_entropy_grad(gy, x, None, target, weight, -100, 0.1))


@pytest.mark.parametrize("wrong", [-7, 5, 2**40])
def test_a_target_that_is_no_class_reads_nothing(wrong: int, rng: np.random.Generator) -> None:
    """Its index's check has noted it; here it counts as ignored."""
    x, target = rng.standard_normal((3, 5, 2)), np.array([[0, 1], [wrong, 2], [3, 4]])
    ignored = np.where(target == wrong, -1, target)
    weight = rng.random(5) + 0.5
    gy = np.ones((3, 2))
    losses, _ = cuda.loss.cross_entropy(cupy.asarray(x), cupy.asarray(target), cupy.asarray(weight), -1, 0.1)
    np.testing.assert_allclose(losses.get(), cpu.loss.cross_entropy(x, ignored, weight, -1, 0.1)[0], rtol=1e-12)
    arguments = (cupy.asarray(target), cupy.asarray(weight), -1)
    gx = cuda.loss.cross_entropy_grad(cupy.asarray(gy), cupy.asarray(x), None, *arguments, 0.1)
    np.testing.assert_allclose(gx.get(), cpu.loss.cross_entropy_grad(gy, x, None, ignored, weight, -1, 0.1), rtol=1e-12)
    nll = cuda.targets.nll(cupy.asarray(x), *arguments)
    np.testing.assert_array_equal(nll.get(), cpu.targets.nll(x, ignored, weight, -1))
    gx = cuda.targets.nll_grad(cupy.asarray(gy), *arguments, 5)
    np.testing.assert_array_equal(gx.get(), cpu.targets.nll_grad(gy, ignored, weight, -1, 5))
    average, total = cuda.targets.mean(nll, *arguments)
    np.testing.assert_allclose(total.get(), weight[ignored[ignored >= 0]].sum(), rtol=1e-12)
    np.testing.assert_allclose(average.get(), nll.get().sum() / total.get(), rtol=1e-12)


@each_dtype
@pytest.mark.parametrize("n", [0, 1, 300, 8192, 8193, 20000])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_mean_of_losses(n: int, weighted: bool, dtype: str, rng: np.random.Generator) -> None:
    losses, target = rng.random((n, 1)).astype(dtype), rng.integers(-1, 5, (n, 1))
    weight = rng.random(5).astype(dtype) if weighted else None
    average, total = cuda.targets.mean(
        cupy.asarray(losses), cupy.asarray(target), None if weight is None else cupy.asarray(weight), -1
    )
    kept = target[target >= 0]
    weights = float(len(kept)) if weight is None else weight[kept].sum(dtype=np.float64)
    assert average.shape == total.shape == ()
    assert (average.dtype, total.dtype) == (losses.dtype, np.float32 if dtype == "float16" else losses.dtype)
    tolerance = 1e-3 if dtype == "float16" else 1e-6
    np.testing.assert_allclose(total.get(), weights, rtol=1e-6)
    with np.errstate(all="ignore"):
        truth = losses.sum(dtype=np.float64) / np.float64(weights)
    np.testing.assert_allclose(average.get(), truth, rtol=tolerance)


def test_the_same_bits_on_any_grid(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = [cupy.asarray(rng.standard_normal(shape).astype(np.float32)) for shape in ((20, 40), (3, 1500), (9000, 2))]
    before = [cuda.softmax.softmax(x, 1).get() for x in arrays]
    monkeypatch.setattr(launch, "MAX_BLOCKS", 1)
    for x, wide in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(cuda.softmax.softmax(x, 1).get(), wide)


def scanned(g: np.ndarray, a: np.ndarray) -> Any:
    """linear_scan, step by step in float64."""
    h, carried = np.empty(g.shape), np.zeros(g.shape[:-1])
    for i in range(g.shape[-1]):
        carried = g[..., i].astype(np.float64) + (a[..., i].astype(np.float64) * carried if i else 0)
        h[..., i] = carried
    return h


@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (70, 31), (33, 65), (2, 3, 32)])
def test_scans_of_any_length(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    g, a = rng.standard_normal((2, *shape)).astype(np.float32)
    a[..., 0] = NAN  # what comes before the first number is nothing
    h = cuda.scan.linear_scan(cupy.asarray(g), cupy.asarray(a)).get()
    np.testing.assert_allclose(h, scanned(g, a), rtol=1e-6, atol=1e-6)
