"""Winograd's convolution against torch, and its matrices against the definition of what they compute."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from convolutions import gradients
from parity import assert_sum_of_products, needs_torch, torch

import scratchnet as sn
from scratchnet.kernels.cpu.conv import algorithm
from scratchnet.kernels.cpu.winograd.schemes import SCHEMES, Scheme

pytestmark = pytest.mark.algorithms
CASES = [("winograd", 3), ("winograd3", 3), ("winograd", 5), ("winograd4", 3)]
each_case = pytest.mark.parametrize(("name", "taps"), CASES)
# (N, C, H, W), (K, C / groups), padding, groups: no whole tile, channels in part of a vector and in several panels of
# them, more terms than a block has, images that are cut off by less padding than none.
SHAPES = [
    ((3, 4, 7, 9), (6, 2), (0, 0), 2),
    ((2, 17, 8, 11), (50, 17), (2, 1), 1),
    ((1, 130, 5, 6), (113, 130), (1, 1), 1),
    ((5, 3, 6, 5), (3, 1), (4, 6), 3),
    ((40, 33, 5, 5), (20, 33), (1, 2), 1),
]


def options_of(padding: Any, groups: int) -> dict[str, Any]:
    return {"stride": (1, 1), "padding": padding, "dilation": (1, 1), "groups": groups}


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda s: f"F({s.outputs}, {s.taps})")
def test_the_matrices_are_exact(scheme: Scheme) -> None:
    """For every tap j and pixel k, output i is 1 if k = i + j and 0 if not."""
    for i in range(scheme.outputs):
        for j in range(scheme.taps):
            for k in range(scheme.size):
                columns = ((scheme.output[i][e], scheme.weight[e][j], scheme.input[e][k]) for e in range(scheme.size))
                assert sum(a * b * c for a, b, c in columns) == Fraction(int(k == i + j))


@needs_torch
@each_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", SHAPES, ids=lambda shapes: f"{shapes[0]} {shapes[1]}")
def test_equals_torch(shapes: Any, dtype: str, name: str, taps: int, rng: np.random.Generator) -> None:
    x_shape, channels, padding, groups = shapes
    winograd, w_shape, options = algorithm(name), (*channels, taps, taps), options_of(padding, groups)
    size = tuple(n + 2 * p - taps + 1 for n, p in zip(x_shape[2:], padding, strict=True))
    assert winograd.supports(x_shape, w_shape, np.dtype(dtype), *options.values())
    x, w, bias, gy = (
        rng.standard_normal(shape).astype(dtype)
        for shape in (x_shape, w_shape, w_shape[0], (x_shape[0], w_shape[0], *size))
    )
    ours = (
        winograd.forward(x, w, bias, **options, epilogue="bias"),
        winograd.grad_input(gy, w, x_shape, **options),
        winograd.grad_weight(gy, x, w_shape, **options),
    )
    relu = winograd.forward(x, w, bias, **options, epilogue="bias_relu")
    np.testing.assert_array_equal(relu, np.maximum(ours[0], 0))
    tensors = [torch.from_numpy(a) for a in (gy, x, w, bias)]
    theirs, truth, magnitude = (
        gradients(*(change(t) for t in tensors), options)
        for change in (lambda t: t, lambda t: t.double(), lambda t: t.double().abs())
    )
    for what, a, b, exact, size_ in zip(("y", "gx", "gw"), ours, theirs, truth, magnitude, strict=True):
        if dtype == "float64":
            np.testing.assert_allclose(a, exact.numpy(), rtol=1e-10, atol=1e-10)
        else:
            # Of the others "auto" takes F(3, 3) and F(2, 5), for long sums, below. docs/performance.md has the errors.
            assert_sum_of_products(a, b, exact, size_, what, times=4 if (name, taps) == ("winograd", 3) else 32)


@needs_torch
@pytest.mark.parametrize(
    ("name", "channels", "taps"),
    [("winograd", c, r) for c, r in ((64, 3), (832, 3), (32, 5), (128, 5))]
    + [("winograd3", c, 3) for c in (16, 64, 832)],
)
def test_long_sums(name: str, channels: int, taps: int, rng: np.random.Generator) -> None:
    options = options_of((taps // 2, taps // 2), 1)
    winograd = algorithm(name)
    x, w, gy = (
        rng.standard_normal(shape).astype(np.float32)
        for shape in ((8, channels, 10, 10), (48, channels, taps, taps), (8, 48, 10, 10))
    )
    ours = (
        winograd.forward(x, w, None, **options),
        winograd.grad_input(gy, w, x.shape, **options),
        winograd.grad_weight(gy, x, w.shape, **options),
    )
    tensors = [torch.from_numpy(a) for a in (gy, x, w)]
    theirs, truth, magnitude = (
        gradients(*(change(t) for t in tensors), None, options)
        for change in (lambda t: t, lambda t: t.double(), lambda t: t.double().abs())
    )
    for what, *row in zip(("y", "gx", "gw"), ours, theirs, truth, magnitude, strict=True):
        assert_sum_of_products(*row, what, times=4)


@pytest.mark.parametrize(("name", "taps"), [("winograd", 2), ("winograd", 7), ("winograd3", 5), ("winograd4", 5)])
def test_other_kernels_are_refused_by_name(name: str, taps: int) -> None:
    x, w = sn.zeros(1, 2, 9, 9), sn.zeros(2, 2, taps, taps)
    with pytest.raises(NotImplementedError, match=rf"algorithm \(='{name}'\) can't do input"):
        sn.nn.functional.conv2d(x, w, algorithm=name)
    for option in ({"stride": 2}, {"dilation": 2}):
        with pytest.raises(NotImplementedError, match=rf"algorithm \(='{name}'\) can't do input"):
            sn.nn.functional.conv2d(x, sn.zeros(2, 2, 3, 3), algorithm=name, **option)
