"""Tensors from data: numbers and lists of them, arrays, and the memory of other libraries' arrays."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.device import chosen_default, device_of, is_array, module_on, on, resolve, to_host
from scratchnet.ops.creation import Dtype, new
from scratchnet.shapes import message


def _as_array(op: str, data: Any, dtype: Dtype) -> np.ndarray:
    """The data as an array of its own dtype (Python floats: the default dtype), or of `dtype`."""
    if isinstance(data, (np.ndarray, np.generic)):
        array = data if dtypes.stepping.active else np.asarray(data)
        kind = dtypes.of(array.dtype)
    else:
        data = _numbers(data)
        try:
            array = np.asarray(data)
        except ValueError:
            raise ValueError(f"{op}: data: expected sequences of equal lengths in every dimension") from None
        if array.dtype.kind not in "biuf":
            # torch's types: a list of texts has "too many dimensions", None has no dtype to infer
            kinds = {"U": ValueError if isinstance(data, list) else TypeError, "O": RuntimeError}
            raise kinds.get(array.dtype.kind, TypeError)(
                f"{op}: data holds {array.dtype} values; numbers, bools and nested lists of them are expected"
            )
        kind = dtypes.get_default_dtype() if array.dtype.kind == "f" or not array.size else dtypes.of(array.dtype)
    with np.errstate(all="ignore"):
        return array.astype((dtype or kind).numpy, order="C")


def _numbers(data: Any) -> Any:
    """Nested sequences with the Tensors in them as NumPy's arrays."""
    if isinstance(data, Tensor):
        return to_host(data.array)
    if isinstance(data, (list, tuple)):
        return [_numbers(item) for item in data]
    return data


def tensor(data: Any, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.tensor: a copy of numbers, nested lists, an array or a tensor. Python floats take the default dtype.

    Without `device` it lies where the data does, or on the default device if one was set. Raises ValueError for ragged
    lists, TypeError for what holds no numbers.
    """
    array = _held("tensor", data)
    if array is None:
        return new(_as_array("tensor", data, dtype), requires_grad, resolve("tensor", device))
    if type(array) is np.ndarray:
        return new(_as_array("tensor", array, dtype), requires_grad, resolve("tensor", device))
    source = device_of(array)
    place = source if device is None and chosen_default() is None else resolve("tensor", device)
    kind = (dtype or dtypes.of(array.dtype)).numpy
    with on(source):
        return new(array.astype(kind, order="C"), requires_grad, place)


def _held(op: str, data: Any) -> Any:
    """The array that a tensor, NumPy or another library holds the data in, without a copy; None for plain numbers.

    A GPU's memory of another library is what has `__cuda_array_interface__`.
    """
    if isinstance(data, Tensor):
        return data.array
    if is_array(data):
        return data
    if not isinstance(data, (list, tuple, int, float, np.generic)) and hasattr(data, "__cuda_array_interface__"):
        return module_on(resolve(op, "cuda")).asarray(data)
    return None


def as_tensor(data: Any, dtype: Dtype = None, device: Any = None) -> Tensor:
    """torch.as_tensor: `data` itself or a tensor on its memory where dtype and device allow, else a copy."""
    place = None if device is None and chosen_default() is None else resolve("as_tensor", device)
    array = _held("as_tensor", data)
    if array is None:
        return tensor(data, dtype=dtype, device=device)
    made = data if isinstance(data, Tensor) else on_memory("as_tensor", array)
    return made.to(dtype=dtype, device=place)


def from_numpy(ndarray: Any) -> Tensor:
    """torch.from_numpy: a tensor on the array's memory.

    Raises TypeError for what is no array, ValueError for negative strides.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected np.ndarray (got {type(ndarray).__name__})")
    return on_memory("from_numpy", ndarray)


def on_memory(op: str, array: Any) -> Tensor:
    """A tensor on the memory of an array. Raises TypeError for kinds of numbers that the engine doesn't have,
    ValueError for negative strides.
    """
    dtypes.of(array.dtype)
    if any(stride < 0 for stride in array.strides):
        rule = "has at least one negative stride, and tensors with negative strides are not supported"
        raise ValueError(message(op, "ndarray", f"strides {array.strides}", rule, "copy it first"))
    return new(array.view())
