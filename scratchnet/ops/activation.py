"""relu, sigmoid, tanh, softmax, log_softmax, logsumexp; each gradient is an op too, so that every order exists."""

import warnings
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.dtypes import dtype as Dtype
from scratchnet.dtypes import get_default_dtype
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.shapes import message, normalize_dim, normalize_dims


class Relu(Op):
    """max(x, 0); NaN stays NaN."""

    silent = True

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_outputs(0)
        return kernels_for(x).activation.relu(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (y,) = ctx.saved
        return ReluGrad.apply(gy, y)

    @staticmethod
    def overwrite(ctx: Any, gy: Any) -> None:
        (y,) = ctx.saved
        kernels_for(gy).activation.relu_grad(gy, y.array, out=gy)


class Rectified(Relu, node="ReluBackward0"):
    """The same for x that the kernel which wrote it has rectified, and that nobody else holds."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_outputs(0)
        return x


class ReluGrad(Op):
    """gy where y isn't 0. Flat in y: no second derivative there."""

    @staticmethod
    def forward(ctx: Any, gy: Any, y: Any) -> Any:
        ctx.save_inputs(1)
        return kernels_for(gy).activation.relu_grad(gy, y)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        (y,) = ctx.saved
        return ReluGrad.apply(ggx, y), None


class Sigmoid(Op):
    """1 / (1 + exp(-x))."""

    silent = True

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_outputs(0)
        return kernels_for(x).activation.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (y,) = ctx.saved
        return SigmoidGrad.apply(gy, y)

    @staticmethod
    def overwrite(ctx: Any, gy: Any) -> None:
        (y,) = ctx.saved
        kernels_for(gy).activation.sigmoid_grad(gy, y.array, out=gy)


class SigmoidGrad(Op):
    """gy y (1 - y)."""

    @staticmethod
    def forward(ctx: Any, gy: Any, y: Any) -> Any:
        ctx.save_inputs(0, 1)
        return kernels_for(gy).activation.sigmoid_grad(gy, y)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, y = ctx.saved
        return (SigmoidGrad.apply(ggx, y) if ctx.needs[0] else None), (ggx * gy * (1 - 2 * y) if ctx.needs[1] else None)


class Tanh(Op):
    """Hyperbolic tangent."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_outputs(0)
        return kernels_for(x).activation.tanh(x)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (y,) = ctx.saved
        return TanhGrad.apply(gy, y)


class TanhGrad(Op):
    """gy (1 - y²)."""

    @staticmethod
    def forward(ctx: Any, gy: Any, y: Any) -> Any:
        ctx.save_inputs(0, 1)
        return kernels_for(gy).activation.tanh_grad(gy, y)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, y = ctx.saved
        return (TanhGrad.apply(ggx, y) if ctx.needs[0] else None), (-2 * ggx * gy * y if ctx.needs[1] else None)


class Softmax(Op):
    """y = exp(x) / sum of exp(x) along an axis."""

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        ctx.axis = axis
        ctx.save_outputs(0)
        return kernels_for(x).softmax.softmax(x, axis)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (y,) = ctx.saved
        return SoftmaxGrad.apply(gy, y, ctx.axis), None


class SoftmaxGrad(Op):
    """y (gy - sum(gy y)); symmetric in gy, so it is its own adjoint there."""

    @staticmethod
    def forward(ctx: Any, gy: Any, y: Any, axis: int) -> Any:
        ctx.axis = axis
        ctx.save_inputs(0, 1)
        return kernels_for(gy).softmax.softmax_grad(gy, y, axis)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, y = ctx.saved
        ggy = SoftmaxGrad.apply(ggx, y, ctx.axis) if ctx.needs[0] else None
        if not ctx.needs[1]:
            return ggy, None, None
        along = {"dim": ctx.axis, "keepdim": True}
        return ggy, ggx * (gy - (gy * y).sum(**along)) - gy * (ggx * y).sum(**along), None


class LogSoftmax(Op):
    """y = x - log(sum of exp(x)) along an axis."""

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        ctx.axis = axis
        ctx.save_outputs(0)
        return kernels_for(x).softmax.log_softmax(x, axis)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (y,) = ctx.saved
        return LogSoftmaxGrad.apply(gy, y, ctx.axis), None


class LogSoftmaxGrad(Op):
    """gy - exp(y) sum(gy)."""

    @staticmethod
    def forward(ctx: Any, gy: Any, y: Any, axis: int) -> Any:
        ctx.axis = axis
        ctx.save_inputs(0, 1)
        return kernels_for(gy).softmax.log_softmax_grad(gy, y, axis)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        gy, y = ctx.saved
        weighted = ggx * y.exp()
        ggy = ggx - weighted.sum(dim=ctx.axis, keepdim=True) if ctx.needs[0] else None
        return ggy, (-weighted * gy.sum(dim=ctx.axis, keepdim=True) if ctx.needs[1] else None), None


class Logsumexp(Op):
    """log(sum of exp(x)) over axes kept as size 1; the largest is taken out first."""

    @staticmethod
    def forward(ctx: Any, x: Any, axes: tuple[int, ...]) -> Any:
        ctx.save_inputs(0)
        ctx.save_outputs(0)
        xp = array_module(x)
        if x.size == 0:
            return xp.log(xp.exp(x).sum(axis=axes, keepdims=True))
        largest = x.max(axis=axes, keepdims=True)
        largest = xp.where(xp.isinf(largest), xp.zeros((), x.dtype), largest)  # inf - inf would be NaN
        return xp.log(xp.exp(x - largest).sum(axis=axes, keepdims=True)) + largest

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        x, y = ctx.saved
        return gy * (x - y).exp(), None


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.relu: max(x, 0), any shape. The gradient at 0 is 0; NaN stays NaN and lets the gradient pass.

    inplace=True overwrites input (RuntimeError for a leaf that requires grad). Raises RuntimeError for bool.
    Source: Nair and Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines (2010).
    """
    check_tensor("relu", "input", input)
    if inplace:
        result: Tensor = input.relu_()
        return result
    kind = input.array.dtype.kind
    if kind == "b":
        raise RuntimeError(
            message("relu", "input.dtype", "bool", "Boolean inputs not supported for relu", "use input.float()")
        )
    return Relu.apply(input) if kind in "fc" else input.clamp(min=0)


def _floating(op: str, input: Any) -> Tensor:
    """The tensor, integers and bool turned into the default dtype as torch's unary functions do."""
    check_tensor(op, "input", input)
    tensor: Tensor = input if input.array.dtype.kind in "fc" else input.to(get_default_dtype())
    return tensor


def sigmoid(input: Tensor) -> Tensor:
    """torch.sigmoid: 1 / (1 + exp(-x)), any shape, no overflow. Integers and bool give the default dtype."""
    y: Tensor = Sigmoid.apply(_floating("sigmoid", input))
    return y


def tanh(input: Tensor) -> Tensor:
    """torch.tanh, any shape; integers and bool give the default dtype."""
    y: Tensor = Tanh.apply(_floating("tanh", input))
    return y


def _prepared(op: str, input: Any, dim: Any, dtype: Dtype | None, implicit: bool) -> tuple[Tensor, int]:
    """The tensor in the dtype asked for, and the axis counted from the front."""
    check_tensor(op, "input", input)
    ndim = input.array.ndim
    if dim is None and implicit:
        text = (
            f"Implicit dimension choice for {op} has been deprecated. Change the call to include dim=X as an argument."
        )
        warnings.warn(text, UserWarning, stacklevel=4)
        dim = 0 if ndim in (0, 1, 3) else 1
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(message(op, "dim", repr(dim), f"must be int, not {type(dim).__name__}", "use dim=1 for (N, C)"))
    if dtype is not None:
        input = input.to(dtype)
    axis = normalize_dim(op, dim, ndim)
    check_floating(op, "input", input)
    return input, axis


def _along(op: type[Op], input: Tensor, axis: int) -> Tensor:
    """The op along the axis; a 0-d tensor counts as one with a single element."""
    y: Tensor = op.apply(input, axis) if input.array.ndim else op.apply(input.reshape(1), 0).reshape(())
    return y


def softmax(input: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
    """torch.softmax: exp(x) / sum of exp(x) along dim, any shape, after a cast to `dtype` where given.

    The largest value is taken out first, so nothing overflows; a slice with inf or NaN, or of -inf alone, gives NaN.
    Raises IndexError for dim out of range, NotImplementedError for integers without a floating-point dtype.
    """
    return _along(Softmax, *_prepared("softmax", input, dim, dtype, implicit=False))


def log_softmax(input: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
    """torch.log_softmax: x - log(sum of exp(x)) along dim, any shape, after a cast to `dtype` where given.

    More exact than softmax(x).log(), and never log(0). Raises as softmax does.
    """
    return _along(LogSoftmax, *_prepared("log_softmax", input, dim, dtype, implicit=False))


def functional_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """torch.nn.functional.softmax: the same; dim=None warns and takes 0 for 0, 1 or 3 dimensions, else 1."""
    return _along(Softmax, *_prepared("softmax", input, dim, dtype, implicit=True))


def functional_log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None
) -> Tensor:
    """torch.nn.functional.log_softmax: the same; dim=None warns and takes 0 for 0, 1 or 3 dimensions, else 1."""
    return _along(LogSoftmax, *_prepared("log_softmax", input, dim, dtype, implicit=True))


def logsumexp(input: Tensor, dim: int | tuple[int, ...], keepdim: bool = False) -> Tensor:
    """torch.logsumexp: log(sum of exp(x)) over one or more dims, which go (keepdim=True: become 1).

    The largest value is taken out first, so nothing overflows; nothing to add up gives -inf. Its gradient is softmax.
    Integers and bool give the default dtype. Raises IndexError for dim out of range, RuntimeError for one named twice.
    """
    tensor = _floating("logsumexp", input)
    if dim is None:
        raise TypeError(
            message("logsumexp", "dim", dim, "must be an int or a tuple of ints, not NoneType", "use dim=(0, 1)")
        )
    axes = normalize_dims("logsumexp", dim, tensor.array.ndim)
    y: Tensor = Logsumexp.apply(tensor, axes)
    return y if keepdim else y.reshape([n for axis, n in enumerate(y.shape) if axis not in axes])
