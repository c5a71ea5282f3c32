"""Accuracy of the functions, gradients that torch has not, and refusals by name."""

import math
from typing import Any

import numpy as np
import pytest

import scratchnet as sn

FUNCTIONS = "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt reciprocal sin cos tan erf".split()
POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "rsqrt"}


def drawn(name: str, dtype: str) -> np.ndarray:
    x = np.random.default_rng(0).uniform(-6, 6, 20_000).astype(dtype)
    return np.abs(x) + x.dtype.type(1e-3) if name in POSITIVE else x


@pytest.mark.parametrize("name", FUNCTIONS)
def test_float32_is_off_by_four_units_of_the_last_place_at_most(name: str) -> None:
    """NumPy's promise for its vectorised loops; most are within one unit."""
    x = drawn(name, "float32")
    truth = getattr(sn, name)(sn.from_numpy(x.astype(np.float64))).numpy()
    units = np.abs(getattr(sn, name)(sn.from_numpy(x)).numpy() - truth) / np.spacing(np.abs(truth).astype(np.float32))
    assert units.max() <= 4
    assert np.sqrt(np.mean(units**2)) <= 0.7


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_is_the_c_librarys_rounded_once(dtype: str) -> None:
    x = drawn("erf", dtype)
    truth = np.array([math.erf(float(v)) for v in x])
    np.testing.assert_array_equal(sn.erf(sn.from_numpy(x)).numpy(), truth.astype(dtype))
    assert sn.erf(sn.tensor([math.inf, -math.inf, 0.0])).tolist() == [1.0, -1.0, 0.0]


def third(f: Any, values: list[float]) -> list[float]:
    """The third derivative of sum(f) along x + t, at t = 0."""
    x = sn.tensor(values, dtype=sn.float64)
    t = sn.zeros((), dtype=sn.float64, requires_grad=True)
    y = f(x + t)
    for _ in range(3):
        (y,) = sn.autograd.grad(y.sum(), t, create_graph=True)
    return y.item()


def test_third_derivatives_of_products_with_zeros() -> None:
    """(a+t)(b+t)(c+t)(d+t) has the third derivative 6 (a+b+c+d) + 24 t."""
    for values in ([0.0, 0.0, 0.0, 5.0], [1.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 0.0]):
        assert third(lambda x: x.prod(), values) == pytest.approx(6 * sum(values), abs=1e-12)
        assert third(lambda x: x.prod(0), values) == pytest.approx(6 * sum(values), abs=1e-12)
        assert third(lambda x: x.cumprod(0)[-1:], values) == pytest.approx(6 * sum(values), abs=1e-12)


def test_an_infinite_factor_leaves_the_other_gradients_finite() -> None:
    """Where torch divides the product by the factor and gets NaN."""
    x = sn.tensor([math.inf, 2.0], requires_grad=True)
    x.prod().backward()
    assert x.grad.tolist() == [2.0, math.inf]


def test_the_remainder_of_a_number_has_a_gradient() -> None:
    x = sn.tensor([2.0, 3.0], requires_grad=True)
    (7 % x).sum().backward()
    assert x.grad.tolist() == [-3.0, -2.0]


@pytest.mark.parametrize("ord", [2, -2, "nuc"])
def test_norms_of_singular_values_are_refused_by_name(ord: Any) -> None:
    with pytest.raises(NotImplementedError, match="singular values"):
        sn.linalg.norm(sn.ones(2, 2), ord)


def test_a_norm_of_zero_has_the_gradient_zero() -> None:
    for p in (1, 1.5, 2, 3):
        x = sn.zeros(3, requires_grad=True)
        x.norm(p).backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0]
