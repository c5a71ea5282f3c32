"""What the table of kernels doesn't reach: grids of geometry, ties, NaN, infinities, long sums, optimizers."""

import itertools
from typing import Any

import numpy as np
import pytest
from parity import assert_same, assert_sum_of_products, needs_torch, to_torch, torch

import scratchnet.kernels.cpu as kernels
from scratchnet.kernels.cpu import conv_im2col

NAN, INF = float("nan"), float("inf")
F = torch.nn.functional if torch else None
each_algorithm = pytest.mark.parametrize("name", kernels.conv.algorithms())
each_general_algorithm = pytest.mark.parametrize("name", ["fft", "im2col", "naive", "tiled"])


def conv_gradients(x: Any, w: Any, gy: Any, **geometry: Any) -> Any:
    x, w = x.clone().requires_grad_(), w.clone().requires_grad_()
    return torch.autograd.grad(F.conv2d(x, w, **geometry), (x, w), gy)


@needs_torch
@each_general_algorithm
@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize("padding", [(0, 0), (1, 2), (3, 0)])
def test_convolution_grid(name: str, groups: int, padding: Any, rng: np.random.Generator) -> None:
    algorithm = kernels.conv.algorithm(name)
    grid = itertools.product([(1, 1), (2, 1), (3, 2)], [(1, 1), (2, 3)], [(1, 1), (3, 2), (2, 5)])
    for stride, dilation, kernel_size in grid:
        options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
        x, w = rng.standard_normal((2, 4, 9, 14)), rng.standard_normal((8, 4 // groups, *kernel_size))
        bias = rng.standard_normal(8)
        assert algorithm.supports(x.shape, w.shape, x.dtype, *options.values())
        y = algorithm.forward(x, w, bias, **options, epilogue="bias_relu")
        theirs = F.conv2d(to_torch(x), to_torch(w), to_torch(bias), **options)
        assert_same(y, theirs.relu(), f"forward {options} {kernel_size}")
        assert_same(algorithm.forward(x, w, None, **options), theirs - to_torch(bias).reshape(8, 1, 1))
        gy = rng.standard_normal(y.shape)
        gx, gw = conv_gradients(to_torch(x), to_torch(w), to_torch(gy), **options)
        assert_same(algorithm.grad_input(gy, w, x.shape, **options), gx, f"grad_input {options} {kernel_size}")
        assert_same(algorithm.grad_weight(gy, x, w.shape, **options), gw, f"grad_weight {options} {kernel_size}")


@needs_torch
@each_algorithm
@pytest.mark.parametrize("shape", [(0, 2, 5, 5), (2, 0, 5, 5), (2, 2, 5, 5)])
@pytest.mark.parametrize("k", [0, 3])
def test_convolution_of_nothing(name: str, shape: Any, k: int) -> None:
    algorithm = kernels.conv.algorithm(name)
    options: dict[str, Any] = {"stride": (1, 1), "padding": (1, 1), "dilation": (1, 1), "groups": 1}
    x, w, bias = np.ones(shape), np.ones((k, shape[1], 3, 3)), np.full(k, 2.0)
    y = algorithm.forward(x, w, bias, **options, epilogue="bias")
    assert y.shape == (shape[0], k, 5, 5)
    if shape[1] == 0:
        np.testing.assert_array_equal(y, np.full(y.shape, 2.0))  # an empty sum, and the bias
    assert algorithm.grad_input(y, w, x.shape, **options).shape == x.shape
    gw = algorithm.grad_weight(y, x, w.shape, **options)
    assert gw.shape == w.shape
    if shape[0] == 0:
        np.testing.assert_array_equal(gw, np.zeros(w.shape))


@needs_torch
@each_general_algorithm
@pytest.mark.parametrize(("channels", "size", "k", "kernel"), [(3, 24, 8, 5), (64, 8, 16, 3), (832, 5, 8, 1)])
def test_long_float32_sums(name: str, channels: int, size: int, k: int, kernel: int, rng: np.random.Generator) -> None:
    algorithm, pad = kernels.conv.algorithm(name), kernel // 2
    ours: dict[str, Any] = {"stride": (1, 1), "padding": (pad, pad), "dilation": (1, 1), "groups": 1}
    x = rng.standard_normal((8, channels, size, size)).astype(np.float32)
    w = rng.standard_normal((k, channels, kernel, kernel)).astype(np.float32)
    gy = rng.standard_normal((8, k, size, size)).astype(np.float32)
    found = (
        algorithm.forward(x, w, None, **ours),
        algorithm.grad_input(gy, w, x.shape, **ours),
        algorithm.grad_weight(gy, x, w.shape, **ours),
    )

    def reference(x: Any, w: Any, gy: Any) -> Any:
        x, w, gy = (to_torch(a) for a in (x, w, gy))
        return (F.conv2d(x, w, padding=pad), *conv_gradients(x, w, gy, padding=pad))

    wide = [a.astype(np.float64) for a in (x, w, gy)]
    rows = zip(found, reference(x, w, gy), reference(*wide), reference(*map(abs, wide)), strict=True)
    for what, row in zip(("forward", "grad_input", "grad_weight"), rows, strict=True):
        assert_sum_of_products(*row, f"{name} {what}")


def test_chunks_of_samples_and_workspace_change_nothing(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"stride": (1, 2), "padding": (1, 0), "dilation": (1, 1), "groups": 1}
    x, w = rng.standard_normal((7, 2, 6, 5)), rng.standard_normal((3, 2, 3, 2))
    y = conv_im2col.forward(x, w, None, **options)

    def everything(**extra: Any) -> list[Any]:
        return [
            conv_im2col.forward(x, w, None, **options, **extra),
            conv_im2col.grad_input(y, w, x.shape, **options, **extra),
            conv_im2col.grad_weight(y, x, w.shape, **options, **extra),
        ]

    whole = everything()
    monkeypatch.setattr(conv_im2col, "CHUNK", 2 * 2 * 6 * 6 * 2)
    size = conv_im2col.workspace_size(x.shape, w.shape, (1, 2), (1, 0), (1, 1), 1)
    assert size == 2 * (2 * 6) * (6 * 2), "two samples"
    for found in (everything(), everything(workspace=np.full(size, NAN))):
        for a, b in zip(found, whole, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_choose_names_an_algorithm_that_supports_the_case() -> None:
    case = ((2, 4, 5, 5), (8, 2, 3, 3), np.dtype(np.float32), (1, 1), (0, 0), (1, 1), 2)
    name = kernels.conv.choose(*case)
    assert name in kernels.conv.algorithms()
    assert kernels.conv.algorithm(name).supports(*case)
    assert {"naive", "im2col"} <= set(kernels.conv.algorithms())


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), [(3, 2, 1, 1), (2, 1, 0, 2), (3, 3, 1, 2)])
def test_max_pool_of_ties_nan_and_infinities(
    dtype: str, kernel: int, stride: int, padding: int, dilation: int, rng: np.random.Generator
) -> None:
    x = rng.choice([NAN, -INF, -INF, -INF, -1.0, 0.0, 1.0, 1.0, INF], (20, 3, 7, 8)).astype(dtype)
    for ceil_mode in (False, True):
        y, places = F.max_pool2d(to_torch(x), kernel, stride, padding, dilation, ceil_mode, True)
        ours = kernels.pool.max_pool2d(
            *(x, (kernel, kernel)),
            stride=(stride, stride),
            padding=(padding, padding),
            dilation=(dilation, dilation),
            out_size=tuple(y.shape[2:]),
        )
        assert_same(ours[0], y)
        assert_same(ours[1], places)


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_pools_of_rows_longer_than_vectors(dtype: str, stride: int, rng: np.random.Generator) -> None:
    # Every width around one and two vectors, windows over both borders; the last planes end where the memory does.
    for width in (*range(5, 40), 67):
        kernel, padding, dilation = [((2, 2), 0, 1), ((3, 3), 1, 1), ((2, 5), 1, 1), ((3, 2), 1, 2)][width % 4]
        x = rng.choice([NAN, -INF, -INF, -INF, -1.0, 0.0, 1.0, 1.0, INF], (2, 3, 5, width)).astype(dtype)
        for ceil_mode in (False, True):
            y, places = F.max_pool2d(to_torch(x), kernel, stride, padding, dilation, ceil_mode, True)
            window = {"stride": (stride, stride), "padding": (padding, padding)}
            size = tuple(y.shape[2:])
            ours = kernels.pool.max_pool2d(x, kernel, **window, dilation=(dilation, dilation), out_size=size)
            assert_same(ours[0], y)
            assert_same(ours[1], places)
            image = rng.standard_normal(x.shape).astype(dtype)
            shared = to_torch(image).requires_grad_()
            mean = F.avg_pool2d(shared, kernel, stride, padding, ceil_mode, False)
            rule: dict[str, Any] = {**window, "count_include_pad": False, "divisor_override": None}
            assert_same(kernels.pool.avg_pool2d(image, kernel, **rule, out_size=tuple(mean.shape[2:])), mean)
            gy = rng.standard_normal(tuple(mean.shape)).astype(dtype)
            (gx,) = torch.autograd.grad(mean, shared, to_torch(gy))
            assert_same(kernels.pool.avg_pool2d_grad(gy, x.shape[2:], kernel, **rule), gx)


@needs_torch
@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64"])
def test_max_pool_of_integers(dtype: str, rng: np.random.Generator) -> None:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    x = rng.choice(np.array([low, low, low, 1, 2, high], dtype), (2, 3, 5, 21))
    for stride in (1, 2, 3):
        y, places = F.max_pool2d(to_torch(x), (2, 3), stride, (0, 1), 1, False, True)
        window = {"stride": (stride, stride), "padding": (0, 1), "dilation": (1, 1), "out_size": tuple(y.shape[2:])}
        ours = kernels.pool.max_pool2d(x, (2, 3), **window)
        assert_same(ours[0], y)
        assert_same(ours[1], places)


def test_max_pool_window_wholly_in_the_padding() -> None:
    # torch gives -inf here and an index beyond the plane, which its own backward pass would write to.
    y, places = kernels.pool.max_pool2d(
        np.ones((1, 1, 1, 1)), (2, 2), stride=(1, 1), padding=(1, 1), dilation=(2, 2), out_size=(1, 1)
    )
    assert (y.item(), places.item()) == (-INF, -1)
    assert kernels.pool.scatter_planes(y, places, (1, 1)).item() == 0
    assert kernels.pool.gather_planes(np.ones((1, 1, 1, 1)), places).item() == 0
    for stride in (1, 2, 3):  # the image lies in the middle of nine rows of windows
        window: dict[str, Any] = {"stride": (stride, stride), "padding": (4 * stride, 4 * stride), "dilation": (1, 1)}
        y, places = kernels.pool.max_pool2d(np.ones((2, 1, 1, 1)), (1, 1), **window, out_size=(9, 9))
        expected = np.full((2, 1, 9, 9), -1)
        expected[:, :, 4, 4] = 0
        np.testing.assert_array_equal(places, expected)
        np.testing.assert_array_equal(y, np.where(expected < 0, -INF, 1.0))


def test_max_pool_writes_into_given_indices() -> None:
    x, room = np.arange(16.0).reshape(1, 1, 4, 4), np.zeros((1, 1, 2, 2), np.int64)
    _, places = kernels.pool.max_pool2d(
        x, (2, 2), stride=(2, 2), padding=(0, 0), dilation=(1, 1), out_size=(2, 2), indices=room
    )
    assert places is room
    np.testing.assert_array_equal(room, [[[[5, 7], [13, 15]]]])


@needs_torch
@pytest.mark.parametrize("ceil_mode", [False, True])
@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("divisor", [None, 3, -2])
def test_avg_pool_divisors(
    ceil_mode: bool, count_include_pad: bool, divisor: int | None, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((2, 3, 7, 8))
    for kernel, stride, padding in (((3, 2), (2, 3), (1, 1)), ((2, 4), (3, 3), (1, 2)), ((1, 1), (1, 1), (0, 0))):
        shared = to_torch(x).requires_grad_()
        y = F.avg_pool2d(shared, kernel, stride, padding, ceil_mode, count_include_pad, divisor)
        rule = {
            "stride": stride,
            "padding": padding,
            "count_include_pad": count_include_pad,
            "divisor_override": divisor,
        }
        assert_same(kernels.pool.avg_pool2d(x, kernel, **rule, out_size=tuple(y.shape[2:])), y)
        gy = rng.standard_normal(y.shape)
        gx = torch.autograd.grad(y, shared, to_torch(gy))[0]
        assert_same(kernels.pool.avg_pool2d_grad(gy, (7, 8), kernel, **rule), gx)


def test_avg_pool_of_windows_wholly_in_the_padding() -> None:
    # Padding as large as this torch refuses; the means are 0, whichever divisor.
    for override in (None, -3):
        rule: dict[str, Any] = {"stride": (2, 2), "padding": (4, 4), "divisor_override": override}
        for include in (False, True):
            y = kernels.pool.avg_pool2d(
                np.ones((1, 1, 2, 2)), (2, 2), **rule, count_include_pad=include, out_size=(5, 5)
            )
            by = override or 4
            np.testing.assert_array_equal(y, np.pad(np.full((1, 1, 1, 1), 4 / by), ((0, 0), (0, 0), (2, 2), (2, 2))))
            assert not np.signbit(y[..., 0]).any()
            gx = kernels.pool.avg_pool2d_grad(np.ones((1, 1, 5, 5)), (2, 2), (2, 2), **rule, count_include_pad=include)
            np.testing.assert_array_equal(gx, np.full((1, 1, 2, 2), 1 / by))


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_adaptive_avg_pool_of_one_window_and_of_more_windows_than_places(dtype: str, rng: np.random.Generator) -> None:
    for image, size in (((7, 9), (1, 1)), ((1, 1), (1, 1)), ((3, 2), (5, 7)), ((24, 24), (6, 6)), ((5, 40), (1, 3))):
        x = rng.standard_normal((2, 3, *image)).astype(dtype)
        shared = to_torch(x).requires_grad_()
        y = F.adaptive_avg_pool2d(shared, size)
        assert_same(kernels.pool.adaptive_avg_pool2d(x, size), y)
        gy = rng.standard_normal(tuple(y.shape)).astype(dtype)
        (gx,) = torch.autograd.grad(y, shared, to_torch(gy))
        assert_same(kernels.pool.adaptive_avg_pool2d_grad(gy, image), gx)


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_activations_over_the_whole_range(dtype: str, name: str, rng: np.random.Generator) -> None:
    corners = [0.0, -0.0, INF, -INF, NAN, 88.7, 88.8, 89.1, -87.4, -103.0, -104.1, -150.0, 1e-30, -1e-30, 1e30, 0.625]
    x = np.concatenate([corners, 30 * rng.standard_normal(5000), rng.standard_normal(5000)]).astype(dtype)
    assert_same(getattr(kernels.activation, name)(x), getattr(torch, name)(to_torch(x)))


def test_exp_is_exact_to_about_one_unit_in_the_last_place() -> None:
    # Through softmax over pairs (x, 0) divided again: exp(x) itself isn't public.
    x = np.linspace(-100, 0, 100_001, dtype=np.float32)
    y = kernels.softmax.softmax(np.stack([x, np.zeros_like(x)], 1), 1)
    truth = np.exp(x.astype(np.float64)) / (1 + np.exp(x.astype(np.float64)))
    np.testing.assert_array_less(np.abs(y[:, 0] - truth), 2.5 * np.spacing(truth.astype(np.float32)))


@needs_torch
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_infinities_and_numbers(name: str) -> None:
    rows = [[NAN, 1, 2], [INF, 1, 2], [-INF, 1, 2], [-INF, -INF, -INF], [1000, 0, -1000], [1, NAN, 0], [1, 0, NAN]]
    x = np.array(rows, np.float32)
    assert_same(getattr(kernels.softmax, name)(x, 1), getattr(torch, name)(to_torch(x), 1))
    x = np.array(2.5)
    assert_same(getattr(kernels.softmax, name)(x, 0), getattr(torch, name)(to_torch(x), 0))


@needs_torch
@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_of_large_logits(scale: float, weighted: bool, rng: np.random.Generator) -> None:
    x = (scale * rng.standard_normal((40, 10, 1))).astype(np.float32)
    target = rng.integers(0, 10, (40, 1))
    weight = rng.random(10).astype(np.float32) if weighted else None
    gy = rng.standard_normal((40, 1)).astype(np.float32)
    shared = to_torch(x).requires_grad_()
    y = F.cross_entropy(
        *(shared, to_torch(target), None if weight is None else to_torch(weight)), label_smoothing=0.2, reduction="none"
    )
    losses, logsumexp = kernels.loss.cross_entropy(x, target, weight, -100, 0.2)
    assert_same(losses, y)
    gx = kernels.loss.cross_entropy_grad(gy, x, logsumexp, target, weight, -100, 0.2)
    assert_same(gx, torch.autograd.grad(y, shared, to_torch(gy))[0])


@needs_torch
@pytest.mark.parametrize("shape", [(16, 5), (2, 3, 40), (4, 3, 6, 5), (3, 2, 2, 3, 4)])
@pytest.mark.parametrize("affine", [False, True])
def test_batch_norm_of_any_rank(shape: Any, affine: bool, rng: np.random.Generator) -> None:
    x, gy = 1e3 + rng.standard_normal(shape), rng.standard_normal(shape)
    weight, bias = rng.standard_normal((2, shape[1])) if affine else (None, None)
    tensors = [None if a is None else to_torch(a).requires_grad_() for a in (x, weight, bias)]
    theirs = torch.native_batch_norm(*tensors, None, None, True, 0.1, 1e-5)
    y, mean, invstd = kernels.norm.batch_norm(x, weight, bias, 1e-5)
    for a, b in zip((y, mean, invstd), theirs, strict=True):
        assert_same(a, b)
    gradients = kernels.norm.batch_norm_grad(gy, x, weight, mean, invstd)
    wanted = torch.autograd.grad(theirs[0], [t for t in tensors if t is not None], to_torch(gy))
    for a, b in zip(gradients, wanted, strict=False):
        assert_same(a, b)


def test_batch_norm_of_a_large_mean_is_stable() -> None:
    x = (1e4 + np.random.default_rng(0).standard_normal((64, 1, 50))).astype(np.float32)
    _, mean, invstd = kernels.norm.batch_norm(x, None, None, 0.0)
    wide = x.astype(np.float64)
    np.testing.assert_allclose(mean, wide.mean((0, 2)), rtol=1e-7)
    np.testing.assert_allclose(invstd, 1 / wide.std((0, 2)), rtol=1e-6)


SGD: list[dict[str, Any]] = [
    {},
    {"weight_decay": 0.1, "maximize": True},
    {"momentum": 0.9},
    {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"momentum": 0.8, "dampening": 0.3, "maximize": True},
]


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", SGD, ids=lambda o: " ".join(o) or "plain")
def test_sgd_step(dtype: str, options: dict[str, Any], rng: np.random.Generator) -> None:
    settings = {"momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False, "maximize": False, **options}
    param = rng.standard_normal((7, 5)).astype(dtype)
    theirs = to_torch(param).requires_grad_()
    optimizer = torch.optim.SGD([theirs], lr=0.013, foreach=False, **options)
    param, buffer = np.asfortranarray(param), np.zeros_like(param)
    for step in range(4):
        grad = rng.standard_normal((7, 5)).astype(dtype)
        theirs.grad = to_torch(grad)
        optimizer.step()
        kernels.optim.sgd_step([param], [grad], [buffer], lr=0.013, **settings, first=step == 0)
    np.testing.assert_array_max_ulp(param, theirs.detach().numpy(), 1, dtype)


ADAM: list[dict[str, Any]] = [
    {},
    {"weight_decay": 0.1, "amsgrad": True},
    {"betas": (0.4, 0.99), "eps": 1e-3, "maximize": True},
]


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", ADAM, ids=lambda o: " ".join(o) or "plain")
def test_adam_step(dtype: str, options: dict[str, Any], rng: np.random.Generator) -> None:
    flags = {"decoupled": False, "amsgrad": False, "maximize": False}
    settings = {"eps": 1e-8, "weight_decay": 0.0, **flags, **options}
    beta1, beta2 = settings.pop("betas", (0.9, 0.999))
    param = rng.standard_normal((7, 5)).astype(dtype)
    theirs = to_torch(param).requires_grad_()
    optimizer = torch.optim.Adam([theirs], lr=0.013, foreach=False, **options)
    state = [np.zeros_like(param) for _ in range(3)]
    state[1] = np.asfortranarray(state[1])
    for step in range(4):
        grad = rng.standard_normal((7, 5)).astype(dtype)
        theirs.grad = to_torch(grad)
        optimizer.step()
        lists = [[array] for array in (param, grad, *state)]
        kernels.optim.adam_step(*lists, step=step + 1, lr=0.013, beta1=beta1, beta2=beta2, **settings)
    np.testing.assert_allclose(param, theirs.detach().numpy(), rtol=8 * np.finfo(dtype).eps, atol=0)
    names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if settings["amsgrad"] else 2]
    for name, array in zip(names, state, strict=False):
        np.testing.assert_array_max_ulp(array, optimizer.state[theirs][name].numpy(), 1, dtype)


def test_float16_parameters_are_updated_in_float32_and_rounded() -> None:
    param, grad, state = np.ones(3, np.float16), np.ones(3, np.float16), np.zeros((2, 3), np.float16)
    kernels.optim.adam_step(
        *([array] for array in (param, grad, *state)), None,
        step=1, lr=0.25, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=False, amsgrad=False,
        maximize=False,
    )  # fmt: skip
    np.testing.assert_allclose(param, 0.75, rtol=1e-3)
    assert state.any()


@needs_torch
@pytest.mark.parametrize(
    ("a", "b"),
    [((5,), (5,)), ((4, 5), (5,)), ((5,), (5, 3)), ((2, 1, 4, 5), (3, 5, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3))],
)
def test_matmul_shapes(a: Any, b: Any, rng: np.random.Generator) -> None:
    x, y = rng.standard_normal(a), rng.standard_normal(b)
    assert_same(kernels.matmul.matmul(x, y), torch.matmul(to_torch(x), to_torch(y)))
    assert_same(
        kernels.matmul.matmul(x.astype("int64"), y.astype("int64")),
        to_torch(x.astype("int64")) @ to_torch(y.astype("int64")),
    )
    half = kernels.matmul.matmul(x.astype("float16"), y.astype("float16"))
    assert half.dtype == np.float16
