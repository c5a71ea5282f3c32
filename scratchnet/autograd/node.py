"""A node of the tape: one recorded call, the edges to where its inputs came from, and what its backward needs."""

import itertools
import weakref
from sys import getrefcount
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from scratchnet.autograd import hooks as hook_tools
from scratchnet.device import device, device_of, owns_memory

if TYPE_CHECKING:
    from scratchnet.autograd.core import Tensor


class Meta(NamedTuple):
    """What a gradient that arrives at a node's output must look like."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    place: device


def meta_of(array: Any) -> Meta:
    """What the gradient of `array` looks like."""
    return Meta(array.shape, array.dtype, device_of(array))


class Edge(NamedTuple):
    """Where a gradient goes next: one output of a node."""

    node: "Node"
    output: int


class Node:
    """One recorded call. An Op's node is also its `ctx`: forward puts on it what backward reads."""

    _numbers = itertools.count()
    number = -1
    edges: tuple[Edge | None, ...] = ()
    outputs: tuple[Meta, ...] = ()
    traceback: str | None = None
    needs: tuple[bool, ...] = ()
    pre_hooks: dict[int, dict[int, Any]] | None = None  # per output: hooks of the tensor that is this output
    retained: dict[int, weakref.ref[Any]] | None = None  # per output: the tensor that keeps its gradient

    def enter_tape(self, edges: tuple[Edge | None, ...], outputs: tuple[Meta, ...]) -> None:
        """Become part of the tape. The number comes after all inputs': a backward pass goes in falling order."""
        self.edges, self.outputs = edges, outputs
        self.number = next(self._numbers)

    def name(self) -> str:
        """The name that printing shows: AddBackward0."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple["Node | None", int], ...]:
        """(node, output index) per input, (None, 0) where no gradient is needed."""
        return tuple((edge.node, edge.output) if edge else (None, 0) for edge in self.edges)

    def run(self, grads: list["Tensor | None"]) -> tuple["Tensor | None", ...]:
        """The gradients of the inputs from those of the outputs."""
        raise NotImplementedError

    def release(self) -> None:
        """Forget what was kept for backward."""

    def register_prehook(self, index: int, hook: Any) -> hook_tools.RemovableHandle:
        """Run `hook` on the gradient of output `index` before this node sees it."""
        if self.pre_hooks is None:
            self.pre_hooks = {}
        return hook_tools.add(self.pre_hooks.setdefault(index, {}), hook)

    def retain(self, index: int, tensor: "Tensor") -> None:
        """Put the gradient of output `index` into `tensor.grad` as well."""
        if self.retained is None:
            self.retained = {}
        self.retained[index] = weakref.ref(tensor)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class AccumulateGrad(Node):
    """The end of a path: adds the gradient that arrives to a leaf's `.grad`."""

    def __init__(self, leaf: "Tensor") -> None:
        self.variable = leaf
        self.enter_tape((), (meta_of(leaf.array),))

    def run(self, grads: list["Tensor | None"]) -> tuple["Tensor | None", ...]:
        grad = grads[0]
        grads[0] = None  # what is counted below is then held by nothing of ours but the variable `grad`
        if grad is not None:
            unshared = getrefcount(grad) == ONE_VARIABLE and owns_alone(grad)
            self.variable._accumulate(grad, unshared)
        return ()


def owns_alone(tensor: "Tensor") -> bool:
    """Whether nothing but the tensor holds its array, nor the array's memory."""
    return getrefcount(tensor.array) == ONE_ATTRIBUTE and owns_memory(tensor.array)


def _counts() -> tuple[int, int]:
    """What getrefcount says of an object that one variable holds, and of one that one attribute holds."""
    holder = SimpleNamespace(array=object())
    return getrefcount(holder), getrefcount(holder.array)


ONE_VARIABLE, ONE_ATTRIBUTE = _counts()
