"""Anomaly mode: where did the first NaN come from? Checks every forward and backward, and names the user's line."""

import pathlib
import traceback
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnet.autograd.modes import _Mode, state
from scratchnet.device import array_module, device_of, on, to_host

if TYPE_CHECKING:
    from scratchnet.autograd.core import Tensor
    from scratchnet.autograd.node import Node

_PACKAGE = str(pathlib.Path(__file__).resolve().parents[1])


class set_detect_anomaly(_Mode):
    """torch.autograd.set_detect_anomaly(mode, check_nan=True): at once; as a context manager until the block ends.

    While on, every recorded call remembers the user's source line, and a NaN in an output or in a gradient raises
    RuntimeError naming the operation, that line, and the index of the first NaN.
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=bool(mode), anomaly_checks_nan=check_nan)
        self._before = {"anomaly": state.anomaly, "anomaly_checks_nan": state.anomaly_checks_nan}
        state.anomaly, state.anomaly_checks_nan = bool(mode), check_nan

    def __enter__(self) -> Any:
        self._saved.append(self._before)
        state.anomaly, state.anomaly_checks_nan = self._fields["anomaly"], self._fields["anomaly_checks_nan"]
        return self


class detect_anomaly(_Mode):
    """torch.autograd.detect_anomaly(check_nan=True): anomaly mode inside the block."""

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=True, anomaly_checks_nan=check_nan)


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on in this thread."""
    return state.anomaly


def user_line() -> str:
    """`file:line: source` of the innermost frame outside the package."""
    for frame in reversed(traceback.extract_stack()):
        if not str(pathlib.Path(frame.filename).resolve()).startswith(_PACKAGE):
            return f"{frame.filename}:{frame.lineno}: {frame.line}"
    return "an unknown line"


def _first_nan(array: Any) -> tuple[int, ...] | None:
    if array.dtype.kind not in "fc":
        return None
    with on(device_of(array)):
        found = to_host(array_module(array).isnan(array))
    return tuple(int(i) for i in np.argwhere(found)[0]) if found.any() else None


def check_forward(node: "Node", outputs: "tuple[Tensor, ...]") -> None:
    """Remember the user's line; raise RuntimeError if an output holds a NaN."""
    node.traceback = user_line()
    if not state.anomaly_checks_nan:
        return
    for number, out in enumerate(outputs):
        where = _first_nan(out.array)
        if where is not None:
            op = node.name().removesuffix("Backward0")
            raise RuntimeError(
                f"Function '{op}' returned nan values in its {number}th output, first at index {where}, in the forward "
                f"call at {node.traceback}"
            )


def check_backward(node: "Node", grads: "tuple[Tensor | None, ...]") -> None:
    """Raise RuntimeError if a gradient that `node` computed holds a NaN."""
    if not state.anomaly_checks_nan:
        return
    for number, grad in enumerate(grads):
        where = _first_nan(grad.array) if grad is not None else None
        if where is not None:
            raise RuntimeError(
                f"Function '{node.name()}' returned nan values in its {number}th output, first at index {where}; the "
                f"forward call was at {node.traceback or 'a line not recorded: anomaly mode was off then'}"
            )
