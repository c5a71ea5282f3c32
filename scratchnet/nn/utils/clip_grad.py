"""Gradients made smaller: by their norm over all parameters, or each number by itself. Nothing waits for a GPU."""

from __future__ import annotations

import math
import types
import warnings
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np

from scratchnet import dtypes
from scratchnet.autograd.modes import no_grad
from scratchnet.device import array_module, device_of, moved, on
from scratchnet.ops.from_data import tensor
from scratchnet.shapes import message
from scratchnet.tensor import Tensor

Tensors = Tensor | Iterable[Tensor]


@no_grad()
def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors as if they were one vector -> 0-d. Equals torch.nn.utils.get_total_norm.

    norm_type: any order, inf and -inf too. No tensors: 0. Tensors on several devices: on the first one's. Raises
    RuntimeError for NaN or infinity where `error_if_nonfinite`, which waits for a GPU. `foreach` changes nothing.
    """
    found = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    order = float(norm_type)
    if not found:
        return tensor(0.0)
    kind, place = reduce(dtypes.promote_types, (t.dtype for t in found)), found[0].device
    norms = [moved(_norm(t.array, order, t.dtype, kind), place) for t in found]
    with on(place):
        total = Tensor(_norm(array_module(norms[0]).stack(norms), order, kind))
    if error_if_nonfinite and not math.isfinite(total.item()):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def _norm(array: Any, order: float, *kinds: dtypes.dtype) -> Any:
    """The norm of order `order` of all numbers, summed in float64: a 0-d array, rounded to each kind."""
    xp = array_module(array)
    with on(device_of(array)), np.errstate(all="ignore"):
        size = abs(array.reshape(-1).astype("float64"))
        if math.isinf(order):
            if not size.size:
                rule = "has no norm for a tensor without elements: the operation does not have an identity"
                raise RuntimeError(message("get_total_norm", "norm_type", order, rule, "leave empty tensors out"))
            norm = size.max() if order > 0 else size.min()
        else:
            norm = xp.count_nonzero(size) if order == 0 else xp.sum(size**order) ** (1.0 / order)
        return reduce(lambda value, kind: value.astype(kind.numpy), kinds, xp.asarray(norm))


def _gradients(parameters: Iterable[Tensor]) -> list[Tensor]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply every gradient by max_norm / (total_norm + 1e-6) where that is below 1, in place.

    Equals torch.nn.utils.clip_grads_with_norm_. `foreach` changes nothing.
    """
    gradients = _gradients([parameters] if isinstance(parameters, Tensor) else parameters)
    if not gradients:
        return
    factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(factor.to(gradient.device))


@no_grad()
def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients down, together, to the norm `max_norm` at most. Returns the norm before.

    Equals torch.nn.utils.clip_grad_norm_. An empty generator warns. Raises RuntimeError, before any gradient is
    changed, for NaN or infinity where `error_if_nonfinite`.
    """
    found = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not found and isinstance(parameters, types.GeneratorType):
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", UserWarning, stacklevel=3)
    total: Tensor = get_total_norm(_gradients(found), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(found, max_norm, total, foreach)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The old name of `clip_grad_norm_`; warns with FutureWarning."""
    warnings.warn(
        "`nn.utils.clip_grad_norm` is now deprecated in favor of `nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    total: Tensor = clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
    return total


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Bring every number of the gradients into [-clip_value, clip_value], in place.

    Equals torch.nn.utils.clip_grad_value_. `foreach` changes nothing.
    """
    bound = float(clip_value)
    for gradient in _gradients([parameters] if isinstance(parameters, Tensor) else parameters):
        gradient.clamp_(min=-bound, max=bound)
