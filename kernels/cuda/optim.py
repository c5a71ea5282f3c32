"""One optimizer step of many parameters, in place: torch's formulas, each operation rounded as on torch's CPU."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array
from scratchnet.kernels.cuda.tensors import update

PROGRAM = Program("optim", dict.fromkeys(("sgd", "adam"), FLOATS), options=("--fmad=false",))


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
    buffered = momentum_buffers is not None and momentum != 0
    numbers = (lr, momentum, 1 - dampening, weight_decay)
    lists = [params, grads, momentum_buffers if buffered else None]
    update(PROGRAM, "sgd", lists, *numbers, weight_decay != 0, buffered, nesterov, maximize, first)


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
    numbers = (shrink, decay, 1 - beta1, beta2, 1 - beta2, correction, eps, rate)
    lists = [params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs if amsgrad else None]
    update(PROGRAM, "adam", lists, *numbers, decay != 0, amsgrad, maximize)
