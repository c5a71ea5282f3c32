"""Functions of the stand-in for CuPy. The tables hold CuPy's names and parameters, which a test compares with CuPy."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from emulation import cupy_indexing as indexing
from emulation.cupy_array import ndarray, unwrapped
from emulation.cupy_calls import call, function, signature, ufunc
from emulation.cupy_core import as_multiplied
from emulation.cupy_cuda import waited

UFUNCS = """
abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh bitwise_and bitwise_or bitwise_xor ceil conj
conjugate copysign cos cosh deg2rad degrees divide equal exp exp2 expm1 fabs float_power floor floor_divide fmax fmin
fmod frexp greater greater_equal heaviside hypot invert isfinite isinf isnan ldexp left_shift less less_equal log log10
log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor maximum minimum mod modf multiply
negative nextafter not_equal positive power rad2deg radians reciprocal remainder right_shift rint sign signbit sin sinh
sqrt square subtract tan tanh true_divide trunc
"""

# Those whose results lie on the device, at once.
FUNCTIONS = """
all(a, axis=None, out=None, keepdims=False)
amax(a, axis=None, out=None, keepdims=False)
amin(a, axis=None, out=None, keepdims=False)
any(a, axis=None, out=None, keepdims=False)
around(a, decimals=0, out=None)
array_split(ary, indices_or_sections, axis=0)
broadcast_to(array, shape)
clip(a, a_min, a_max, out=None)
concatenate(tup, axis=0, out=None, *, dtype=None, casting='same_kind')
count_nonzero(a, axis=None)
cumprod(a, axis=None, dtype=None, out=None)
cumsum(a, axis=None, dtype=None, out=None)
diag(v, k=0)
diff(a, n=1, axis=-1)
dot(a, b, out=None)
expand_dims(a, axis)
flip(a, axis=None)
inner(a, b)
isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False)
lexsort(keys)
max(a, axis=None, out=None, keepdims=False)
mean(a, axis=None, dtype=None, out=None, keepdims=False)
min(a, axis=None, out=None, keepdims=False)
moveaxis(a, source, destination)
nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None)
nanmax(a, axis=None, out=None, keepdims=False)
nanmin(a, axis=None, out=None, keepdims=False)
nansum(a, axis=None, dtype=None, out=None, keepdims=False)
outer(a, b, out=None)
prod(a, axis=None, dtype=None, out=None, keepdims=False)
ravel(a, order='C')
reshape(a, newshape, order='C', *, copy=None)
roll(a, shift, axis=None)
rollaxis(a, axis, start=0)
rot90(a, k=1, axes=(0, 1))
round(a, decimals=0, out=None)
searchsorted(a, v, side='left', sorter=None)
split(ary, indices_or_sections, axis=0)
squeeze(a, axis=None)
stack(tup, axis=0, out=None, *, dtype=None, casting='same_kind')
std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
sum(a, axis=None, dtype=None, out=None, keepdims=False)
swapaxes(a, axis1, axis2)
tensordot(a, b, axes=2)
tile(A, reps)
trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None)
transpose(a, axes=None)
tril(m, k=0)
triu(m, k=0)
var(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False)
"""

# Those that need a size or a value on the host.
WAITING = """
argwhere(a)
compress(condition, a, axis=None, out=None)
extract(condition, a)
flatnonzero(a)
isin(element, test_elements, assume_unique=False, invert=False)
median(a, axis=None, out=None, overwrite_input=False, keepdims=False)
nonzero(a)
percentile(a, q, axis=None, out=None, overwrite_input=False, method='linear', keepdims=False, *, interpolation=None)
quantile(a, q, axis=None, out=None, overwrite_input=False, method='linear', keepdims=False, *, interpolation=None)
"""


def _table(text: str, waits: bool) -> dict[str, Any]:
    lines = [line.removesuffix(")").split("(", 1) for line in text.strip().splitlines()]
    return {name: function(name, parameters, waits) for name, parameters in lines}


_made = {name: ufunc(name) for name in UFUNCS.split()} | _table(FUNCTIONS, False) | _table(WAITING, True)


def __getattr__(name: str) -> Any:
    """A function of the tables. They aren't put into the module, where Python's own sum, max and others are meant."""
    if name in _made:
        return _made[name]
    raise AttributeError(f"CuPy's stand-in has no {name}")


def _place(find: Any) -> Any:
    """Of several NaN CuPy names any: here the last."""

    def found(x: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        first = find(x, axis=axis, keepdims=keepdims)
        if x.dtype.kind == "f":
            nan, line = np.isnan(x), x.size if axis is None else x.shape[axis]
            last = line - 1 - np.flip(nan, axis).argmax(axis, keepdims=keepdims)
            first = np.where(nan.any(axis, keepdims=keepdims), last, first)
        if out is None:
            return first
        out[...] = first
        return out

    return found


def argmax(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    found = call(_place(np.argmax), a, axis=axis, out=out, keepdims=keepdims)
    return found if dtype is None else found.astype(dtype)


def argmin(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    found = call(_place(np.argmin), a, axis=axis, out=out, keepdims=keepdims)
    return found if dtype is None else found.astype(dtype)


def _stable(kind: Any) -> str:
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    return "stable"


def argsort(a: Any, axis: int | None = -1, kind: Any = None) -> Any:
    return call(np.argsort, a, axis=axis, kind=_stable(kind))


def sort(a: Any, axis: int | None = -1, kind: Any = None) -> Any:
    return call(np.sort, a, axis=axis, kind=_stable(kind))


def partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    return call(np.sort, a, axis=axis, kind="stable")


def argpartition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    return call(np.argsort, a, axis=axis, kind="stable")


def take(a: Any, indices: Any, axis: int | None = None, out: Any = None) -> Any:
    return call(np.take, a, indices, axis=axis, out=out, mode="wrap")


def take_along_axis(a: Any, indices: Any, axis: int | None) -> Any:
    return call(lambda x, places: np.take_along_axis(x, indexing.wrapped(places, _size(x, axis)), axis), a, indices)


def _size(host: Any, axis: int | None) -> int:
    return host.size if axis is None else host.shape[axis]


def put(a: Any, ind: Any, v: Any, mode: str = "wrap") -> None:
    host, places, given = unwrapped(a), unwrapped(ind), unwrapped(v)
    np.put(host, places, given, mode=mode)
    if isinstance(given, np.ndarray) and given.size > 1:
        spread = np.unravel_index(indexing.wrapped(places, host.size), host.shape)
        indexing.poison_clashes(host, spread, np.resize(given, np.shape(places)))


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    if x is None and y is None:
        waited()
        return call(np.nonzero, condition)
    return call(np.where, condition, x, y)


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
) -> Any:
    if axis is not None:
        raise ValueError("cupy.unique takes differences of slices, which bools haven't and small integers can't hold")
    waited()
    return call(np.unique, ar, return_index, return_inverse, return_counts, equal_nan=equal_nan)


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    if isinstance(repeats, (ndarray, np.ndarray)):
        raise ValueError("cupy.repeat doesn't support an array of repeats")
    return call(np.repeat, a, repeats, axis)


def bincount(x: Any, weights: Any = None, minlength: int | None = None) -> Any:
    waited()
    if weights is not None:
        raise ValueError("cupy.bincount adds weights in any order: other bits in each run")
    return call(np.bincount, x, weights, minlength or 0)


def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    found = call(np.diagonal, a, offset, axis1, axis2)
    found._host.flags.writeable = True
    return found


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = None) -> None:
    call(np.copyto, dst, src, casting=casting, where=True if where is None else where)


def real(val: Any) -> Any:
    return call(np.real, val) if val.dtype.kind == "c" else val


def imag(val: Any) -> Any:
    return call(np.imag, val)


def matmul(*args: Any, casting: Any = "same_kind", dtype: Any = None, out: Any = None) -> Any:
    options = {} if out is None else {"out": out}
    return call(_matmul, *args, dtype=dtype, casting=casting, **options)


def _matmul(a: Any, b: Any, out: Any = None, **options: Any) -> Any:
    """np.matmul; a long sum in float32 is cut in parts, as cuBLAS cuts it for small matrices; its order is unknown."""
    terms, step = a.shape[-1], 128
    if max(a.ndim, b.ndim) <= 2:  # CuPy asks cuBLAS for batches without a compute type
        a, b = as_multiplied(a), as_multiplied(b)
    if a.dtype != np.float32 or a.ndim < 2 or b.ndim < 2 or terms <= step:
        return np.matmul(a, b, out=out, **options)
    total = np.matmul(a[..., :step], b[..., :step, :], out=out, **options)
    for start in range(step, terms, step):
        total += np.matmul(a[..., start : start + step], b[..., start : start + step, :])
    return total


def einsum(*operands: Any, **kwargs: Any) -> Any:
    signature("*, dtype=None, optimize=False").bind(**kwargs)
    return call(np.einsum, *operands, **kwargs)


def pad(array: Any, pad_width: Any, mode: str = "constant", **kwargs: Any) -> Any:
    return call(np.pad, array, pad_width, mode, **kwargs)


def broadcast_arrays(*args: Any) -> Any:
    return list(call(np.broadcast_arrays, *args))


def allclose(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
    return call(np.allclose, a, b, rtol, atol, equal_nan)


def array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    return call(np.array_equal, a1, a2, equal_nan)


def may_share_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    return np.may_share_memory(a._host, b._host)


def shares_memory(a: Any, b: Any, max_work: Any = None) -> bool:
    if a is not b:  # CuPy sorts all addresses and asks the GPU
        waited()
    return np.shares_memory(a._host, b._host)


def ndim(a: Any) -> int:
    return np.ndim(unwrapped(a))


def shape(a: Any) -> tuple[int, ...]:
    return np.shape(unwrapped(a))


def size(a: Any, axis: int | None = None) -> int:
    return np.size(unwrapped(a), axis)


def result_type(*arrays_and_dtypes: Any) -> np.dtype[Any]:
    return np.result_type(*map(unwrapped, arrays_and_dtypes))


def can_cast(from_: DTypeLike, to: DTypeLike, casting: Any = "safe") -> bool:
    return np.can_cast(from_, to, casting)


def as_strided(x: ndarray, shape: Any = None, strides: Any = None) -> ndarray:
    """cupy.lib.stride_tricks.as_strided, but ValueError where an element would lie outside the memory."""
    sizes = x.shape if shape is None else tuple(shape)
    host = x.data.laid_out(sizes, x.dtype, x.strides if strides is None else tuple(strides))
    return ndarray._view(host, x._device)  # whose base CuPy doesn't tell


def _qr(a: Any, mode: str = "reduced") -> Any:
    waited()
    return tuple(call(np.linalg.qr, a, mode))


lib = SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))
linalg = SimpleNamespace(qr=_qr)
__all__ = [
    *_made,
    "allclose",
    "argmax",
    "argmin",
    "argpartition",
    "argsort",
    "array_equal",
    "bincount",
    "broadcast_arrays",
    "can_cast",
    "copyto",
    "diagonal",
    "einsum",
    "imag",
    "lib",
    "linalg",
    "matmul",
    "may_share_memory",
    "ndim",
    "pad",
    "partition",
    "put",
    "real",
    "repeat",
    "result_type",
    "shape",
    "shares_memory",
    "size",
    "sort",
    "take",
    "take_along_axis",
    "unique",
    "where",
]
