"""One row a kernel: how it is called, on what shapes, what it equals in torch. test_kernels.py runs over the rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from parity import torch

import scratchnet.kernels.cpu as kernels
from scratchnet.kernels.cuda import conv as cuda_conv

GEOMETRY = {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2)}
WINDOW = {"stride": (2, 1), "padding": (1, 0)}
EPS = 1e-5


@dataclass
class Case:
    """`ours(*arrays, out=None)` and `theirs(*tensors)`; `shapes` of normal inputs, or a function of rng for other
    arrays.
    """

    name: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    shapes: tuple[Any, ...]
    products: bool = False  # a sum of products: judged against float64
    options: dict[str, Any] = field(default_factory=dict)
    times: int = 2  # torch's error, that a sum of products may have

    def arrays(self, rng: np.random.Generator, dtype: Any, batch: int | None = None) -> list[Any]:
        """Inputs; with `batch` their first dimension is that wherever it was N = 3."""
        return [make(rng, shape, dtype, batch) for shape in self.shapes]


def make(rng: np.random.Generator, shape: Any, dtype: Any, batch: int | None = None) -> Any:
    if shape is None:
        return None
    if callable(shape):
        array = shape(rng)
        if batch is not None and array.shape[0] == 3:
            array = np.resize(array, (batch, *array.shape[1:]))
        return array if array.dtype.kind == "i" else array.astype(dtype)
    if batch is not None and shape and shape[0] == 3:
        shape = (batch, *shape[1:])
    return rng.standard_normal(shape).astype(dtype)


def vjp(function: Callable[..., Any]) -> Callable[..., Any]:
    """(gy, x) -> torch's gradient of function at x."""

    def gradient(gy: Any, x: Any) -> Any:
        x = x.detach().clone().requires_grad_()
        return torch.autograd.grad(function(x), x, gy)[0]

    return gradient


def indices(rng: np.random.Generator) -> Any:
    return rng.integers(0, 7 * 9, (3, 4, 3, 5))


def targets(rng: np.random.Generator) -> Any:
    chosen = rng.integers(0, 5, (3, 6))
    chosen[:, 2] = -1
    return chosen


def positive(shape: tuple[int, ...]) -> Callable[[np.random.Generator], Any]:
    return lambda rng: rng.random(shape) + 0.5


# What an algorithm that can't do every case is tested on: shape of the weight, geometry.
SPECIAL: dict[str, tuple[tuple[int, ...], dict[str, Any]]] = {
    "depthwise": ((8, 1, 3, 2), {**GEOMETRY, "groups": 4}),
    **{
        name: ((6, 2, 3, 3), {"stride": (1, 1), "padding": (1, 0), "dilation": (1, 1), "groups": 2})
        for name in ("winograd", "winograd3", "winograd4")
    },
    "pointwise": ((6, 2, 1, 1), {"stride": (2, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 2}),
}


# Short sums come out less precise by algorithms that multiply something else than pixels and weights.
TIMES = {"fft": 4, "winograd": 4, "winograd3": 32, "winograd4": 32}


def conv(name: str) -> list[Case]:
    """The three functions of an algorithm, in groups. A backend that hasn't this one takes the naive one."""
    w, options = SPECIAL.get(name, ((6, 2, 3, 2), {**GEOMETRY, "groups": 2}))
    x = (3, 4, 9, 11)
    numbers = zip(x[2:], w[2:], options["stride"], options["padding"], options["dilation"], strict=True)
    y = (3, w[0], *((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in numbers))

    def algorithm() -> Any:
        return kernels.conv.algorithm(name if name in kernels.conv.algorithms() else "naive")

    return [
        Case(
            f"conv_{name}.forward",
            lambda x, w, b, out=None: algorithm().forward(x, w, b, **options, epilogue="bias", out=out),
            lambda x, w, b: torch.nn.functional.conv2d(x, w, b, **options),
            (x, w, (w[0],)),
            products=True,
            times=TIMES.get(name, 2),
        ),
        Case(
            f"conv_{name}.grad_input",
            lambda gy, w, out=None: algorithm().grad_input(gy, w, (len(gy), *x[1:]), **options, out=out),
            lambda gy, w: torch.nn.grad.conv2d_input((len(gy), *x[1:]), w, gy, **options),
            (y, w),
            products=True,
            times=TIMES.get(name, 2),
        ),
        Case(
            f"conv_{name}.grad_weight",
            lambda gy, x, out=None: algorithm().grad_weight(gy, x, w, **options, out=out),
            lambda gy, x: torch.nn.grad.conv2d_weight(x, w, gy, **options),
            (y, x),
            products=True,
            times=TIMES.get(name, 2),
        ),
    ]


def pooling() -> list[Case]:
    window = {**GEOMETRY, "padding": (1, 1)}
    rule = {**WINDOW, "count_include_pad": False, "divisor_override": None}
    image, plain = (3, 4, 7, 9), (3, 4, 4, 8)
    functional = torch.nn.functional if torch else None

    def average(x: Any) -> Any:
        return functional.avg_pool2d(x, (3, 2), **rule)

    return [
        Case(
            "pool.max_pool2d",
            lambda x, out=None: kernels.pool.max_pool2d(x, (3, 2), **window, out_size=(4, 9), out=out),
            lambda x: functional.max_pool2d(x, (3, 2), **window, return_indices=True),
            (image,),
        ),
        Case(
            "pool.scatter_planes",
            lambda gy, i, out=None: kernels.pool.scatter_planes(gy, i, (7, 9), out=out),
            lambda gy, i: (
                gy.new_zeros((*gy.shape[:2], 63)).scatter_add(2, i.flatten(2), gy.flatten(2)).unflatten(2, (7, 9))
            ),
            ((3, 4, 3, 5), indices),
        ),
        Case(
            "pool.gather_planes",
            kernels.pool.gather_planes,
            lambda x, i: x.flatten(2).gather(2, i.flatten(2)).reshape(i.shape),
            (image, indices),
        ),
        Case(
            "pool.avg_pool2d",
            lambda x, out=None: kernels.pool.avg_pool2d(x, (3, 2), **rule, out_size=plain[2:], out=out),
            average,
            (image,),
        ),
        Case(
            "pool.avg_pool2d_grad",
            lambda gy, out=None: kernels.pool.avg_pool2d_grad(gy, image[2:], (3, 2), **rule, out=out),
            lambda gy: vjp(average)(gy, gy.new_zeros((len(gy), *image[1:]))),
            (plain,),
        ),
        Case(
            "pool.adaptive_avg_pool2d",
            lambda x, out=None: kernels.pool.adaptive_avg_pool2d(x, (3, 4), out=out),
            lambda x: functional.adaptive_avg_pool2d(x, (3, 4)),
            (image,),
        ),
        Case(
            "pool.adaptive_avg_pool2d_grad",
            lambda gy, out=None: kernels.pool.adaptive_avg_pool2d_grad(gy, image[2:], out=out),
            lambda gy: vjp(lambda x: functional.adaptive_avg_pool2d(x, (3, 4)))(
                gy, gy.new_zeros((len(gy), *image[1:]))
            ),
            ((3, 4, 3, 4),),
        ),
        Case(
            "columns.im2col",
            lambda x, out=None: kernels.columns.im2col(x, (3, 2), **GEOMETRY, out=out),
            lambda x: functional.unfold(x, (3, 2), **GEOMETRY),
            (image,),
        ),
        Case(
            "columns.col2im",
            lambda columns, out=None: kernels.columns.col2im(columns, image[2:], (3, 2), **GEOMETRY, out=out),
            lambda columns: functional.fold(columns, image[2:], (3, 2), **GEOMETRY),
            ((3, 24, 44),),
        ),
    ]


def elementwise() -> list[Case]:
    shape = (3, 5, 7)
    aten = torch.ops.aten if torch else None
    rows = []
    for name in ("relu", "sigmoid", "tanh"):
        rows.append(
            Case(
                f"activation.{name}",
                getattr(kernels.activation, name),
                lambda x, n=name: getattr(torch, n)(x),
                (shape,),
            )
        )
    backward = {
        "relu": lambda gy, y: aten.threshold_backward(gy, y, 0),
        "sigmoid": lambda gy, y: aten.sigmoid_backward(gy, y),
        "tanh": lambda gy, y: aten.tanh_backward(gy, y),
    }
    for name, theirs in backward.items():
        rows.append(
            Case(f"activation.{name}_grad", getattr(kernels.activation, f"{name}_grad"), theirs, (shape, shape))
        )
    for axis in (1, -1):
        for name in ("softmax", "log_softmax"):
            rows.append(
                Case(
                    f"softmax.{name} axis {axis}",
                    lambda x, out=None, n=name, a=axis: getattr(kernels.softmax, n)(x, a, out=out),
                    lambda x, n=name, a=axis: getattr(torch, n)(x, a),
                    (shape,),
                )
            )
            rows.append(
                Case(
                    f"softmax.{name}_grad axis {axis}",
                    lambda gy, y, out=None, n=name, a=axis: getattr(kernels.softmax, f"{n}_grad")(gy, y, a, out=out),
                    lambda gy, y, n=name, a=axis: getattr(aten, f"_{n}_backward_data")(gy, y, a, y.dtype),
                    (shape, lambda rng: -rng.random(shape)),
                )
            )
    return rows


def curved() -> list[Case]:
    functional, shape = torch.nn.functional if torch else None, (3, 5, 70)
    curves = {
        "elu": ((1.3, 1.0, 1.0), lambda x: functional.elu(x, 1.3)),
        "gelu": ((), lambda x: functional.gelu(x)),
        "gelu_tanh": ((), lambda x: functional.gelu(x, approximate="tanh")),
        "hardsigmoid": ((), lambda x: functional.hardsigmoid(x)),
        "hardswish": ((), lambda x: functional.hardswish(x)),
        "hardtanh": ((-0.5, 1.5), lambda x: functional.hardtanh(x, -0.5, 1.5)),
        "leaky_relu": ((0.1,), lambda x: functional.leaky_relu(x, 0.1)),
        "logsigmoid": ((), lambda x: functional.logsigmoid(x)),
        "mish": ((), lambda x: functional.mish(x)),
        "silu": ((), lambda x: functional.silu(x)),
        "softplus": ((2.0, 3.0), lambda x: functional.softplus(x, 2.0, 3.0)),
    }
    rows = []
    for name, (numbers, theirs) in curves.items():
        rows.append(
            Case(
                f"curves.value {name}",
                lambda x, out=None, c=name, n=numbers: kernels.curves.value(c, x, *n, out=out),
                theirs,
                (lambda rng: 3 * rng.standard_normal(shape),),
            )
        )
        rows.append(
            Case(
                f"curves.slope {name}",
                lambda gy, x, out=None, c=name, n=numbers: kernels.curves.slope(c, gy, x, *n, out=out),
                vjp(theirs),
                (shape, lambda rng: 3 * rng.standard_normal(shape)),
            )
        )
    return rows


def losses_and_norms() -> list[Case]:
    functional = torch.nn.functional if torch else None
    logits, image = (3, 5, 6), (3, 4, 5, 3)
    rows = []
    for smoothing in (0.0, 0.1):

        def loss(x: Any, target: Any, weight: Any, s: float = smoothing) -> Any:
            return functional.cross_entropy(x, target, weight, ignore_index=-1, reduction="none", label_smoothing=s)

        rows.append(
            Case(
                f"loss.cross_entropy smoothing {smoothing}",
                lambda x, t, w, out=None, s=smoothing: kernels.loss.cross_entropy(x, t, w, -1, s, out=out),
                lambda x, t, w, f=loss: (f(x, t, w), x.logsumexp(1)),
                (logits, targets, positive((5,))),
            )
        )
        rows.append(
            Case(
                f"loss.cross_entropy_grad smoothing {smoothing}",
                lambda gy, x, t, w, out=None, s=smoothing: kernels.loss.cross_entropy_grad(
                    gy, x, None, t, w, -1, s, out=out
                ),
                lambda gy, x, t, w, f=loss: vjp(lambda z: f(z, t, w))(gy, x),
                ((3, 6), logits, targets, positive((5,))),
            )
        )

    def log_likelihood(x: Any, target: Any, weight: Any) -> Any:
        return functional.nll_loss(x, target, weight, ignore_index=-1, reduction="none")

    rows.append(
        Case(
            "targets.nll",
            lambda x, t, w, out=None: kernels.targets.nll(x, t, w, -1, out=out),
            log_likelihood,
            (logits, targets, positive((5,))),
        )
    )
    rows.append(
        Case(
            "targets.nll_grad",
            lambda gy, t, w, out=None: kernels.targets.nll_grad(gy, t, w, -1, 5, out=out),
            lambda gy, t, w: vjp(lambda z: log_likelihood(z, t, w))(gy, gy.new_zeros((len(gy), 5, 6))),
            ((3, 6), targets, positive((5,))),
        )
    )
    rows.append(
        Case(
            "norm.batch_norm",
            lambda x, w, b, out=None: kernels.norm.batch_norm(x, w, b, EPS, out=out),
            lambda x, w, b: torch.native_batch_norm(x, w, b, None, None, True, 0.1, EPS),
            (image, (4,), (4,)),
        )
    )
    rows.append(
        Case(
            "norm.batch_norm_eval",
            lambda x, m, v, w, b, out=None: kernels.norm.batch_norm_eval(x, m, v, w, b, EPS, out=out),
            lambda x, m, v, w, b: functional.batch_norm(x, m, v, w, b, False, 0.1, EPS),
            (image, (4,), positive((4,)), (4,), (4,)),
        )
    )
    rows.append(
        Case(
            "norm.batch_norm_grad",
            lambda gy, x, w, m, s, out=None: kernels.norm.batch_norm_grad(gy, x, w, m, s, out=out),
            lambda gy, x, w, m, s: torch.ops.aten.native_batch_norm_backward(
                gy, x, w, None, None, m, s, True, EPS, [True, True, True]
            ),
            (image, image, (4,), (4,), positive((4,))),
        )
    )
    rows.append(
        Case("reduce.channel_sum", kernels.reduce.channel_sum, lambda x: x.sum((0, 2, 3)), (image,), products=True)
    )
    rows.append(
        Case("reduce.channel_sum of rows", kernels.reduce.channel_sum, lambda x: x.sum(0), ((3, 7),), products=True)
    )
    rows.append(Case("matmul.matmul", kernels.matmul.matmul, lambda a, b: a @ b, ((3, 4, 5), (5, 6)), products=True))
    return rows


def recurrence(g: Any, a: Any) -> Any:
    """h_i = g_i + a_i h_(i-1) along the last axis, step by step."""
    h, steps = torch.zeros_like(g[..., 0]), []
    for i in range(g.shape[-1]):
        h = g[..., i] + a[..., i] * h
        steps.append(h)
    return torch.stack(steps, -1)


def functions_and_scans() -> list[Case]:
    return [
        Case("functions.erf", kernels.functions.erf, lambda x: torch.erf(x), ((3, 4, 50),)),
        Case("scan.linear_scan", kernels.scan.linear_scan, recurrence, ((3, 4, 9), (3, 4, 9))),
        Case("scan.cumsum", kernels.scan.cumsum, lambda x: torch.cumsum(x, -1), ((3, 4, 50),)),
        Case("scan.cumprod", kernels.scan.cumprod, lambda x: torch.cumprod(x, -1), ((3, 4, 9),)),
    ]


CASES = [
    *functions_and_scans(),
    *(case for name in kernels.conv.algorithms() for case in conv(name)),
    *pooling(),
    *elementwise(),
    *curved(),
    *losses_and_norms(),
]
DEVICE_CASES = [  # of what the CPU does otherwise
    case for name in cuda_conv.algorithms() if name not in kernels.conv.algorithms() for case in conv(name)
]
