"""New tensors, filled and counted."""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.complex_step import room
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.modes import state
from scratchnet.device import CPU, module_on, moved, on, resolve, to_host
from scratchnet.device import device as Device
from scratchnet.ops.promotion import number
from scratchnet.shapes import message, sizes

Dtype = dtypes.dtype | None


def new(array: Any, requires_grad: bool = False, place: Device | None = None) -> Tensor:
    """A new tensor around an array, brought to `place` first where one is given."""
    if dtypes.stepping.active:  # what is made here may be written to, by complex steps
        array = room(array)
    result = Tensor._wrap(array if place is None else moved(array, place))
    result._inference = state.inference
    if requires_grad:
        result.requires_grad = True
    return result


def shape_of(op: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """The sizes given as numbers or as one tuple. Raises TypeError for none, RuntimeError for a negative one."""
    if not size:
        raise TypeError(f"{op}: size: missing 1 required positional argument; use () for no dimensions")
    shape = sizes(size)
    for length in shape:
        if length < 0:
            raise RuntimeError(
                message(
                    op,
                    "size",
                    list(shape),
                    f"must not be negative: Trying to create tensor with negative dimension {length}",
                )
            )
    return shape


def kind_of(dtype: Dtype) -> np.dtype[Any]:
    """NumPy's dtype for ours, the default floating-point one for None."""
    return (dtype or dtypes.get_default_dtype()).numpy


def _made(place: Device, requires_grad: bool, make: str, *args: Any, **options: Any) -> Tensor:
    """What the function `make` of NumPy, or on a GPU of CuPy, gives, made on `place`."""
    if place is CPU:
        return new(getattr(np, make)(*args, **options), requires_grad)
    with on(place):
        return new(getattr(module_on(place), make)(*args, **options), requires_grad)


def _made_like(make: str, input: Tensor, dtype: Dtype, device: Any, requires_grad: bool, *values: Any) -> Tensor:
    """`make` (zeros_like and so on) in the shape of `input`, in its dtype and on its device unless others are given."""
    place = input.device if device is None else resolve(make, device)
    kind = (dtype or input.dtype).numpy
    if place is input.device:
        return _made(place, requires_grad, make, input.array, *values, dtype=kind)
    stored = sorted(range(input.ndim), key=lambda axis: -abs(input.array.strides[axis]))  # in the order of the memory
    sizes = tuple(input.shape[axis] for axis in stored)
    made = _made(place, False, make.removesuffix("_like"), sizes, *values, dtype=kind)
    return new(made.array.transpose(np.argsort(stored).tolist()), requires_grad)


def zeros(
    *sizes: Any, size: Any = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.zeros of a size. Raises RuntimeError for a negative one."""
    place = resolve("zeros", device)
    shape = shape_of("zeros", sizes if size is None else (size,))
    return _made(place, requires_grad, "zeros", shape, kind_of(dtype))


def ones(*sizes: Any, size: Any = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.ones of a size. Raises RuntimeError for a negative one."""
    place = resolve("ones", device)
    shape = shape_of("ones", sizes if size is None else (size,))
    return _made(place, requires_grad, "ones", shape, kind_of(dtype))


def empty(
    *sizes: Any, size: Any = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.empty: memory as it is found."""
    place = resolve("empty", device)
    shape = shape_of("empty", sizes if size is None else (size,))
    return _made(place, requires_grad, "empty", shape, kind_of(dtype))


def full(size: Any, fill_value: Any, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.full: every element `fill_value`, a number or a 0-d tensor, in the dtype that it has unless given.

    Raises RuntimeError for a negative size or a number beyond the dtype, TypeError for a size that is no tuple.
    """
    place = resolve("full", device)
    if not isinstance(size, (tuple, list)):
        raise TypeError(message("full", "size", size, f"must be tuple of ints, not {type(size).__name__}"))
    value = _fill_value("full", fill_value)
    kind = dtype or (fill_value.dtype if isinstance(fill_value, Tensor) else dtypes.of_scalar(value))
    return _made(place, requires_grad, "full", shape_of("full", (size,)), number("full", value, kind), kind.numpy)


def _fill_value(op: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(message(op, "fill_value", f"{value.ndim}-D", "must be a number or a 0-d tensor"))
        return to_host(value.array).item()
    return value


def empty_strided(
    size: Any, stride: Any, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.empty_strided: memory as it is found, neighbours `stride` elements apart in each dimension.

    Raises RuntimeError for negative sizes and strides and for lists of unequal lengths.
    """
    op = "empty_strided"
    place = resolve(op, device)
    shape, steps = shape_of(op, (size,)), sizes((stride,))
    if len(shape) != len(steps):
        rule = f"must be as long as size (={list(shape)}): dimensionality must match"
        raise RuntimeError(message(op, "stride", list(steps), rule))
    if min(steps, default=0) < 0:
        raise RuntimeError(message(op, "stride", list(steps), "must not be negative"))
    held = 0 if 0 in shape else 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    memory = _made(place, False, "empty", held, kind_of(dtype)).array
    strides = tuple(step * memory.itemsize for step in steps)
    return new(module_on(place).lib.stride_tricks.as_strided(memory, shape, strides), requires_grad)


def zeros_like(input: Tensor, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.zeros_like: zeros in the shape and dtype of `input`, on its device unless another is given."""
    return _made_like("zeros_like", input, dtype, device, requires_grad)


def ones_like(input: Tensor, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.ones_like: ones in the shape and dtype of `input`, on its device unless another is given."""
    return _made_like("ones_like", input, dtype, device, requires_grad)


def empty_like(input: Tensor, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.empty_like: memory as it is found, in the shape and dtype of `input`, on its device unless another."""
    return _made_like("empty_like", input, dtype, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.full_like: every element `fill_value`, in the shape and dtype of `input`, on its device unless another."""
    value = number("full_like", _fill_value("full_like", fill_value), dtype or input.dtype)
    return _made_like("full_like", input, dtype, device, requires_grad, value)


def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Dtype = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """torch.arange: start, start + step, ... below end; int64 for ints, else the default dtype.

    Raises RuntimeError for a step of 0 or of the wrong sign.
    """
    place = resolve("arange", device)
    if start is None and end is None:
        raise TypeError("arange: end: missing 1 required positional argument")
    if start is None or end is None:
        start, end = 0, (start if end is None else end)
    if step == 0:
        raise RuntimeError(message("arange", "step", step, "must be nonzero"))
    if (end - start) * step < 0:
        raise RuntimeError(
            message(
                "arange",
                "step",
                step,
                f"leads away from end (={end}): upper bound and lower bound inconsistent with step sign",
            )
        )
    integral = all(isinstance(v, (int, np.integer)) for v in (start, end, step))
    kind = dtype or (dtypes.int64 if integral else dtypes.get_default_dtype())
    count = -((start - end) // step) if integral else int(np.ceil((end - start) / step))
    counted = _made(place, False, "arange", count, dtype=np.int64 if integral else np.float64).array
    with on(place):
        return new((start + counted * step).astype(kind.numpy), requires_grad)


def linspace(
    start: float, end: float, steps: int, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.linspace: `steps` numbers from start to end, both included, counted from both ends.

    Raises RuntimeError for steps < 0.
    """
    place = resolve("linspace", device)
    if steps < 0:
        raise RuntimeError(
            message("linspace", "steps", steps, "must be non-negative: number of steps must be non-negative")
        )
    kind = kind_of(dtype)
    if kind.kind != "f":
        return new(np.linspace(start, end, steps).astype(kind), requires_grad, place)
    low, high = kind.type(start), kind.type(end)
    step = kind.type((high - low) / kind.type(max(steps - 1, 1)))
    index = np.arange(steps)
    first = index < steps // 2
    wide = np.dtype(np.float64) if kind.itemsize > 2 else kind  # torch rounds each step in float16, once in float32
    forth, back = index.astype(wide), (steps - 1 - index).astype(wide)
    values = np.where(first, wide.type(low) + wide.type(step) * forth, wide.type(high) - wide.type(step) * back)
    return new((values if steps != 1 else np.full(1, low)).astype(kind), requires_grad, place)


def eye(
    n: int, m: int | None = None, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.eye: (n, m) with ones on the diagonal. Raises RuntimeError for a negative size."""
    place = resolve("eye", device)
    shape = shape_of("eye", (n, n if m is None else m))
    return _made(place, requires_grad, "eye", *shape, dtype=kind_of(dtype))
