"""Initial values of weights. Equals torch.nn.init: the same seed gives the same numbers.

Every function with an underscore fills `tensor` in place, records no gradient and returns it. For a tensor on a GPU the
numbers are drawn from the CPU's stream and moved: they are the same on every device.
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnet.autograd.modes import no_grad
from scratchnet.device import CPU
from scratchnet.ops.compare import where
from scratchnet.random import Generator, memory_order, permutation
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

_GAINS = {
    **dict.fromkeys(("linear", "conv1d", "conv2d", "conv3d"), 1),
    **dict.fromkeys(("conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "sigmoid"), 1),
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor on the standard deviation that a nonlinearity asks for: sqrt(2) for "relu", 5/3 for "tanh".

    `param` is leaky_relu's negative slope (0.01 unless given). Raises ValueError for an unknown name.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(message("calculate_gain", "param", repr(param), "negative_slope is not a valid number"))
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        rule, fix = "Unsupported nonlinearity", "use 'relu' or 'linear'"
        raise ValueError(message("calculate_gain", "nonlinearity", repr(nonlinearity), rule, fix))
    return _GAINS[nonlinearity]


def _made_on_the_cpu(fill: Callable[..., Tensor]) -> Callable[..., Tensor]:
    @functools.wraps(fill)
    def wrapper(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if tensor.device is CPU:
            return fill(tensor, *args, **kwargs)
        return tensor.copy_(fill(_twin_on_the_cpu(tensor), *args, **kwargs))

    return wrapper


def _twin_on_the_cpu(tensor: Tensor) -> Tensor:
    """Memory with the same strides, by which some numbers are drawn another way."""
    strides = tensor.stride()
    room = sum((size - 1) * stride for size, stride in zip(tensor.shape, strides, strict=True)) + 1
    return tensor.new_empty(max(room, 0), device=CPU).as_strided(tensor.shape, strides)


@no_grad()
@_made_on_the_cpu
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Numbers drawn evenly from [a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
@_made_on_the_cpu
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Numbers from the normal distribution with this mean and standard deviation."""
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
@_made_on_the_cpu
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers within [a, b]: those outside are drawn again until none is.

    Where [a, b] holds 30 % of the distribution or less, uniform numbers are accepted by their density instead.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    if _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std) > 0.3:
        return tensor.copy_(_redrawn_normal(tensor, mean, std, a, b, generator))
    return tensor.copy_(_accepted_uniform(tensor, mean, std, a, b, generator))


def _empty_like(tensor: Tensor) -> Tensor:
    """Fresh memory with the axes in the same order: the order in which it is filled."""
    order = memory_order(tensor.array)
    return tensor.new_empty([tensor.shape[axis] for axis in order]).permute([order.index(i) for i in range(len(order))])


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _redrawn_normal(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None) -> Tensor:
    low, high = tensor.new_tensor(a).item(), tensor.new_tensor(b).item()  # as the dtype holds them
    result = tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (result < low) | (result > high)
        if not outside.array.any():
            return result
        result = where(outside, _empty_like(tensor).normal_(mean, std, generator=generator), result)


def _accepted_uniform(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None
) -> Tensor:
    """Rejection sampling: a candidate stays with the probability of its density over the largest one."""
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    result = pending = None
    while pending is None or pending.array.any():
        candidates = _empty_like(tensor).uniform_(a, b, generator=generator)
        log_density = ((candidates - mean) / std) ** 2 * -0.5 - peak
        refused = _empty_like(tensor).uniform_(generator=generator).log() > log_density
        result = candidates if result is None or pending is None else where(pending, candidates, result)
        pending = refused if pending is None else pending & refused
    return result if result is not None else tensor


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """The same number everywhere."""
    return tensor.fill_(val)


@no_grad()
def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return tensor.fill_(1.0)


@no_grad()
def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return tensor.zero_()


@no_grad()
@_made_on_the_cpu
def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix, cut to the tensor's shape. Raises ValueError unless it has 2 dimensions."""
    if tensor.dim() != 2:
        raise ValueError(message("eye_", "tensor.dim()", tensor.dim(), "Only tensors with 2 dimensions are supported"))
    tensor.zero_()
    for i in range(min(tensor.shape)):
        tensor[i, i] = 1
    return tensor


@no_grad()
@_made_on_the_cpu
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution weight (K, C/groups, ...) that passes its input channels on: one 1 in the middle of a kernel.

    Raises ValueError unless it has 3 to 5 dimensions and K is a multiple of groups.
    """
    if tensor.dim() not in (3, 4, 5):
        rule = "Only tensors with 3, 4, or 5 dimensions are supported"
        raise ValueError(message("dirac_", "tensor.dim()", tensor.dim(), rule))
    outputs, inputs = tensor.shape[:2]
    if outputs % groups:
        rule = f"dim 0 must be divisible by groups (={groups})"
        raise ValueError(message("dirac_", "tensor.shape[0]", outputs, rule))
    tensor.zero_()
    middle = tuple(size // 2 for size in tensor.shape[2:])
    per_group = outputs // groups
    for group in range(groups):
        for channel in range(min(per_group, inputs)):
            tensor[(group * per_group + channel, channel, *middle)] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Numbers that flow into one output and out of one input: channels times kernel positions."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    positions = math.prod(tensor.shape[2:])
    return tensor.shape[1] * positions, tensor.shape[0] * positions


def _fan(tensor: Tensor, mode: str) -> int:
    if mode.lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode.lower() == "fan_in" else fan_out


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in [-a, a), a = gain * sqrt(6 / (fan_in + fan_out)). Source: Glorot and Bengio (2010), section 4.2."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / float(fan_in + fan_out)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain * sqrt(2 / (fan_in + fan_out)). Source: Glorot and Bengio (2010)."""
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in [-bound, bound), bound = gain * sqrt(3 / fan). Source: He et al. (2015), section 2.2.

    `a` is leaky_relu's slope, by which the gain is found. An empty tensor is left alone with a warning.
    """
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else uniform_(tensor, -math.sqrt(3.0) * std, math.sqrt(3.0) * std, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan). Source: He et al. (2015), section 2.2."""
    std = _kaiming_std(tensor, a, mode, nonlinearity)
    return tensor if std is None else normal_(tensor, 0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float | None:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    return calculate_gain(nonlinearity, a) / math.sqrt(_fan(tensor, mode))


@no_grad()
@_made_on_the_cpu
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A (semi-)orthogonal matrix (dim 0, all others) times gain: rows or columns, whichever are fewer, orthonormal.

    Equals torch's up to the rounding of the QR decomposition. Raises ValueError for fewer than 2 dimensions.
    Source: Saxe et al. (2014); Mezzadri (2007), section 5, for the signs.
    """
    if tensor.dim() < 2:
        rule = "Only tensors with 2 or more dimensions are supported"
        raise ValueError(message("orthogonal_", "tensor.dim()", tensor.dim(), rule))
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    drawn = tensor.new_empty((rows, tensor.numel() // rows)).normal_(0, 1, generator=generator).array
    wide = rows < drawn.shape[1]
    q, r = np.linalg.qr(drawn.T if wide else drawn)
    q = q * np.sign(np.diagonal(r))
    result = Tensor(np.ascontiguousarray(q.T if wide else q))
    return tensor.copy_(result.view(tensor.shape)).mul_(gain)


@no_grad()
@_made_on_the_cpu
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers with the part `sparsity` of each column zero; which ones, the default generator draws.

    Raises ValueError unless it has 2 dimensions. Source: Martens (2010), section 5.
    """
    if tensor.dim() != 2:
        rule = "Only tensors with 2 dimensions are supported"
        raise ValueError(message("sparse_", "tensor.dim()", tensor.dim(), rule))
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[permutation(rows)[:zeros].tolist(), column] = 0
    return tensor


def _deprecated(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    new = function.__name__
    old = new.removesuffix("_")

    @functools.wraps(function)
    def alias(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    alias.__name__ = alias.__qualname__ = old
    alias.__doc__ = f"The old name of `{new}`; warns with FutureWarning."
    return alias


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
