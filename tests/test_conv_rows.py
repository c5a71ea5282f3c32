"""The op table's rows of convolution by each algorithm by name: values, gradients, and one or two threads."""

import op_checks
import pytest
from op_table import Row, table
from parity import needs_torch

import scratchnet

pytestmark = [needs_torch, pytest.mark.algorithms]
ROWS = [row for row in table()[0] if row.stem in ("conv", "conv_nd") and row.order]


def check(row: Row) -> None:
    """All of a row in float64; threads also in float32."""
    op_checks.check_forward(row, "float64", scratchnet)
    op_checks.check_gradients(row, "float64", scratchnet)
    op_checks.check_threads(row, scratchnet)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("name", ["fft", "im2col", "naive", "tiled"])
def test_by_an_algorithm_that_does_everything(name: str, row: Row) -> None:
    with scratchnet.conv_algorithm(name):
        check(row)


@pytest.mark.parametrize("name", ["winograd", "winograd3", "winograd4"])
def test_by_one_that_does_some(name: str) -> None:
    done = 0
    with scratchnet.conv_algorithm(name):
        for row in ROWS:
            outcome = op_checks.forward(scratchnet, row, row.arrays("float64"))
            if not isinstance(outcome.error, NotImplementedError):
                check(row)
                done += 1
    assert done >= 5
