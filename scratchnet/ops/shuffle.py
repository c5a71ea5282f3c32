"""Moving values between channels and pixels: pixel_shuffle, pixel_unshuffle, channel_shuffle."""

import math
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.ops.checks import check_tensor
from scratchnet.shapes import message


class _Rearranged(Op):
    """The values seen in one shape, the axes in another order, seen in a third shape: a copy."""

    @classmethod
    def forward(cls, ctx: Any, x: Any, split: Any, order: Any, shape: Any) -> Any:
        ctx.shape, ctx.order = x.shape, order
        moved = x.reshape(split).transpose(order)
        ctx.moved = moved.shape
        return moved.copy(order="C").reshape(shape)

    @classmethod
    def backward(cls, ctx: Any, gy: Tensor) -> Any:
        back = tuple(ctx.order.index(axis) for axis in range(len(ctx.order)))
        return cls.apply(gy, ctx.moved, back, ctx.shape), None, None, None


class PixelShuffle(_Rearranged):
    """Channels laid out as pixels."""


class PixelUnshuffle(_Rearranged):
    """Pixels laid out as channels."""


class ChannelShuffle(_Rearranged):
    """Channels of g groups dealt out in turn."""


def _check(op: str, input: Any, argument: str, factor: int) -> tuple[int, ...]:
    check_tensor(op, "input", input)
    shape: tuple[int, ...] = input.array.shape
    if len(shape) < 3:
        rule = f"expects input to have at least 3 dimensions, but got input with {len(shape)} dimension(s)"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use (C, H, W)"))
    if factor <= 0:
        raise RuntimeError(message(op, argument, factor, "expects a positive number", f"use {argument}=2"))
    return shape


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """torch.nn.functional.pixel_shuffle: (*, C r², H, W) -> (*, C, H r, W r), r the upscale_factor.

    Raises RuntimeError where the channels are no multiple of r², or below rank 3. Source: Shi et al., Real-Time Single
    Image and Video Super-Resolution (2016).
    """
    r = upscale_factor
    *lead, c, h, w = _check("pixel_shuffle", input, "upscale_factor", r)
    if c % (r * r):
        rule = f"expects its input's 'channel' dimension to be divisible by the square of upscale_factor, {r * r}"
        raise RuntimeError(message("pixel_shuffle", "input.size(-3)", c, rule, "use another factor"))
    n, k = math.prod(lead), c // (r * r)
    y: Tensor = PixelShuffle.apply(input, (n, k, r, r, h, w), (0, 1, 4, 2, 5, 3), (*lead, k, h * r, w * r))
    return y


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """torch.nn.functional.pixel_unshuffle: (*, C, H r, W r) -> (*, C r², H, W), r the downscale_factor.

    An input without elements keeps its shape, as in torch. Raises RuntimeError where height or width is no multiple
    of r, or below rank 3.
    """
    r = downscale_factor
    *lead, c, h, w = _check("pixel_unshuffle", input, "downscale_factor", r)
    for name, size in (("height", h), ("width", w)):
        if size % r:
            rule = f"expects {name} to be divisible by downscale_factor, {r}"
            raise RuntimeError(message("pixel_unshuffle", name, size, rule, "use another factor"))
    if not input.array.size:
        return input.clone()
    n, shape = math.prod(lead), (*lead, c * r * r, h // r, w // r)
    y: Tensor = PixelUnshuffle.apply(input, (n, c, h // r, r, w // r, r), (0, 1, 3, 5, 2, 4), shape)
    return y


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """torch.nn.functional.channel_shuffle: (N, C, *) -> the same; channel g C / groups + i becomes i groups + g.

    Raises RuntimeError where C is no multiple of groups, or below rank 3. Source: Zhang, Zhou, Lin and Sun, ShuffleNet
    (2018), section 3.1.
    """
    shape = _check("channel_shuffle", input, "groups", groups)
    n, c = shape[:2]
    if c % groups:
        rule = f"Number of channels must be divisible by groups. Got {c} channels and {groups} groups"
        raise RuntimeError(message("channel_shuffle", "groups", groups, rule, "use another number"))
    rest = math.prod(shape[2:])
    y: Tensor = ChannelShuffle.apply(input, (n, groups, c // groups, rest), (0, 2, 1, 3), shape)
    return y
