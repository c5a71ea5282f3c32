"""The device of an operation: where its tensors lie, and the refusal of those that lie apart."""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.node import Meta
from scratchnet.device import CPU, device, module_on, on

if TYPE_CHECKING:
    from scratchnet.autograd.op import Op

APART = "Expected all tensors to be on the same device, but found at least two devices, {} and {}!"
P = ParamSpec("P")
R = TypeVar("R")
_move: Any = None


def moves(function: Any) -> Any:
    """Name the function that takes a tensor to a device, which is an Op itself."""
    global _move
    _move = function
    return function


def zeros(meta: Meta) -> Tensor:
    """The gradient of an output that nothing was done with."""
    with on(meta.place):
        return Tensor._wrap(module_on(meta.place).zeros(meta.shape, meta.dtype))


def common_device(op: "type[Op]", args: tuple[Any, ...]) -> tuple[tuple[Any, ...], device]:
    """The arguments and the device on which they lie, a CPU tensor without dimensions beside GPU tensors moved there.

    Raises RuntimeError, as torch does, for tensors on two devices.
    """
    place, apart = _place_of(args)
    if not apart or op.any_device:
        return args, place
    names: list[str] = []
    for name, parameter in list(inspect.signature(op.forward).parameters.items())[1:]:
        several = parameter.kind is parameter.VAR_POSITIONAL
        names += [f"{name}[{i}]" for i in range(len(args) - len(names))] if several else [name]
    return _brought_together(op.__name__, names, args)


def computed(op: str, function: Callable[..., Any], *args: Any) -> Any:
    """function(xp, *arrays) of the tensors' arrays and the other arguments, xp their array module; without a gradient.

    The tensors lie on one device, as those of an Op do. The result is a Tensor, or a tuple of Tensors.
    """
    place, apart = _place_of(args)
    if apart:
        args, place = _brought_together(op, ["input", "other"], args)
    with np.errstate(all="ignore"), on(place):
        result = function(module_on(place), *[a.array if isinstance(a, Tensor) else a for a in args])
    return tuple(map(Tensor._wrap, result)) if isinstance(result, tuple) else Tensor._wrap(result)


def on_its_device(function: Callable[P, R]) -> Callable[P, R]:
    """A function that computes with its tensors' arrays itself: inside, the first tensor's GPU is the current one."""

    @functools.wraps(function)
    def placed(*args: P.args, **kwargs: P.kwargs) -> R:
        for arg in (*args, *kwargs.values()):
            if isinstance(arg, Tensor):
                if type(arg.array) is np.ndarray:
                    break
                with on(arg.device):
                    return function(*args, **kwargs)
        return function(*args, **kwargs)

    return placed


def _place_of(args: tuple[Any, ...]) -> tuple[device, bool]:
    """The first tensor's device, and whether another tensor lies elsewhere."""
    place: device | None = None
    apart = False
    for arg in args:
        if isinstance(arg, Tensor):
            if type(arg.array) is np.ndarray:
                found = CPU
            else:
                found = arg.device
            if place is None:
                place = found
            elif found is not place:
                apart = True
    return place or CPU, apart


def _brought_together(op: str, names: list[str], args: tuple[Any, ...]) -> tuple[tuple[Any, ...], device]:
    tensors = [arg for arg in args if isinstance(arg, Tensor)]
    places = [tensor.device for tensor in tensors]
    target = next(place for place in places if place is not CPU)
    moved = list(args)
    for index, arg in enumerate(args):
        if not isinstance(arg, Tensor) or arg.device is target:
            continue
        if arg.device is not CPU or arg.array.ndim:
            name = names[index] if index < len(names) else f"argument {index}"
            first = next(place for place in places if place is not arg.device)
            raise RuntimeError(
                f"{op}: {name} is on {arg.device}: {APART.format(first, arg.device)} Move it with .to({str(first)!r})"
            )
        moved[index] = _move(arg, target)
    return tuple(moved), target
