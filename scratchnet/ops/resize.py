"""Resizing images: every axis by a table of taps, out[o] += weight * in[i], whose adjoint is a table too."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import LAYOUTS, check_at_least, each
from scratchnet.ops.pool_average import adaptive_avg_pool1d, adaptive_avg_pool2d
from scratchnet.shapes import message

Array = Any
_LINEAR = {3: "linear", 4: "bilinear", 5: "trilinear"}
MODES = ("nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area")


class Taps(NamedTuple):
    """One axis: its length before and after, and the triples (to, from, weight), sorted by `to`."""

    axis: int
    before: int
    after: int
    to: Array
    source: Array
    weight: Array

    def transposed(self) -> "Taps":
        """The adjoint."""
        order = np.argsort(self.source, kind="stable")
        return Taps(self.axis, self.after, self.before, self.source[order], self.to[order], self.weight[order])

    def rounds(self) -> Iterator[tuple[Array, Array, Array]]:
        """The triples in groups that name each `to` at most once: its first tap, its second, ..."""
        starts = np.searchsorted(self.to, self.to)
        rank = np.arange(len(self.to)) - starts
        for turn in range(int(rank.max(initial=-1)) + 1):
            chosen = rank == turn
            yield self.to[chosen], self.source[chosen], self.weight[chosen]

    def apply(self, x: Array) -> Array:
        """x with the axis resized."""
        xp, lead = array_module(x), (slice(None),) * self.axis
        out: Array = None
        for to, source, weight in self.rounds():
            part = xp.take(x, xp.asarray(source), axis=self.axis)
            if np.any(weight != 1):
                part = part * xp.asarray(weight.astype(x.dtype)).reshape(-1, *(1,) * (x.ndim - self.axis - 1))
            if out is None and len(to) == self.after:
                out = part
                continue
            if out is None:
                out = xp.zeros((*x.shape[: self.axis], self.after, *x.shape[self.axis + 1 :]), x.dtype)
            out[(*lead, xp.asarray(to))] += part
        return xp.zeros((*x.shape[: self.axis], self.after, *x.shape[self.axis + 1 :]), x.dtype) if out is None else out


class Resample(Op):
    """Axis after axis by its taps; backward is the same with the tables transposed."""

    @staticmethod
    def forward(ctx: Any, x: Any, tables: tuple[Taps, ...]) -> Any:
        ctx.tables = tables
        y = x.astype("float32") if x.dtype.name == "float16" else x
        for taps in tables:
            y = taps.apply(y)
        return array_module(y).ascontiguousarray(y.astype(x.dtype, copy=False))

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        return Resample.apply(gy, tuple([taps.transposed() for taps in reversed(ctx.tables)])), None


_KINDS: dict[str, type[Resample]] = {
    name: type(name, (Resample,), {"__doc__": "Resample under torch's name.", "__module__": __name__})
    for name in (
        *(f"Upsample{kind}{n}D" for kind in ("Nearest", "NearestExact") for n in (1, 2, 3)),
        *("UpsampleLinear1D", "UpsampleBilinear2D", "UpsampleTrilinear3D", "UpsampleBicubic2D"),
        *("UpsampleBilinear2DAa", "UpsampleBicubic2DAa", "AdaptiveAvgPool3D"),
    )
}


def _cubic(x: Array, a: float) -> Array:
    """Keys' kernel of 4 taps at distance x. Source: Keys, Cubic convolution interpolation (1981), equation 4."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, np.zeros_like(x)))


def _step(before: int, after: int, align_corners: bool, scale: float | None, kind: Any) -> Any:
    """How far one output step goes in the input, rounded where torch rounds it."""
    if align_corners:
        return kind(before - 1) / kind(after - 1) if after > 1 else kind(0)
    return kind(1.0 / scale) if scale else kind(before) / kind(after)


def _taps(
    mode: str, axis: int, before: int, after: int, align: bool, scale: float | None, smooth: bool, kind: Any
) -> Taps:
    """The table of one axis; `kind` is the float type that places are computed in."""
    step, half, number = _step(before, after, align, scale, kind), kind(0.5), np.arange(after)
    place = number.astype(kind)
    if mode in ("nearest", "nearest-exact"):
        at = step * (place if mode == "nearest" else place + half)
        source = np.minimum(np.floor(at.astype(np.float32)).astype(np.int64), before - 1)
        return Taps(axis, before, after, number, source, np.ones(after, kind))
    if smooth:
        return _smooth_taps(mode, axis, before, after, step, kind)
    at = step * place if align else step * (place + half) - half
    cubic = mode == "bicubic"
    if not cubic:
        at = np.maximum(at, kind(0))
    first = np.minimum(np.floor(at).astype(np.int64), before - 1)
    t = np.clip(at - first.astype(kind), kind(0), kind(1))
    if cubic:
        offsets = np.arange(-1, 3)
        weights = _cubic(t[:, None] - offsets.astype(kind), -0.75)
        sources = np.clip(first[:, None] + offsets, 0, before - 1)
    elif before == after:
        sources, weights = number[:, None], np.ones((after, 1), kind)
    else:
        sources = np.stack([first, np.minimum(first + 1, before - 1)], 1)
        weights = np.stack([kind(1) - t, t], 1)
    to = np.repeat(number, sources.shape[1])
    return Taps(axis, before, after, to, sources.reshape(-1), weights.reshape(-1).astype(kind))


def _smooth_taps(mode: str, axis: int, before: int, after: int, step: Any, kind: Any) -> Taps:
    """antialias: the filter is as wide as an output pixel where the image shrinks; weights add up to 1."""
    reach = kind(2 if mode == "bicubic" else 1) * max(step, kind(1))
    narrow = kind(1) / step if step >= 1 else kind(1)
    to, source, weight = [], [], []
    for i in range(after):
        center = step * (kind(i) + kind(0.5))
        first = max(int(center - reach + kind(0.5)), 0)
        last = min(int(center + reach + kind(0.5)), before)
        places = np.arange(first, last)
        distance = (places.astype(kind) - center + kind(0.5)) * narrow
        weights = _cubic(distance, -0.5) if mode == "bicubic" else np.maximum(kind(1) - np.abs(distance), kind(0))
        to.append(np.full(len(places), i))
        source.append(places)
        weight.append((weights / (weights.sum() or 1)).astype(kind))
    return Taps(axis, before, after, np.concatenate(to), np.concatenate(source), np.concatenate(weight))


def _mean_taps(axis: int, before: int, after: int) -> Taps:
    """The regions of adaptive average pooling."""
    edges = [(i * before // after, -(-(i + 1) * before // after)) for i in range(after)]
    counts = np.array([last - first for first, last in edges], np.int64)
    sources = [np.arange(first, last) for first, last in edges] or [np.arange(0)]
    return Taps(axis, before, after, np.repeat(np.arange(after), counts), np.concatenate(sources),
                np.repeat(1 / counts, counts))  # fmt: skip


def adaptive_avg_pool3d(input: Tensor, output_size: int | Sequence[int | None] | None) -> Tensor:
    """torch.nn.functional.adaptive_avg_pool3d: (N, C, D, H, W) -> (N, C, *output_size); N optional; None keeps a side.

    The mean of adaptive_avg_pool2d's regions along three axes. Raises RuntimeError for a negative size or an empty
    volume.
    """
    op = "adaptive_avg_pool3d"
    check_tensor(op, "input", input)
    shape = input.array.shape
    wanted = output_size
    if isinstance(output_size, (tuple, list)):
        if len(output_size) != 3:
            rule = "output_size must be 3 numbers"
            raise RuntimeError(message(op, "output_size", output_size, rule, "use output_size=(1, 1, 1)"))
        if len(shape) > 3:
            wanted = [n if size is None else size for size, n in zip(output_size, shape[-3:], strict=True)]
    size = each(wanted, 3, op, "output_size")
    check_at_least(op, "output_size", size, 0, "elements of output_size must be greater than or equal to 0")
    if size == (1, 1, 1) and len(shape) > 2:
        mean: Tensor = input.mean(dim=(-3, -2, -1), keepdim=True)
        return mean
    if len(shape) not in (4, 5):
        raise (IndexError if len(shape) < 3 and size == (1, 1, 1) else RuntimeError)(
            message(op, "input.shape", list(shape), "Expected 4D or 5D tensor", f"use ({LAYOUTS[3]}) or (C, D, H, W)")
        )
    if 0 in shape[-4:]:
        rule = "Expected input to have non-zero size for non-batch dimensions"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use a volume of at least one point"))
    check_floating(op, "input", input)
    axes = range(len(shape) - 1, len(shape) - 4, -1)
    tables = tuple([_mean_taps(axis, shape[axis], size[axis - len(shape)]) for axis in axes])
    y: Tensor = _KINDS["AdaptiveAvgPool3D"].apply(input, tables)
    return y


def _wanted(input: Tensor, size: Any, scale_factor: Any, recompute: bool) -> tuple[list[int], list[float | None]]:
    """The output's axes of space, and the scales by which places are computed (None: by the sizes)."""
    op, shape = "interpolate", input.array.shape
    n = len(shape) - 2
    if (size is None) == (scale_factor is None):
        both = "only one of size or scale_factor should be defined"
        neither = "either size or scale_factor should be defined"
        raise ValueError(message(op, "size", size, neither if size is None else both, "use scale_factor=2"))
    name, value = ("scale_factor", scale_factor) if size is None else ("size", size)
    items = list(value) if isinstance(value, (tuple, list)) else [value] * n
    if len(items) != n:
        rule = f"Input and {name} must have the same number of spatial dimensions, but the input has {n}"
        raise ValueError(message(op, name, value, rule, f"give {n} numbers or a single one"))
    if size is not None:
        if any(isinstance(item, bool) or not hasattr(item, "__index__") for item in items):
            rule = "expected size to be one of int or a tuple of ints"
            raise TypeError(message(op, "size", repr(size), rule, "use size=(8, 8)"))
        if recompute:
            raise ValueError(message(op, "recompute_scale_factor", True, "is not meaningful with an explicit size"))
        return [int(item) for item in items], [None] * n
    if any(isinstance(item, (bool, str)) or not hasattr(item, "__float__") for item in items):
        raise TypeError(message(op, "scale_factor", repr(scale_factor), "must be numbers", "use scale_factor=2"))
    scales = [float(item) for item in items]
    sizes = [int(length * scale) for length, scale in zip(shape[2:], scales, strict=True)]
    return sizes, [None] * n if recompute else [*scales]


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """torch.nn.functional.interpolate: (N, C, H, W) -> (N, C, OH, OW); also (N, C, L) and (N, C, D, H, W).

    OH is `size`, or floor(H scale_factor). Output o lies at (o + 0.5) step - 0.5 in the input, step = 1 / scale_factor
    or H / OH; with align_corners at o (H - 1) / (OH - 1). mode: 'nearest' takes floor(o step), 'nearest-exact' the
    nearest pixel, 'linear' | 'bilinear' | 'trilinear' (3-d | 4-d | 5-d) two pixels an axis, 'bicubic' four (Keys,
    a = -0.75), 'area' adaptive means. antialias (bilinear, bicubic): the filter widens where the image shrinks.
    Raises ValueError, NotImplementedError for arguments or ranks that don't go together. Where a float64 place falls
    between two pixels to the last bit, torch's nearest image kernels round either way; here as its 1-d and 3-d ones.
    """
    op = "interpolate"
    check_tensor(op, "input", input)
    ndim = input.array.ndim
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        rule = "option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
        raise ValueError(message(op, "align_corners", align_corners, rule, "leave it out"))
    sizes, scales = _wanted(input, size, scale_factor, bool(recompute_scale_factor))
    if antialias and not (mode in ("bilinear", "bicubic") and ndim == 4):
        rule = "Anti-alias option is restricted to bilinear and bicubic modes and requires a 4-D tensor as input"
        raise ValueError(message(op, "antialias", antialias, rule, "use mode='bilinear'"))
    if ndim not in (3, 4, 5) or mode not in MODES:
        rule = f"Only 3D, 4D and 5D input Tensors supported for the modes {' | '.join(MODES)} (got {ndim}D)"
        raise NotImplementedError(message(op, "mode", repr(mode), rule, "use mode='nearest'"))
    if (mode in _LINEAR.values() and mode != _LINEAR[ndim]) or (mode == "bicubic" and ndim != 4):
        need = {"linear": 3, "trilinear": 5}.get(mode, 4)
        fix = f"use mode={_LINEAR[ndim]!r}"
        raise NotImplementedError(message(op, "mode", repr(mode), f"Got {ndim}D input, but needs {need}D input", fix))
    if mode == "area":
        means: Any = {3: adaptive_avg_pool1d, 4: adaptive_avg_pool2d, 5: adaptive_avg_pool3d}[ndim]
        y: Tensor = means(input, tuple(sizes))
        return y
    shape = input.array.shape
    if 0 in shape[2:] or min(sizes) < 1:
        rule = f"Input and output sizes should be greater than 0, but got output {sizes}"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use a larger size or scale_factor"))
    if not shape[1] and shape[0]:
        rule = "Non-empty data tensor expected: only the batch may be empty"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use at least one channel"))
    if not (mode[:7] == "nearest" and input.array.dtype.name == "uint8"):
        check_floating(op, "input", input)
    kind = np.float64 if input.dtype.name == "float64" else np.float32
    tables = tuple([
        _taps(mode, axis, shape[axis], sizes[axis - 2], bool(align_corners), scales[axis - 2], antialias, kind)
        for axis in range(ndim - 1, 1, -1)
    ])  # fmt: skip
    name = "NearestExact" if mode == "nearest-exact" else mode.title()
    resized: Tensor = _KINDS[f"Upsample{name}{ndim - 2}D{'Aa' if antialias else ''}"].apply(input, tables)
    return resized
