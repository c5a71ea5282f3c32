"""What every function on plain arrays asks of its arguments, and where its result goes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet.device import array_module
from scratchnet.shapes import message

Shape = tuple[int, ...]
FLOATS = ("float16", "float32", "float64")


def check_array(op: str, argument: str, value: Any, like: Any = None) -> None:
    """Exactly the array class of the library of `like`: nothing is converted behind the caller's back.

    Raises TypeError for lists, numbers, tensors and subclasses (a masked array would lose its mask), ValueError for
    another byte order.
    """
    xp = array_module(value if like is None else like)
    if type(value) is not xp.ndarray:
        kind = type(value)
        found = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        on_gpu = getattr(value, "is_cuda", hasattr(kind, "__cuda_array_interface__"))
        library = "cupy" if on_gpu and (like is None or like is value) else xp.__name__
        fix = _as_array(library, argument, hasattr(value, "detach"), on_gpu)
        raise TypeError(message(op, argument, f"a {found}", f"must be a {library}.ndarray", fix))
    if not value.dtype.isnative:
        fix = f"use {argument}.astype({argument}.dtype.newbyteorder('='))"
        raise ValueError(message(op, f"{argument}.dtype", repr(value.dtype.str), "must be in native byte order", fix))


def _as_array(library: str, argument: str, tensor: bool, on_gpu: bool) -> str:
    """How to get the library's array from a tensor, or from what another library has there or on a GPU."""
    held, more = (f"{argument}.detach()", ", or scratchnet.nn.functional for tensors") if tensor else (argument, "")
    if library != "numpy":
        return f"use {library}.asarray({held}){more}"
    if tensor:
        return f"use {held}{'.cpu()' if on_gpu else ''}.numpy(){more}"
    return f"use cupy.asnumpy({argument})" if on_gpu else f"use numpy.asarray({argument})"


def check_floats(op: str, **arrays: Any) -> None:
    """Arrays (or None) of one library and one dtype among float16, float32 and float64, named by argument.

    Raises TypeError for what is no array or a dtype outside the engine, NotImplementedError for integers and bool,
    RuntimeError for dtypes that differ.
    """
    given = {argument: value for argument, value in arrays.items() if value is not None}
    first = next(iter(arrays))
    reference = arrays[first]
    for argument, value in {first: reference, **given}.items():
        check_array(op, argument, value, reference)
    if all(value.dtype is reference.dtype for value in given.values()) and reference.dtype.char in "efd":
        return
    for argument, value in given.items():
        if value.dtype.kind in "biu":
            rule = f"must be floating-point: {op} is not implemented for {value.dtype}"
            fix = f"use {argument}.astype('float32')"
            raise NotImplementedError(message(op, f"{argument}.dtype", value.dtype, rule, fix))
        if value.dtype.char not in "efd":
            rule = f"must be one of {', '.join(FLOATS)}"
            raise TypeError(
                message(op, f"{argument}.dtype", value.dtype, rule, f"use {argument}.astype('float64') of real numbers")
            )
        if value.dtype != reference.dtype:
            kind = reference.dtype
            rule = f"must have {first}'s dtype, {kind}: expected scalar type {kind} but found {value.dtype}"
            fix = f"use {argument}.astype('{kind}')"
            raise RuntimeError(message(op, f"{argument}.dtype", value.dtype, rule, fix))


def check_indices(op: str, argument: str, value: Any, like: Any) -> None:
    """An int64 array of the library of `like`. Raises TypeError, RuntimeError."""
    check_array(op, argument, value, like)
    if value.dtype != "int64":
        rule = f"must be int64: expected scalar type int64 but found {value.dtype}"
        raise RuntimeError(message(op, f"{argument}.dtype", value.dtype, rule, f"use {argument}.astype('int64')"))


def check_shape(op: str, argument: str, shape: Shape, expected: Shape, why: str) -> None:
    """Raises RuntimeError unless the shape is the expected one; `why` says what makes it so."""
    if shape != expected:
        raise RuntimeError(message(op, f"{argument}.shape", list(shape), f"must be {list(expected)}, {why}"))


def check_out(op: str, out: Any, shape: Shape, like: Any, **inputs: Any) -> None:
    """Room for a result of `shape` and of the dtype of `like`, or None.

    Any strides will do, for instance some channels of a larger array, where no two elements lie in one place. Raises
    TypeError for what is no array, RuntimeError for shape or dtype, ValueError where it is read-only or shares memory
    with itself or with an input.
    """
    if out is None:
        return
    check_array(op, "out", out, like)
    if out.dtype != like.dtype:
        rule = f"must be {like.dtype}, the result's dtype"
        raise RuntimeError(message(op, "out.dtype", out.dtype, rule, "leave out= away or make it of that dtype"))
    if out.shape != shape:
        rule = f"must be {list(shape)}, the result's shape"
        raise RuntimeError(message(op, "out.shape", list(out.shape), rule, "leave out= away or make it of that shape"))
    if not getattr(out.flags, "writeable", True):  # not every library has read-only arrays
        raise ValueError(message(op, "out.flags.writeable", False, "must be True", "use out.copy()"))
    reach = 0
    for stride, size in sorted((abs(stride), size) for stride, size in zip(out.strides, shape, strict=True)):
        if size > 1 and 0 not in shape:
            if stride < reach + out.itemsize:
                rule = "must keep elements apart, but two may share memory"
                raise ValueError(message(op, "out.strides", out.strides, rule, "use out.copy()"))
            reach += (size - 1) * stride
    xp = array_module(out)
    for argument, value in inputs.items():
        if value is not None and xp.may_share_memory(out, value) and xp.shares_memory(out, value):
            rule = f"must share no memory with {argument}"
            raise ValueError(message(op, "out", f"an array of shape {list(shape)}", rule, f"use {argument}.copy()"))


def sizes(op: str, argument: str, value: Any) -> Shape:
    """A shape as a tuple of ints. Raises TypeError, and RuntimeError for a negative number."""
    whole, fix = isinstance(value, Sequence) and not isinstance(value, str), f"use {argument}=x.shape"
    if not whole or any(isinstance(n, bool) or not hasattr(n, "__index__") for n in value):
        raise TypeError(message(op, argument, repr(value), "must be a sequence of ints", fix))
    found = tuple([int(n.__index__()) for n in value])
    if min(found, default=0) < 0:
        raise RuntimeError(message(op, argument, found, "must not be negative", fix))
    return found


def widened(x: Any) -> Any:
    """float16 as float32, the dtype it is computed in; anything else as it is."""
    return x.astype("float32") if x is not None and x.dtype == "float16" else x


def delivered(result: Any, dtype: Any, out: Any = None) -> Any:
    """The result rounded to `dtype`, in `out` where given."""
    if out is None and result.dtype == dtype:
        return result
    with np.errstate(all="ignore"):  # beyond float16's range lies infinity, as in torch
        if out is None:
            return result.astype(dtype)
        out[...] = result
    return out
