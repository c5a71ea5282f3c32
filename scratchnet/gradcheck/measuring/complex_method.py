"""method="complex": J v exactly, by one evaluation of the forward with a complex step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.exceptions import ComplexWarning

import scratchnet
from scratchnet.autograd.complex_step import NotAnalyticError, complex_step, derivative, seed
from scratchnet.gradcheck.measuring.differences import Point, join
from scratchnet.gradcheck.subjects.subject import Array, Subject, Values
from scratchnet.gradcheck.subjects.tensors import TensorSubject
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

WRITTEN = "a complex step was written into an array of floats (make it from the input, as zeros_like does)"
Column = Callable[[Point, int, int | Array], Array]


def directional(
    subject_forward: Callable[[list[Tensor]], tuple[Tensor, ...]], values: Values, direction: Sequence[Array | None]
) -> tuple[Array, ...]:
    """J v: the derivative of each floating output when the values move along `direction`; exact to rounding.

    `subject_forward` takes the values as a list of tensors; a direction may be None: that value stays. Raises
    NotAnalyticError, which names the operation, where something in it has no analytic definition.
    """
    with _evaluation():
        slots = [_moving(value, along) for value, along in zip(values, direction, strict=True)]
        outputs = subject_forward(slots)
        return tuple(derivative(out) for out in outputs if out.is_floating_point())


def column(subject: Subject) -> Column:
    """A function (point, slot, direction) -> J v, all outputs in one row, by moving one slot of the subject.

    The direction is an array, or the number of the one entry that moves. Raises ValueError for a subject that isn't
    made of scratchnet's tensors, or not on the CPU; the function raises NotAnalyticError, by name, where an operation
    isn't analytic.
    """
    if not isinstance(subject, TensorSubject) or subject.library is not scratchnet:
        rule = f"is for what is made of scratchnet's tensors, which {subject.name} is not"
        raise ValueError(message("check", "method", "'complex'", rule, "use method='five_point'"))
    if not subject.on_cpu:
        rule = f"is for the CPU, and {subject.name} has tensors on another device"
        raise ValueError(message("check", "method", "'complex'", rule, "use .cpu(), or method='five_point'"))
    made = subject

    def along(point: Point, slot: int, direction: int | Array) -> Array:
        point.evaluations += 1
        step = direction if isinstance(direction, np.ndarray) else _unit(point.values[slot], direction)
        directions = [step if i == slot else None for i in range(len(point.values))]
        return join(_of_tensors(made, point.values, directions)).astype(np.float64)

    return along


def _of_tensors(subject: TensorSubject, values: Values, directions: Sequence[Array | None]) -> tuple[Array, ...]:
    params = list(subject._params.values())
    count = len(values) - len(params)
    with subject._at(values), _evaluation(), ExitStack() as held:
        slots = [_moving(value, along) for value, along in zip(values, directions, strict=True)]
        for param, slot in zip(params, slots[count:], strict=True):
            held.callback(setattr, param, "array", param.array)
            param.array = slot.array
        return tuple(derivative(out) for out in subject._call(slots[:count]))


@contextmanager
def _evaluation() -> Iterator[None]:
    """A complex step in which whatever is refused because it is complex ends as a NotAnalyticError."""
    try:
        with complex_step(), np.errstate(all="ignore"):
            yield
    except ComplexWarning as error:
        raise NotAnalyticError("forward", WRITTEN) from error
    except (TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, NotAnalyticError) or "complex" not in str(error):
            raise
        if "cast" in str(error):  # NumPy's words for a write
            raise NotAnalyticError("forward", WRITTEN) from error
        name, _, rule = str(error).partition(": ")
        raise NotAnalyticError(*((name, rule) if rule else ("forward", name))) from error


def _moving(value: Array, direction: Array | None) -> Tensor:
    """The value with its direction, None for 0; one that isn't floating as it is."""
    if value.dtype.kind != "f":
        return Tensor._wrap(value.copy())
    return seed(value, np.zeros(value.shape) if direction is None else direction)


def _unit(value: Array, entry: int) -> Array:
    step = np.zeros(value.shape)
    step.flat[entry] = 1
    return step
