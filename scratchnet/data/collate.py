"""collate: samples put together into one batch, and convert: one sample made of tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.ops.from_data import as_tensor, tensor
from scratchnet.ops.join import stack
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

_TEXT_KINDS = "SaUO"


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples -> a batch with one dimension more in front. Equals torch.utils.data.default_collate.

    Tensors and arrays are stacked, ints become int64 and floats float64 tensors, texts stay a list; dicts, named
    tuples, tuples (as lists) and lists are collated field by field. Raises TypeError for anything else.
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return _stacked(batch)
    if isinstance(first, np.ndarray):
        if first.dtype.kind in _TEXT_KINDS:
            raise TypeError(_refusal(first.dtype))
        return _stacked([as_tensor(item) for item in batch])
    if isinstance(first, (np.bool_, np.number)):
        return as_tensor(np.asarray(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return rebuilt_mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if hasattr(first, "_fields"):
            return type(first)(*(default_collate(field) for field in zip(*batch, strict=False)))
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        fields = [default_collate(field) for field in zip(*batch, strict=True)]
        return fields if isinstance(first, tuple) else rebuilt_sequence(first, fields)
    raise TypeError(_refusal(type(first)))


def default_convert(data: Any) -> Any:
    """One sample with its arrays as tensors, the rest as it is. Equals torch.utils.data.default_convert."""
    if isinstance(data, Tensor):
        return data
    if isinstance(data, (np.ndarray, np.bool_, np.number)):
        return data if data.dtype.kind in _TEXT_KINDS else as_tensor(data)
    if isinstance(data, Mapping):
        return rebuilt_mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        fields = [default_convert(value) for value in data]
        if hasattr(data, "_fields"):
            return type(data)(*fields)
        return fields if isinstance(data, tuple) else rebuilt_sequence(data, fields)
    return data


def _stacked(tensors: Sequence[Tensor]) -> Tensor:
    """stack without the tape, where nothing needs it: samples are many and small."""
    first = tensors[0].array
    if type(first) is not np.ndarray or any(
        t.requires_grad or t.array.dtype != first.dtype or t.array.shape != first.shape for t in tensors
    ):
        return stack(list(tensors), 0)
    return Tensor(np.stack([t.array for t in tensors]))


def _refusal(kind: object) -> str:
    rule = f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}"
    return message("default_collate", "batch", "a list", rule, "pass a collate_fn to the DataLoader")


def rebuilt_mapping(like: Any, values: dict[Any, Any]) -> Any:
    """The values in a mapping of the type of `like`, or in a dict where that type can't be filled."""
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(values)
            return clone
        make: Callable[..., Any] = type(like)
        return make(values)
    except TypeError:
        return values


def rebuilt_sequence(like: Any, values: list[Any]) -> Any:
    """The values in a sequence of the type of `like`, or in a list where that type can't be filled."""
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for i, value in enumerate(values):
                clone[i] = value
            return clone
        make: Callable[..., Any] = type(like)
        return make(values)
    except TypeError:
        return values
