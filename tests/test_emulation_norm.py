"""Batch normalisation's CUDA kernels at their edges: every way to share a channel out, offsets, NaN, nothing at all."""

import math
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

EPS = 1e-5
# A channel to a thread, to a warp (whose numbers lie side by side, or a row apart), to a block, to several blocks.
SHAPES = [(3, 5000), (40, 33), (3, 40, 1), (2, 3, 8, 9), (1, 700, 3), (2, 2, 700), (2, 2, 4100), (3, 1, 9, 999)]
each_shape = pytest.mark.parametrize("shape", SHAPES)
each_dtype = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


@pytest.fixture(autouse=True, params=["forward", "shuffled"])  # the rows of kernel_cases.py run in all, and for races
def order(request: pytest.FixtureRequest) -> Iterator[str]:
    before = driver.use(cupy)
    with engine.checked(request.param):
        yield request.param
    driver.use(before)


def up(arrays: Any) -> Any:
    return [None if a is None else cupy.asarray(a) for a in arrays]


def on_both(name: str, *arrays: Any, options: tuple[float, ...] = ()) -> list[tuple[Any, Any]]:
    """Each result of the GPU's kernel beside that of the CPU's."""
    ours = getattr(cuda.norm, name)(*up(arrays), *options)
    theirs = getattr(cpu.norm, name)(*arrays, *options)
    pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]
    return [(a.get(), b) for a, b in pairs]


def parameters(rng: np.random.Generator, channels: int, dtype: Any) -> list[np.ndarray]:
    """Weight, bias, mean and something positive."""
    weight, bias, mean = rng.standard_normal((3, channels)).astype(dtype)
    return [weight, bias, mean, (rng.random(channels) + 0.5).astype(dtype)]


@each_shape
@each_dtype
def test_every_way_to_share_a_channel_out(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> None:
    x, gy = rng.standard_normal((2, *shape)).astype(dtype)
    weight, bias, mean, spread = parameters(rng, shape[1], dtype)
    wide = [v.astype(np.float32) if dtype == "float16" else v for v in (mean, spread)]
    pairs = on_both("batch_norm", x, weight, bias, options=(EPS,))
    pairs += on_both("batch_norm_eval", x, mean, spread, weight, bias, options=(EPS,))
    pairs += on_both("batch_norm_grad", gy, x, weight, *wide)
    for ours, theirs in pairs:
        assert_same(ours, theirs)


@pytest.mark.parametrize(("parameter", "given"), [("float32", "wb"), ("float16", "w"), ("float32", "b"), (None, "")])
def test_float16_with_parameters_of_either_kind(parameter: str | None, given: str, rng: np.random.Generator) -> None:
    x, gy = rng.standard_normal((2, 3, 4, 25)).astype(np.float16)
    weight, bias, mean, spread = parameters(rng, 4, parameter or np.float32)
    affine = (weight if "w" in given else None, bias if "b" in given else None)
    statistics = (mean.astype(np.float32), spread.astype(np.float32))
    pairs = on_both("batch_norm", x, *affine, options=(EPS,))
    pairs += on_both("batch_norm_eval", x, *statistics, *affine, options=(EPS,))
    pairs += on_both("batch_norm_grad", gy, x, affine[0], *statistics)
    for ours, theirs in pairs:
        assert_same(ours, theirs)


@pytest.mark.parametrize("offset", [2.0**20, -(2.0**20)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(3, 2, 70), (4, 2, 3000)])
def test_variance_far_from_zero(shape: tuple[int, ...], dtype: str, offset: float, rng: np.random.Generator) -> None:
    """Eighths around 2 ** 20 are exact in float32, and so is their float64 variance: squares would need 48 bits."""
    x = (np.round(8 * rng.standard_normal(shape)) / 8 + offset).astype(dtype)
    apart = x.astype(np.float64) - offset
    y, mean, invstd = (result.get() for result in cuda.norm.batch_norm(cupy.asarray(x), None, None, EPS))
    variance = apart.var(axis=(0, 2))
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(mean, offset + apart.mean(axis=(0, 2)), rtol=tolerance)
    np.testing.assert_allclose(invstd, 1 / np.sqrt(variance + EPS), rtol=tolerance)
    truth = (apart - apart.mean(axis=(0, 2), keepdims=True)) / np.sqrt(variance + EPS)[:, None]
    np.testing.assert_allclose(y, truth, rtol=0, atol=1e-9 if dtype == "float64" else 1e-6)


def test_a_first_number_far_from_all_others(rng: np.random.Generator) -> None:
    """The sums are of differences to it, so this is the worst that can happen to them."""
    x = rng.standard_normal((4, 1, 2500))
    x[0, 0, 0] = 1e7
    _, mean, invstd = (result.get() for result in cuda.norm.batch_norm(cupy.asarray(x), None, None, EPS))
    exact = [math.fsum(x.ravel()) / x.size]
    variance = math.fsum((v - exact[0]) ** 2 for v in x.ravel().tolist()) / x.size
    np.testing.assert_allclose(mean, exact, rtol=1e-10)
    np.testing.assert_allclose(invstd, [1 / math.sqrt(variance + EPS)], rtol=1e-10)


@pytest.mark.parametrize("length", [9, 70, 1100, 9000])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, -1])
def test_nan_and_infinity_stay_in_their_channel(length: int, bad: float, place: int, rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 2, length)).astype(np.float32)
    x[0, 1, place] = bad
    for ours, theirs in on_both("batch_norm", x, None, None, options=(EPS,)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
        assert np.isfinite(ours[..., 0] if ours.ndim == 1 else ours[:, 0]).all()


@pytest.mark.parametrize("value", [0.0, 1e4, -3.3])
@pytest.mark.parametrize("length", [2, 70, 9000])
def test_a_channel_of_one_number_has_no_variance(value: float, length: int) -> None:
    x, bias = np.full((1, 3, length), value, np.float32), np.float32([1, 2, 3])
    y, mean, invstd = cuda.norm.batch_norm(*up([x, None, bias]), EPS)
    np.testing.assert_array_equal(y.get(), np.broadcast_to(bias[:, None], x.shape))
    np.testing.assert_array_equal(mean.get(), np.float32([value] * 3))
    np.testing.assert_array_equal(invstd.get(), np.full(3, 1 / np.sqrt(EPS), np.float32))


@each_dtype
@pytest.mark.parametrize("shape", [(0, 3, 2), (3, 0, 2), (3, 2, 0), (0, 3)])
def test_of_nothing(shape: tuple[int, ...], dtype: str, rng: np.random.Generator) -> None:
    x = np.zeros(shape, dtype)
    weight, bias, mean, spread = parameters(rng, shape[1], dtype)
    wide = [v.astype(np.float32) if dtype == "float16" else v for v in (mean, spread)]
    pairs = on_both("batch_norm", x, weight, bias, options=(EPS,))
    pairs += on_both("batch_norm_eval", x, *wide, weight, bias, options=(EPS,))
    pairs += on_both("batch_norm_grad", x, x, weight, *wide)
    for ours, theirs in pairs:
        assert_same(ours, theirs)


@pytest.mark.parametrize("shape", [(3, 5000), (2, 3, 8, 9), (2, 9, 700)])
def test_the_same_bits_on_any_grid(
    shape: tuple[int, ...], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = cupy.asarray(rng.standard_normal(shape).astype(np.float32))
    wide = [result.get() for result in cuda.norm.batch_norm(x, None, None, EPS)]
    monkeypatch.setattr(launch, "MAX_BLOCKS", 1)
    for ours, before in zip(cuda.norm.batch_norm(x, None, None, EPS), wide, strict=True):
        np.testing.assert_array_equal(ours.get(), before)
