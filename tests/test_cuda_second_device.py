"""Every row of the op table on the second GPU while the first is the current one: arrays are made beside the tensors'.

An array on another device than the current one can't be used at all on the emulated devices.
"""

import op_checks
import pytest
from devices import two_gpus
from op_table import Row, table
from test_ops import cases

import scratchnet as sn

AWAY = {  # rows whose results belong on the CPU, whatever the default device is
    "shape": ("to: device", "to: device and dtype", "cpu"),
}


@pytest.mark.parametrize("row", cases([row for row in table()[0] if row.name not in AWAY.get(row.stem, ())]))
def test_beside_the_current_device(gpu: str, row: Row) -> None:
    two_gpus()
    arrays = row.arrays(row.dtypes[0])
    sn.set_default_device("cuda:1")
    try:
        xs = op_checks.tensors(sn, row, arrays)
        outcome = op_checks.call(sn, row.f, list(xs), 0 if row.seeded else None)
        if outcome.error is not None:
            raise outcome.error
        if xs:
            places = {str(y.device) for y in outcome.outputs if isinstance(y, sn.Tensor)}
            assert places <= {"cuda:1"}
        if row.order:
            first, _, _ = op_checks._gradients(sn, row, arrays, min(row.order, 2))
            assert first
        assert sn.cuda.current_device() == 0
    finally:
        sn.set_default_device(None)
