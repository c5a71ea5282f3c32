"""Random numbers into tensors, from PyTorch's own stream (see scratchnet.random): in place, and by chances."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnet import dtypes, random
from scratchnet.autograd.complex_step import constant
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import on_its_device
from scratchnet.autograd.inplace import assign, check_writable
from scratchnet.autograd.modes import is_grad_enabled, no_grad
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, device_of, module_on, on, resolve
from scratchnet.device import device as Device
from scratchnet.ops.checks import check_tensor
from scratchnet.ops.creation import shape_of
from scratchnet.ops.drawing import drawn, randint
from scratchnet.ops.inplace import Copy
from scratchnet.random import Generator
from scratchnet.shapes import broadcast_shapes, expandable, message

Drawer = Generator | None
Draw = Callable[[Any, list[int]], Any]


def _fill(self: Tensor, op: str, generator: Drawer, draw: Draw) -> Tensor:
    """Write what `draw(stream, shape)` gives over the tensor in the order of its memory."""
    check_writable(self, op)
    order = random.memory_order(self.array)
    with on(self.device):
        values = draw(random.stream_of(self.device, generator), [self.array.shape[axis] for axis in order])
    values = values.transpose(np.argsort(order).tolist())
    recorded = self.requires_grad and is_grad_enabled()
    return assign(self, Copy.apply(self, values) if recorded else Tensor._wrap(values), op)


def uniform_(self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Drawer = None) -> Tensor:
    """torch.Tensor.uniform_: uniform on [a, b), from PyTorch's own stream. Raises RuntimeError where a > b."""
    check_writable(self, "uniform_")
    if a > b:
        raise RuntimeError(
            message("uniform_", "from", a, f"must not exceed to (={b}): uniform_ expects to return a [from, to) range")
        )
    return _fill(self, "uniform_", generator, lambda r, shape: r.uniform(shape, a, b, self.dtype.numpy, generator))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Drawer = None) -> Tensor:
    """torch.Tensor.normal_: normal with a mean and a deviation, from PyTorch's own stream.

    Raises RuntimeError where std < 0.
    """
    check_writable(self, "normal_")
    if std < 0:
        raise RuntimeError(message("normal_", "std", std, "must be non-negative: normal expects std >= 0.0"))
    blocks, kind = bool(self.array.flags.c_contiguous), self.dtype.numpy
    return _fill(self, "normal_", generator, lambda r, shape: r.normal(shape, mean, std, kind, generator, blocks))


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Drawer = None) -> Tensor:
    """torch.Tensor.exponential_: numbers with the density lambd * exp(-lambd * x).

    Raises RuntimeError unless lambd > 0 and for integers.
    """
    kind = self.dtype.numpy
    return _fill(self, "exponential_", generator, lambda r, shape: r.exponential(shape, lambd, kind, generator))


def random_(self: Tensor, *bounds: int | None, generator: Drawer = None, **named: Any) -> Tensor:
    """torch.Tensor.random_(), random_(to), random_(from, to): integers in [from, to), by default from 0 on.

    Floating point: as far as every integer has a number of its own, 2 ** 24 in float32.
    Raises RuntimeError unless from < to and both fit the dtype, TypeError for what is no int.
    """
    given = [*bounds, *(named.pop(name) for name in ("from", "to") if name in named)]
    wrong = [value for value in given if not (value is None or hasattr(value, "__index__"))]
    if named or wrong or len(given) > 2 or given[:1] == [None]:
        raise TypeError(message("random_", "bounds", given + list(named), "must be no, one or two ints"))
    if not given:
        return _fill(self, "random_", generator, lambda r, shape: r.full_range(shape, self.dtype.numpy, generator))
    low, high = (0, given[0]) if len(given) == 1 else given
    kind = self.dtype.numpy

    def draw(stream: Any, shape: Sequence[int]) -> Any:
        return stream.integers_within("random_", int(low or 0), high, shape, kind, generator)

    return _fill(self, "random_", generator, draw)


class Bernoulli(Op):
    """Zeros and ones in place of x: with chance p, or for p=None with x as the chance. The gradient is zero."""

    @staticmethod
    def forward(ctx: Any, x: Any, p: float | None, generator: Drawer) -> Any:
        ctx.like = x.shape, dtypes.of(x.dtype), device_of(x)
        stream = random.stream_of(device_of(x), generator)
        if p is None:
            return stream.bernoulli(constant("bernoulli", x), generator).astype(x.dtype)
        ones = stream.bernoulli_keep(x.shape, p, generator)
        return ones.astype(x.dtype)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, None, None]:
        return _zeros(*ctx.like), None, None


def _zeros(shape: tuple[int, ...], dtype: dtypes.dtype, place: Device) -> Tensor:
    with on(place):
        return Tensor._wrap(module_on(place).zeros(shape, dtype.numpy))


def bernoulli(input: Tensor, p: float | None = None, *, generator: Drawer = None) -> Tensor:
    """torch.bernoulli: any shape -> 1 with the chance that the element is, or with chance p everywhere, else 0.

    The gradient is 0. Raises RuntimeError for chances outside [0, 1], NotImplementedError for chances that are ints.
    """
    check_tensor("bernoulli", "input", input)
    result: Tensor = Bernoulli.apply(input, None if p is None else float(p), generator)
    return result


@on_its_device
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Drawer = None) -> Tensor:
    """torch.Tensor.bernoulli_: 1 with chance p, else 0; p is a number or a tensor that broadcasts to this one.

    Raises RuntimeError for chances outside [0, 1] or a p that doesn't broadcast, NotImplementedError for chances that
    are ints.
    """
    check_writable(self, "bernoulli_")
    if not isinstance(p, Tensor):
        return _fill(self, "bernoulli_", generator, lambda r, shape: r.bernoulli_keep(shape, p, generator))
    if not self.array.size:
        return self
    if not expandable(p.array.shape, self.array.shape):
        rule = f"must broadcast to the tensor's shape {list(self.array.shape)}"
        raise RuntimeError(message("bernoulli_", "p", f"shape {list(p.array.shape)}", rule))
    order = random.memory_order(self.array)
    xp = array_module(p.array)
    chances = xp.broadcast_to(constant("bernoulli_", p.array), self.array.shape).transpose(order)
    return _fill(self, "bernoulli_", generator, lambda r, shape: r.bernoulli(chances, generator))


@on_its_device
def multinomial(input: Tensor, num_samples: int, replacement: bool = False, *, generator: Drawer = None) -> Tensor:
    """torch.multinomial: indices drawn by weights: (C,) -> (num_samples,), (N, C) -> (N, num_samples), int64.

    Weights need not add up to 1.
    Raises RuntimeError for other shapes, integers, negative, infinite or no weights, and num_samples below 1 or,
    without replacement, above C.
    """
    check_tensor("multinomial", "input", input)
    weights = constant("multinomial", input.array)
    if not hasattr(num_samples, "__index__"):
        raise TypeError(message("multinomial", "num_samples", repr(num_samples), "must be an int"))
    if weights.ndim not in (1, 2):
        raise RuntimeError(message("multinomial", "input.ndim", weights.ndim, "prob_dist must be 1 or 2 dim"))
    if weights.dtype.kind != "f":
        rule = "multinomial only supports floating-point dtypes for input"
        raise RuntimeError(message("multinomial", "input.dtype", weights.dtype, rule, "use input.float()"))
    if num_samples <= 0:
        raise RuntimeError(message("multinomial", "num_samples", num_samples, "cannot sample n_sample <= 0 samples"))
    if not replacement and num_samples > weights.shape[-1]:
        rule = f"must not exceed the {weights.shape[-1]} weights: cannot sample more without replacement"
        raise RuntimeError(message("multinomial", "num_samples", num_samples, rule, "use replacement=True"))
    xp = array_module(weights)
    if not (weights >= 0).all() or xp.isinf(weights).any():
        rule = "invalid multinomial distribution: probability tensor contains either `inf`, `nan` or element < 0"
        raise RuntimeError(message("multinomial", "input", "weights", rule, "use input.clamp(min=0)"))
    if (weights.sum(-1) == 0).any():
        rule = "invalid multinomial distribution (sum of probabilities <= 0)"
        raise RuntimeError(message("multinomial", "input", "a row of zeros", rule, "give each row a weight above 0"))
    return drawn(input.device, "multinomial", weights, int(num_samples), replacement, generator=generator)


class NormalOfMean(Op, node="NormalBackward1"):
    """Drawn numbers in place of means (and deviations): the gradients are zero."""

    @staticmethod
    def forward(ctx: Any, array: Any, *parameters: Any) -> Any:
        ctx.likes = [(p.shape, dtypes.of(p.dtype), device_of(p)) for p in parameters]
        return array

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> tuple[Tensor | None, ...]:
        wanted = zip(ctx.likes, ctx.needs[1:], strict=True)
        return None, *(_zeros(*like) if needed else None for like, needed in wanted)


class NormalOfStd(NormalOfMean, node="NormalBackward2"):
    """See NormalOfMean."""


class NormalOfBoth(NormalOfMean, node="NormalBackward3"):
    """See NormalOfMean."""


@on_its_device
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Drawer = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """torch.normal: numbers with these means and deviations, tensors that broadcast; or two numbers and a size.

    The result has mean's dtype, or that of std where mean is a number. Gradients are 0.
    Raises RuntimeError for a negative std or shapes that don't broadcast, TypeError without tensors and size.
    """
    given = [value for value in (mean, std) if isinstance(value, Tensor)]
    numbers = [value for value in (mean, std) if not isinstance(value, Tensor)]
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in numbers):
        raise TypeError(message("normal", "mean, std", f"{mean!r}, {std!r}"[:80], "must be tensors or numbers"))
    if not isinstance(std, Tensor) and not std >= 0:
        raise RuntimeError(message("normal", "std", std, f"normal expects std >= 0.0, but found std {std}"))
    if not given:
        if size is None:
            raise TypeError(message("normal", "size", size, "must be given where mean and std are numbers"))
        kind = (dtype or dtypes.get_default_dtype()).numpy
        arguments = shape_of("normal", (size,)), mean, std, kind
        place = resolve("normal", device)
        return drawn(place, "normal", *arguments, generator=generator, requires_grad=requires_grad)
    if isinstance(std, Tensor) and std.array.size and not (std.array >= 0).all():
        raise RuntimeError(message("normal", "std", "a negative", "normal expects all elements of std >= 0.0"))
    shape = broadcast_shapes("normal", *(value.array.shape for value in given))
    spread, kind = (1.0 if isinstance(std, Tensor) else std), given[0].dtype.numpy
    for value in given:
        constant("normal", value.array)
    made = drawn(given[0].device, "normal", shape, 0.0, spread, kind, generator=generator)
    with no_grad():
        if isinstance(std, Tensor):
            made = made.mul_(std)
        made = made.add_(mean)
    kinds = {(True, False): NormalOfMean, (False, True): NormalOfStd, (True, True): NormalOfBoth}
    result: Tensor = kinds[isinstance(mean, Tensor), isinstance(std, Tensor)].apply(made.array, *given)
    return result


def randint_like(input: Tensor, low: int, high: int | None = None, *, dtype: Any = None, **options: Any) -> Tensor:
    """torch.randint_like(input, low=0, high): randint in the shape, dtype and memory order of `input`."""
    check_tensor("randint_like", "input", input)
    bounds, order = ((0, low) if high is None else (low, high)), random.memory_order(input.array)
    options.setdefault("device", input.device)
    made = randint(*bounds, [input.shape[axis] for axis in order], dtype=dtype or input.dtype, **options)
    made.array = made.array.transpose(np.argsort(order).tolist())
    return made
