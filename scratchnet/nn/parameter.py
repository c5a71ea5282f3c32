"""Parameter and Buffer: tensors that a module registers by itself when they are assigned to an attribute."""

from __future__ import annotations

from typing import Any

from scratchnet.ops.creation import empty
from scratchnet.tensor import Tensor


class _Registered:
    """What `registered` gives: an attribute of a class that looks into its module's table."""

    def __init__(self, table: str) -> None:
        self.table = table

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, owner: type | None = None) -> Any:
        try:
            return module.__dict__[self.table][self.name]
        except (AttributeError, KeyError):  # asked of the class, or not registered
            raise AttributeError(
                f"type object '{owner.__name__ if owner else ''}' has no attribute '{self.name}'"
            ) from None


def registered(table: str = "_parameters") -> Any:
    """For a class of modules: `weight: Parameter = registered()`. The parameter is found as without it, but sooner.

    Otherwise Python looks everywhere before it calls Module.__getattr__: a microsecond for each parameter and step.
    """
    return _Registered(table)


class Parameter(Tensor):
    """A tensor that is a module's parameter: assigned to an attribute it shows up in `parameters()`.

    Equals torch.nn.Parameter: shares memory with `data`, is a leaf, and wants a gradient unless told otherwise.
    Without `data` it has the shape (0,). Raises RuntimeError where a gradient is wanted and `data` isn't of a
    floating point dtype.
    """

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        data = empty(0) if data is None else data
        super().__init__(data.array, requires_grad=requires_grad)
        self._counter = data._counter  # writes to one are seen by the other's checks

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that is a module's buffer: state that no optimizer changes, such as a running mean.

    Equals torch.nn.Buffer. `persistent=False` leaves it out of `state_dict()`.
    """

    persistent = True

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        data = empty(0) if data is None else data
        super().__init__(data.array, requires_grad=data.requires_grad)
        self._counter = data._counter
        self.persistent = persistent
