"""Running sums and products along a dimension, and the linear recurrence that is the gradient of running products.

Floats are accumulated in float64 and rounded once an element. No division anywhere: zeros have exact gradients.
"""

from typing import Any

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.arrange import Flip
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.promotion import cast
from scratchnet.shapes import message, normalize_dim

Gradients = tuple[Tensor | None, ...]


class Shifted(Op):
    """Each element one place later along a dimension; `first` comes in, the last falls out."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int, first: float) -> Any:
        ctx.dim = dim
        out = array_module(x).empty_like(x, order="C")
        out[_at(dim, slice(1, None))] = x[_at(dim, slice(None, -1))]
        out[_at(dim, slice(0, 1))] = first
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        back = _turned(Shifted.apply(_turned(gy, ctx.dim), ctx.dim, 0.0), ctx.dim)
        return back, None, None


def _turned(x: Tensor, dim: int) -> Tensor:
    """The order along the dimension turned round."""
    result: Tensor = Flip.apply(x, (dim,))
    return result


def _at(dim: int, part: slice) -> tuple[slice, ...]:
    return (slice(None),) * dim + (part,)


def _along_lines(name: str, x: Any, dim: int, *more: Any) -> Any:
    """The kernel along a dimension; integers are exact in any order, and NumPy's own function takes them."""
    xp = array_module(x)
    if x.dtype.kind not in "fc":
        return getattr(xp, name)(x, dim)
    lines = [xp.moveaxis(v, dim, -1) for v in (x, *more)]
    return xp.ascontiguousarray(xp.moveaxis(getattr(kernels_for(x).scan, name)(*lines), -1, dim))


class Cumsum(Op):
    """Running sums."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int) -> Any:
        ctx.dim = dim
        return _along_lines("cumsum", x, dim)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        return _turned(Cumsum.apply(_turned(gy, ctx.dim), ctx.dim), ctx.dim), None


class Cumprod(Op):
    """Running products y. A product that holds x_i is y_(i-1) x_i, and then whatever is multiplied later."""

    @staticmethod
    def forward(ctx: Any, x: Any, dim: int) -> Any:
        ctx.dim = dim
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        return _along_lines("cumprod", x, dim)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Gradients:
        x, y = ctx.saved
        return Shifted.apply(y, ctx.dim, 1.0) * _later(gy, x, ctx.dim), None


class LinearScan(Op):
    """h_i = g_i + a_i h_(i-1) along a dimension, from h = 0 on."""

    @staticmethod
    def forward(ctx: Any, g: Any, a: Any, dim: int) -> Any:
        ctx.dim = dim
        ctx.save_inputs(None, 1)
        ctx.save_outputs(0)
        return _along_lines("linear_scan", g, dim, a)

    @staticmethod
    def backward(ctx: Any, gh: Tensor) -> Gradients:
        _, a, h = ctx.saved
        gg = _later(gh, a, ctx.dim)
        return gg, (gg * Shifted.apply(h, ctx.dim, 0.0) if ctx.needs[1] else None), None


def _later(g: Tensor, a: Tensor, dim: int) -> Tensor:
    """r_i = g_i + a_(i+1) r_(i+1): the adjoint of LinearScan, which is itself run backwards."""
    factors = Shifted.apply(_turned(a, dim), dim, 0.0)
    result: Tensor = _turned(LinearScan.apply(_turned(g, dim), factors, dim), dim)
    return result


def products_of_others(x: Tensor, dim: int) -> Tensor:
    """For each element the product of all others along the dimension: what came before times what comes after."""
    before = Shifted.apply(Cumprod.apply(x, dim), dim, 1.0)
    after = Shifted.apply(Cumprod.apply(_turned(x, dim), dim), dim, 1.0)
    result: Tensor = before * _turned(after, dim)
    return result


def _running(op: str, kind: type[Op], input: Any, dim: Any, dtype: dtypes.dtype | None) -> Tensor:
    check_tensor(op, "input", input)
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(message(op, "dim", repr(dim), f"must be int, not {type(dim).__name__}"))
    dim = normalize_dim(op, dim, input.ndim)
    target = dtype or (input.dtype if input.array.dtype.kind in "fc" else dtypes.int64)
    x = cast(input, target)
    result: Tensor = kind.apply(x, dim) if input.ndim else x.clone()
    return result


def cumsum(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """torch.cumsum: the sum of the elements up to each along `dim`; integers and bools add up in int64."""
    return _running("cumsum", Cumsum, input, dim, dtype)


def cumprod(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """torch.cumprod: the product of the elements up to each along `dim`; integers and bools multiply in int64."""
    return _running("cumprod", Cumprod, input, dim, dtype)
