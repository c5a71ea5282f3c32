"""The inner loop of all products beside matrix products of NumPy's, in every size of tile."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
import pytest

from scratchnet.kernels.cpu.microkernel import multiply
from scratchnet.kernels.cpu.tiled.cutting import full_vectors
from scratchnet.kernels.cpu.vectors import BY_HALVES, HOST, KINDS

TERMS = 7


@cache
def compiled() -> Callable[..., None]:
    def run(
        rows: int, columns: int, half: bool, panel: Any, factors: Any, terms: Any, add: Any, add_row: int, out: Any,
        relu: bool,
    ) -> None:  # fmt: skip
        width = out.shape[1]
        multiply(
            rows, columns, half, panel, 0, terms * width, factors, 0, TERMS, terms, 0, TERMS, add, 0, add_row,
            width // columns, out.reshape(-1), 0, width, relu,
        )  # fmt: skip

    result: Callable[..., None] = numba.njit(nogil=True, error_model="numpy")(run)
    return result


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("columns", range(1, HOST.columns + 1))
def test_rows_of_sums(columns: int, half: bool, dtype: Any) -> None:
    """Any number of rows, those of several tiles too; nothing behind them is written."""
    lanes = HOST.lanes(np.dtype(dtype))
    width, rng = columns * lanes, np.random.default_rng(0)
    wanted = width - lanes // 2 if half else width
    for rows in range(2 * HOST.rows + 4):
        panel, factors = rng.standard_normal((TERMS, width)), rng.standard_normal((rows, TERMS))
        panel, factors = panel.astype(dtype), factors.astype(dtype)
        add = rng.standard_normal((rows, width)).astype(dtype)
        expected = factors.astype(np.float64) @ panel.astype(np.float64) + add
        for relu in (False, True):
            out = np.full((rows + 1, width), 5, dtype)
            compiled()(
                rows, columns, half, panel.reshape(-1), factors.reshape(-1), np.arange(TERMS), add.reshape(-1), width,
                out, relu,
            )  # fmt: skip
            if relu:
                expected = np.maximum(expected, 0)
            np.testing.assert_allclose(out[:rows, :wanted], expected[:, :wanted], rtol=0, atol=60 * np.finfo(dtype).eps)
            assert (out[rows] == 5).all()


def test_nan_and_infinity_pass_relu() -> None:
    lanes = HOST.lanes(np.dtype(np.float32))
    panel = np.ones((TERMS, lanes), np.float32)
    panel[0, :3] = np.nan, np.inf, -np.inf
    out, zero = np.empty((1, lanes), np.float32), np.zeros(lanes, np.float32)
    compiled()(1, 1, False, panel.reshape(-1), np.ones(TERMS, np.float32), np.arange(TERMS), zero, 0, out, True)
    assert np.isnan(out[0, 0])
    assert out[0, 1] == np.inf
    assert out[0, 2] == 0


def test_what_half_a_vector_saves() -> None:
    """Only where the processor gains by it, and a tile of half vectors is no wider than its registers allow."""
    lanes = 16
    assert full_vectors(2 * lanes, lanes) == 2
    assert full_vectors(lanes + lanes // 2, lanes) == (1.5 if HOST.by_halves else 2)
    assert full_vectors(lanes + lanes // 2 + 1, lanes) == 2
    assert full_vectors(HOST.columns * lanes - 1, lanes) == HOST.columns
    assert not any(kind.by_halves for kind in KINDS), f"{BY_HALVES} alone, whatever SCRATCHNET_VECTORS names"
