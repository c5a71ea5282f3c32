"""The complex step: a derivative exact to rounding from one evaluation, imag(f(x + i h v)) / h with h = 1e-20.

There is no difference of nearly equal numbers, so h can be so small that the error, of the order of h², vanishes.
Forward only: nothing is recorded. Source: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real
Functions (1998); Martins, Sturdza and Alonso, The Complex-Step Derivative Approximation (2003).
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.exceptions import ComplexWarning

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.modes import no_grad
from scratchnet.autograd.step_array import stepped
from scratchnet.autograd.step_functions import NotAnalyticError, is_complex
from scratchnet.dtypes import stepping

STEP = 1e-20


@contextmanager
def complex_step() -> Iterator[None]:
    """Within the block, in this thread, tensors may hold complex128 (made by `seed`), whose dtype reads float64.

    Operations run on plain NumPy kernels and nothing is recorded, so backward raises. Where a function chooses, the
    real part does. Raises NotAnalyticError, by name, at an operation that has no analytic definition; NumPy's
    ComplexWarning is an error meanwhile (in all threads: warnings have no filter of a thread's own).
    """
    before = stepping.active
    with no_grad(), warnings.catch_warnings():
        warnings.simplefilter("error", ComplexWarning)  # it says that an imaginary part, a derivative, gets lost
        stepping.active = True
        try:
            yield
        finally:
            stepping.active = before


def seed(value: Any, direction: Any) -> Tensor:
    """A tensor at `value` with the derivative `direction`: value + i STEP direction."""
    array = np.asarray(value).astype(np.complex128)
    array.imag = STEP * np.asarray(direction, np.float64)
    return Tensor._wrap(stepped(array))


def derivative(result: Tensor) -> np.ndarray:
    """The derivative that a tensor carries; zeros for one that no seeded tensor went into."""
    array = result.array
    return np.asarray(array).imag / STEP if is_complex(array) else np.zeros(array.shape)


def require_tape(name: str) -> None:
    """Raises NotAnalyticError inside the block, where nothing is recorded to walk back over."""
    if stepping.active:
        raise NotAnalyticError(name, "nothing is recorded")


def room(array: Any) -> Any:
    """The array; floats as complex numbers, so that a complex step may be written among them."""
    return stepped(array.astype(np.complex128)) if array.dtype.kind == "f" else array


def constant(name: str, array: Any) -> Any:
    """The array; of a complex one the real part. Raises NotAnalyticError, by name, where it carries a derivative."""
    if not is_complex(array):
        return array
    if np.asarray(array).imag.any():
        raise NotAnalyticError(name, "its argument must be a constant")
    return np.asarray(array).real


def forward(op: Any, node: Any, args: tuple[Any, ...]) -> Any:
    """What `op.forward` gives for the arguments of its apply: in the place of the ordinary call, within the block.

    Where one array is complex all floats become so, but for those that a view looks at. Raises NotAnalyticError where
    forward can't take complex numbers, or where its floats come out without derivatives.
    """
    arrays = [arg.array if isinstance(arg, Tensor) else arg for arg in args]
    if not any(is_complex(array) for array in arrays):
        return op.forward(node, *arrays)
    node.needs = (False,) * len(args)  # whatever enable_grad says
    name = op.__name__.lower()
    if not op.view:
        arrays = [room(array) if isinstance(array, np.ndarray) else array for array in arrays]
    result = _named(name, lambda: op.forward(node, *stepped(arrays)))
    for part in result if isinstance(result, tuple) else (result,):
        if isinstance(part, (np.ndarray, np.generic)) and part.dtype.kind == "f":
            raise NotAnalyticError(name, "has no derivative")
    return stepped(result)


def _named(name: str, run: Callable[[], Any]) -> Any:
    """What `run` gives; what NumPy says against complex numbers becomes a NotAnalyticError that names the operation."""
    try:
        return run()
    except NotAnalyticError as error:
        if error.name == name:
            raise
        raise NotAnalyticError(name, f"made of {error.name}") from None
    except (TypeError, ComplexWarning) as error:
        raise NotAnalyticError(name, str(error)) from error
