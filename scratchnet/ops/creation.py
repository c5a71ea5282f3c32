"""New tensors: from data, filled, counted, and drawn from PyTorch's random streams."""

from typing import Any

import numpy as np

from scratchnet import dtypes, random
from scratchnet.autograd.complex_step import room
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.modes import state
from scratchnet.device import CPU, chosen_default, is_array, module_on, moved, on, resolve, to_host
from scratchnet.device import device as Device
from scratchnet.ops.promotion import number
from scratchnet.shapes import message, sizes

Dtype = dtypes.dtype | None


def _new(array: Any, requires_grad: bool = False, place: Device | None = None) -> Tensor:
    if dtypes.stepping.active:  # what is made here may be written to, by complex steps
        array = room(array)
    result = Tensor._wrap(array if place is None else moved(array, place))
    result._inference = state.inference
    if requires_grad:
        result.requires_grad = True
    return result


def _made(place: Device, requires_grad: bool, make: str, *args: Any, **options: Any) -> Tensor:
    """What the function `make` of NumPy, or on a GPU of CuPy, gives, made on `place`."""
    if place is CPU:
        return _new(getattr(np, make)(*args, **options), requires_grad)
    with on(place):
        return _new(getattr(module_on(place), make)(*args, **options), requires_grad)


def _made_like(make: str, input: Tensor, dtype: Dtype, device: Any, requires_grad: bool, *values: Any) -> Tensor:
    """`make` (zeros_like and so on) in the shape of `input`, in its dtype and on its device unless others are given."""
    place = input.device if device is None else resolve(make, device)
    kind = (dtype or input.dtype).numpy
    if place is input.device:
        return _made(place, requires_grad, make, input.array, *values, dtype=kind)
    stored = sorted(range(input.ndim), key=lambda axis: -abs(input.array.strides[axis]))  # in the order of the memory
    sizes = tuple(input.shape[axis] for axis in stored)
    made = _made(place, False, make.removesuffix("_like"), sizes, *values, dtype=kind)
    return _new(made.array.transpose(np.argsort(stored).tolist()), requires_grad)


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
        return _new(_as_array("tensor", data, dtype), requires_grad, resolve("tensor", device))
    if type(array) is np.ndarray:
        return _new(_as_array("tensor", array, dtype), requires_grad, resolve("tensor", device))
    source = Tensor._wrap(array).device
    place = source if device is None and chosen_default() is None else resolve("tensor", device)
    kind = (dtype or dtypes.of(array.dtype)).numpy
    with on(source):
        return _new(array.astype(kind, order="C"), requires_grad, place)


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
    return _new(array.view())


def _shape(op: str, size: tuple[Any, ...]) -> tuple[int, ...]:
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


def _float(dtype: Dtype) -> np.dtype[Any]:
    return (dtype or dtypes.get_default_dtype()).numpy


def zeros(
    *sizes: Any, size: Any = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.zeros of a size. Raises RuntimeError for a negative one."""
    place = resolve("zeros", device)
    shape = _shape("zeros", sizes if size is None else (size,))
    return _made(place, requires_grad, "zeros", shape, _float(dtype))


def ones(*sizes: Any, size: Any = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.ones of a size. Raises RuntimeError for a negative one."""
    place = resolve("ones", device)
    shape = _shape("ones", sizes if size is None else (size,))
    return _made(place, requires_grad, "ones", shape, _float(dtype))


def empty(
    *sizes: Any, size: Any = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.empty: memory as it is found."""
    place = resolve("empty", device)
    shape = _shape("empty", sizes if size is None else (size,))
    return _made(place, requires_grad, "empty", shape, _float(dtype))


def full(size: Any, fill_value: Any, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """torch.full: every element `fill_value`, a number or a 0-d tensor, in the dtype that it has unless given.

    Raises RuntimeError for a negative size or a number beyond the dtype, TypeError for a size that is no tuple.
    """
    place = resolve("full", device)
    if not isinstance(size, (tuple, list)):
        raise TypeError(message("full", "size", size, f"must be tuple of ints, not {type(size).__name__}"))
    value = _fill_value("full", fill_value)
    kind = dtype or (fill_value.dtype if isinstance(fill_value, Tensor) else dtypes.of_scalar(value))
    return _made(place, requires_grad, "full", _shape("full", (size,)), number("full", value, kind), kind.numpy)


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
    shape, steps = _shape(op, (size,)), sizes((stride,))
    if len(shape) != len(steps):
        rule = f"must be as long as size (={list(shape)}): dimensionality must match"
        raise RuntimeError(message(op, "stride", list(steps), rule))
    if min(steps, default=0) < 0:
        raise RuntimeError(message(op, "stride", list(steps), "must not be negative"))
    held = 0 if 0 in shape else 1 + sum((n - 1) * step for n, step in zip(shape, steps, strict=True))
    memory = _made(place, False, "empty", held, _float(dtype)).array
    strides = tuple(step * memory.itemsize for step in steps)
    return _new(module_on(place).lib.stride_tricks.as_strided(memory, shape, strides), requires_grad)


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
        return _new((start + counted * step).astype(kind.numpy), requires_grad)


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
    kind = _float(dtype)
    if kind.kind != "f":
        return _new(np.linspace(start, end, steps).astype(kind), requires_grad, place)
    low, high = kind.type(start), kind.type(end)
    step = kind.type((high - low) / kind.type(max(steps - 1, 1)))
    index = np.arange(steps)
    first = index < steps // 2
    wide = np.dtype(np.float64) if kind.itemsize > 2 else kind  # torch rounds each step in float16, once in float32
    forth, back = index.astype(wide), (steps - 1 - index).astype(wide)
    values = np.where(first, wide.type(low) + wide.type(step) * forth, wide.type(high) - wide.type(step) * back)
    return _new((values if steps != 1 else np.full(1, low)).astype(kind), requires_grad, place)


def eye(
    n: int, m: int | None = None, *, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.eye: (n, m) with ones on the diagonal. Raises RuntimeError for a negative size."""
    place = resolve("eye", device)
    shape = _shape("eye", (n, n if m is None else m))
    return _made(place, requires_grad, "eye", *shape, dtype=_float(dtype))


Drawer = random.Generator | None


def drawn(place: Device, draw: str, *args: Any, generator: Drawer = None, requires_grad: bool = False) -> Tensor:
    """What the function `draw` of the device's random stream gives."""
    with on(place):
        numbers = getattr(random.stream_of(place, generator), draw)(*args, generator=generator)
        return _new(numbers, requires_grad)


def rand(
    *size: Any, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.rand: uniform on [0, 1), from PyTorch's own stream, on a GPU from its own."""
    place = resolve("rand", device)
    bounds, kind = (0.0, 1.0), _float(dtype)
    return drawn(
        place, "uniform", _shape("rand", size), *bounds, kind, generator=generator, requires_grad=requires_grad
    )


def randn(
    *size: Any, generator: Drawer = None, dtype: Dtype = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """torch.randn: normal with mean 0 and deviation 1, from PyTorch's own stream, on a GPU from its own."""
    place = resolve("randn", device)
    moments, kind = (0.0, 1.0), _float(dtype)
    return drawn(
        place, "normal", _shape("randn", size), *moments, kind, generator=generator, requires_grad=requires_grad
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
    return _new(made.array.transpose(np.argsort(random.memory_order(input.array)).tolist()), requires_grad)


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
    shape, kind = _shape("randint", (size,)), (dtype or dtypes.int64).numpy
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
        return _new(order.astype((dtype or dtypes.int64).numpy), requires_grad)
