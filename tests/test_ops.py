"""Every row of the op table against torch: values, gradients, second derivatives, strides, zero sizes, threads."""

import re
from typing import Any

import op_checks
import pytest
from op_table import Bad, Row, table
from parity import needs_torch

import scratchnet

pytestmark = needs_torch
on_device = pytest.mark.usefixtures("device")
ROWS, BAD = table()


def cases(rows: list[Any]) -> list[Any]:
    """Test parameters with readable ids; a value after the row becomes part of the id."""
    made = []
    for entry in rows:
        found, *rest = entry if isinstance(entry, tuple) else (entry,)
        made.append(pytest.param(found, *rest, id="-".join([getattr(found, "stem", ""), found.name, *map(str, rest)])))
    return made


@on_device
@pytest.mark.parametrize(("row", "dtype"), cases([(row, dtype) for row in ROWS for dtype in row.dtypes]))
def test_forward(row: Row, dtype: str) -> None:
    op_checks.check_forward(row, dtype, scratchnet)


FIRST = [(row, dtype) for row in ROWS for dtype in row.dtypes if row.order and dtype in ("float32", "float64")]


@on_device
@pytest.mark.parametrize(("row", "dtype"), cases(FIRST))
def test_gradients(row: Row, dtype: str) -> None:
    op_checks.check_gradients(row, dtype, scratchnet)


@on_device
@pytest.mark.parametrize("row", cases([row for row in ROWS if row.order > 1]))
def test_second_order(row: Row) -> None:
    op_checks.check_second_order(row, scratchnet)


@on_device
@pytest.mark.parametrize("row", cases([row for row in ROWS if row.strided and row.inputs]))
def test_strided_inputs(row: Row) -> None:
    op_checks.check_strided(row, scratchnet)


EMPTY = [(empty, axis) for row in ROWS for axis in row.zero for empty in [row.without(axis)] if empty is not None]


@on_device
@pytest.mark.parametrize(("row", "axis"), cases(EMPTY))
def test_zero_size(row: Row, axis: int) -> None:
    op_checks.check_zero_size(row, scratchnet)


@pytest.mark.parametrize("row", cases(ROWS))
def test_threads(row: Row) -> None:
    op_checks.check_threads(row, scratchnet)


@on_device
@pytest.mark.parametrize("wrong", cases(BAD))
def test_errors(wrong: Bad) -> None:
    text = op_checks.check_bad(wrong, scratchnet)
    assert re.search(wrong.match, text), f"{wrong.name}: {text!r} lacks {wrong.match!r}"
