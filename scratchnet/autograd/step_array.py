"""StepArray: NumPy's complex128, with every function that isn't analytic replaced by its real branch or refused.

The real part is the value, the imaginary part a derivative times the step. What NumPy would do to a complex number as
such (a modulus, a comparison of imaginary parts, a conjugate) would be wrong here without any error. So a StepArray
takes over all of NumPy's functions: it passes on those that are analytic, puts the real part in charge where a function
only chooses (a maximum, a comparison, |x|), and raises NotAnalyticError for the rest.
"""

from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.step_functions import NotAnalyticError, apply, is_complex, is_floating, multilinear, real

_Ndarray: Any = np.ndarray  # its methods take many forms, all of which pass through here

# Functions of arrays that move, choose or add up, and those written in Python on top of NumPy's ufuncs.
MOVES = set(
    "where copyto concatenate stack vstack hstack dstack column_stack split array_split hsplit vsplit dsplit unstack "
    "take take_along_axis put_along_axis put place putmask moveaxis rollaxis swapaxes transpose reshape ravel squeeze "
    "expand_dims broadcast_to broadcast_arrays flip fliplr flipud rot90 roll repeat tile pad tril triu diag diagonal "
    "diagflat fill_diagonal delete insert append compress choose select extract resize block copy shape ndim size "
    "atleast_1d atleast_2d atleast_3d full_like zeros_like ones_like empty_like sum prod mean cumsum cumprod max amax "
    "min amin var std sort argsort partition argpartition argmax argmin clip diff nan_to_num trace any all nonzero "
    "flatnonzero argwhere isclose allclose array_equal may_share_memory shares_memory result_type can_cast kron "
    "iscomplexobj array_repr array_str array2string average ix_ indices unravel_index tril_indices_from "
    "triu_indices_from as_strided sliding_window_view ptp nansum nanmax nanmin".split()
)
ASKED = set("count_nonzero isposinf isneginf array_equiv".split())  # questions too
# Linear in each of their arrays: the parts are computed apart.
PRODUCTS = set("dot tensordot inner outer einsum matmul vdot vecdot".split())


class StepArray(_Ndarray):
    """An array of complex128 whose real part is the value and whose imaginary part is derivative times step."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        dtypes.of(np.complex128)  # raises outside of the block
        arrays = [bare(x) for x in inputs]
        if out is not None:
            options["out"] = tuple(bare(o) for o in out)
        if not any(is_complex(a) for a in (*arrays, *options.get("out", ()))):
            return getattr(ufunc, method)(*arrays, **options)
        return stepped(apply(ufunc, method, arrays, options))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        dtypes.of(np.complex128)
        name = func.__name__
        if name in PRODUCTS:
            return stepped(multilinear(func, [bare(a) for a in args], kwargs))
        if name in ASKED:
            return func(*[real(bare(a)) for a in args], **kwargs)
        if name not in MOVES:
            raise NotAnalyticError(name)
        if is_floating(kwargs.get("dtype")):
            kwargs = {**kwargs, "dtype": np.complex128}
        return stepped(super().__array_function__(func, types, args, kwargs))

    @property
    def real(self) -> Any:
        """The values, on the same memory, as NumPy's own array."""
        return bare(self).real

    @property
    def imag(self) -> Any:
        """The derivatives times the step, on the same memory, as NumPy's own array."""
        return bare(self).imag

    @property
    def flat(self) -> Any:
        """The elements in one row: NumPy's iterator would give numbers that know nothing of steps."""
        return self.reshape(-1)

    def __getitem__(self, index: Any) -> Any:
        return stepped(super().__getitem__(index))

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        """A copy: as a float type it stays what it is; integers and bools are made from the real part."""
        dtypes.of(np.complex128)
        if is_floating(dtype) or np.dtype(dtype).kind == "c":
            return self if kwargs.get("copy") is False else self.copy(kwargs.get("order", "K"))
        return self.real.astype(dtype, *args, **kwargs)

    def argmax(self, *args: Any, **kwargs: Any) -> Any:
        return self.real.argmax(*args, **kwargs)

    def argmin(self, *args: Any, **kwargs: Any) -> Any:
        return self.real.argmin(*args, **kwargs)

    def argsort(self, *args: Any, **kwargs: Any) -> Any:
        return self.real.argsort(*args, **kwargs)

    def argpartition(self, *args: Any, **kwargs: Any) -> Any:
        return self.real.argpartition(*args, **kwargs)

    def nonzero(self) -> Any:
        return self.real.nonzero()

    def sort(self, axis: Any = -1, kind: Any = None, **_: Any) -> None:
        order = self.real.argsort(axis=axis, kind="stable")
        self[...] = np.take_along_axis(self, order, axis)

    def partition(self, kth: Any, axis: Any = -1, **_: Any) -> None:
        self.sort(axis=axis)

    def var(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
        """The mean of (x - mean) * (x - mean): NumPy's, of a complex array, would be that of the moduli."""
        centred = self - self.mean(axis=axis, keepdims=True)
        total = (centred * centred).sum(axis=axis, keepdims=keepdims)
        return total / (self.size / max(np.size(total), 1) - ddof)

    def std(self, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False) -> Any:
        return np.sqrt(self.var(axis, ddof=ddof, keepdims=keepdims))

    def dot(self, other: Any, out: Any = None) -> Any:
        return np.dot(self, other)

    def round(self, decimals: Any = 0, out: Any = None) -> Any:
        return np.rint(self * 10.0**decimals) / 10.0**decimals

    def item(self, *args: Any) -> Any:
        """A Python number: it would lose the derivative, so only a constant may become one."""
        value = super().item(*args)
        if value.imag:
            raise NotAnalyticError("item", "a Python number takes no part in a complex step")
        return value.real

    def tolist(self) -> Any:
        if self.imag.any():
            raise NotAnalyticError("tolist", "Python numbers take no part in a complex step")
        return self.real.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.real)


def bare(x: Any) -> Any:
    """The same memory as NumPy's own type; what is no StepArray as it is."""
    return x.view(np.ndarray) if isinstance(x, StepArray) else x


def stepped(x: Any) -> Any:
    """A complex array, or each in a tuple or list, on the same memory as a StepArray; anything else as it is."""
    if type(x) in (tuple, list):
        return type(x)(stepped(part) for part in x)
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(x).view(StepArray) if x.dtype.kind == "c" else bare(x)
    return x
