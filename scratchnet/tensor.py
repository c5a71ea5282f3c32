"""Tensor's methods and operators: which function is bound under which name."""

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet import conversion, dtypes, exchange
from scratchnet.autograd import engine
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.inplace import assign, check_apart, check_overlap, check_writable
from scratchnet.conversion import NUMBERS
from scratchnet.ops import (
    activation,
    addmm,
    arrange,
    compare,
    counting,
    creation,
    elementwise,
    extremes,
    from_data,
    functions,
    gather,
    index,
    inplace,
    join,
    logic,
    matmul,
    norms,
    order,
    permute,
    random,
    rectifiers,
    reduce,
    rounding,
    scan,
    scatter,
    shape,
    ternary,
    trigonometry,
    views,
)
from scratchnet.ops.promotion import cast

# Functions whose first argument is the tensor: bound under their own names.
METHODS: tuple[Callable[..., Any], ...] = (
    *(rectifiers.prelu, rectifiers.hardshrink),
    *(matmul.mv, matmul.dot, addmm.addmm, addmm.addmv, addmm.addbmm, addmm.baddbmm, addmm.outer),
    *(views.movedim, views.ravel, views.unflatten, views.select, views.diagonal, views.unfold, views.as_strided),
    *(arrange.diag, arrange.flip, arrange.roll, arrange.repeat, arrange.tile, arrange.repeat_interleave),
    *(arrange.tril, arrange.triu, arrange.nonzero, join.tensor_split),
    *(gather.index_select, scatter.index_add, scatter.index_fill, scatter.index_put, gather.gather, scatter.scatter),
    *(scatter.scatter_add, gather.take_along_dim, gather.masked_select),
    *(elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.neg, elementwise.pow),
    *(elementwise.positive, elementwise.sign, elementwise.abs, compare.clamp),
    *(functions.exp, functions.exp2, functions.expm1, functions.log, functions.log2, functions.log10, functions.log1p),
    *(functions.sqrt, functions.rsqrt, functions.reciprocal, functions.square, functions.erf),
    *(trigonometry.sin, trigonometry.cos, trigonometry.tan, trigonometry.atan2),
    *(scan.cumsum, scan.cumprod),
    *(compare.clamp_min, compare.clamp_max, logic.nan_to_num),
    *(rounding.floor, rounding.ceil, rounding.round, rounding.trunc),
    *(rounding.floor_divide, rounding.remainder, rounding.fmod),
    *(logic.logical_and, logic.logical_or, logic.logical_xor, logic.logical_not),
    *(ternary.lerp, ternary.addcmul, ternary.addcdiv, ternary.masked_fill),
    *(logic.isnan, logic.isinf, logic.isfinite, logic.isclose, logic.allclose, logic.equal),
    *(compare.maximum, compare.minimum, compare.eq, compare.ne, compare.lt, compare.le),
    *(compare.gt, compare.ge, compare.bitwise_and, compare.bitwise_or, compare.bitwise_xor),
    compare.bitwise_not,
    *(reduce.sum, reduce.mean, reduce.var, reduce.std, reduce.prod, norms.norm),
    *(order.sort, order.argsort, order.topk, order.median, order.unique),
    *(counting.all, counting.any, counting.count_nonzero, counting.bincount),
    *(extremes.max, extremes.min, extremes.argmax, extremes.argmin, extremes.amax, extremes.amin, extremes.aminmax),
    *(shape.view, shape.reshape, shape.flatten, permute.permute, permute.transpose, permute.t, shape.squeeze),
    *(shape.unsqueeze, shape.expand, shape.broadcast_to, shape.sum_to_size, shape.clone, shape.contiguous),
    *(shape.narrow, join.split, join.chunk, join.unbind),
    *(matmul.matmul, matmul.mm, matmul.bmm),
    *(
        activation.relu,
        activation.sigmoid,
        activation.tanh,
        activation.softmax,
        activation.log_softmax,
        activation.logsumexp,
    ),
    *(inplace.copy_, inplace.fill_, inplace.zero_),
    *(random.uniform_, random.normal_, random.exponential_, random.random_),
    *(random.bernoulli, random.bernoulli_, random.multinomial),
    *(conversion.to, conversion.cpu, conversion.cuda, conversion.type_as, conversion.numpy, conversion.item),
    *(conversion.tolist, conversion.size, conversion.numel, conversion.stride, conversion.is_contiguous),
    *(conversion.is_floating_point, conversion.element_size, conversion.data_ptr, conversion.view_as),
    *(conversion.get_device, conversion.pin_memory, conversion.is_pinned, conversion.record_stream),
    *(conversion.reshape_as, conversion.expand_as, conversion.where, engine.backward),
)
PROPERTIES = (permute.mT, permute.T)

# Functions that also exist as name_(): the result is written over the tensor, which takes over its history.
IN_PLACE: tuple[Callable[..., Any], ...] = (
    *(addmm.addmm, addmm.addmv, addmm.addbmm, addmm.baddbmm),
    *(scatter.index_add, scatter.index_fill, scatter.index_put, scatter.scatter, scatter.scatter_add),
    *(arrange.tril, arrange.triu),
    *(elementwise.add, elementwise.sub, elementwise.mul, elementwise.div, elementwise.neg, elementwise.pow),
    *(elementwise.sign, elementwise.abs, compare.clamp),
    *(functions.exp, functions.exp2, functions.expm1, functions.log, functions.log2, functions.log10, functions.log1p),
    *(functions.sqrt, functions.rsqrt, functions.reciprocal, functions.square, functions.erf),
    *(trigonometry.sin, trigonometry.cos, trigonometry.tan, trigonometry.atan2),
    *(scan.cumsum, scan.cumprod),
    *(compare.clamp_min, compare.clamp_max, logic.nan_to_num),
    *(compare.bitwise_and, compare.bitwise_or, compare.bitwise_xor, compare.bitwise_not),
    *(rounding.floor, rounding.ceil, rounding.round, rounding.trunc),
    *(rounding.floor_divide, rounding.remainder, rounding.fmod),
    *(logic.logical_and, logic.logical_or, logic.logical_xor, logic.logical_not),
    *(ternary.lerp, ternary.addcmul, ternary.addcdiv, ternary.masked_fill),
    *(activation.relu, activation.sigmoid, activation.tanh),
)
# Those that write here and there while they read: no argument may share memory with the tensor, not even all of it.
APART = (scatter.index_add, scatter.index_fill, scatter.index_put, scatter.scatter, scatter.scatter_add)
ALIASES: dict[str, Callable[..., Any]] = {
    "absolute": elementwise.abs,
    "negative": elementwise.neg,
    "multiply": elementwise.mul,
    "divide": elementwise.div,
    "true_divide": elementwise.div,
    "subtract": elementwise.sub,
    "clip": compare.clamp,
    "fix": rounding.trunc,
    "arctan2": trigonometry.atan2,
    "greater": compare.gt,
    "greater_equal": compare.ge,
    "less": compare.lt,
    "less_equal": compare.le,
    "not_equal": compare.ne,
    "swapaxes": permute.transpose,
    "swapdims": permute.transpose,
    "moveaxis": views.movedim,
}
OPERATORS = {
    "add": elementwise.add,
    "sub": elementwise.sub,
    "mul": elementwise.mul,
    "truediv": elementwise.div,
    "pow": elementwise.pow,
    "floordiv": rounding.floor_divide,
    "mod": rounding.remainder,
    "and": compare.bitwise_and,
    "or": compare.bitwise_or,
    "xor": compare.bitwise_xor,
    "matmul": matmul.matmul,
}
COMPARISONS = (compare.eq, compare.ne, compare.lt, compare.le, compare.gt, compare.ge)
CASTS = {
    "half": dtypes.float16,
    "float": dtypes.float32,
    "double": dtypes.float64,
    "char": dtypes.int8,
    "byte": dtypes.uint8,
    "short": dtypes.int16,
    "int": dtypes.int32,
    "long": dtypes.int64,
    "bool": dtypes.bool_,
}


def written_over(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """The in-place twin of a function: torch's `name_`. Nothing changes where it raises."""
    name = f"{function.__name__}_"
    check = check_apart if function in APART else check_overlap

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_writable(self, name)
        for arg in (*args, *kwargs.values()):
            check(self, arg, name)
        return assign(self, function(self, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"{function.__name__} in place (torch.Tensor.{name}). Raises RuntimeError where the result doesn't fit."
    )
    return method


def _operator(function: Callable[..., Any], swapped: bool = False) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        if isinstance(other, np.ndarray):
            other = Tensor._wrap(other)
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return function(other, self) if swapped else function(self, other)

    return operator


def _in_place_operator(function: Callable[..., Any]) -> Callable[..., Any]:
    method = written_over(function)

    def operator(self: Tensor, other: Any) -> Any:
        return method(self, other) if isinstance(other, NUMBERS) else NotImplemented

    return operator


def _comparison(function: Callable[..., Any]) -> Callable[..., Any]:
    def operator(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, NUMBERS) else NotImplemented

    return operator


def _cast(dtype: dtypes.dtype) -> Callable[[Tensor], Tensor]:
    def method(self: Tensor) -> Tensor:
        return cast(self, dtype)

    method.__doc__ = f"The tensor as {dtype.name}; itself where it is that already."
    return method


def _new_like(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, **kwargs: Any) -> Tensor:
        return function(*args, dtype=dtype or self.dtype, device=self.device if device is None else device, **kwargs)

    method.__doc__ = f"{function.__name__} in this tensor's dtype and on its device unless others are given."
    return method


def _invert(self: Tensor) -> Tensor:
    if self.array.dtype.kind in "fc":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return compare.bitwise_not(self)


def _bind() -> None:
    for function in METHODS:
        setattr(Tensor, function.__name__, function)
    for function in PROPERTIES:
        setattr(Tensor, function.__name__, property(function))
    for function in IN_PLACE:
        setattr(Tensor, f"{function.__name__}_", written_over(function))
    for name, function in ALIASES.items():
        setattr(Tensor, name, function)
        if function in IN_PLACE:
            setattr(Tensor, f"{name}_", written_over(function))
    for name, function in OPERATORS.items():
        setattr(Tensor, f"__{name}__", _operator(function))
        setattr(Tensor, f"__r{name}__", _operator(function, swapped=True))
        if name != "matmul":
            setattr(Tensor, f"__i{name}__", _in_place_operator(function))
    for function in COMPARISONS:
        setattr(Tensor, f"__{function.__name__}__", _comparison(function))
    for name, dtype in CASTS.items():
        setattr(Tensor, name, _cast(dtype))
    for function in (
        *(from_data.tensor, creation.zeros, creation.ones, creation.empty, creation.full, creation.empty_strided),
    ):
        setattr(Tensor, f"new_{function.__name__}", _new_like(function))
    Tensor.dim = lambda self: self.ndim  # type: ignore[attr-defined]
    Tensor.nelement = conversion.numel  # type: ignore[attr-defined]
    Tensor.__hash__ = lambda self: id(self)  # type: ignore[method-assign]
    special: dict[str, Any] = {
        "getitem": index.getitem,
        "setitem": index.setitem,
        "neg": elementwise.neg,
        "pos": elementwise.positive,
        "abs": elementwise.abs,
        "invert": _invert,
        "array": conversion.to_array,
        "dlpack": exchange.dlpack,
        "dlpack_device": exchange.dlpack_device,
        "cuda_array_interface": property(exchange.cuda_array_interface),
        "len": conversion.length,
        "iter": conversion.iterate,
        "bool": conversion.truth,
        "index": conversion.as_index,
        "int": lambda self: int(self.item()),
        "float": lambda self: float(self.item()),
        "contains": conversion.contains,
        "repr": conversion.to_repr,
        "format": conversion.to_format,
        "deepcopy": conversion.deepcopy,
        "reduce": conversion.pickled,
    }
    for name, function in special.items():
        setattr(Tensor, f"__{name}__", function)


_bind()
