"""RAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.device import kernels_for
from scratchnet.optim.counting import CountingOptimizer, check_betas, read
from scratchnet.optim.optimizer import Params, check_settings, number, refuse, update


class RAdam(CountingOptimizer):
    """Adam whose step is rectified for the variance that its mean of squares has while it is short.

    Equals torch.optim.RAdam. In the first steps, without a usable variance, it steps by the mean of gradients alone.
    `decoupled_weight_decay` shrinks the parameter; `foreach` is kept and changes nothing.
    Source: Liu et al. (2020), algorithm 2.
    """

    _added: ClassVar[dict[str, Any]] = {**CountingOptimizer._added, "decoupled_weight_decay": False}

    def __init__(
        self,
        params: Params,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_settings("RAdam", lr=(lr, "learning rate"), eps=(eps, "epsilon value"))
        check_betas(betas)
        check_settings("RAdam", weight_decay=(weight_decay, "weight_decay value"))
        refuse("RAdam", capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _update(self, param: Any, group: dict[str, Any]) -> None:
        state, step = self._counted(param, "exp_avg", "exp_avg_sq")
        update(
            param,
            kernels_for(param.array).optim_adaptive.radam_step,
            param.grad.array,
            state["exp_avg"].array,
            state["exp_avg_sq"].array,
            step=step,
            beta1=float(number(group["betas"][0])),
            beta2=float(number(group["betas"][1])),
            decoupled=bool(group["decoupled_weight_decay"]),
            maximize=bool(group["maximize"]),
            **read(group, "lr", "eps", "weight_decay"),
        )
