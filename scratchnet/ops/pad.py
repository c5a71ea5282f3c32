"""Padding: with a constant, by reflection, with the border's value, or round the circle. Negative padding crops."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_tensor
from scratchnet.shapes import message

SUPPORTED = (
    "2D or 3D input: 2 numbers (the last dimension); 3D or 4D input: 4 numbers (the last two); "
    "4D or 5D input: 6 numbers (the last three)"
)


class ConstantPadNd(Op):
    """Padding by one value; its adjoint is the opposite padding with zeros."""

    @staticmethod
    def forward(ctx: Any, x: Any, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
        ctx.widths = widths
        xp = array_module(x)
        shape = tuple([n + before + after for n, (before, after) in zip(x.shape, widths, strict=True)])
        out = xp.full(shape, value, x.dtype) if value else xp.zeros(shape, x.dtype)
        inner = tuple(
            [slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(shape, widths, strict=True)]
        )
        kept = tuple(
            [slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, widths, strict=True)]
        )
        out[inner] = x[kept]
        return out

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return ConstantPadNd.apply(gy, tuple((-before, -after) for before, after in ctx.widths), 0), None, None


class Border(NamedTuple):
    """One axis: how long it was, how many values go before it (cropped: negative), and where each one comes from."""

    axis: int
    size: int
    before: int
    sources: tuple[int, ...]

    @property
    def plain(self) -> tuple[slice, slice]:
        """The part that is copied straight: in the padded axis, and in the axis itself."""
        first, last = max(self.before, 0), min(self.before + self.size, len(self.sources))
        last = max(first, last)
        return slice(first, last), slice(first - self.before, last - self.before)


class _CopyPad(Op):
    """Padding with copies of the input's own values, one axis after the other."""

    @staticmethod
    def forward(ctx: Any, x: Any, borders: tuple[Border, ...]) -> Any:
        ctx.borders = borders
        xp = array_module(x)
        for border in borders:
            x = xp.take(x, xp.asarray(border.sources, dtype=int), axis=border.axis)
        return x

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return _CopyPadGrad.apply(gy, ctx.borders), None


class _CopyPadGrad(Op):
    """The adjoint: what the copies received is added to their sources, in a fixed order."""

    @staticmethod
    def forward(ctx: Any, gy: Any, borders: tuple[Border, ...]) -> Any:
        ctx.borders = borders
        xp = array_module(gy)
        for border in reversed(borders):
            rows = xp.moveaxis(gy, border.axis, 0)
            out = xp.zeros((border.size, *rows.shape[1:]), gy.dtype)
            padded, own = border.plain
            out[own] = rows[padded]
            for i, source in enumerate(border.sources):
                if not padded.start <= i < padded.stop:
                    out[source] += rows[i]
            gy = xp.moveaxis(out, 0, border.axis)
        return xp.ascontiguousarray(gy)

    @staticmethod
    def backward(ctx: Any, ggx: Tensor) -> Any:
        return _CopyPad.apply(ggx, ctx.borders), None


class ReflectionPad1D(_CopyPad):
    """Reflection along one axis (torch names one node for each number of axes)."""


class ReflectionPad2D(_CopyPad):
    """Reflection along two axes."""


class ReflectionPad3D(_CopyPad):
    """Reflection along three axes."""


class ReplicationPad1D(_CopyPad):
    """The border's value along one axis."""


class ReplicationPad2D(_CopyPad):
    """The border's value along two axes."""


class ReplicationPad3D(_CopyPad):
    """The border's value along three axes."""


class CircularPad(_CopyPad):
    """Round the circle; torch has no node of its own for it."""


_REFLECTION = (ReflectionPad1D, ReflectionPad2D, ReflectionPad3D)
_REPLICATION = (ReplicationPad1D, ReplicationPad2D, ReplicationPad3D)


def _widths(pad: Any, mode: str, shape: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """(before, after) for every dimension: torch's pairs go backwards. Raises TypeError, RuntimeError."""
    if not isinstance(pad, (tuple, list)) or any(isinstance(n, bool) or not hasattr(n, "__index__") for n in pad):
        raise TypeError(message("pad", "pad", repr(pad), "must be tuple of ints", "use pad=(left, right, top, bottom)"))
    ints = [int(n.__index__()) for n in pad]
    if len(ints) % 2:
        raise RuntimeError(
            message("pad", "pad", tuple(ints), "Padding length must be divisible by 2", "give a pair per dimension")
        )
    if len(ints) > 2 * len(shape):
        rule = f"Padding length should be less than or equal to two times the input dimension, {len(shape)}"
        raise RuntimeError(message("pad", "pad", tuple(ints), rule, f"give at most {2 * len(shape)} numbers"))
    pairs = [(ints[i], ints[i + 1]) for i in range(len(ints) - 2, -1, -2)]
    widths = ((0, 0),) * (len(shape) - len(pairs)) + tuple(pairs)
    for axis, (n, (before, after)) in enumerate(zip(shape, widths, strict=True)):
        beyond = mode != "replicate" and max(-before, -after) > n  # the border alone is left to repeat
        if n + before + after < 0 or beyond:
            rule = f"crops more than there is: dimension {axis} has {n} (narrow(): length must be non-negative)"
            raise RuntimeError(message("pad", "pad", (before, after), rule, f"crop at most {n} in all"))
    return widths


def _check_copies(mode: str, shape: tuple[int, ...], count: int, widths: tuple[tuple[int, int], ...]) -> None:
    if (len(shape), count) not in ((2, 2), (3, 2), (3, 4), (4, 4), (4, 6), (5, 6)):
        rule = f"Padding size {count} is not supported for {len(shape)}D input tensor with mode {mode!r}"
        raise NotImplementedError(message("pad", "pad", widths, rule, SUPPORTED))
    if mode != "circular" and 0 in shape[-(count // 2) - 1 :]:
        rule = "Expected an input with possibly 0 batch size and other non-zero dimensions"
        raise RuntimeError(message("pad", "input.shape", list(shape), rule, "use mode='constant'"))
    most = {"reflect": "Padding size should be less than the corresponding input dimension",
            "circular": "Padding value causes wrapping around more than once"}  # fmt: skip
    for axis in range(len(shape) - count // 2, len(shape)):
        (before, after), limit = widths[axis], shape[axis] - (mode == "reflect")
        if mode in most and (before > limit or after > limit):
            raise RuntimeError(
                message(
                    "pad",
                    "pad",
                    (before, after),
                    f"{most[mode]}, {shape[axis]} at dimension {axis}",
                    f"use at most {limit}",
                )
            )


def _border(mode: str, axis: int, size: int, before: int, after: int) -> Border:
    places = range(-before, size + after)
    if mode == "reflect":
        sources = [abs(i) if i < size else 2 * (size - 1) - i for i in places]
    elif mode == "replicate":
        sources = [min(max(i, 0), size - 1) for i in places]
    else:  # negative numbers crop first, and what is left goes round
        first, left = max(-before, 0), size + min(before, 0) + min(after, 0)
        sources = [first + (i - first) % left for i in places] if left else []
    return Border(axis, size, before, tuple(sources))


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """torch.nn.functional.pad: (..., H, W) -> (..., top + H + bottom, left + W + right).

    pad=(left, right, top, bottom): Pairs go from the last dimension backwards; negative numbers crop. mode 'constant'
    fills with `value` (None: 0), 'reflect' mirrors without repeating the border (less than the size), 'replicate'
    repeats the border, 'circular' wraps (at most the size). Raises RuntimeError for widths that don't fit,
    NotImplementedError for an unknown mode or a number of dimensions it can't pad.
    """
    check_tensor("pad", "input", input)
    shape = input.array.shape
    if mode not in ("constant", "reflect", "replicate", "circular"):
        rule = "Unrecognised padding mode: must be 'constant', 'reflect', 'replicate' or 'circular'"
        raise NotImplementedError(message("pad", "mode", repr(mode), rule, "use mode='constant'"))
    widths = _widths(pad, mode, shape)
    if mode == "constant":
        filled: Tensor = ConstantPadNd.apply(input, widths, value or 0)
        return filled
    if value:
        rule = f'Padding mode "{mode}" doesn\'t take in value argument'
        raise RuntimeError(message("pad", "value", value, rule, "leave it out or use mode='constant'"))
    count = len(pad)
    _check_copies(mode, shape, count, widths)
    borders = tuple(
        _border(mode, axis, shape[axis], *widths[axis]) for axis in range(len(shape) - count // 2, len(shape))
    )
    axes = count // 2 - 1
    op = _REFLECTION[axes] if mode == "reflect" else _REPLICATION[axes] if mode == "replicate" else CircularPad
    copied: Tensor = op.apply(input, borders)
    return copied
