"""One optimizer step of many parameters, in place: torch's formulas, each operation rounded as on torch's CPU."""

from typing import Any

import numpy as np
from numba import types

from scratchnet.kernels.cpu.jit import intrinsic, kernel, prange
from scratchnet.kernels.cpu.layout import Array
from scratchnet.kernels.cpu.many import part, update


def sgd_step(
    params: list[Array],
    grads: list[Array],
    momentum_buffers: list[Array] | None,
    *,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> None:
    """torch.optim.SGD. With `first` the momentum buffers are filled with the gradients instead of being updated."""
    settings = (lr, momentum, 1 - dampening, weight_decay)
    flags = (weight_decay != 0, bool(nesterov), bool(maximize), bool(first))
    if momentum_buffers is not None and momentum != 0:
        update(_sgd_momentum, params, grads, momentum_buffers, settings=settings, flags=flags)
    else:
        update(_sgd, params, grads, settings=settings, flags=flags)


def adam_step(
    params: list[Array],
    grads: list[Array],
    exp_avgs: list[Array],
    exp_avg_sqs: list[Array],
    max_exp_avg_sqs: list[Array] | None,
    *,
    step: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    weight_decay: float,
    decoupled: bool,
    amsgrad: bool,
    maximize: bool,
) -> None:
    """torch.optim.Adam, `step` counting from 1. max_exp_avg_sqs are used with `amsgrad` only."""
    shrink, decay = (1 - lr * weight_decay, 0.0) if decoupled else (1.0, weight_decay)
    correction, rate = (1 - beta2**step) ** 0.5, -(lr / (1 - beta1**step))
    settings = (shrink, decay, 1 - beta1, beta2, 1 - beta2, correction, eps, rate)
    flags = (decay != 0, bool(amsgrad), bool(maximize))
    largest = max_exp_avg_sqs if amsgrad and max_exp_avg_sqs is not None else exp_avg_sqs
    update(_adam, params, grads, exp_avgs, exp_avg_sqs, largest, settings=settings, flags=flags)


@intrinsic
def fma(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """a * b + c rounded once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    kind = a if isinstance(a, types.Float) else types.float64
    return kind(kind, kind, kind), generate


@kernel()
def _sgd(
    addresses: Array,
    pieces: Array,
    lr: float,
    momentum: float,
    undamped: float,
    weight_decay: float,
    decays: bool,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> None:
    for n in prange(len(pieces)):
        param = part(addresses, 0, pieces[n], lr)
        grad = part(addresses, 1, pieces[n], lr)
        for i in range(param.size):
            g = -grad[i] if maximize else grad[i]
            if decays:
                g = fma(param[i], weight_decay, g)
            param[i] = fma(g, -lr, param[i])


@kernel()
def _sgd_momentum(
    addresses: Array,
    pieces: Array,
    lr: float,
    momentum: float,
    undamped: float,
    weight_decay: float,
    decays: bool,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> None:
    for n in prange(len(pieces)):
        param = part(addresses, 0, pieces[n], lr)
        grad = part(addresses, 1, pieces[n], lr)
        buffer = part(addresses, 2, pieces[n], lr)
        for i in range(param.size):
            g = -grad[i] if maximize else grad[i]
            if decays:
                g = fma(param[i], weight_decay, g)
            b = g if first else fma(g, undamped, buffer[i] * momentum)
            buffer[i] = b
            g = fma(b, momentum, g) if nesterov else b
            param[i] = fma(g, -lr, param[i])


@kernel()
def _adam(
    addresses: Array,
    pieces: Array,
    shrink: float,
    weight_decay: float,
    rest1: float,
    beta2: float,
    rest2: float,
    correction: float,
    eps: float,
    rate: float,
    decays: bool,
    amsgrad: bool,
    maximize: bool,
) -> None:
    for n in prange(len(pieces)):
        param = part(addresses, 0, pieces[n], shrink)
        grad = part(addresses, 1, pieces[n], shrink)
        average = part(addresses, 2, pieces[n], shrink)
        square = part(addresses, 3, pieces[n], shrink)
        largest = part(addresses, 4, pieces[n], shrink)
        half, one = param.dtype.type(0.5), param.dtype.type(1)
        for i in range(param.size):
            g = -grad[i] if maximize else grad[i]
            p = param[i] * shrink
            if decays:
                g = fma(p, weight_decay, g)
            # lerp: from whichever end is nearer
            a = average[i]
            a = fma(rest1, g - a, a) if rest1 < half else fma(rest1 - one, g - a, g)
            average[i] = a
            v = fma(rest2 * g, g, square[i] * beta2)
            square[i] = v
            if amsgrad:
                v = v if v >= largest[i] or v != v else largest[i]
                largest[i] = v
            denominator = np.sqrt(v) / correction + eps
            param[i] = p + rate * a / denominator
