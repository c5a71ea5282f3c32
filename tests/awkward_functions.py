"""Right functions that are hard to check: their scales, their steepness, their memory. The rows are `Right`s."""

from functools import partial
from typing import Any

import numpy as np
from awkward_base import Formula, Product, either_sign, fixed, laid_out, logsumexp, logsumexp_backward, scaled, uniform
from mutants_base import Inputs, Right, normal
from numpy_layers import Mul


def row(name: str, forward: Any, backward: Any, inputs: Inputs, formula: Any, kinks: bool = False) -> Right:
    return Right(name, partial(Formula, forward, backward), inputs, formula, kinks)


def square(T: Any, x: Any) -> Any:
    return x * x


def sigmoid(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return np.where(x > 0, 1, e) / (1 + e)


def softplus_backward(gy: np.ndarray, x: np.ndarray) -> np.ndarray:
    return gy * sigmoid(x)


ladder = fixed([-1e6, 1e5, -1e3, 10.0, 1.0, -0.1, 1e-2, 1e-4, -1e-6])

SCALES = (
    row("identity", lambda x: x.copy(), lambda gy, x: gy.copy(), normal((3, 4)), lambda T, x: x * 1),
    row(
        "constant output",
        lambda x: np.full_like(x, 3.0),
        lambda gy, x: np.zeros_like(x),
        normal((3, 4)),
        lambda T, x: 0 * x + 3,
    ),
    row(
        "one input unused",
        lambda x, y: 2 * x,
        lambda gy, x, y: (2 * gy, np.zeros_like(y)),
        normal((3,), (4,)),
        lambda T, x, y: 2 * x + 0 * y.sum(),
    ),
    row("output of 1e8", lambda x: 1e8 * x, lambda gy, x: 1e8 * gy, normal((3, 4)), lambda T, x: 1e8 * x),
    row("output of 1e-8", lambda x: 1e-8 * x, lambda gy, x: 1e-8 * gy, normal((3, 4)), lambda T, x: 1e-8 * x),
    row("square of 1e6", lambda x: x * x, lambda gy, x: 2 * gy * x, scaled(1e6, (3, 4)), square),
    row("square of 1e-6", lambda x: x * x, lambda gy, x: 2 * gy * x, scaled(1e-6, (3, 4)), square),
    row("square of mixed scales", lambda x: x * x, lambda gy, x: 2 * gy * x, ladder, square),
    row("cube of 1e5", lambda x: x**3, lambda gy, x: 3 * gy * x**2, scaled(1e5, (3, 3)), lambda T, x: x * x * x),
    row("1e6 added", lambda x: np.sin(x) + 1e6, lambda gy, x: gy * np.cos(x), normal((5,)), lambda T, x: x.sin() + 1e6),
    row("1e8 added", lambda x: x + 1e8, lambda gy, x: gy.copy(), normal((5,)), lambda T, x: x + 1e8),
    row(
        "tanh around 1e4",
        lambda x: np.tanh(x - 1e4),
        lambda gy, x: gy * (1 - np.tanh(x - 1e4) ** 2),
        lambda rng: (1e4 + rng.standard_normal(6),),
        lambda T, x: T.tanh(x - 1e4),
    ),
    row(
        "matmul of 1e-4 and 1e4",
        lambda a, b: a @ b,
        lambda gy, a, b: (gy @ b.T, a.T @ gy),
        lambda rng: (1e-4 * rng.standard_normal((3, 4)), 1e4 * rng.standard_normal((4, 2))),
        lambda T, a, b: a @ b,
    ),
    row(
        "cancellation",
        lambda x: 1 - np.cos(x),
        lambda gy, x: gy * np.sin(x),
        either_sign(1e-3, 1e-2, (6,)),
        lambda T, x: 1 - T.cos(x),
    ),
    row(
        "sum of 10,000",
        lambda x: x.sum(),
        lambda gy, x: np.full_like(x, gy),
        normal((10_000,)),
        lambda T, x: x.sum(),
    ),
    row(
        "mean square of 2,000",
        lambda x: (x * x).mean(),
        lambda gy, x: gy * 2 * x / x.size,
        normal((2_000,)),
        lambda T, x: (x * x).mean(),
    ),
)

STEEP = (
    row(
        "tanh of 50 x",
        lambda x: np.tanh(50 * x),
        lambda gy, x: 50 * gy * (1 - np.tanh(50 * x) ** 2),
        scaled(0.02, (6,)),
        lambda T, x: T.tanh(50 * x),
    ),
    row("exp around 20", np.exp, lambda gy, x: gy * np.exp(x), uniform(19, 21, (6,)), lambda T, x: T.exp(x)),
    row("seventh power near 0", lambda x: x**7, lambda gy, x: 7 * gy * x**6, scaled(0.05, (6,)), lambda T, x: x**7),
    row(
        "sigmoid saturated",
        sigmoid,
        lambda gy, x: gy * sigmoid(x) * sigmoid(-x),
        either_sign(38, 42, (6,)),
        lambda T, x: T.exp(T.nn.functional.logsigmoid(x)),
    ),
    row(
        "softplus at 30",
        lambda x: np.logaddexp(0, x),
        softplus_backward,
        either_sign(25, 35, (6,)),
        lambda T, x: T.logaddexp(0 * x, x),
    ),
    row(
        "sine of 100 x",
        lambda x: np.sin(100 * x),
        lambda gy, x: 100 * gy * np.cos(100 * x),
        normal((6,)),
        lambda T, x: T.sin(100 * x),
    ),
    row("log at 1e-8", np.log, lambda gy, x: gy / x, uniform(1e-8, 2e-8, (5,)), lambda T, x: T.log(x)),
    row("root at 1e-8", np.sqrt, lambda gy, x: gy / 2 / np.sqrt(x), uniform(1e-8, 2e-8, (5,)), lambda T, x: T.sqrt(x)),
    row(
        "reciprocal at 1e-4",
        lambda x: 1 / x,
        lambda gy, x: -gy / x**2,
        either_sign(1e-4, 2e-4, (5,)),
        lambda T, x: 1 / x,
    ),
    row(
        "division by 1e-3",
        lambda x, y: x / y,
        lambda gy, x, y: (gy / y, -gy * x / y**2),
        lambda rng: (rng.standard_normal(5), rng.uniform(1e-3, 2e-3, 5)),
        lambda T, x, y: x / y,
    ),
    row(
        "power",
        lambda x, y: x**y,
        lambda gy, x, y: (gy * y * x ** (y - 1), gy * x**y * np.log(x)),
        lambda rng: (rng.uniform(0.01, 3, 6), rng.uniform(-3, 3, 6)),
        lambda T, x, y: x**y,
    ),
    row(
        "angle of small vectors",
        np.arctan2,
        lambda gy, y, x: (gy * x / (x * x + y * y), -gy * y / (x * x + y * y)),
        uniform(1e-3, 2e-3, (5,), (5,)),
        lambda T, y, x: T.atan2(y, x),
    ),
    row(
        "logsumexp of 1,000",
        logsumexp,
        logsumexp_backward,
        lambda rng: (1000 + rng.standard_normal((3, 4)),),
        lambda T, x: T.logsumexp(x, -1),
    ),
    row(
        "norm",
        lambda x: np.sqrt((x * x).sum()),
        lambda gy, x: gy * x / np.sqrt((x * x).sum()),
        scaled(1e-3, (3, 4)),
        lambda T, x: T.sqrt((x * x).sum()),
    ),
    row(
        "determinant",
        lambda x: np.linalg.det(x),
        lambda gy, x: gy * np.linalg.det(x) * np.linalg.inv(x).T,
        normal((4, 4)),
        lambda T, x: T.linalg.det(x),
    ),
    row(
        "Rosenbrock's valley",
        lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
        lambda gy, x: gy * rosenbrock_gradient(x),
        normal((6,)),
        lambda T, x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
    ),
    Right("product with a zero", Product, fixed([1.5, 0.0, -2.0, 3.0]), lambda T, x: T.prod(x)),
    Right("product with two zeros", Product, fixed([1.5, 0.0, -2.0, 0.0]), lambda T, x: T.prod(x)),
    row(
        "running product",
        np.cumprod,
        lambda gy, x: (gy * np.cumprod(x))[::-1].cumsum()[::-1] / x,
        either_sign(0.3, 2, (7,)),
        lambda T, x: T.cumprod(x, 0),
    ),
)


def rosenbrock_gradient(x: np.ndarray) -> np.ndarray:
    g = np.zeros_like(x)
    step = x[1:] - x[:-1] ** 2
    g[1:] += 200 * step
    g[:-1] += -400 * x[:-1] * step - 2 * (1 - x[:-1])
    return g


def outer(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.tanh(x) * y


def outer_backward(gy: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    return gy * y * (1 - np.tanh(x) ** 2), gy * np.tanh(x)


def outer_formula(T: Any, x: Any, y: Any) -> Any:
    return T.tanh(x) * y


def mixed(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    return rng.standard_normal((4, 3)).T, rng.standard_normal((3, 8))[:, ::2]


MEMORY = (
    row("every second number", outer, outer_backward, laid_out(lambda a: a[::2, ::2], (6, 8), (6, 8)), outer_formula),
    row("negative strides", outer, outer_backward, laid_out(lambda a: a[::-1, ::-1], (3, 4), (3, 4)), outer_formula),
    row("Fortran order", outer, outer_backward, laid_out(np.asfortranarray, (3, 4), (3, 4)), outer_formula),
    row("strides of two kinds", outer, outer_backward, mixed, outer_formula),
    row("0-d arrays", outer, outer_backward, normal((), ()), outer_formula),
    row("one number", outer, outer_backward, normal((1,), (1,)), outer_formula),
    row("no numbers", outer, outer_backward, normal((0,), (0,)), outer_formula),
    row("no rows", outer, outer_backward, normal((0, 3), (0, 3)), outer_formula),
    row("sum of nothing", lambda x: x.sum(), lambda gy, x: np.full_like(x, gy), normal((0,)), lambda T, x: x.sum()),
    Right("five axes broadcast", Mul, normal((2, 1, 2, 1, 3), (2, 2, 3))),
)
