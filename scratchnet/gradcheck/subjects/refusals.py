"""What a check refuses, and the texts it does so with."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.gradcheck.subjects.subject import Array, Slot, Subject
from scratchnet.shapes import message


def require_slots(slots: Sequence[Slot]) -> None:
    """ValueError unless there is something to differentiate."""
    if not slots:
        rule = "must have at least one floating tensor that requires grad, but none does"
        raise ValueError(message("check", "inputs", "nothing to differentiate", rule, "use x.requires_grad_()"))


def require_own_elements(name: str, strides: Sequence[int], shape: Sequence[int]) -> None:
    """RuntimeError for an input whose elements share memory: one can't be moved without the others."""
    if 0 not in shape and any(step == 0 and size > 1 for step, size in zip(strides, shape, strict=True)):
        rule = "has a dimension with stride 0: its elements share memory, and can't be moved one by one"
        raise RuntimeError(message("check", name, f"strides {tuple(strides)}", rule, "use its .contiguous()"))


def require_outputs(name: str, result: Any, tensors: bool, floating: bool) -> None:
    """TypeError for a function that returns no tensor, ValueError for one with integer results alone."""
    if not tensors:
        rule = "must be a tensor, or a tuple, list or dict of tensors"
        raise TypeError(message("check", f"{name}'s result", type(result).__name__, rule))
    if not floating:
        rule = "must hold a floating tensor: integers have no derivative"
        raise ValueError(message("check", f"{name}'s result", type(result).__name__, rule))


def require_values(subject: Subject, allow_float32: bool) -> None:
    """ValueError for a slot that isn't float64 (unless asked) or holds NaN or infinity."""
    for slot in subject.slots:
        if slot.value.dtype != np.float64 and not allow_float32:
            rule = (
                "must be float64: differences in a coarser type are wrong in the third digit, and neither prove nor "
                "disprove a gradient"
            )
            mend = "convert with .double(), or pass allow_float32=True and read the result with care"
            raise ValueError(message("check", slot.name, slot.value.dtype.name, rule, mend))
        if not np.isfinite(slot.value).all():
            bad = tuple(int(i) for i in np.argwhere(~np.isfinite(slot.value))[0])
            value = slot.value[bad]
            raise ValueError(message("check", f"{slot.name}{list(bad)}", value, "must be finite: no step leads away"))


def require_finite(name: str, outputs: Sequence[Array]) -> None:
    """ValueError for an output that is NaN or infinite at the very point of the check."""
    for number, output in enumerate(outputs):
        if not np.isfinite(output).all():
            bad = tuple(int(i) for i in np.argwhere(~np.isfinite(output))[0])
            rule = "must be finite where the gradient is checked"
            raise ValueError(
                message("check", f"{name}'s output {number} at {bad}", output[bad], rule, "move the inputs")
            )


def require_same(name: str, first: Sequence[Array], again: Sequence[Array]) -> None:
    """ValueError for a function that gives other results for the same inputs: no derivative can be measured."""
    require_shapes(name, first, again)
    for number, (a, b) in enumerate(zip(first, again, strict=True)):
        if not np.array_equal(a, b, equal_nan=True):
            apart = float(np.max(np.abs(a - b)))
            rule = "must be the same each time: two calls with the same inputs differ"
            mend = "fix its random numbers (seed them inside the function) or what it keeps between calls"
            raise ValueError(message("check", f"{name}'s output {number}", f"differs by {apart:.3g}", rule, mend))


def require_shapes(name: str, first: Sequence[Array], again: Sequence[Array]) -> None:
    """ValueError for outputs whose number or shapes depend on the values of the inputs."""
    shapes, others = [a.shape for a in first], [a.shape for a in again]
    if shapes != others:
        rule = "must not change when an input moves a little"
        raise ValueError(message("check", f"shapes of {name}'s outputs", f"{shapes} and then {others}", rule))
