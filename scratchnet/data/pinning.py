"""Batches in pinned memory, from which a GPU copies on its own while the program goes on."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from scratchnet.data.collate import rebuilt_mapping, rebuilt_sequence
from scratchnet.device import gpu_count
from scratchnet.tensor import Tensor

NO_GPU = "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used."


def pin_memory(data: Any) -> Any:
    """What a batch is made of, its tensors pinned. Equals torch.utils.data._utils.pin_memory.pin_memory.

    Mappings, sequences and named tuples keep their types; anything else with a method `pin_memory` is asked for it.
    """
    if isinstance(data, Tensor) or hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Mapping):
        return rebuilt_mapping(data, {key: pin_memory(value) for key, value in data.items()})
    if isinstance(data, Sequence):
        fields = [pin_memory(value) for value in data]
        if hasattr(data, "_fields"):
            return type(data)(*fields)
        return tuple(fields) if isinstance(data, tuple) else rebuilt_sequence(data, fields)
    return data


def can_pin(wanted: bool) -> bool:
    """Whether batches are pinned: if that is wanted and there is a GPU. Warns where there is none, as torch does."""
    if wanted and not gpu_count():
        warnings.warn(NO_GPU, stacklevel=4)
        return False
    return wanted
