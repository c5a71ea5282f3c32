"""conv_tiled by both of its ways, over geometries that reach every branch of its loops, against torch in float64."""

from typing import Any

import numpy as np
import pytest
from convolutions import gradients
from parity import assert_sum_of_products, needs_torch, torch

import scratchnet.kernels.cpu.conv_tiled as tiled

pytestmark = [needs_torch, pytest.mark.algorithms]

WAYS = {"places": False, "samples": True}
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
GEOMETRIES = [
    ((1, 1), (0, 0), (1, 1)),
    ((1, 1), (1, 2), (1, 1)),
    ((1, 1), (2, 1), (1, 2)),
    ((2, 3), (1, 0), (1, 1)),
    ((3, 1), (1, 3), (2, 1)),
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", SHAPES, ids=lambda shapes: f"{shapes[0]} {shapes[1]}")
def test_equals_torch(
    shapes: Any, dtype: str, way: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiled, "by_samples", lambda *case, backward: WAYS[way])
    x_shape, w_shape, groups = shapes
    for stride, padding, dilation in GEOMETRIES:
        options: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        sizes = zip(x_shape[2:], w_shape[2:], stride, padding, dilation, strict=True)
        size = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in sizes)
        if min(size) < 1:
            continue
        x, w, bias, gy = (
            rng.standard_normal(shape).astype(dtype)
            for shape in (x_shape, w_shape, w_shape[0], (x_shape[0], w_shape[0], *size))
        )
        ours = (
            tiled.forward(x, w, bias, **options, epilogue="bias"),
            tiled.grad_input(gy, w, x_shape, **options),
            tiled.grad_weight(gy, x, w_shape, **options),
        )
        tensors = [torch.from_numpy(a) for a in (gy, x, w, bias)]
        theirs, truth, magnitude = (
            gradients(*(change(t) for t in tensors), options)
            for change in (lambda t: t, lambda t: t.double(), lambda t: t.double().abs())
        )
        for name, a, b, exact, size_ in zip(("y", "gx", "gw"), ours, theirs, truth, magnitude, strict=True):
            if dtype == "float64":
                np.testing.assert_allclose(a, exact.numpy(), rtol=1e-12, atol=1e-12)
            else:
                assert_sum_of_products(a, b, exact, size_, f"{name} {options}")


@pytest.mark.parametrize("way", WAYS)
def test_relu_keeps_nan_and_comes_after_the_last_term(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled, "by_samples", lambda *case, backward: WAYS[way])
    x = np.ones((20, 150, 4, 4), np.float32)
    x[3, 0, 0, 0] = np.nan
    w = np.ones((3, 150, 1, 1), np.float32)
    w[0, :100] = -2  # below 0 until the last terms
    w[1] = -1
    options: Any = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    y = tiled.forward(x, w, np.array([151, 0, 0], np.float32), **options, epilogue="bias_relu")
    assert np.isnan(y[3, :, 0, 0]).all()
    np.testing.assert_array_equal(y[4, :, 0, 0], [1, 0, 150])


@pytest.mark.parametrize("way", WAYS)
def test_a_window_in_the_padding_is_the_bias_after_relu(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiled, "by_samples", lambda *case, backward: WAYS[way])
    options: Any = {"stride": (1, 1), "padding": (3, 3), "dilation": (1, 1), "groups": 1}
    bias = np.array([-1, 2], np.float32)
    for channels in (3,) if WAYS[way] else (0, 3):  # nothing to read is always done by places
        x, w = np.zeros((17, channels, 4, 4), np.float32), np.ones((2, channels, 2, 2), np.float32)
        y = tiled.forward(x, w, bias, **options, epilogue="bias_relu")
        np.testing.assert_array_equal(y, np.broadcast_to(np.array([[[0]], [[2]]], np.float32), y.shape))
