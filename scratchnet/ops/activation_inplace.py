"""Activations written over their input: the names that end with an underscore.

Each is its namesake with inplace=True: it returns the input, raises what the namesake raises and RuntimeError for a
leaf that requires grad.
"""

from scratchnet.autograd.core import Tensor
from scratchnet.ops.activation import relu
from scratchnet.ops.rectifiers import hardtanh, leaky_relu, rrelu
from scratchnet.ops.rectifiers import threshold as _threshold
from scratchnet.ops.smooth import celu, elu, selu


def relu_(input: Tensor) -> Tensor:
    """torch.relu_: max(x, 0) in place."""
    return relu(input, inplace=True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """torch.nn.functional.elu_: x where x > 0, else alpha (exp(x) - 1), in place."""
    return elu(input, alpha, inplace=True)


def selu_(input: Tensor) -> Tensor:
    """torch.selu_: selu in place."""
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """torch.celu_: x where x > 0, else alpha (exp(x / alpha) - 1), in place."""
    return celu(input, alpha, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """torch.nn.functional.leaky_relu_: x where x > 0, else negative_slope x, in place."""
    return leaky_relu(input, negative_slope, inplace=True)


def rrelu_(input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False) -> Tensor:
    """torch.rrelu_: x where x > 0, else a slope from U(lower, upper) times x, in place."""
    return rrelu(input, lower, upper, training, inplace=True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """torch.nn.functional.hardtanh_: input held between min_val and max_val, in place."""
    return hardtanh(input, min_val, max_val, inplace=True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """torch.threshold_: x where x > threshold, else value, in place."""
    return _threshold(input, threshold, value, inplace=True)
