"""The inner loops, in every size of tile: of products beside NumPy's, of copies and transpositions."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numba
import numpy as np
import pytest

from scratchnet.kernels.cpu.microkernel import copy_lanes, copy_rows, multiply, transpose_lanes
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
    for rows in range(3 * HOST.tile_rows(columns) + 2):
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


def test_narrow_tiles_have_more_rows() -> None:
    """As many sums as the widest, or as many rows as there are addresses for."""
    for kind in KINDS:
        assert kind.tile_rows(kind.columns) == kind.rows
        for columns in range(1, kind.columns + 1):
            assert kind.rows <= kind.tile_rows(columns) <= max(8, kind.rows)
            assert kind.tile_rows(columns) * columns <= kind.rows * kind.columns


@numba.njit(nogil=True)
def copy_parts(to: Any, source: Any, rows: int, columns: int, pitch: int) -> None:
    copy_rows(to, 0, pitch, source, 0, pitch, rows, columns)


@numba.njit(nogil=True)
def copy_some(to: Any, source: Any, count: int) -> None:
    copy_lanes(to, 0, source, 0, count)


@numba.njit(nogil=True)
def transpose_parts(to: Any, source: Any, rows: int, columns: int, written: int, pitch: int) -> None:
    transpose_lanes(to, 0, pitch, source, 0, pitch, rows, columns, written)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_of_vectors(dtype: Any) -> None:
    """Any number of lanes is copied; nothing behind them is written, in any row."""
    lanes = HOST.lanes(np.dtype(dtype))
    pitch = 2 * lanes + 3
    source = np.arange(3 * pitch, dtype=dtype)
    for columns in range(pitch):
        to = np.full((3, pitch), -1, dtype)
        copy_parts(to.reshape(-1), source, 2, columns, pitch)
        expected = np.full((3, pitch), -1, dtype)
        expected[:2, :columns] = source.reshape(3, pitch)[:2, :columns]
        np.testing.assert_array_equal(to, expected)
    for count in range(lanes + 1):
        line = np.full(pitch, -1, dtype)
        copy_some(line, source, count)
        np.testing.assert_array_equal(line, np.append(source[:count], np.full(pitch - count, -1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_transposition_of_any_size(dtype: Any) -> None:
    """With zeros for the rows up to `written`; nothing else is written."""
    lanes = HOST.lanes(np.dtype(dtype))
    pitch = lanes + 1
    source = 1 + np.arange(lanes * pitch, dtype=dtype).reshape(lanes, pitch)
    for rows in range(lanes + 1):
        for columns in range(1, lanes + 1):
            for written in {rows, lanes}:
                to = np.full((lanes, pitch), -1, dtype)
                transpose_parts(to.reshape(-1), source.reshape(-1), rows, columns, written, pitch)
                expected = np.full((lanes, pitch), -1, dtype)
                expected[:columns, :written] = 0
                expected[:columns, :rows] = source[:rows, :columns].T
                np.testing.assert_array_equal(to, expected)
