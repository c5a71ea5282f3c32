"""The CUDA convolutions beyond the rows of kernel_cases.py: shapes at the edge, both tiles, long sums, TF32, auto."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from emulation import cupy
from parity import assert_sum_of_products, needs_torch, torch

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import conv, conv_im2col, conv_implicit, driver, launch, matmul, tf32

pytestmark = pytest.mark.emulated

NAIVE = cpu.conv.algorithm("naive")
EDGES = {  # shapes of image and weight, stride, padding, dilation, groups
    "one pixel": ((1, 2, 1, 1), (3, 2, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    "padding beyond the kernel": ((2, 2, 4, 3), (3, 2, 2, 3), (3, 2), (4, 5), (1, 1), 1),
    "stride beyond the kernel": ((2, 2, 9, 9), (3, 2, 2, 2), (3, 4), (0, 1), (2, 2), 1),
    "stride beyond the image": ((2, 6, 3, 4), (12, 1, 2, 2), (6, 7), (1, 1), (1, 1), 6),
    "stride and dilation share a divisor": ((1, 2, 17, 19), (3, 2, 3, 4), (4, 6), (2, 3), (2, 4), 1),
    "kernel larger than a tile's terms": ((1, 1, 19, 8), (2, 1, 17, 5), (1, 1), (0, 2), (1, 1), 1),
    "kernel as large as the image": ((3, 4, 5, 6), (2, 4, 5, 6), (1, 1), (0, 0), (1, 1), 1),
    "channels no multiple of a tile": ((2, 17, 5, 6), (67, 17, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    "more than a tile of places": ((3, 1, 9, 17), (2, 1, 2, 2), (1, 1), (0, 0), (1, 1), 1),
    "groups": ((2, 9, 6, 5), (6, 3, 3, 2), (1, 2), (1, 0), (2, 1), 3),
    "no samples": ((0, 4, 5, 5), (4, 2, 3, 3), (1, 1), (1, 1), (1, 1), 2),
    "no channels": ((2, 0, 5, 5), (4, 0, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    "pixels with stride": ((2, 4, 5, 6), (4, 2, 1, 1), (2, 3), (0, 0), (1, 1), 2),
    "many kernels a channel": ((2, 3, 6, 7), (9, 1, 3, 2), (2, 1), (1, 1), (1, 2), 3),
}
DTYPES = {"float16": 4e-3, "float32": 4e-6, "float64": 1e-13}


@pytest.fixture(autouse=True)
def stand_in() -> Iterator[None]:
    before = driver.use(cupy)
    yield
    driver.use(before)


def y_shape(x_shape: Any, w_shape: Any, stride: Any, padding: Any, dilation: Any) -> tuple[int, ...]:
    size = cpu.columns.output_size(x_shape[2:], w_shape[2:], stride, padding, dilation)
    return (x_shape[0], w_shape[0], *size)


def check(algorithm: Any, case: Any, dtype: str, rng: np.random.Generator, workspace: bool = False) -> None:
    """All three functions against the naive algorithm in float64, to the dtype's accuracy."""
    x_shape, w_shape, stride, padding, dilation, groups = case
    options: Any = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shapes = (x_shape, w_shape, w_shape[:1], y_shape(x_shape, w_shape, stride, padding, dilation))
    x, w, b, gy = (rng.standard_normal(shape).astype(dtype) for shape in shapes)
    wide = [a.astype(np.float64) for a in (x, w, b, gy)]
    room: dict[str, Any] = {}
    if workspace:
        size = algorithm.workspace_size(x_shape, w_shape, stride, padding, dilation, groups)
        room["workspace"] = cupy.empty(size, "float32" if dtype == "float16" else dtype)
    up = [cupy.asarray(a) for a in (x, w, b, gy)]
    pairs = [
        (
            algorithm.forward(*up[:3], **options, epilogue="bias_relu", **room),
            NAIVE.forward(*wide[:3], **options, epilogue="bias_relu"),
        ),
        (algorithm.forward(up[0], up[1], None, **options, **room), NAIVE.forward(wide[0], wide[1], None, **options)),
        (
            algorithm.grad_input(up[3], up[1], x_shape, **options, **room),
            NAIVE.grad_input(wide[3], wide[1], x_shape, **options),
        ),
        (
            algorithm.grad_weight(up[3], up[0], w_shape, **options, **room),
            NAIVE.grad_weight(wide[3], wide[0], w_shape, **options),
        ),
    ]
    for ours, truth in pairs:
        assert ours.dtype == dtype
        assert ours.shape == truth.shape
        scale = max(1.0, float(abs(truth).max(initial=0.0)))
        np.testing.assert_allclose(ours.get(), truth, rtol=0, atol=DTYPES[dtype] * scale)


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("name", conv.algorithms())
def test_shapes_at_the_edge(name: str, edge: str, rng: np.random.Generator) -> None:
    algorithm, case = conv.algorithm(name), EDGES[edge]
    if not algorithm.supports(*case[:2], np.dtype("float64"), *case[2:]):
        assert name in ("depthwise", "pointwise")
        return
    for dtype in DTYPES:
        check(algorithm, case, dtype, rng)


def test_what_an_algorithm_supports() -> None:
    kind = np.dtype("float32")
    for edge, (x_shape, w_shape, *geometry) in EDGES.items():
        able = {name for name in conv.algorithms() if conv.algorithm(name).supports(x_shape, w_shape, kind, *geometry)}
        assert {"im2col", "implicit"} <= able
        assert ("depthwise" in able) == (geometry[3] == x_shape[1]), edge
        assert ("pointwise" in able) == (w_shape[2:] == (1, 1) and geometry[1] == (0, 0)), edge


@pytest.mark.parametrize("edge", ["channels no multiple of a tile", "groups", "more than a tile of places"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_tiles(edge: str, dtype: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv_implicit, "_is_large", lambda grid: True)
    check(conv.algorithm("implicit"), EDGES[edge], dtype, rng)


@pytest.mark.parametrize(
    "name", [name for name in conv.algorithms() if hasattr(conv.algorithm(name), "workspace_size")]
)
@pytest.mark.parametrize("dtype", DTYPES)
def test_workspace_and_several_chunks(
    name: str, dtype: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights' sums in parts, columns of one sample at a time, intermediate results in the caller's memory."""
    algorithm = conv.algorithm(name)
    monkeypatch.setattr(conv_im2col, "CHUNK", 1)
    monkeypatch.setattr(conv_implicit, "PART_TERMS", 32)
    monkeypatch.setattr(cuda.conv_depthwise, "CHUNK", 32)
    check(algorithm, EDGES["many kernels a channel"], dtype, rng, workspace=True)
    check(algorithm, EDGES["many kernels a channel"], dtype, rng)


@pytest.mark.parametrize("name", conv.algorithms())
def test_relu_keeps_nan(name: str) -> None:
    x, w, b = np.array([[[[np.nan, -1.0, 2.0]]]]), np.ones((1, 1, 1, 1)), np.zeros(1)
    options: Any = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1}
    y = conv.algorithm(name).forward(*map(cupy.asarray, (x, w, b)), **options, epilogue="bias_relu")
    np.testing.assert_array_equal(y.get(), [[[[np.nan, 0.0, 2.0]]]])


@needs_torch
@pytest.mark.parametrize("name", ["implicit", "im2col"])
@pytest.mark.parametrize("channels", [64, 832])
def test_long_sums_are_as_exact_as_torch_s(name: str, channels: int, rng: np.random.Generator) -> None:
    """float32 against float64: at most twice torch's own error."""
    options: Any = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    shapes = ((2, channels, 7, 7), (8, channels, 3, 3), (2, 8, 7, 7))
    x, w, gy = (rng.standard_normal(shape).astype("float32") for shape in shapes)
    algorithm, up = conv.algorithm(name), [cupy.asarray(a) for a in (x, w, gy)]
    grad = torch.nn.grad

    def theirs(x: Any, w: Any, gy: Any) -> tuple[Any, ...]:
        return (
            torch.conv2d(x, w, padding=1),
            grad.conv2d_input(x.shape, w, gy, padding=1),
            grad.conv2d_weight(x, w.shape, gy, padding=1),
        )

    ours = (
        algorithm.forward(up[0], up[1], None, **options),
        algorithm.grad_input(up[2], up[1], shapes[0], **options),
        algorithm.grad_weight(up[2], up[0], shapes[1], **options),
    )
    single, wide = [torch.from_numpy(a) for a in (x, w, gy)], [torch.from_numpy(a).double() for a in (x, w, gy)]
    results = zip(ours, theirs(*single), theirs(*wide), theirs(*(abs(a) for a in wide)), strict=True)
    for a, b, truth, magnitude in results:
        assert_sum_of_products(a.get(), b, truth, magnitude, f"{name}, {channels} channels")


@pytest.mark.parametrize("edge", ["channels no multiple of a tile", "groups", "stride and dilation share a divisor"])
@pytest.mark.parametrize("large", [False, True])
def test_tf32_rounds_inputs_and_nothing_else(
    edge: str, large: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off: float32's accuracy. On: another result, that of inputs rounded to ten bits of fraction."""
    x_shape, w_shape, *geometry = EDGES[edge]
    options: Any = dict(zip(("stride", "padding", "dilation", "groups"), geometry, strict=True))
    monkeypatch.setattr(conv_implicit, "_is_large", lambda grid: large)
    x, w = (rng.standard_normal(shape).astype("float32") for shape in (x_shape, w_shape))
    rounded = [((a.view(np.uint32) + 0x1000) & 0xFFFFE000).view(np.float32).astype("float64") for a in (x, w)]
    forward = conv.algorithm("implicit").forward
    plain = forward(cupy.asarray(x), cupy.asarray(w), None, **options).get()
    monkeypatch.setattr(tf32, "convolution", True)
    ours = forward(cupy.asarray(x), cupy.asarray(w), None, **options).get()
    truth, exact = NAIVE.forward(*rounded, None, **options), NAIVE.forward(x, w, None, **options)
    np.testing.assert_allclose(ours, truth, rtol=0, atol=4e-6 * abs(truth).max())
    np.testing.assert_allclose(plain, exact, rtol=0, atol=4e-6 * abs(exact).max())
    assert abs(ours - exact).max() > 1e-4


def test_older_gpus_have_no_tf32(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cupy.cuda.Device, "compute_capability", "75")
    monkeypatch.setattr(tf32, "convolution", True)
    for name in ("implicit", "im2col"):
        check(conv.algorithm(name), EDGES["groups"], "float32", rng)


def test_products_round_to_tf32_only_where_allowed(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = (rng.standard_normal((9, 9)).astype("float32") for _ in range(2))
    truth = a.astype("float64") @ b
    up = cupy.asarray(a), cupy.asarray(b)
    core, single = cupy._core, np.dtype("float32")
    before = core.get_compute_type(single)
    assert abs(matmul.matmul(*up).get() - truth).max() < 1e-5
    monkeypatch.setattr(tf32, "matmul", True)
    assert abs(matmul.matmul(*up).get() - truth).max() > 1e-4
    assert core.get_compute_type(single) == before
    core.set_compute_type(single, 7)  # as CUPY_TF32=1 has it
    try:
        monkeypatch.setattr(tf32, "matmul", False)
        assert abs(matmul.matmul(*up).get() - truth).max() < 1e-5
        assert core.get_compute_type(single) == 7
    finally:
        core.set_compute_type(single, before)


def test_im2col_rounds_to_tf32_where_allowed(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its products are plain ones where there is one group; CuPy's batches of products have no TF32."""
    x, w = (rng.standard_normal(shape).astype("float32") for shape in ((2, 4, 6, 6), (4, 4, 3, 3)))
    options: Any = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1)}
    monkeypatch.setattr(tf32, "convolution", True)
    for groups, kernel, low, high in [(1, w, 1e-4, 1e-1), (2, w[:, :2], 0, 1e-5)]:
        ours = conv.algorithm("im2col").forward(cupy.asarray(x), cupy.asarray(kernel), None, **options, groups=groups)
        off = abs(ours.get() - NAIVE.forward(x, kernel, None, **options, groups=groups)).max()
        assert low <= off < high


def test_products_of_nothing() -> None:
    for a, b in [((3, 0), (0, 4)), ((2, 0, 3), (3, 4)), ((0,), (0,)), ((5, 0), (0,)), ((0,), (2, 0, 3))]:
        ours = matmul.matmul(cupy.zeros(a), cupy.zeros(b))
        np.testing.assert_array_equal(ours.get(), np.matmul(np.zeros(a), np.zeros(b)))


def test_auto_takes_what_supports_the_case() -> None:
    """One kernel for small convolutions, cuBLAS for wide ones, the direct one for one channel a group."""
    kind, unit = np.dtype("float32"), (1, 1)
    for x_shape, w_shape, groups, expected in [
        ((64, 1, 28, 28), (6, 1, 5, 5), 1, "implicit"),
        ((64, 64, 56, 56), (64, 64, 3, 3), 1, "implicit"),
        ((64, 512, 28, 28), (512, 512, 3, 3), 1, "im2col"),
        ((64, 512, 28, 28), (512, 512, 1, 1), 1, "pointwise"),
        ((64, 32, 28, 28), (32, 1, 3, 3), 32, "depthwise"),
    ]:
        name = conv.choose(x_shape, w_shape, kind, unit, (0, 0), unit, groups)
        assert name == expected
        assert conv.algorithm(name).supports(x_shape, w_shape, kind, unit, (0, 0), unit, groups)


def test_auto_knows_where_tf32_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensor cores multiply so fast that cuBLAS no longer wins back the columns, and its batches don't use them."""
    unit, x_shape = (1, 1), (128, 256, 13, 13)
    for allowed, kind, wide, narrow in [
        (False, "float32", "im2col", "pointwise"),
        (True, "float32", "implicit", "implicit"),
        (True, "float64", "im2col", "pointwise"),
    ]:
        monkeypatch.setattr(tf32, "convolution", allowed)
        dtype = np.dtype(kind)
        assert conv.choose(x_shape, (256, 256, 3, 3), dtype, unit, unit, unit, 1) == wide, (allowed, kind)
        assert conv.choose(x_shape, (256, 256, 1, 1), dtype, unit, (0, 0), unit, 1) == narrow, (allowed, kind)


def test_far_padding_takes_wide_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pixels, but a dilation and a padding that reach beyond int: the positions looked for decide."""
    asked = []
    monkeypatch.setattr(launch, "_function", lambda *key: asked.append(key[-1]) or (lambda *launched: None))
    options: Any = {"stride": (1, 1), "padding": (1 << 20, 0), "dilation": (1 << 21, 1), "groups": 1}
    x, w = cupy.zeros((1, 1, 2, 1 << 10), "float32"), cupy.zeros((1, 1, 2, 1), "float32")
    conv.algorithm("implicit").forward(x, w, None, **options)
    conv.algorithm("implicit").forward(x, w, None, **{**options, "padding": (0, 0), "dilation": (1, 1)})
    assert asked == ["int64", "int32"]
    assert math.prod(x.shape) < launch.INT_LIMIT
