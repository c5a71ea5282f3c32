"""More optimizer steps of many parameters, in place: torch's single-tensor formulas in torch's order."""

from scratchnet.kernels.cuda.launch import FLOATS, Program
from scratchnet.kernels.cuda.layout import Array
from scratchnet.kernels.cuda.tensors import update

PROGRAM = Program(
    "optim_adaptive",
    dict.fromkeys(("adamax", "nadam", "radam", "rmsprop", "adagrad", "adadelta"), FLOATS),
    options=("--fmad=false",),
)
Arrays = list[Array]


def adamax_step(
    params: Arrays,
    grads: Arrays,
    exp_avgs: Arrays,
    exp_infs: Arrays,
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
    numbers = (weight_decay, *_lerp(1 - beta1), beta2, eps, -(lr / (1 - beta1**step)))
    update(PROGRAM, "adamax", [params, grads, exp_avgs, exp_infs], *numbers, weight_decay != 0, maximize)


def nadam_step(
    params: Arrays,
    grads: Arrays,
    exp_avgs: Arrays,
    exp_avg_sqs: Arrays,
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
    shrink, decay = _split(lr, weight_decay, decoupled)
    rates = -lr * (1 - mu) / (1 - mu_product), -lr * mu_next / (1 - mu_product * mu_next)
    numbers = (shrink, decay, *_lerp(1 - beta1), beta2, 1 - beta2, 1 - beta2**step, eps, *rates)
    update(PROGRAM, "nadam", [params, grads, exp_avgs, exp_avg_sqs], *numbers, decay != 0, maximize)


def radam_step(
    params: Arrays,
    grads: Arrays,
    exp_avgs: Arrays,
    exp_avg_sqs: Arrays,
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
    shrink, decay = _split(lr, weight_decay, decoupled)
    correction2 = 1 - beta2**step
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * step * beta2**step / correction2
    rectifies = length > 5.0
    rectification = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length) if rectifies else 0
    corrections = (1 - beta1**step, lr, correction2**0.5, eps, rectification**0.5)
    numbers = (shrink, decay, *_lerp(1 - beta1), beta2, 1 - beta2, *corrections)
    update(PROGRAM, "radam", [params, grads, exp_avgs, exp_avg_sqs], *numbers, decay != 0, rectifies, maximize)


def rmsprop_step(
    params: Arrays,
    grads: Arrays,
    square_avgs: Arrays,
    grad_avgs: Arrays | None,
    momentum_buffers: Arrays | None,
    *,
    lr: float,
    alpha: float,
    eps: float,
    weight_decay: float,
    momentum: float,
    maximize: bool,
) -> None:
    """torch.optim.RMSprop; centered where grad_avgs are given, with momentum where momentum_buffers are."""
    lists = [params, grads, square_avgs, grad_avgs, momentum_buffers]
    flags = (weight_decay != 0, grad_avgs is not None, momentum_buffers is not None, maximize)
    update(PROGRAM, "rmsprop", lists, weight_decay, alpha, *_lerp(1 - alpha), eps, momentum, -lr, *flags)


def adagrad_step(
    params: Arrays,
    grads: Arrays,
    totals: Arrays,
    *,
    step: int,
    lr: float,
    lr_decay: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """torch.optim.Adagrad, `step` counting from 1; `totals` are the sums of squares."""
    rate = -(lr / (1 + (step - 1) * lr_decay))
    update(PROGRAM, "adagrad", [params, grads, totals], weight_decay, eps, rate, weight_decay != 0, maximize)


def adadelta_step(
    params: Arrays,
    grads: Arrays,
    square_avgs: Arrays,
    acc_deltas: Arrays,
    *,
    lr: float,
    rho: float,
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> None:
    """torch.optim.Adadelta."""
    numbers = (weight_decay, rho, 1 - rho, eps, -lr)
    update(PROGRAM, "adadelta", [params, grads, square_avgs, acc_deltas], *numbers, weight_decay != 0, maximize)


def _split(lr: float, weight_decay: float, decoupled: bool) -> tuple[float, float]:
    """What the parameter shrinks by, and what of it is added to the gradient."""
    return (1 - lr * weight_decay, 0.0) if decoupled else (1.0, weight_decay)


def _lerp(weight: float) -> tuple[float, float]:
    """The weights of both ends, each counted from its own."""
    return weight, 1 - weight
