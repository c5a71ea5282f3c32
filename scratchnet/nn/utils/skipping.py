"""A module whose initial values don't matter."""

from __future__ import annotations

import inspect
from typing import Any

from scratchnet import random
from scratchnet.nn.module import Module


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """A module with unspecified values, made without drawing random numbers. Equals torch.nn.utils.skip_init.

    Raises RuntimeError unless `module_cls` is a Module that takes `device`.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    before = random.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        random.set_state(before)
