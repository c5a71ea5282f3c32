"""conv_tiled by each of its ways, over geometries that reach every branch of its loops, against torch in float64."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from convolutions import gradients
from parity import assert_sum_of_products, needs_torch, torch

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import conv_tiled as tiled
from scratchnet.kernels.cpu.conv import algorithm
from scratchnet.kernels.cpu.tiled import ways
from scratchnet.kernels.cpu.tiled.choice import costs

pytestmark = [needs_torch, pytest.mark.algorithms]

WAYS = ("places", "samples", "strips")
SUMS = {"by strips": True, "tap by tap": False}  # the weight gradient's ways
# (N, C, H, W), (K, C / groups, KH, KW), groups: rows and columns of a tile in all their sizes, more terms than a panel
# has, more places than a block, images narrower than a vector, one sample and a few more than two vectors of them.
SHAPES = [
    ((3, 4, 7, 9), (2, 2, 3, 2), 2),
    ((3, 38, 7, 9), (20, 19, 3, 2), 2),
    ((1, 3, 23, 31), (13, 3, 3, 3), 1),
    ((37, 17, 6, 5), (50, 17, 3, 3), 1),
    ((2, 130, 5, 5), (65, 130, 2, 2), 1),
    ((18, 5, 1, 40), (7, 5, 1, 4), 1),
]
# Images side by side of which the last set lacks one, single images in several strips, a channel to a group, and more
# taps and channels than a tile has.
STRIP_SHAPES = [
    ((41, 2, 9, 9), (5, 2, 3, 3), 1),
    ((2, 1, 60, 50), (9, 1, 5, 5), 1),
    ((5, 16, 12, 14), (32, 1, 3, 3), 16),
    ((1, 7, 16, 16), (11, 7, 2, 1), 1),
]
LONG_ROW = ((3, 2, 2, 2100), (4, 2, 2, 3), 1)  # longer than a strip
GEOMETRIES = [
    ((1, 1), (0, 0), (1, 1)),
    ((1, 1), (1, 2), (1, 1)),
    ((1, 1), (2, 1), (1, 2)),
    ((2, 3), (1, 0), (1, 1)),
    ((3, 1), (1, 3), (2, 1)),
]
STRIP_GEOMETRIES = [*GEOMETRIES, ((4, 2), (3, 4), (1, 1)), ((2, 2), (2, 3), (1, 3))]


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Takes a way wherever it is possible."""

    def taken(way: str) -> Callable[..., str]:
        return lambda *case: way if costs(*case)._asdict()[way] < math.inf else "places"

    def set_way(way: str) -> None:
        monkeypatch.setattr(ways, "fastest", taken(way))
        monkeypatch.setattr(tiled, "convolution_way", ways.convolution_way.__wrapped__)  # remembers nothing

    return set_way


@pytest.fixture
def take_sums(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Takes a way for the weight gradient."""

    def set_way(way: str) -> None:
        monkeypatch.setattr(ways, "sums_by_strips", lambda *case: SUMS[way])
        monkeypatch.setattr(tiled, "sums_way", ways.sums_way.__wrapped__)

    return set_way


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", SHAPES + STRIP_SHAPES, ids=lambda shapes: f"{shapes[0]} {shapes[1]}")
def test_equals_torch(shapes: Any, dtype: str, way: str, rng: np.random.Generator, take: Callable[[str], None]) -> None:
    take(way)
    x_shape, w_shape, groups = shapes
    for stride, padding, dilation in STRIP_GEOMETRIES:
        options: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        size = _size(x_shape, w_shape, stride, padding, dilation)
        if min(size) < 1:
            continue
        x, w, bias, gy = (
            rng.standard_normal(shape).astype(dtype)
            for shape in (x_shape, w_shape, w_shape[0], (x_shape[0], w_shape[0], *size))
        )
        ours = (
            tiled.forward(x, w, bias, **options, epilogue="bias"),
            tiled.grad_input(gy, w, x_shape, **options),
        )
        tensors = [torch.from_numpy(a) for a in (gy, x, w, bias)]
        theirs, truth, magnitude = (
            gradients(*(change(t) for t in tensors), options)[:2]
            for change in (lambda t: t, lambda t: t.double(), lambda t: t.double().abs())
        )
        for name, *found in zip(("y", "gx"), ours, theirs, truth, magnitude, strict=True):
            _assert_as_exact(dtype, *found, f"{name} {options}")


@pytest.mark.parametrize("way", SUMS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", [*SHAPES, *STRIP_SHAPES, LONG_ROW], ids=lambda shapes: f"{shapes[0]} {shapes[1]}")
def test_weight_gradient_equals_torch(
    shapes: Any, dtype: str, way: str, rng: np.random.Generator, take_sums: Callable[[str], None]
) -> None:
    take_sums(way)
    x_shape, w_shape, groups = shapes
    for stride, padding, dilation in STRIP_GEOMETRIES:
        options: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        size = _size(x_shape, w_shape, stride, padding, dilation)
        if min(size) < 1:
            continue
        x, w, gy = (
            rng.standard_normal(shape).astype(dtype) for shape in (x_shape, w_shape, (x_shape[0], w_shape[0], *size))
        )
        ours = tiled.grad_weight(gy, x, w_shape, **options)
        tensors = [torch.from_numpy(a) for a in (gy, x, w)]
        theirs, truth, magnitude = (
            gradients(*(change(t) for t in tensors), None, options)[2]
            for change in (lambda t: t, lambda t: t.double(), lambda t: t.double().abs())
        )
        _assert_as_exact(dtype, ours, theirs, truth, magnitude, str(options))


def _size(x_shape: Any, w_shape: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
    sizes = zip(x_shape[2:], w_shape[2:], stride, padding, dilation, strict=True)
    return tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)


def _assert_as_exact(dtype: str, ours: Any, theirs: Any, truth: Any, magnitude: Any, case: str) -> None:
    if dtype == "float64":
        np.testing.assert_allclose(ours, truth.numpy(), rtol=1e-12, atol=1e-12)
    else:
        assert_sum_of_products(ours, theirs, truth, magnitude, case)


@pytest.mark.parametrize("way", SUMS)
@pytest.mark.parametrize("side", [5, 7, 16, 20, 40])  # images side by side, in whole vectors or not, and in strips
def test_infinity_and_nan_stay_with_the_taps_that_meet_them(
    side: int, way: str, rng: np.random.Generator, take_sums: Callable[[str], None]
) -> None:
    take_sums(way)
    for stride, padding in (((1, 1), (0, 0)), ((1, 1), (2, 1)), ((2, 2), (0, 0)), ((2, 3), (1, 1))):
        options: Any = {"stride": stride, "padding": padding, "dilation": (1, 1), "groups": 1}
        w_shape = (6, 2, 3, 3)
        for row, column in ((0, 0), (0, side - 1), (side // 2, 1), (side - 1, side - 1)):
            for wrong in (np.inf, np.nan):
                x = rng.standard_normal((9, 2, side, side)).astype(np.float32)
                gy = rng.standard_normal((9, 6, *_size(x.shape, w_shape, stride, padding, (1, 1)))).astype(np.float32)
                x[4, 1, row, column] = wrong
                if padding == (0, 0):  # infinity times a padding's zero is NaN, where that is multiplied
                    gy[8, 2, -1, -1] = wrong
                expected = algorithm("naive").grad_weight(gy, x, w_shape, **options)
                found = tiled.grad_weight(gy, x, w_shape, **options)
                np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))
                np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))


@pytest.mark.parametrize("way", SUMS)
def test_weight_gradients_bits_do_not_depend_on_the_number_of_threads(
    way: str, rng: np.random.Generator, take_sums: Callable[[str], None]
) -> None:
    if threads.limit() < 2:
        pytest.skip("one thread is all there is")
    take_sums(way)
    options: Any = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    before = threads.count()
    try:
        for n, channels, kernels, side in ((1, 3, 70, 20), (1, 40, 70, 16), (60, 2, 50, 10), (3, 2, 20, 60)):
            x = rng.standard_normal((n, channels, side, side)).astype(np.float32)
            gy = rng.standard_normal((n, kernels, side, side)).astype(np.float32)
            found = []
            for count in (1, 2):
                threads.set_count(count)
                found.append(tiled.grad_weight(gy, x, (kernels, channels, 3, 3), **options))
            np.testing.assert_array_equal(*found)
    finally:
        threads.set_count(before)


@pytest.mark.parametrize("way", WAYS)
def test_relu_keeps_nan_and_comes_after_the_last_term(way: str, take: Callable[[str], None]) -> None:
    take(way)
    x = np.ones((20, 150, 24, 24), np.float32)
    x[3, 0, 0, 0] = np.nan
    w = np.ones((3, 150, 1, 1), np.float32)
    w[0, :100] = -2  # below 0 until the last terms
    w[1] = -1
    options: Any = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    y = tiled.forward(x, w, np.array([151, 0, 0], np.float32), **options, epilogue="bias_relu")
    assert np.isnan(y[3, :, 0, 0]).all()
    np.testing.assert_array_equal(y[4, :, 0, 0], [1, 0, 150])


@pytest.mark.parametrize("way", WAYS)
def test_a_window_in_the_padding_is_the_bias_after_relu(way: str, take: Callable[[str], None]) -> None:
    take(way)
    options: Any = {"stride": (1, 1), "padding": (3, 3), "dilation": (1, 1), "groups": 1}
    bias = np.array([-1, 2], np.float32)
    for channels in (0, 3):
        x, w = np.zeros((17, channels, 24, 24), np.float32), np.ones((2, channels, 2, 2), np.float32)
        y = tiled.forward(x, w, bias, **options, epilogue="bias_relu")
        np.testing.assert_array_equal(y, np.broadcast_to(np.array([[[0]], [[2]]], np.float32), y.shape))
