"""Convolution and pooling over drawn shapes, strides, paddings, dilations and groups: forward and gradients as torch's.

Sizes are drawn apart for height and width, so squares are the exception; a third of the draws may be invalid (a kernel
larger than the image, channels that don't divide, zero and negative numbers): then the exception type must be torch's.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import op_checks
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from op_table import Input, Row
from parity import needs_torch, torch

import scratchnet

pytestmark = needs_torch
EXAMPLES = settings(
    max_examples=60, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def pair(low: int, high: int) -> st.SearchStrategy[Any]:
    """One number for both directions, or one for each."""
    one = st.integers(low, high)
    return st.one_of(st.tuples(one, one), st.tuples(one, one), one)


def both(value: Any) -> tuple[int, int]:
    """The number for height and for width."""
    return value if isinstance(value, tuple) else (value, value)


BATCH = st.sampled_from([1, 1, 2, 3, 5])
CHANNELS = st.sampled_from([1, 2, 3, 4])
SIDE = st.sampled_from([1, 2, 3, 4, 5, 5, 6, 7, 7, 8, 9, 10, 11])
SMALL = st.sampled_from([1, 2, 2, 3, 3, 3, 4, 5])
SOMETIMES_WRONG = st.sampled_from([0] * 18 + [1, 2, 3, 4, 5, 6])


def agree(name: str, f: Callable[..., Any], shapes: list[tuple[int, ...]]) -> bool:
    """The same results and gradients in float64, or the same exception type. Returns whether torch took it."""
    row = Row(name, f, tuple(Input(shape) for shape in shapes))
    arrays = row.arrays("float64")
    theirs = op_checks.forward(torch, row, arrays)
    op_checks.compare_outcomes(op_checks.forward(scratchnet, row, arrays), theirs, name)
    if theirs.error is not None:
        return False
    if all(row.shape for row in row.inputs):
        first, second, asks = op_checks.gradients(torch, row, arrays, 2)
        mine, mine_second, mine_asks = op_checks.gradients(scratchnet, row, arrays, 2)
        assert asks == mine_asks
        op_checks.same_gradients(mine, first, f"{name}: gradient")
        op_checks.same_gradients(mine_second, second, f"{name}: second derivative", none_is_zero=True)
    return True


@st.composite
def convolutions(draw: Callable[..., Any], transposed: bool) -> tuple[list[tuple[int, ...]], dict[str, Any]]:
    """Shapes of x, weight and bias, and the options."""
    groups, inside, outside = draw(st.sampled_from([1, 1, 2, 3])), draw(CHANNELS), draw(CHANNELS)
    C, K = inside * groups, outside * groups
    kernel = draw(st.tuples(SMALL, SMALL))
    options: dict[str, Any] = {"stride": draw(pair(1, 3)), "padding": draw(pair(0, 2)), "dilation": draw(pair(1, 2))}
    options["groups"] = groups
    if transposed and draw(st.integers(0, 3)) == 0:
        options["output_padding"] = draw(pair(0, 1))
    if not transposed and draw(st.integers(0, 5)) == 0:
        options["padding"] = draw(st.sampled_from(["same", "valid"]))
    x = (draw(BATCH), C, draw(SIDE), draw(SIDE))
    w = (C, outside, *kernel) if transposed else (K, inside, *kernel)
    bias = (K,)
    match draw(SOMETIMES_WRONG):
        case 1:
            w = (w[0] + 1, *w[1:])
        case 2:
            x = (x[0], C + 1, *x[2:])
        case 3:
            options[draw(st.sampled_from(["stride", "padding", "dilation"]))] = draw(st.sampled_from([0, -1, (1, -2)]))
        case 4:
            options["groups"] = draw(st.sampled_from([0, -1, groups + 1]))
        case 5:
            x = draw(st.sampled_from([x[1:], x[2:], (2, *x), (0, *x[1:])]))
        case 6:
            bias = (K + 1,)
    return [x, w, bias] if draw(st.booleans()) else [x, w], options


@EXAMPLES
@given(convolutions(transposed=False))
def test_conv2d(case: tuple[list[tuple[int, ...]], dict[str, Any]]) -> None:
    shapes, options = case
    agree(f"conv2d {shapes} {options}", lambda T, F, *xs: F.conv2d(*xs, **options), shapes)


@EXAMPLES
@given(convolutions(transposed=True))
def test_conv_transpose2d(case: tuple[list[tuple[int, ...]], dict[str, Any]]) -> None:
    shapes, options = case
    agree(f"conv_transpose2d {shapes} {options}", lambda T, F, *xs: F.conv_transpose2d(*xs, **options), shapes)


@st.composite
def pools(draw: Callable[..., Any], average: bool) -> tuple[tuple[int, ...], dict[str, Any]]:
    """The shape of x and the options of a pooling."""
    options: dict[str, Any] = {"kernel_size": draw(pair(1, 4)), "ceil_mode": draw(st.booleans())}
    options["padding"] = tuple(draw(st.integers(0, side // 2)) for side in both(options["kernel_size"]))
    if draw(st.booleans()):
        options["stride"] = draw(pair(1, 4))
    if average:
        options["count_include_pad"] = draw(st.booleans())
        options["divisor_override"] = draw(st.sampled_from([None, None, 1, 7, -3]))
    else:
        options["dilation"] = draw(pair(1, 2))
        options["return_indices"] = draw(st.booleans())
    x = (draw(BATCH), draw(CHANNELS), draw(SIDE), draw(SIDE))
    match draw(SOMETIMES_WRONG):
        case 1:
            options["kernel_size"] = draw(st.sampled_from([0, (2, 0), -1]))
        case 2:
            options["stride"] = draw(st.sampled_from([0, (1, 0), -2]))
        case 3:
            options["padding"] = draw(st.sampled_from([-1, 5, (0, 4)]))
        case 4:
            x = draw(st.sampled_from([x[1:], x[2:], (1, *x), (0, *x[1:]), (x[0], 0, *x[2:]), (*x[:3], 0)]))
        case 5 if not average:
            options["dilation"] = draw(st.sampled_from([0, -1]))
        case 5:
            options["divisor_override"] = 0
    return x, options


def every_window_has_a_tap(shape: tuple[int, ...], options: dict[str, Any]) -> bool:
    """False where a dilated window steps over the whole image: there torch's backward writes outside its memory."""
    for axis, size in enumerate(shape[-2:]):
        kernel, padding, dilation = (both(options[key])[axis] for key in ("kernel_size", "padding", "dilation"))
        stride = both(options.get("stride", options["kernel_size"]))[axis]
        if min(kernel, dilation, stride) > 0:
            for start in range(-padding, size + padding - dilation * (kernel - 1) + stride, stride):
                if start < size and not any(0 <= start + i * dilation < size for i in range(kernel)):
                    return False
    return True


@EXAMPLES
@given(pools(average=False))
def test_max_pool2d(case: tuple[tuple[int, ...], dict[str, Any]]) -> None:
    shape, options = case
    assume(every_window_has_a_tap(shape, options))
    agree(f"max_pool2d {shape} {options}", lambda T, F, x: F.max_pool2d(x, **options), [shape])


@EXAMPLES
@given(pools(average=True))
def test_avg_pool2d(case: tuple[tuple[int, ...], dict[str, Any]]) -> None:
    shape, options = case
    agree(f"avg_pool2d {shape} {options}", lambda T, F, x: F.avg_pool2d(x, **options), [shape])


@EXAMPLES
@given(BATCH, CHANNELS, SIDE, SIDE, pair(1, 9))
def test_adaptive_avg_pool2d(n: int, c: int, h: int, w: int, size: Any) -> None:
    agree(f"adaptive_avg_pool2d {(n, c, h, w)} {size}", lambda T, F, x: F.adaptive_avg_pool2d(x, size), [(n, c, h, w)])


@st.composite
def windows(draw: Callable[..., Any]) -> dict[str, Any]:
    """kernel_size and the options of unfold and fold."""
    options: dict[str, Any] = {"kernel_size": draw(pair(1, 4)), "stride": draw(pair(1, 3))}
    options |= {"padding": draw(pair(0, 2)), "dilation": draw(pair(1, 3))}
    if draw(st.integers(0, 6)) == 0:
        options[draw(st.sampled_from(sorted(options)))] = draw(st.sampled_from([0, -1, (1, 0)]))
    return options


@EXAMPLES
@given(windows(), BATCH, CHANNELS, SIDE, SIDE)
def test_unfold(options: dict[str, Any], n: int, c: int, h: int, w: int) -> None:
    agree(f"unfold {(n, c, h, w)} {options}", lambda T, F, x: F.unfold(x, **options), [(n, c, h, w)])


@EXAMPLES
@given(windows(), BATCH, CHANNELS, SIDE, SIDE, st.sampled_from([0] * 8 + [1, -1]))
def test_fold(options: dict[str, Any], n: int, c: int, h: int, w: int, off: int) -> None:
    kernel = both(options["kernel_size"])
    blocks = 1
    for axis, size in enumerate((h, w)):
        padding, dilation, stride = (both(options[key])[axis] for key in ("padding", "dilation", "stride"))
        blocks *= max((size + 2 * padding - dilation * (kernel[axis] - 1) - 1) // (stride or 1) + 1, 0)
    shape = (n, c * max(kernel[0] * kernel[1], 0), max(blocks + off, 0))
    agree(f"fold {shape} to {(h, w)} {options}", lambda T, F, x: F.fold(x, (h, w), **options), [shape])


@pytest.mark.parametrize("algorithm", ["naive", "im2col"])
def test_a_large_case_of_each_algorithm(algorithm: str, rng: np.random.Generator) -> None:
    """Long enough for several chunks and more than one thread's share of work."""
    x, w = rng.standard_normal((6, 5, 33, 21)), rng.standard_normal((7, 5, 5, 3))
    gy = rng.standard_normal((6, 7, 17, 11))

    def run(T: Any, **extra: Any) -> list[np.ndarray]:
        a, b = (T.from_numpy(v).requires_grad_() for v in (x, w))
        y = T.nn.functional.conv2d(a, b, stride=2, padding=(2, 1), **extra)
        return [v.detach().numpy() for v in (y, *T.autograd.grad(y, [a, b], T.from_numpy(gy)))]

    for ours, theirs in zip(run(scratchnet, algorithm=algorithm), run(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-7)
