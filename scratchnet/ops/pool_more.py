"""Adaptive maxima, unpooling and power means."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.autograd.op import Op
from scratchnet.device import array_module, kernels_for
from scratchnet.ops.checks import check_floating, check_tensor
from scratchnet.ops.geometry import LAYOUTS, Sizes, check_at_least, each
from scratchnet.ops.pool import GatherPlanes, max_pool1d, max_pool2d, max_pool3d, scatter
from scratchnet.ops.pool_average import avg_pool1d, avg_pool2d, avg_pool3d
from scratchnet.shapes import message


class AdaptiveMaxPool2D(Op):
    """The largest value of each region (any number of axes), and where in the image it stood."""

    @staticmethod
    def forward(ctx: Any, x: Any, out_size: Sizes) -> Any:
        ctx.image = image = x.shape[2:]
        ctx.save_outputs(1)
        xp = array_module(x)
        y = xp.empty((*x.shape[:2], *out_size), x.dtype)
        indices = xp.empty(y.shape, xp.int64)
        places = xp.arange(math.prod(image)).reshape(image)
        edges = [
            [(i * n // size, -(-(i + 1) * n // size)) for i in range(size)]
            for n, size in zip(image, out_size, strict=True)
        ]
        for at in itertools.product(*map(range, out_size)):
            region = tuple([slice(*edges[axis][i]) for axis, i in enumerate(at)])
            values = x[(slice(None), slice(None), *region)].reshape(*x.shape[:2], places[region].size)
            best, nan = values.argmax(2), xp.isnan(values)  # the first maximum, of several NaN the last
            last = values.shape[2] - 1 - nan[:, :, ::-1].argmax(2)
            best = xp.where(nan.any(2), last, best)
            here = (slice(None), slice(None), *at)
            y[here] = xp.take_along_axis(values, best[:, :, None], axis=2)[:, :, 0]
            indices[here] = places[region].reshape(-1)[best]
        return y, indices

    @staticmethod
    def backward(ctx: Any, gy: Tensor, *_: Tensor) -> Any:
        (indices,) = ctx.saved
        return scatter(gy, indices, ctx.image), None


class AdaptiveMaxPool3D(AdaptiveMaxPool2D):
    """The largest value of each block."""


def _adaptive_max(op: str, n: int, input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    check_tensor(op, "input", input)
    shape = input.array.shape
    if n > 1 and isinstance(output_size, (tuple, list)):
        if len(output_size) != n:
            rule = f"output_size.size() must be {n}"
            raise RuntimeError(message(op, "output_size", output_size, rule, f"use output_size={(1,) * n}"))
        if len(shape) > n:
            given = zip(output_size, shape[-n:], strict=True)
            output_size = [length if size is None else size for size, length in given]
    size = each(output_size, n, op, "output_size")
    check_at_least(op, "output_size", size, 0, "Trying to create tensor with negative dimension")
    if len(shape) not in (n + 1, n + 2):
        rule = f"Expected {n + 1}D or {n + 2}D tensor"
        fix = f"use ({LAYOUTS[n]}) or ({LAYOUTS[n][3:]})"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, fix))
    if 0 in shape[1:]:  # torch: without a batch there may be no channels
        rule = "Expected input to have non-zero size for non-batch dimensions"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use an image of at least one pixel"))
    check_floating(op, "input", input)
    kind = AdaptiveMaxPool3D if n == 3 else AdaptiveMaxPool2D
    y, indices = kind.apply(input if len(shape) == n + 2 else input.unsqueeze(0), size)
    if len(shape) == n + 1:
        y, indices = y.squeeze(0), indices.squeeze(0)
    return y, indices


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: int | Sequence[int], return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.adaptive_max_pool1d_with_indices: adaptive_max_pool1d's values and flat positions (int64)."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: int | Sequence[int], return_indices: bool = False) -> Any:
    """torch.nn.functional.adaptive_max_pool1d: (N, C, L) -> (N, C, output_size); N optional.

    Output i is the largest of the values from floor(i L / OL) to ceil((i + 1) L / OL) - 1; ties and NaN as in
    max_pool2d. return_indices=True gives (values, positions). Raises RuntimeError for a negative size or an empty row.
    """
    y, indices = _adaptive_max("adaptive_max_pool1d", 1, input, output_size)
    return (y, indices) if return_indices else y


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: int | Sequence[int | None] | None, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.adaptive_max_pool2d_with_indices: adaptive_max_pool2d's values and flat positions (int64)."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size)


def adaptive_max_pool2d(
    input: Tensor, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Any:
    """torch.nn.functional.adaptive_max_pool2d: (N, C, H, W) -> (N, C, *output_size); N optional; None keeps a side.

    The largest value of adaptive_avg_pool2d's regions; ties and NaN as in max_pool2d. return_indices=True gives
    (values, flat positions h W + w). Raises RuntimeError for a negative size or an empty image.
    """
    y, indices = _adaptive_max("adaptive_max_pool2d", 2, input, output_size)
    return (y, indices) if return_indices else y


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: int | Sequence[int | None] | None, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """torch.nn.functional.adaptive_max_pool3d_with_indices: adaptive_max_pool3d's values and flat positions (int64)."""
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size)


def adaptive_max_pool3d(
    input: Tensor, output_size: int | Sequence[int | None] | None, return_indices: bool = False
) -> Any:
    """torch.nn.functional.adaptive_max_pool3d: (N, C, D, H, W) -> (N, C, *output_size); as adaptive_max_pool2d."""
    y, indices = _adaptive_max("adaptive_max_pool3d", 3, input, output_size)
    return (y, indices) if return_indices else y


class MaxUnpool2D(Op):
    """Values written at their indices in planes of zeros; of several for one place the last stays."""

    @staticmethod
    def forward(ctx: Any, x: Any, indices: Any, size: int) -> Any:
        ctx.save_inputs(1)
        y = array_module(x).zeros((*x.shape[:3], size), x.dtype)
        lines = array_module(x).arange(math.prod(x.shape[:3])).reshape(*x.shape[:3], 1)
        places = lines * size + indices
        kernels_for(x).scatter.put(y.reshape(-1), places.reshape(-1), x.reshape(-1))
        return y

    @staticmethod
    def backward(ctx: Any, gy: Tensor) -> Any:
        (indices,) = ctx.saved
        return GatherPlanes.apply(gy, indices), None, None


class MaxUnpool3D(MaxUnpool2D):
    """The same in volumes."""


def _unpool(
    op: str, n: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    check_tensor(op, "input", input)
    check_tensor(op, "indices", indices)
    kernel, border = each(kernel_size, n, op, "kernel_size"), each(padding, n, op, "padding")
    step = kernel if stride is None else each(stride, n, op, "stride")
    shape = input.array.shape
    if len(shape) not in (n + 1, n + 2):
        rule = f"should have {n + 1} or {n + 2} dimensions, but got {len(shape)}"
        fix = f"use ({LAYOUTS[n]}) or ({LAYOUTS[n][3:]})"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, fix))
    arguments = zip(shape[-n:], kernel, step, border, strict=True)
    usual = tuple([(length - 1) * s + k - 2 * p for length, k, s, p in arguments])
    size = usual if output_size is None else _unpool_size(op, n, output_size, usual, step)
    if indices.array.dtype.name != "int64":
        rule = "must be int64: elements in indices should be type int64"
        raise RuntimeError(message(op, "indices.dtype", indices.array.dtype, rule, "use indices.long()"))
    if indices.array.shape != shape:
        rule = f"Expected shape of indices to be same as that of the input tensor ({list(shape)})"
        raise RuntimeError(message(op, "indices.shape", list(indices.shape), rule, "use max_pool's indices"))
    if 0 in shape[-n - 1 :]:
        rule = "Expected input to have non-zero size for non-batch dimensions"
        raise RuntimeError(message(op, "input.shape", list(shape), rule, "use an image of at least one pixel"))
    check_floating(op, "input", input)
    if min(size) < 0:
        rule = "is too large: Trying to create tensor with negative dimension"
        raise RuntimeError(message(op, "padding", border, rule, "use padding=0"))
    places, total = indices.array, math.prod(size)

    def error(wrong: int) -> Exception:
        rule = f"Found an invalid max index: output volumes are of size {'x'.join(map(str, size))}"
        return RuntimeError(message(op, "indices", wrong, rule, f"use indices from 0 to {total - 1}"))

    if total:
        kernels_for(places).indices.check(places, 0, total, error)
    lead = shape[:-n] if len(shape) == n + 2 else (1, *shape[:-n])
    flat = (*lead, 1, math.prod(shape[-n:]))
    kind = MaxUnpool3D if n == 3 else MaxUnpool2D
    if not total:
        return input.new_zeros((*shape[:-n], *size))
    y: Tensor = kind.apply(input.reshape(flat), indices.reshape(flat), total)
    return y.reshape(*shape[:-n], *size)


def _unpool_size(op: str, n: int, output_size: Any, usual: Sizes, step: Sizes) -> Sizes:
    wanted = list(output_size)
    if len(wanted) == n + 2:
        wanted = wanted[2:]
    if len(wanted) != n:
        rule = f"output_size should be a sequence containing {n} or {n + 2} elements"
        raise ValueError(message(op, "output_size", tuple(output_size), rule, f"use output_size={usual}"))
    for axis, (given, length, s) in enumerate(zip(wanted, usual, step, strict=True)):
        if not length - s < given < length + s:
            rule = f"invalid output_size: dim {axis} must be between {length - s} and {length + s}"
            raise ValueError(message(op, "output_size", tuple(wanted), rule, f"use output_size={usual}"))
    return each(tuple(wanted), n, op, "output_size")


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """torch.nn.functional.max_unpool1d: (N, C, L) -> (N, C, OL), OL = (L - 1) stride - 2 padding + kernel_size.

    As max_unpool2d, for rows.
    """
    return _unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """torch.nn.functional.max_unpool2d: (N, C, H, W) -> (N, C, OH, OW); max_pool2d's values back at their places.

    OH = (H - 1) stride - 2 padding + KH unless output_size says (at most a stride less or more); zeros elsewhere. Of
    equal indices the last value stays, the gradient goes to each. Raises RuntimeError for indices outside the output,
    ValueError for an output_size that can't be. Source: Zeiler and Fergus (2014), section 2.1.
    """
    return _unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """torch.nn.functional.max_unpool3d: (N, C, D, H, W) -> (N, C, OD, OH, OW); as max_unpool2d."""
    return _unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def _lp_pool(
    op: str, n: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    check_tensor(op, "input", input)
    if isinstance(norm_type, bool) or not isinstance(norm_type, (int, float)):
        raise TypeError(message(op, "norm_type", repr(norm_type), "must be a number", "use norm_type=2"))
    maximum, mean = {1: (max_pool1d, avg_pool1d), 2: (max_pool2d, avg_pool2d), 3: (max_pool3d, avg_pool3d)}[n]
    if norm_type == 0:
        raise ZeroDivisionError(message(op, "norm_type", 0, "must not be 0: 1 / norm_type is taken", "use norm_type=2"))
    if n > 1 and isinstance(kernel_size, (tuple, list)) and len(kernel_size) != n:
        rule = f"must be an int or a tuple of {n} ints"
        raise ValueError(message(op, "kernel_size", kernel_size, rule, f"use kernel_size={(2,) * n}"))
    kernel = each(kernel_size, n, op, "kernel_size")
    if math.isinf(norm_type):
        largest: Tensor = maximum(input.abs() if norm_type > 0 else -input.abs(), kernel, stride, 0, 1, ceil_mode)
        return largest if norm_type > 0 else -largest
    out = mean(input.pow(norm_type), kernel, stride, 0, ceil_mode)
    y: Tensor = (out.sign() * out.abs().relu() * math.prod(kernel)).pow(1.0 / norm_type)
    return y


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """torch.nn.functional.lp_pool1d: (N, C, L) -> (N, C, OL): (sum of x^p)^(1/p) over each window, as lp_pool2d."""
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """torch.nn.functional.lp_pool2d: (N, C, H, W) -> (N, C, OH, OW): (sum of x^p)^(1/p) over each window; N optional.

    OH = floor((H - KH) / stride) + 1. As torch has it: windows that ceil_mode lets over the edge count their missing
    values by the mean; p = inf gives the largest |x|. Raises ZeroDivisionError for p = 0.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """torch.nn.functional.lp_pool3d: (N, C, D, H, W) -> (N, C, OD, OH, OW): as lp_pool2d."""
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)
