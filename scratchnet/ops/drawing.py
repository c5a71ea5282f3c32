"""Random tensors: on the CPU from PyTorch's own stream, on a GPU from the GPU's."""

from typing import Any

import numpy as np

from scratchnet import dtypes, random
from scratchnet.autograd.core import Tensor
from scratchnet.device import device as Device
from scratchnet.device import on, resolve
from scratchnet.ops.creation import Dtype, kind_of, new, shape_of
from scratchnet.shapes import message

Drawer = random.Generator | None


def drawn(place: Device, draw: str, *args: Any, generator: Drawer = None, requires_grad: bool = False) -> Tensor:
    """What the function `draw` of the device's random stream gives."""
    with on(place):
        numbers = getattr(random.stream_of(place, generator), draw)(*args, generator=generator)
        return new(numbers, requires_grad)


def rand(
    *size: Any, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.rand: uniform on [0, 1), from PyTorch's own stream, on a GPU from its own."""
    place = resolve("rand", device)
    bounds, kind = (0.0, 1.0), kind_of(dtype)
    return drawn(
        place, "uniform", shape_of("rand", size), *bounds, kind, generator=generator, requires_grad=requires_grad
    )


def randn(
    *size: Any, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.randn: normal with mean 0 and deviation 1, from PyTorch's own stream, on a GPU from its own."""
    place = resolve("randn", device)
    moments, kind = (0.0, 1.0), kind_of(dtype)
    return drawn(
        place, "normal", shape_of("randn", size), *moments, kind, generator=generator, requires_grad=requires_grad
    )


def rand_like(
    input: Tensor, *, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.rand_like: rand in the shape and dtype of `input`."""
    place = input.device if device is None else device
    made = rand(_stored(input), generator=generator, dtype=dtype or input.dtype, device=place)
    return _restored(made, input, requires_grad)


def randn_like(
    input: Tensor, *, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.randn_like: randn in the shape and dtype of `input`."""
    place = input.device if device is None else device
    made = randn(_stored(input), generator=generator, dtype=dtype or input.dtype, device=place)
    return _restored(made, input, requires_grad)


def _stored(input: Tensor) -> list[int]:
    """The sizes in the order of the memory: a tensor like this one is filled in that order."""
    return [input.shape[axis] for axis in random.memory_order(input.array)]


def _restored(made: Tensor, input: Tensor, requires_grad: bool) -> Tensor:
    return new(made.array.transpose(np.argsort(random.memory_order(input.array)).tolist()), requires_grad)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Drawer = None,
    dtype: Dtype = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """torch.randint(low=0, high, size): integers from low to high - 1, drawn as rand draws.

    Raises RuntimeError where high <= low, or where the dtype can't hold low or high - 1.
    """
    place = resolve("randint", device)
    if size is None:
        low, high, size = 0, low, high
    for name, value in (("low", low), ("high", high)):
        if not hasattr(value, "__index__"):
            raise TypeError(message("randint", name, repr(value), f"must be an int, not {type(value).__name__}"))
    shape, kind = shape_of("randint", (size,)), (dtype or dtypes.int64).numpy
    arguments = "randint", int(low), int(high), shape, kind
    return drawn(place, "integers_within", *arguments, generator=generator, requires_grad=requires_grad)


def randperm(
    n: int, *, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.randperm: 0..n-1 shuffled, drawn as rand draws. Raises RuntimeError for a negative n."""
    place = resolve("randperm", device)
    if n < 0:
        raise RuntimeError(message("randperm", "n", n, "must be non-negative"))
    order = drawn(place, "permutation", n, generator=generator).array
    with on(place):
        return new(order.astype((dtype or dtypes.int64).numpy), requires_grad)
