"""More optimizer steps of many parameters, in place: NumPy calls, torch's single-tensor formulas in torch's order."""

from collections.abc import Callable
from functools import wraps
from itertools import repeat
from typing import Any

import numpy as np

from scratchnet.kernels.cpu.layout import Array


def _for_each(step: Callable[..., None]) -> Callable[..., None]:
    """Makes of a step of one parameter one of lists: parameters, gradients and states, each list may be None.

    float16 is computed in float32 and rounded once; overflow and NaN pass in silence, as in torch.
    """

    @wraps(step)
    def wrapper(*lists: list[Array] | None, **settings: Any) -> None:
        rows = [repeat(None) if arrays is None else arrays for arrays in lists]
        with np.errstate(all="ignore"):
            for arrays in zip(*rows, strict=False):
                if arrays[0].dtype == np.float16:
                    _computed_wide(step, arrays, settings)
                else:
                    step(*arrays, **settings)

    return wrapper


def _computed_wide(step: Callable[..., None], arrays: tuple[Array | None, ...], settings: dict[str, Any]) -> None:
    wide = [None if a is None else a.astype(np.float32) for a in arrays]
    step(*wide, **settings)
    for position, (target, result) in enumerate(zip(arrays, wide, strict=True)):
        if target is not None and result is not None and position != 1:  # all but the gradient
            np.copyto(target, result, casting="same_kind")


def _gradient(param: Array, grad: Array, weight_decay: float, maximize: bool) -> Array:
    gradient = -grad if maximize else grad
    return gradient + weight_decay * param if weight_decay != 0 else gradient


def _lerp(start: Array, end: Array, weight: float) -> None:
    """start += weight * (end - start), from whichever end is nearer."""
    if weight < 0.5:
        start += weight * (end - start)
    else:
        np.subtract(end, (end - start) * (1 - weight), out=start)


def _decay(average: Array, keep: float, value: Array) -> None:
    """average = keep * average + (1 - keep) * value**2."""
    average *= keep
    average += (1 - keep) * value * value


@_for_each
def adamax_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_inf: Array,
    *,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """torch.optim.Adamax, `step` counting from 1."""
    g = _gradient(param, grad, weight_decay, maximize)
    _lerp(exp_avg, g, 1 - beta1)
    np.maximum(exp_inf * beta2, abs(g) + eps, out=exp_inf)
    param += -(lr / (1 - beta1**step)) * exp_avg / exp_inf


@_for_each
def nadam_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    mu: float,
    mu_next: float,
    mu_product: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """torch.optim.NAdam; mu, mu_next: the momentum of this step and of the next; mu_product: of all so far."""
    if decoupled:
        param *= 1 - lr * weight_decay
    g = _gradient(param, grad, 0.0 if decoupled else weight_decay, maximize)
    _lerp(exp_avg, g, 1 - beta1)
    _decay(exp_avg_sq, beta2, g)
    denominator = np.sqrt(exp_avg_sq / (1 - beta2**step)) + eps
    param += (-lr * (1 - mu) / (1 - mu_product)) * g / denominator
    param += (-lr * mu_next / (1 - mu_product * mu_next)) * exp_avg / denominator


@_for_each
def radam_step(
    param: Array,
    grad: Array,
    exp_avg: Array,
    exp_avg_sq: Array,
    *,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    maximize: bool,
) -> None:
    """torch.optim.RAdam: without the second moment while its length of average is 5 or less."""
    if decoupled:
        param *= 1 - lr * weight_decay
    g = _gradient(param, grad, 0.0 if decoupled else weight_decay, maximize)
    _lerp(exp_avg, g, 1 - beta1)
    _decay(exp_avg_sq, beta2, g)
    correction2 = 1 - beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / correction2
    update = exp_avg / (1 - beta1**step) * lr
    if length > 5.0:
        rectification = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        update = update * (correction2**0.5 / (np.sqrt(exp_avg_sq) + eps)) * rectification**0.5
    param -= update


@_for_each
def rmsprop_step(
    param: Array,
    grad: Array,
    square_avg: Array,
    grad_avg: Array | None,
    momentum_buffer: Array | None,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    maximize: bool,
) -> None:
    """torch.optim.RMSprop; centered where grad_avg is given, with momentum where momentum_buffer is."""
    g = _gradient(param, grad, weight_decay, maximize)
    _decay(square_avg, alpha, g)
    if grad_avg is not None:
        _lerp(grad_avg, g, 1 - alpha)
        root = np.sqrt(square_avg - grad_avg * grad_avg) + eps
    else:
        root = np.sqrt(square_avg) + eps
    if momentum_buffer is not None:
        momentum_buffer *= momentum
        momentum_buffer += g / root
        param += -lr * momentum_buffer
    else:
        param += -lr * g / root


@_for_each
def adagrad_step(
    param: Array,
    grad: Array,
    total: Array,
    *,
    step: int,
    lr: float,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """torch.optim.Adagrad, `step` counting from 1; `total` is the sum of squares."""
    g = _gradient(param, grad, weight_decay, maximize)
    total += g * g
    param += -(lr / (1 + (step - 1) * lr_decay)) * g / (np.sqrt(total) + eps)


@_for_each
def adadelta_step(
    param: Array,
    grad: Array,
    square_avg: Array,
    acc_delta: Array,
    *,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """torch.optim.Adadelta."""
    g = _gradient(param, grad, weight_decay, maximize)
    _decay(square_avg, rho, g)
    delta = np.sqrt(acc_delta + eps) / np.sqrt(square_avg + eps) * g
    _decay(acc_delta, rho, delta)
    param += -lr * delta
