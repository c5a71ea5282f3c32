"""Sampling images at points: grid_sample, and affine_grid, which makes the points."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.core import Tensor
from scratchnet.autograd.devices import computed, on_its_device
from scratchnet.autograd.op import Op
from scratchnet.device import array_module
from scratchnet.ops.checks import check_floating, check_same_device, check_same_dtype, check_tensor
from scratchnet.ops.matmul import bmm
from scratchnet.ops.pad import pad
from scratchnet.ops.pool import GatherPlanes
from scratchnet.ops.promotion import cast
from scratchnet.shapes import message

Tap = tuple[Any, Tensor | None]  # pixel numbers along one axis (an array), and their weights
MODES, PADDINGS = ("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection")


def _reflected(xp: Any, x: Any, size: int, align_corners: bool) -> tuple[Any, Any]:
    """x mirrored at the outer pixels' centres (align_corners) or edges until it lies inside, and its slope."""
    low, span = (0.0, size - 1) if align_corners else (-0.5, size)
    if not span:
        return xp.zeros_like(x), xp.zeros_like(x)
    away = xp.abs(x - x.dtype.type(low))
    extra = xp.fmod(away, x.dtype.type(2 * span))
    there = extra <= span
    slope = xp.where(there, 1, -1) * xp.where(x < low, -1, 1)
    return xp.where(there, extra, 2 * span - extra) + x.dtype.type(low), slope.astype(x.dtype)


class Coordinate(Op):
    """-1 to 1 as pixels 0 to size - 1 (align_corners) or -0.5 to size - 0.5, brought inside as `padding` says.

    Linear in pieces: the gradient is 0 where the border holds a point, NaN counts as pixel 0 there.
    """

    @staticmethod
    def forward(ctx: Any, g: Any, size: int, align_corners: bool, padding: str) -> Any:
        xp = array_module(g)
        if align_corners:
            x, scale = (g + 1) / 2 * (size - 1), (size - 1) / 2
        else:
            x, scale = ((g + 1) * size - 1) / 2, size / 2
        slope = xp.full_like(x, scale)
        if padding == "reflection":
            x, sign = _reflected(xp, x, size, align_corners)
            slope = slope * sign
        if padding != "zeros":
            slope = xp.where((x > 0) & (x < size - 1), slope, 0).astype(x.dtype)
            x = xp.where(xp.isnan(x), 0, xp.clip(x, 0, size - 1)).astype(x.dtype)
        ctx.save_arrays(slope)
        return x.astype(g.dtype, copy=False)

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (slope,) = ctx.saved
        return gy * slope, None, None, None


class Untouched(Op):
    """y as it is; the grid, which moves nothing (mode 'nearest'), gets a gradient of zeros."""

    @staticmethod
    def forward(ctx: Any, y: Any, grid: Any) -> Any:
        ctx.grid = grid.shape, grid.dtype
        return y.copy()

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        shape, dtype = ctx.grid
        return gy, computed("grid_sample", lambda xp, _: xp.zeros(shape, dtype), gy)


def _pixels(xp: Any, x: Any, size: int) -> Any:
    """Whole numbers of any size as int64; far away and NaN become -9, which is no pixel."""
    near = xp.nan_to_num(x, nan=-9, posinf=-9, neginf=-9)
    return xp.where((near > -9) & (near < size + 9), near, -9).astype(xp.int64)


def _taps(g: Tensor, size: int, mode: str, padding: str, align_corners: bool) -> list[Tap]:
    """Along one axis: which pixels are read, and how much each counts (None: 1)."""
    xp = array_module(g.array)
    at: Tensor = Coordinate.apply(g, size, align_corners, "zeros" if mode == "bicubic" else padding)
    if mode == "nearest":
        return [(_pixels(xp, xp.rint(at.array), size), None)]
    with np.errstate(invalid="ignore"):
        floor = xp.floor(at.array)
        first = _pixels(xp, floor, size)
    t = at - Tensor._wrap(floor)
    if mode == "bilinear":
        return [(first, 1 - t), (first + 1, t)]
    a = -0.75
    taps: list[Tap] = []
    for offset, d in ((-1, t + 1), (0, t), (1, 1 - t), (2, 2 - t)):
        near = offset in (0, 1)
        weight = ((a + 2) * d - (a + 3)) * d * d + 1 if near else ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        pixels = first + offset
        if padding != "zeros":
            inside = pixels.astype(g.dtype.numpy)
            if padding == "reflection":
                inside, _ = _reflected(xp, inside, size, align_corners)
            pixels = xp.clip(inside, 0, size - 1).astype(xp.int64)
        taps.append((pixels, weight))
    return taps


def _check(input: Any, grid: Any, mode: Any, padding_mode: Any) -> None:
    op = "grid_sample"
    for argument, value, known in (("mode", mode, MODES), ("padding_mode", padding_mode, PADDINGS)):
        if value not in known:
            rule = f"expected {argument} to be one of {', '.join(known)}"
            raise ValueError(message(op, argument, repr(value), rule, f"use {argument}={known[0]!r}"))
    check_tensor(op, "input", input)
    check_tensor(op, "grid", grid)
    x_shape, shape = input.array.shape, grid.array.shape
    n = len(x_shape) - 2
    if n not in (2, 3):
        rule = "expected a 4D or 5D input"
        raise RuntimeError(message(op, "input.shape", list(x_shape), rule, "use (N, C, H, W)"))
    if len(shape) != n + 2 or shape[0] != x_shape[0] or shape[-1] != n:
        wanted = [x_shape[0], *["OD", "OH", "OW"][-n:], n]
        rule = f"expected grid and input to have same batch size, and grid to have size {n} in last dimension"
        fix = f"use a grid of shape ({', '.join(map(str, wanted))})"
        raise RuntimeError(message(op, "grid.shape", list(shape), f"{rule}; input is {list(x_shape)}", fix))
    if 0 in x_shape[2:]:
        rule = "expected input to have non-empty spatial dimensions"
        raise RuntimeError(message(op, "input.shape", list(x_shape), rule, "use an image of at least one pixel"))
    if mode == "bicubic" and n == 3:
        rule = "bicubic interpolation only supports 4D input"
        raise RuntimeError(message(op, "mode", repr(mode), rule, "use mode='bilinear'"))
    check_floating(op, "input", input)
    check_same_dtype(op, "grid", grid, "input", input.array.dtype)
    check_same_device(op, "grid", grid, input)


@on_its_device
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """torch.nn.functional.grid_sample: (N, C, H, W) at (N, OH, OW, 2) -> (N, C, OH, OW); volumes with 3 coordinates.

    grid[..., 0] is x, [..., 1] is y; -1 and 1 are the outer pixels' centres (align_corners) or outer edges: pixel
    ((x + 1) W - 1) / 2. mode: 'bilinear', 'nearest' (halves to even), 'bicubic' (a = -0.75, images only). Outside:
    padding_mode 'zeros', 'border', or 'reflection'. Differentiable by both; 'nearest' has gradient 0 by the grid.
    Raises ValueError for unknown modes, RuntimeError for shapes. Source: Jaderberg et al., Spatial Transformer
    Networks (2015), section 3.3.
    """
    _check(input, grid, mode, padding_mode)
    dtype = input.dtype
    if input.array.dtype.name == "float16":  # places need more digits
        y = grid_sample(cast(input, dtypes.float32), cast(grid, dtypes.float32), mode, padding_mode, align_corners)
        return cast(y, dtype)
    xp = array_module(input.array)
    (n, c, *image), points = input.array.shape, grid.array.shape[1:-1]
    count, total = math.prod(points), math.prod(image)
    flat = pad(input.reshape(n, c, 1, total), (0, 1))  # one more pixel, a zero: what lies outside
    axes = [
        _taps(grid[..., len(image) - 1 - axis].reshape(n, count), size, mode, padding_mode, bool(align_corners))
        for axis, size in enumerate(image)
    ]
    result: Tensor | None = None
    for taps in itertools.product(*axes):
        index, inside, weight = xp.zeros((n, count), xp.int64), xp.ones((n, count), bool), None
        for size, (pixels, share) in zip(image, taps, strict=True):
            index = index * size + pixels
            inside &= (pixels >= 0) & (pixels < size)
            weight = share if weight is None else weight * share
        index = xp.broadcast_to(xp.where(inside, index, total)[:, None, None], (n, c, 1, count))
        part: Tensor = GatherPlanes.apply(flat, Tensor._wrap(xp.ascontiguousarray(index)))
        part = part if weight is None else part * weight.reshape(n, 1, 1, count)
        result = part if result is None else result + part
    if result is None:
        raise AssertionError("an image has axes")
    if mode == "nearest":
        result = Untouched.apply(result, grid)
    return result.reshape(n, c, *points)


@on_its_device
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """torch.nn.functional.affine_grid: (N, 2, 3) and size (N, C, H, W) -> (N, H, W, 2): grid_sample's points.

    grid[n, h, w] = theta[n] @ (x, y, 1), x and y running over -1 to 1, or with align_corners=False over the pixels'
    centres, -(W - 1) / W to (W - 1) / W. (N, 3, 4) with a size of 5 numbers for volumes. Raises ValueError for shapes
    that don't go together. Source: Jaderberg et al. (2015), equation 1.
    """
    op = "affine_grid"
    check_tensor(op, "theta", theta)
    if theta.array.dtype.kind not in "fc":
        rule = "Expected theta to have floating point type"
        raise ValueError(message(op, "theta.dtype", theta.array.dtype, rule, "use theta.float()"))
    if not isinstance(size, (tuple, list)) or any(not hasattr(length, "__index__") for length in size):
        raise TypeError(message(op, "size", repr(size), "must be a tuple of ints", "use size=(N, C, H, W)"))
    if len(size) not in (4, 5):
        rule = "only supports 4D and 5D sizes, for 2D and 3D affine transforms"
        raise NotImplementedError(message(op, "size", tuple(size), rule, "use size=(N, C, H, W)"))
    n, shape = len(size) - 2, theta.array.shape
    if len(shape) != 3 or shape[1:] != (n, n + 1):
        rule = f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {tuple(size)}"
        raise ValueError(message(op, "theta.shape", list(shape), rule))
    if min(size) < 1:
        raise ValueError(message(op, "size", tuple(size), "Expected non-zero, positive output size"))
    if shape[0] != size[0]:
        rule = f"Expected size for first two dimensions of theta to be [{size[0]}, {n}]"
        raise RuntimeError(message(op, "theta.shape", list(shape), rule, f"use size=({shape[0]}, ...)"))
    xp, image = array_module(theta.array), tuple(size[2:])
    base = xp.ones((*image, n + 1), theta.array.dtype)
    for axis, length in enumerate(image):
        line = xp.linspace(-1, 1, length) if length > 1 else xp.zeros(1)
        if not align_corners:
            line = line * (length - 1) / length
        base[..., n - 1 - axis] = line.reshape(-1, *(1,) * (n - 1 - axis))
    points = xp.broadcast_to(base.reshape(1, -1, n + 1), (size[0], base.size // (n + 1), n + 1))
    return bmm(Tensor._wrap(points), theta.transpose(1, 2)).reshape(size[0], *image, n)
