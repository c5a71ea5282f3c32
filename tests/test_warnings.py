"""Warnings that torch gives too, once in a process: not in the table of rows."""

import pytest

import scratchnet as sn


def test_meshgrid_without_indexing_warns() -> None:
    with pytest.warns(UserWarning, match="it will be required to pass the indexing argument"):
        rows, columns = sn.meshgrid(sn.arange(2), sn.arange(3))
    assert rows.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert columns.tolist() == [[0, 1, 2], [0, 1, 2]]
