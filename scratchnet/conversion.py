"""A tensor as something else: another dtype or device, Python numbers, text, a copy; and facts about it."""

import copy
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from scratchnet import dtypes, printing
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import address
from scratchnet.device import CPU, copied, moved, pinned, resolve, to_host
from scratchnet.device import device as Device
from scratchnet.device import is_pinned as lies_pinned
from scratchnet.ops import compare
from scratchnet.ops.promotion import cast, to_device
from scratchnet.shapes import Size, message, normalize_dim

NUMBERS = (Tensor, bool, int, float, np.generic)  # what an operator takes beside a tensor


def to(
    self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False, non_blocking: bool = False
) -> Tensor:
    """torch.Tensor.to(dtype), to(device), to(device, dtype), to(other): itself where nothing changes, unless `copy`."""
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, (str, Device)) or (type(arg) is int and arg is args[0]):
            device = arg
        elif not isinstance(arg, bool):
            raise TypeError(f"to: expected a dtype, a device or a tensor, not {type(arg).__name__} (={arg!r})")
    result = self if device is None else to_device(self, resolve("to", device), non_blocking)
    result = result if dtype is None else cast(result, dtype)
    return result.clone() if copy and result is self else result


def cpu(self: Tensor) -> Tensor:
    """The tensor on the CPU: itself where it is there. Waits for the GPU."""
    return to_device(self, CPU)


def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """torch.Tensor.cuda: the tensor on a GPU, the current one unless `device` names another.

    Raises AssertionError without CuPy, RuntimeError for a device that is no GPU.
    """
    place = resolve("cuda", "cuda" if device is None else device)
    if place is CPU:
        raise RuntimeError(message("cuda", "device", "cpu", "Invalid device, must be cuda device", "use .cpu()"))
    return to_device(self, place, non_blocking)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of `other`."""
    return cast(self, other.dtype)


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or the size of one dimension. Raises IndexError out of range."""
    shape = self.array.shape
    return Size(shape) if dim is None else shape[normalize_dim("size", dim, len(shape))]


def numel(self: Tensor) -> int:
    """The number of elements."""
    return int(self.array.size)


def stride(self: Tensor, dim: int | None = None) -> Any:
    """How many elements lie between neighbours along each dimension, or along one; sizes of 0 count as 1."""
    array = self.array
    steps = tuple(s // array.itemsize for s in array.strides)
    if not array.size and not any(steps):  # NumPy lays nothing out without elements
        sides = [max(n, 1) for n in array.shape]
        steps = tuple(math.prod(sides[i + 1 :]) for i in range(len(sides)))
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
    """The address of the first element, in the memory of its device."""
    return address(self.array)


def get_device(self: Tensor) -> int:
    """The number of the GPU that holds the tensor, -1 for the CPU."""
    index = self.device.index
    return -1 if index is None else index


def pin_memory(self: Tensor) -> Tensor:
    """A copy from which a GPU copies on its own, itself where it is one. Raises RuntimeError off the CPU."""
    if self.is_cuda:
        raise RuntimeError(f"cannot pin 'scratchnet.{self.type_name}' only dense CPU tensors can be pinned")
    if lies_pinned(self.array):
        return self
    return Tensor._wrap(pinned(self.array))


def is_pinned(self: Tensor) -> bool:
    """Whether the tensor lies in memory from which a GPU copies on its own."""
    return lies_pinned(self.array)


def record_stream(self: Tensor, stream: Any) -> None:
    """Tell that a stream of `scratchnet.cuda` uses the tensor: its memory isn't used again before that is done.

    Needed where a tensor made on one stream is used on another and may go away meanwhile. Raises NotImplementedError
    for a tensor on the CPU.
    """
    if not self.is_cuda:
        raise NotImplementedError("record_stream: self (=a CPU tensor) must be on a GPU; the CPU has no streams")
    stream.keeps(self.array)


def item(self: Tensor) -> Any:
    """The Python number in a tensor of one element. Raises RuntimeError for more or none."""
    if self.array.size != 1:
        raise RuntimeError(
            f"item: a Tensor with {self.array.size} elements cannot be converted to Scalar; index it first"
        )
    return to_host(self.array).item()


def tolist(self: Tensor) -> Any:
    """Nested lists of Python numbers."""
    return to_host(self.array).tolist()


def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """The array on the same memory. Raises TypeError on a GPU, RuntimeError for a tensor that requires grad.

    `force` copies from a GPU and lets go of the history.
    """
    if type(self.array) is not np.ndarray and self.is_cuda and not force:
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host "
            "memory first."
        )
    if self.requires_grad and not force:
        raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
    array: np.ndarray = to_host(self.array).view()
    return array


def to_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
    return np.array(numpy(self), dtype=dtype, copy=copy)


def length(self: Tensor) -> int:
    if not self.ndim:
        raise TypeError("len() of a 0-d tensor")
    return int(self.array.shape[0])


def iterate(self: Tensor) -> Iterator[Tensor]:
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor")
    return iter(self.unbind(0))


def truth(self: Tensor) -> bool:
    if self.array.size != 1:
        kind = "no values" if not self.array.size else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {kind} is ambiguous")
    return bool(to_host(self.array).reshape(-1)[0])


def as_index(self: Tensor) -> int:
    if self.array.dtype.kind not in "biu" or self.array.size != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(to_host(self.array).item())


def contains(self: Tensor, element: Any) -> bool:
    if not isinstance(element, NUMBERS):
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element).__name__}."
        )
    return bool(to_host(compare.eq(self, element).array).any())


def to_repr(self: Tensor) -> str:
    node = self.grad_fn
    return printing.tensor_repr(
        to_host(self.array).real,  # the values of a complex step
        self.dtype.name,
        node.name() if node is not None else None,
        self.requires_grad,
        default_dtype=dtypes.get_default_dtype().name,
        place=str(self.device),
    )


def to_format(self: Tensor, spec: str) -> str:
    if self.ndim or type(self) is not Tensor:
        return object.__format__(self, spec)
    return format(to_host(self.array).real.item(), spec)


def deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment"
        )
    twin: Tensor = type(self).__new__(type(self))
    memo[id(self)] = twin
    twin.__dict__.update({k: copy.deepcopy(v, memo) for k, v in self.__dict__.items() if k not in _OWN})
    twin.array = copied(self.array)
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


def pickled(self: Tensor) -> tuple[Any, ...]:
    held = (type(self), np.asarray(to_host(self.array), order="C"), self._requires_grad)
    return _rebuild, held if self.is_cpu else (*held, str(self.device))


def _rebuild(kind: type[Tensor], array: np.ndarray, requires_grad: bool, place: str = "cpu") -> Tensor:
    result: Tensor = kind.__new__(kind)
    plain = Tensor._wrap(moved(array, resolve("pickle", place)))
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
    result: Tensor = compare.where(condition, self, other)
    return result


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """expand to the shape of `other`."""
    return self.expand(other.shape)
