"""No public op without a row: functions of scratchnet and of nn.functional, and the methods of Tensor."""

import types
import warnings
from typing import Any

import numpy as np
import op_checks
import pytest
from op_table import Row, table
from parity import needs_torch, torch

import scratchnet

# What computes nothing on the elements: a switch, the tape's own members (test_tape, test_views), where memory lies
# (test_cuda_devices, test_cuda_memory).
NOT_OPS = """T.conv_algorithm backward grad requires_grad requires_grad_ is_leaf grad_fn output_nr data detach_
retain_grad retains_grad register_hook register_post_accumulate_grad_hook is_inference cuda device data_ptr element_size
type_name numpy is_cpu is_cuda get_device pin_memory is_pinned record_stream""".split()


class Recorder:
    """A module that notes which of its names are used; those of nn.functional are noted as F.name."""

    def __init__(self, module: Any, prefix: str, seen: set[str]) -> None:
        self._of, self._prefix, self._seen = module, prefix, seen

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        if isinstance(value, types.ModuleType):
            prefix = {"functional": "F."}.get(name, f"{self._prefix}{name}.")
            return Recorder(value, prefix, self._seen)
        self._seen.add(self._prefix + name)
        return value


def attribute_names(code: types.CodeType) -> set[str]:
    """Every name that a function and the functions inside it look up."""
    inner = [attribute_names(part) for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*inner)


def covered(rows: list[Row]) -> set[str]:
    """The names that the rows declare, those they use on T and F, and those they look up on their tensors."""
    seen: set[str] = set()
    for row in rows:
        seen.update(row.covers)
        engine = Recorder(scratchnet, "T.", seen)
        before = set(seen)
        outcome = op_checks.call(engine, row.f, op_checks.tensors(scratchnet, row, row.arrays(row.dtypes[0])))
        assert outcome.error is None, f"{row.name}: {outcome.error!r}"
        used = {name.rsplit(".", 1)[-1] for name in seen - before}
        pending, met = [row.f], {id(row.f)}
        while pending:  # the row's function and the module's own helpers that it calls
            function = pending.pop()
            names = attribute_names(function.__code__)
            seen.update(f"Tensor.{name}" for name in names - used)
            cells = [cell.cell_contents for cell in function.__closure__ or ()]
            for helper in [*map(function.__globals__.get, names), *cells]:
                if isinstance(helper, types.FunctionType) and id(helper) not in met:
                    met.add(id(helper))
                    pending.append(helper)
    return seen


def public_ops() -> dict[str, int]:
    """Public name -> identity of the function, so that one row serves a function and its aliases."""
    ops: dict[str, int] = {}
    for name, value in vars(scratchnet).items():
        if (
            isinstance(value, types.FunctionType)
            and value.__module__.startswith("scratchnet.ops.")
            and f"T.{name}" not in NOT_OPS
        ):
            ops[f"T.{name}"] = id(value)
    functional = scratchnet.nn.functional
    ops |= {f"F.{name}": id(getattr(functional, name)) for name in functional.__all__}
    for name, value in vars(scratchnet.Tensor).items():
        if isinstance(value, (types.FunctionType, property)) and not name.startswith("_") and name not in NOT_OPS:
            ops[f"Tensor.{name}"] = id(value)
    return ops


def test_every_public_op_has_a_row() -> None:
    rows, _ = table()
    seen, ops = covered(rows), public_ops()
    reached = {ops[name] for name in seen if name in ops}
    missing = [
        name for name, function in ops.items() if name not in seen and (name[:2] == "Te" or function not in reached)
    ]
    assert not missing, f"public ops without a row: {missing}"
    assert len(ops) > 150


def test_a_name_without_a_row_is_found() -> None:
    rows, _ = table()
    few = [row for row in rows if row.stem == "matmul"]
    seen = covered(few)
    assert {"T.mm", "Tensor.mm", "F.linear"} <= seen
    assert not {"T.exp", "F.conv2d", "Tensor.exp"} & seen


def test_the_list_of_exceptions_is_real() -> None:
    assert not [name for name in NOT_OPS if name[:2] != "T." and not hasattr(scratchnet.Tensor, name)]


@needs_torch
@pytest.mark.parametrize("name", sorted(name for name in public_ops() if name[:2] == "T."))
def test_what_is_no_tensor_is_refused(name: str) -> None:
    """A list or an array in place of a tensor: torch's exception type, with 0 to 2 more arguments."""
    ours, theirs = getattr(scratchnet, name[2:]), getattr(torch, name[2:], None)
    if theirs is None or ours.__module__.endswith(("creation", "from_data", "drawing")):
        return  # creation functions take lists and arrays
    for value in ([1.0], np.ones(2)):
        for more in ((), (0,), (0, 1)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    theirs(value, *more)
            except (TypeError, AttributeError, RuntimeError, ValueError) as error:
                kind = TypeError if isinstance(error, AttributeError) else type(error)
                with pytest.raises(kind):
                    ours(value, *more)
