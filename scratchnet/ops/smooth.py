"""Smooth activations: elu, selu, celu, silu, mish, gelu, softplus, logsigmoid, glu and their kin."""

import math
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.dtypes import dtype as Dtype
from scratchnet.ops.activation import functional_softmax, sigmoid, tanh
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.compare import where
from scratchnet.ops.curve import KernelCurve
from scratchnet.ops.elementwise import abs, neg
from scratchnet.ops.functions import exp
from scratchnet.ops.join import cat
from scratchnet.ops.rectifiers import curve
from scratchnet.shapes import message, normalize_dim

GELU_SCALE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


class Elu(KernelCurve):
    """scale x where x > 0, else scale alpha (exp(inner x) - 1)."""

    curve = "elu"

    @staticmethod
    def bend(g: Tensor, x: Tensor, alpha: float, scale: float, inner: float) -> Tensor:
        below = x.clamp(max=0.0)  # exp of a large x would make inf * 0
        gx: Tensor = where(x <= 0, g * (alpha * scale * inner * inner) * (below * inner).exp(), 0.0)
        return gx


class Celu(Elu):
    """Elu with inner = 1 / alpha."""


class Silu(KernelCurve):
    """x sigmoid(x)."""

    curve = "silu"

    @staticmethod
    def bend(g: Tensor, x: Tensor) -> Tensor:
        s = sigmoid(x)
        gx: Tensor = g * (s * (1 - s) * (2 + x * (1 - 2 * s)))
        return gx


class Mish(KernelCurve):
    """x tanh(log(1 + exp(x)))."""

    curve = "mish"

    @staticmethod
    def bend(g: Tensor, x: Tensor) -> Tensor:
        s, t = sigmoid(x), tanh(softplus(x))
        gx: Tensor = g * ((1 - t * t) * s * (2 + x * (1 - s - 2 * t * s)))
        return gx


class Softplus(KernelCurve):
    """log(1 + exp(beta x)) / beta, x itself where beta x > threshold."""

    curve = "softplus"

    @staticmethod
    def bend(g: Tensor, x: Tensor, beta: float, threshold: float) -> Tensor:
        s = sigmoid(x * beta)
        gx: Tensor = where(x * beta > threshold, 0.0, g * beta * s * (1 - s))
        return gx


class LogSigmoid(KernelCurve):
    """-log(1 + exp(-x))."""

    curve = "logsigmoid"

    @staticmethod
    def bend(g: Tensor, x: Tensor) -> Tensor:
        s = sigmoid(x)
        gx: Tensor = -g * s * (1 - s)
        return gx


class Gelu(KernelCurve):
    """x times the normal distribution's integral up to x."""

    curve = "gelu"

    @staticmethod
    def bend(g: Tensor, x: Tensor) -> Tensor:
        density = exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
        gx: Tensor = g * density * (2 - x * x)
        return gx


class GeluTanh(KernelCurve, node="GeluBackward0"):
    """Gelu's approximation by tanh."""

    curve = "gelu_tanh"

    @staticmethod
    def bend(g: Tensor, x: Tensor) -> Tensor:
        t = tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x))
        first, second = GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x), 6 * GELU_SCALE * GELU_CUBIC * x  # inner derivatives
        gx: Tensor = g * (1 - t * t) * (first + 0.5 * x * (second - 2 * t * first * first))
        return gx


class Glu(Op):
    """a sigmoid(b), the two halves of x along an axis."""

    @staticmethod
    def forward(ctx: Any, x: Any, axis: int) -> Any:
        ctx.save_inputs(0)
        ctx.axis = axis
        a, b = array_module(x).split(x, 2, axis=axis)
        return a * kernels_for(x).activation.sigmoid(b)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (x,) = ctx.saved
        half = x.array.shape[ctx.axis] // 2
        a, s = x.narrow(ctx.axis, 0, half), sigmoid(x.narrow(ctx.axis, half, half))
        return cat([gy * s, gy * a * (s * (1 - s))], ctx.axis), None


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """torch.nn.functional.elu: x where x > 0, else alpha (exp(x) - 1); any shape. At 0 the slope is alpha.

    Raises NotImplementedError for integers and bool. Source: Clevert, Unterthiner and Hochreiter, ELUs (2016).
    """
    return curve(Elu, "elu", input, float(alpha), 1.0, 1.0, inplace=inplace)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.selu: scale (x where x > 0, else alpha (exp(x) - 1)), any shape; scale 1.0507, alpha 1.6733.

    Raises NotImplementedError for integers and bool. Source: Klambauer et al., Self-Normalizing Neural Networks (2017).
    """
    return curve(Elu, "selu", input, SELU_ALPHA, SELU_SCALE, 1.0, inplace=inplace)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """torch.nn.functional.celu: max(0, x) + min(0, alpha (exp(x / alpha) - 1)), any shape. At 0 the slope is 1.

    Raises RuntimeError for alpha=0, NotImplementedError for integers. Source: Barron, Continuously Differentiable
    Exponential Linear Units (2017).
    """
    check_tensor("celu", "input", input)
    if alpha == 0:
        raise RuntimeError(message("celu", "alpha", alpha, "ZeroDivisionError: alpha cannot be 0 for CELU", "use 1.0"))
    return curve(Celu, "celu", input, float(alpha), 1.0, 1.0 / alpha, inplace=inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.silu (swish): x sigmoid(x), any shape; NaN at -inf, as in torch.

    Raises NotImplementedError for integers and bool. Source: Hendrycks and Gimpel, GELUs (2016), section 3.
    """
    return curve(Silu, "silu", input, inplace=inplace)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """torch.nn.functional.mish: x tanh(softplus(x)), any shape; NaN at -inf, as in torch.

    Raises NotImplementedError for integers and bool. Source: Misra, Mish (2020).
    """
    return curve(Mish, "mish", input, inplace=inplace)


def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """torch.nn.functional.softplus: log(1 + exp(beta x)) / beta, any shape; x itself where beta x > threshold.

    Raises NotImplementedError for integers and bool. Source: Dugas et al., Incorporating Second-Order Functional
    Knowledge (2001).
    """
    return curve(Softplus, "softplus", input, float(beta), float(threshold))


def logsigmoid(input: Tensor) -> Tensor:
    """torch.nn.functional.logsigmoid: log(sigmoid(x)), any shape, without overflow.

    Raises NotImplementedError for integers and bool.
    """
    return curve(LogSigmoid, "logsigmoid", input)


def softsign(input: Tensor) -> Tensor:
    """torch.nn.functional.softsign: x / (1 + |x|), any shape; NaN at an infinity. Integers give the default dtype."""
    check_tensor("softsign", "input", input)
    if input.array.dtype.kind == "b":
        check_floating("softsign", "input", input)
    y: Tensor = input / (abs(input) + 1)
    return y


def tanhshrink(input: Tensor) -> Tensor:
    """torch.nn.functional.tanhshrink: x - tanh(x), any shape. Integers give the default dtype, bool a RuntimeError."""
    check_tensor("tanhshrink", "input", input)
    y: Tensor = input - tanh(input)
    return y


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """torch.nn.functional.glu: a sigmoid(b), a and b the halves of input along dim, which halves in size.

    Raises RuntimeError for an odd size or a 0-d tensor, IndexError for dim out of range, NotImplementedError for
    integers. Source: Dauphin, Fan, Auli and Grangier, Language Modeling with Gated Convolutional Networks (2017).
    """
    check_tensor("glu", "input", input)
    shape = input.array.shape
    if not shape:
        rule = "glu does not support scalars because halving size must be even"
        raise RuntimeError(message("glu", "input.shape", [], rule, "use a shape of (2,)"))
    axis = normalize_dim("glu", dim, len(shape))
    if shape[axis] % 2:
        rule = f"Halving dimension must be even, but dimension {axis} is size {shape[axis]}"
        raise RuntimeError(message("glu", "input.shape", list(shape), rule, "use an even size, or another dim"))
    check_floating("glu", "input", input)
    y: Tensor = Glu.apply(input, axis)
    return y


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None) -> Tensor:
    """torch.nn.functional.softmin: softmax(-input) along dim; the smallest value gets the most. Raises as softmax."""
    check_tensor("softmin", "input", input)
    return functional_softmax(neg(input), dim, _stacklevel, dtype)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """torch.nn.functional.gelu: x P(X <= x) of a standard normal X, any shape; NaN at -inf.

    approximate="tanh" takes x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x³))) / 2. Raises RuntimeError for another
    approximate, NotImplementedError for integers. Source: Hendrycks and Gimpel, Gaussian Error Linear Units (2016).
    """
    check_tensor("gelu", "input", input)
    if approximate not in ("none", "tanh"):
        rule = "approximate argument must be either none or tanh"
        raise RuntimeError(message("gelu", "approximate", repr(approximate), rule, "use approximate='none'"))
    return curve(GeluTanh if approximate == "tanh" else Gelu, "gelu", input)
