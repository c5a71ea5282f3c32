"""Tensor's methods and operators, bound from the ops; conversion to numbers and arrays; printing."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from scratchnet import dtypes, printing
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import assign, check_writable
from scratchnet.device import check_available
from scratchnet.device import device as Device
from scratchnet.ops import activation, creation, elementwise, index, inplace, matmul, reduce, shape
from scratchnet.ops.promotion import cast
from scratchnet.shapes import normalize_dim

# Functions whose first argument is the tensor: bound under their own names.
METHODS: tuple[Callable[..., Any], ...] = (
    *(elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.neg, elementwise.pow),
    *(elementwise.exp, elementwise.log, elementwise.sqrt, elementwise.sign, elementwise.abs, elementwise.clamp),
    *(elementwise.maximum, elementwise.minimum, elementwise.eq, elementwise.ne, elementwise.lt, elementwise.le),
    *(elementwise.gt, elementwise.ge, elementwise.bitwise_and, elementwise.bitwise_or, elementwise.bitwise_xor),
    elementwise.bitwise_not,
    *(reduce.sum, reduce.mean, reduce.var, reduce.max, reduce.min, reduce.argmax, reduce.argmin),
    *(shape.view, shape.reshape, shape.flatten, shape.permute, shape.transpose, shape.t, shape.squeeze),
    *(shape.unsqueeze, shape.expand, shape.broadcast_to, shape.sum_to_size, shape.clone, shape.contiguous),
    *(shape.narrow, shape.split, shape.chunk, shape.unbind),
    *(matmul.matmul, matmul.mm, matmul.bmm),
    *(
        activation.relu,
        activation.sigmoid,
        activation.tanh,
        activation.softmax,
        activation.log_softmax,
        activation.logsumexp,
    ),
    *(inplace.copy_, inplace.fill_, inplace.zero_, inplace.uniform_, inplace.normal_),
)
PROPERTIES = (shape.mT, shape.T)

# Functions that also exist as name_(): the result is written over the tensor, which takes over its history.
IN_PLACE: tuple[Callable[..., Any], ...] = (
    *(elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.neg, elementwise.pow),
    *(elementwise.exp, elementwise.log, elementwise.sqrt, elementwise.sign, elementwise.abs, elementwise.clamp),
    *(activation.relu, activation.sigmoid, activation.tanh),
)
OPERATORS = {
    "add": elementwise.add,
    "sub": elementwise.sub,
    "mul": elementwise.mul,
    "truediv": elementwise.div,
    "pow": elementwise.pow,
    "and": elementwise.bitwise_and,
    "or": elementwise.bitwise_or,
    "xor": elementwise.bitwise_xor,
    "matmul": matmul.matmul,
}
COMPARISONS = (elementwise.eq, elementwise.ne, elementwise.lt, elementwise.le, elementwise.gt, elementwise.ge)
CASTS = {
    "half": dtypes.float16,
    "float": dtypes.float32,
    "double": dtypes.float64,
    "char": dtypes.int8,
    "byte": dtypes.uint8,
    "short": dtypes.int16,
    "int": dtypes.int32,
    "long": dtypes.int64,
    "bool": dtypes.bool_,
}
METHOD_TYPES = (Tensor, bool, int, float, np.generic)


def written_over(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """The in-place twin of a function: torch's `name_`. Nothing changes where it raises."""
    name = f"{function.__name__}_"

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_writable(self, name)
        return assign(self, function(self, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"{function.__name__} in place (torch.Tensor.{name}). Raises RuntimeError where the result doesn't fit."
    )
    return method


def _operator(function: Callable[..., Any], swapped: bool = False) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            other = Tensor._wrap(other)
        if not isinstance(other, METHOD_TYPES):
            return NotImplemented
        return function(other, self) if swapped else function(self, other)

    return operator


def _in_place_operator(function: Callable[..., Any]) -> Callable[..., Any]:
    method = written_over(function)

    def operator(self: Tensor, other: Any) -> Any:
        return method(self, other) if isinstance(other, METHOD_TYPES) else NotImplemented

    return operator


def _comparison(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, METHOD_TYPES) else NotImplemented

    return operator


def _cast(dtype: dtypes.dtype) -> Callable[[Tensor], Tensor]:
    def method(self: Tensor) -> Tensor:
        return cast(self, dtype)

    method.__doc__ = f"The tensor as {dtype.name}; itself where it is that already."
    return method


def to(
    self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, non_blocking: bool = False
) -> Tensor:
    """torch.Tensor.to(dtype), to(device), to(device, dtype), to(other): itself where nothing changes, unless `copy`."""
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, (str, Device)):
            device = arg
        elif not isinstance(arg, bool):
            raise TypeError(f"to: expected a dtype, a device or a tensor, not {type(arg).__name__} (={arg!r})")
    check_available("to", device)
    result = self if dtype is None else cast(self, dtype)
    return result.clone() if copy and result is self else result


def cpu(self: Tensor) -> Tensor:
    """The tensor on the CPU: itself."""
    return self.to("cpu")


def cuda(self: Tensor, device: Any = None) -> Tensor:
    """The tensor on a CUDA device. Raises RuntimeError: there is no CUDA backend in this version."""
    return self.to("cuda" if device is None else device)


def _invert(self: Tensor) -> Tensor:
    if self.array.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return elementwise.bitwise_not(self)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of `other`."""
    return cast(self, other.dtype)


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or the size of one dimension. Raises IndexError out of range."""
    return self.shape if dim is None else self.shape[normalize_dim("size", dim, self.ndim)]


def numel(self: Tensor) -> int:
    """The number of elements."""
    return int(self.array.size)


def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many elements lie between neighbours along each dimension, or along one."""
    steps = tuple(s // self.array.itemsize for s in self.array.strides)
    return steps if dim is None else steps[normalize_dim("stride", dim, self.ndim)]


def is_contiguous(self: Tensor) -> bool:
    """Whether the elements lie row after row."""
    return bool(self.array.flags.c_contiguous)


def is_floating_point(self: Tensor) -> bool:
    """Whether the dtype is float16, float32 or float64."""
    return self.dtype.is_floating_point


def element_size(self: Tensor) -> int:
    """Bytes per element."""
    return self.dtype.itemsize


def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    return int(self.array.ctypes.data)


def item(self: Tensor) -> Any:
    """The Python number in a tensor of one element. Raises RuntimeError for more or none."""
    if self.array.size != 1:
        raise RuntimeError(
            f"item: a Tensor with {self.array.size} elements cannot be converted to Scalar; index it first"
        )
    return self.array.item()


def tolist(self: Tensor) -> Any:
    """Nested lists of Python numbers."""
    return self.array.tolist()


def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """The array on the same memory. Raises RuntimeError for a tensor that requires grad, unless `force`."""
    if self.requires_grad and not force:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    array: np.ndarray = self.array.view()
    return array


def _array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    return np.array(numpy(self), dtype=dtype, copy=copy)


def _dlpack(self: Tensor, **options: Any) -> Any:
    if self.requires_grad:
        raise RuntimeError("__dlpack__: Can't export tensors that require gradient, use tensor.detach()")
    return self.array.__dlpack__(**options)


def _dlpack_device(self: Tensor) -> Any:
    return self.array.__dlpack_device__()


def from_dlpack(source: Any) -> Tensor:
    """torch.from_dlpack: a tensor on the memory of what has `__dlpack__`. Raises ValueError for negative strides."""
    if isinstance(source, Tensor):
        return source.detach()
    return creation.from_numpy(np.from_dlpack(source))


def _len(self: Tensor) -> int:
    if not self.ndim:
        raise TypeError("len() of a 0-d tensor")
    return int(self.array.shape[0])


def _iter(self: Tensor) -> Iterator[Tensor]:
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


def _bool(self: Tensor) -> bool:
    if self.array.size != 1:
        kind = "no values" if not self.array.size else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {kind} is ambiguous")
    return bool(self.array.reshape(-1)[0])


def _index(self: Tensor) -> int:
    if self.array.dtype.kind not in "biu" or self.array.size != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self.array.item())


def _contains(self: Tensor, element: Any) -> bool:
    if not isinstance(element, METHOD_TYPES):
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element).__name__}."
        )
    return bool(elementwise.eq(self, element).array.any())


def _repr(self: Tensor) -> str:
    node = self.grad_fn
    return printing.tensor_repr(
        self.array,
        self.array.dtype.name,
        node.name() if node is not None else None,
        self.requires_grad,
        default_dtype=dtypes.get_default_dtype().name,
    )


def _format(self: Tensor, spec: str) -> str:
    return format(self.item(), spec) if not self.ndim and spec else str(self)


def _deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment"
        )
    twin: Tensor = type(self).__new__(type(self))
    memo[id(self)] = twin
    twin.__dict__.update({k: copy.deepcopy(v, memo) for k, v in self.__dict__.items() if k not in _OWN})
    twin.array = self.array.copy()
    twin._counter = type(self._counter)()
    twin._requires_grad = self._requires_grad
    twin._grad = copy.deepcopy(self._grad, memo)
    return twin


_OWN = {
    "array",
    "_counter",
    "_requires_grad",
    "_grad",
    "_node",
    "_view",
    "_accumulator",
    "_hooks",
    "_post_hooks",
    "_output_index",
}


def _reduce(self: Tensor) -> tuple[Any, ...]:
    return _rebuild, (type(self), np.asarray(self.array, order="C"), self._requires_grad)


def _rebuild(kind: type[Tensor], array: np.ndarray, requires_grad: bool) -> Tensor:
    result: Tensor = kind.__new__(kind)
    plain = Tensor._wrap(array)
    result.array, result._counter, result._requires_grad = plain.array, plain._counter, requires_grad
    return result


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """view in the shape of `other`."""
    return self.view(other.shape)


def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """reshape to the shape of `other`."""
    return self.reshape(other.shape)


def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor where the condition holds, else `other` (torch.Tensor.where)."""
    result: Tensor = elementwise.where(condition, self, other)
    return result


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """expand to the shape of `other`."""
    return self.expand(other.shape)


def _new_like(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, dtype: Any = None, **kwargs: Any) -> Tensor:
        return function(*args, dtype=dtype or self.dtype, **kwargs)

    method.__doc__ = f"{function.__name__} in this tensor's dtype unless another is given."
    return method


def _bind() -> None:
    for function in (
        *METHODS,
        to,
        cpu,
        cuda,
        type_as,
        size,
        numel,
        stride,
        is_contiguous,
        is_floating_point,
        element_size,
    ):
        setattr(Tensor, function.__name__, function)
    for function in (data_ptr, item, tolist, numpy, view_as, reshape_as, expand_as, where):
        setattr(Tensor, function.__name__, function)
    for function in PROPERTIES:
        setattr(Tensor, function.__name__, property(function))
    for function in IN_PLACE:
        setattr(Tensor, f"{function.__name__}_", written_over(function))
    for name, function in OPERATORS.items():
        setattr(Tensor, f"__{name}__", _operator(function))
        setattr(Tensor, f"__r{name}__", _operator(function, swapped=True))
        if name != "matmul":
            setattr(Tensor, f"__i{name}__", _in_place_operator(function))
    for function in COMPARISONS:
        setattr(Tensor, f"__{function.__name__}__", _comparison(function))
    for name, dtype in CASTS.items():
        setattr(Tensor, name, _cast(dtype))
    for function in (creation.tensor, creation.zeros, creation.ones, creation.empty, creation.full):
        setattr(Tensor, f"new_{function.__name__}", _new_like(function))
    Tensor.dim = lambda self: self.ndim  # type: ignore[attr-defined]
    Tensor.nelement = numel  # type: ignore[attr-defined]
    Tensor.nelement = numel  # type: ignore[attr-defined]
    Tensor.__hash__ = lambda self: id(self)  # type: ignore[method-assign]
    special = {
        "getitem": index.getitem,
        "setitem": index.setitem,
        "neg": elementwise.neg,
        "pos": lambda self: self,
        "abs": elementwise.abs,
        "invert": _invert,
        "array": _array,
        "dlpack": _dlpack,
        "dlpack_device": _dlpack_device,
        "len": _len,
        "iter": _iter,
        "bool": _bool,
        "index": _index,
        "int": lambda self: int(self.item()),
        "float": lambda self: float(self.item()),
        "contains": _contains,
        "repr": _repr,
        "format": _format,
        "deepcopy": _deepcopy,
        "reduce": _reduce,
    }
    for name, function in special.items():
        setattr(Tensor, f"__{name}__", function)


_bind()
