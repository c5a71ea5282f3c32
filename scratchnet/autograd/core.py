"""Tensor's core: an array, its place on the tape, its gradient. scratchnet.tensor binds methods and operators to it."""

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd import hooks as hook_tools
from scratchnet.autograd.modes import heard, state
from scratchnet.autograd.node import AccumulateGrad, Edge, Node
from scratchnet.device import array_module, copied, device, device_of, is_array, on
from scratchnet.shapes import Size

if TYPE_CHECKING:
    from scratchnet.autograd.views import View

FLOATS_ONLY = "only Tensors of floating point dtype can require gradients"


class Counter:
    """How often shared memory has been written: one for a tensor, its views and its detached twins."""

    value = 0


class Tensor:
    """torch.Tensor: an n-dimensional array of one dtype that can record what is done with it.

    `array` is the NumPy array, on a GPU the CuPy array, that holds the values. `Tensor(data)` gives float32, the
    default dtype, as torch.Tensor does; use `scratchnet.tensor(data)` for the dtype that the data has.
    """

    __array_priority__ = 1000  # NumPy's scalars and arrays leave `np.float32(2) * tensor` to the tensor

    array: Any
    _counter: Counter
    _requires_grad = False
    _grad: "Tensor | None" = None
    _node: Node | None = None
    _output_index = 0
    _view: "View | None" = None
    _inference = False
    _hooks: dict[int, Any] | None = None
    _post_hooks: dict[int, Any] | None = None
    _accumulator: "weakref.ref[AccumulateGrad] | None" = None

    def __init__(self, data: Any = (), requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            data = data.array
        if not is_array(data) and not isinstance(data, np.generic):
            data = np.asarray(data, dtypes.get_default_dtype().numpy)
        self.array = (data if is_array(data) else np.asarray(data)).view()
        self._counter = Counter()
        if requires_grad:
            self.requires_grad = True

    @staticmethod
    def _wrap(array: Any) -> "Tensor":
        """A plain Tensor around an array that no other Tensor holds."""
        tensor = Tensor.__new__(Tensor)
        tensor.array = array if type(array) is np.ndarray or is_array(array) else np.asarray(array)
        tensor._counter = Counter()
        return tensor

    @property
    def shape(self) -> Size:
        """The sizes of the dimensions."""
        return Size(self.array.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        ndim: int = self.array.ndim
        return ndim

    @property
    def dtype(self) -> dtypes.dtype:
        """The kind of number in the tensor."""
        return dtypes.of(self.array.dtype)

    @property
    def device(self) -> device:
        """Where the array lives."""
        return device_of(self.array)

    @property
    def type_name(self) -> str:
        """torch's old name of the type: FloatTensor, LongTensor, ..."""
        names = {"float16": "Half", "float32": "Float", "float64": "Double", "uint8": "Byte", "int8": "Char"}
        names |= {"int16": "Short", "int32": "Int", "int64": "Long", "bool": "Bool"}
        prefix = "cuda." if self.is_cuda else ""
        return prefix + names.get(self.array.dtype.name, self.array.dtype.name) + "Tensor"

    @property
    def is_cuda(self) -> bool:
        """Whether the array lies on a GPU."""
        return self.device.type == "cuda"

    @property
    def is_cpu(self) -> bool:
        """Whether the array lies on the CPU."""
        return self.device.type == "cpu"

    # -- the tape ------------------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor. Setting it on a non-leaf, or on integers, raises RuntimeError."""
        if self._requires_grad or self._node is not None:
            return True
        view = self._view
        return view is not None and view.tracked and view.base.requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf and not value:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                "a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if value and self.array.dtype.kind not in "fc":
            raise RuntimeError(f"{FLOATS_ONLY}: this one is {self.dtype.name}; convert it with .float()")
        if self.is_leaf:
            self._requires_grad = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> "Tensor":
        """Set requires_grad in place and return the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor is no result of a recorded operation."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made the tensor, None for a leaf."""
        view = self._view
        if view is not None and view.tracked and view.seen != self._counter.value:
            view.refresh(self)
        return self._node

    @property
    def output_nr(self) -> int:
        """Which output of grad_fn the tensor is."""
        return self._output_index

    @property
    def _version(self) -> int:
        return self._counter.value

    @property
    def _base(self) -> "Tensor | None":
        return None if self._view is None else self._view.base

    def _is_view(self) -> bool:
        return self._view is not None

    def is_inference(self) -> bool:
        """Whether the tensor was made in inference mode."""
        return self._inference

    def detach(self) -> "Tensor":
        """The same memory without the history. Writes to one are seen, and checked, by the other."""
        twin = Tensor._wrap(self.array.view())
        twin._counter, twin._inference = self._counter, self._inference or state.inference
        return twin

    def detach_(self) -> "Tensor":
        """Drop this tensor's own history. Raises RuntimeError for a view."""
        if self._view is not None and self._view.tracked:
            raise RuntimeError(
                "Can't detach views in-place: use detach() instead. detach_: self is a view of another tensor"
            )
        self._node, self._output_index, self._requires_grad = None, 0, False
        return self

    @property
    def data(self) -> "Tensor":
        """The same memory, no history, and no check on writes: torch's back door."""
        return Tensor._wrap(self.array.view())

    @data.setter
    def data(self, value: "Tensor") -> None:
        self.array = value.array.view()
        self._accumulator = None

    @property
    def grad(self) -> "Tensor | None":
        """The gradient that backward has added up here, None before. Assigning one of another shape or dtype raises."""
        return self._grad

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"assigned grad expected to be a Tensor or None but got grad of type {type(value).__name__}"
                )
            if value.array.shape != self.array.shape:
                raise RuntimeError(
                    f"grad: attempting to assign a gradient of size '{list(value.array.shape)}' to a tensor of size "
                    f"'{list(self.array.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
            if value.device is not self.device:
                raise RuntimeError(
                    f"grad: attempting to assign a gradient with device type '{value.device}' to a tensor with device "
                    f"type '{self.device}'. Please ensure that the gradient and the tensor are on the same device"
                )
            if value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"grad: attempting to assign a gradient with dtype '{value.dtype.name}' to a tensor with dtype "
                    f"'{self.dtype.name}'. Please ensure that the gradient and the tensor have the same dtype"
                )
        self._grad = value

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf in `.grad`. Raises RuntimeError where none is computed."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        node = self.grad_fn
        if node is not None:
            node.retain(self._output_index, self)

    @property
    def retains_grad(self) -> bool:
        """Whether retain_grad was called on this non-leaf."""
        retained = self._node.retained if self._node is not None else None
        kept = retained.get(self._output_index) if retained else None
        return kept is not None and kept() is self

    def register_hook(self, hook: Any) -> hook_tools.RemovableHandle:
        """Call `hook(grad)` when this tensor's gradient is known; what it returns, if anything, takes its place."""
        if not self.requires_grad:
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        node = self.grad_fn
        if node is not None:
            return node.register_prehook(self._output_index, hook)
        if self._hooks is None:
            self._hooks = {}
        return hook_tools.add(self._hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Any) -> hook_tools.RemovableHandle:
        """Call `hook(tensor)` after a backward pass has added to this leaf's `.grad`."""
        if not self.requires_grad or not self.is_leaf:
            raise RuntimeError(
                "post accumulate grad hooks can only be registered on leaf tensors that require gradient"
            )
        if self._post_hooks is None:
            self._post_hooks = {}
        return hook_tools.add(self._post_hooks, hook)

    def _accumulate(self, grad: "Tensor", unshared: bool = False) -> None:
        """Add a gradient that has arrived at this leaf. Its own memory: nobody else's array may change with `.grad`.

        `unshared`: nobody else holds the gradient's array, which therefore needs no copy.
        """
        if self._hooks:
            grad, unshared = hook_tools.run(self._hooks, grad), False
        if self._grad is None:
            if state.recording:
                self._grad = grad.clone()
            else:
                self._grad = Tensor._wrap(grad.array if unshared else copied(grad.array))
        elif state.recording:
            self._grad = self._grad + grad
        else:
            with on(grad.device):
                array_module(grad.array).add(self._grad.array, grad.array, out=self._grad.array)
            self._grad._counter.value += 1
        if self._post_hooks:
            with heard():
                for hook in tuple(self._post_hooks.values()):
                    hook(self)

    if TYPE_CHECKING:  # bound by scratchnet.tensor from the tables there

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: Any) -> "Tensor": ...
        def __radd__(self, other: Any) -> "Tensor": ...
        def __sub__(self, other: Any) -> "Tensor": ...
        def __rsub__(self, other: Any) -> "Tensor": ...
        def __mul__(self, other: Any) -> "Tensor": ...
        def __rmul__(self, other: Any) -> "Tensor": ...
        def __truediv__(self, other: Any) -> "Tensor": ...
        def __rtruediv__(self, other: Any) -> "Tensor": ...
        def __pow__(self, other: Any) -> "Tensor": ...
        def __rpow__(self, other: Any) -> "Tensor": ...
        def __matmul__(self, other: Any) -> "Tensor": ...
        def __neg__(self) -> "Tensor": ...
        def __eq__(self, other: Any) -> "Tensor": ...  # type: ignore[override]
        def __ne__(self, other: Any) -> "Tensor": ...  # type: ignore[override]
        def __and__(self, other: Any) -> "Tensor": ...
        def __or__(self, other: Any) -> "Tensor": ...
        def __invert__(self) -> "Tensor": ...
        def __hash__(self) -> int: ...
        def __lt__(self, other: Any) -> "Tensor": ...
        def __le__(self, other: Any) -> "Tensor": ...
        def __gt__(self, other: Any) -> "Tensor": ...
        def __ge__(self, other: Any) -> "Tensor": ...
        def __getitem__(self, index: Any) -> "Tensor": ...
        def __setitem__(self, index: Any, value: Any) -> None: ...
        def __len__(self) -> int: ...
        def __iter__(self) -> Any: ...
        def __float__(self) -> float: ...
        def __int__(self) -> int: ...


def gradient_edge(tensor: Tensor) -> Edge | None:
    """Where a gradient for `tensor` goes: its grad_fn, or the accumulator of a leaf. None where none is wanted."""
    node = tensor._node if tensor._view is None else tensor.grad_fn
    if node is not None:
        return Edge(node, tensor._output_index)
    if not tensor._requires_grad:
        return None
    accumulator = tensor._accumulator() if tensor._accumulator is not None else None
    if accumulator is None:
        accumulator = AccumulateGrad(tensor)
        tensor._accumulator = weakref.ref(accumulator)  # the graph owns it; the leaf only finds it again
    return Edge(accumulator, 0)
