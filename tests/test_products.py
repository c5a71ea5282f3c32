"""Matrix products on the microkernel, in all orders of memory and over the edges of tiles, strips and blocks."""

import itertools

import numpy as np
import pytest
from parity import assert_sum_of_products, needs_torch, torch

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import matmul

SIZES = [
    (1, 1, 1),
    (7, 5, 9),
    (16, 130, 48),
    (50, 300, 50),
    (130, 1, 400),
    (1, 260, 500),
    (130, 130, 1),
    (17, 90, 5000),
]
ORDERS = list(itertools.product((False, True), (False, True)))


def operand(rng: np.random.Generator, rows: int, columns: int, dtype: str, turned: bool) -> np.ndarray:
    """A matrix, C-contiguous or the transpose of one that is."""
    return (
        rng.standard_normal((columns, rows)).astype(dtype).T
        if turned
        else rng.standard_normal((rows, columns)).astype(dtype)
    )


@needs_torch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_torch(
    size: tuple[int, int, int], dtype: str, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matmul, "SMALL", 0)  # however little it is
    rows, terms, columns = size
    for a_turned, b_turned in ORDERS:
        a, b = operand(rng, rows, terms, dtype, a_turned), operand(rng, terms, columns, dtype, b_turned)
        ours, out = matmul.matmul(a, b), np.full((rows, columns), np.nan, dtype)
        assert matmul.matmul(a, b, out=out) is out
        np.testing.assert_array_equal(out, ours)
        exact = a.astype(np.float64) @ b.astype(np.float64)
        if dtype == "float64":
            np.testing.assert_allclose(ours, exact, rtol=1e-12, atol=1e-12)
        else:
            theirs = torch.from_numpy(a.copy()) @ torch.from_numpy(b.copy())
            assert_sum_of_products(ours, theirs, exact, np.abs(a) @ np.abs(b), f"{size} {a_turned} {b_turned}")


def test_what_is_large_takes_the_microkernel(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("BLAS was called")

    monkeypatch.setattr(matmul, "product", refuse)
    a, b = rng.standard_normal((64, 64)), rng.standard_normal((64, 64))
    np.testing.assert_allclose(matmul.matmul(a, b), a @ b, rtol=1e-12, atol=1e-12)


def test_the_bits_do_not_depend_on_the_number_of_threads(rng: np.random.Generator) -> None:
    if threads.limit() < 2:
        pytest.skip("one thread is all there is")
    before = threads.count()
    try:
        for rows, terms, columns in [(16, 500, 900), (900, 500, 16), (300, 300, 300), (16, 200, 4000)]:
            a, b = (
                rng.standard_normal((rows, terms)).astype(np.float32),
                rng.standard_normal((terms, columns)).astype(np.float32),
            )
            results = []
            for count in (1, 2):
                threads.set_count(count)
                results.append(matmul.matmul(a, b))
            np.testing.assert_array_equal(*results)
    finally:
        threads.set_count(before)
