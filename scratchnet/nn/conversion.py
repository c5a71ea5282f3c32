"""Moving and casting the tensors of a module tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scratchnet.autograd.modes import no_grad
from scratchnet.dtypes import dtype as Dtype
from scratchnet.nn.uninitialized import UninitializedTensorMixin
from scratchnet.tensor import Tensor

if TYPE_CHECKING:
    from scratchnet.nn.module import Module


def parse_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any, bool]:
    """Read the arguments of Module.to as (device, dtype, non_blocking)."""
    unknown = set(kwargs) - {"device", "dtype", "non_blocking", "memory_format", "tensor"}
    if unknown:
        raise TypeError(f"to() got an unexpected keyword argument '{min(unknown)}'")
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    non_blocking = bool(kwargs.get("non_blocking", False))
    for position, arg in enumerate((*args, *([kwargs["tensor"]] if "tensor" in kwargs else []))):
        if isinstance(arg, Tensor):
            device, dtype = arg.device, arg.dtype
        elif isinstance(arg, Dtype):
            dtype = arg
        elif isinstance(arg, bool):
            non_blocking = arg
        elif position == 0:
            device = arg
        elif arg is not None:
            raise TypeError(f"to(): argument {position} must be a dtype, a tensor or a bool, not {type(arg).__name__}")
    if dtype is not None and not dtype.is_floating_point:
        raise TypeError(f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}")
    return device, dtype, non_blocking


def convert_tree(module: Module, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> None:
    """Replace the data of every parameter, of its gradient and of every buffer by `fn` of it, children first.

    Parameters stay the same objects, so that an optimizer made before keeps its hold on them.
    """
    if recurse:
        for child in module.children():
            child._apply(fn)  # a subclass may have its own
    with no_grad():
        for parameter in module._parameters.values():
            if parameter is None:
                continue
            if isinstance(parameter, UninitializedTensorMixin):
                parameter.convert(fn)
                continue
            gradient = parameter.grad
            parameter.data = fn(parameter)
            if gradient is not None:
                parameter.grad = fn(gradient).requires_grad_(gradient.requires_grad)
        for name, buffer in module._buffers.items():
            if isinstance(buffer, UninitializedTensorMixin):
                buffer.convert(fn)
            elif buffer is not None:
                module._buffers[name] = fn(buffer)
