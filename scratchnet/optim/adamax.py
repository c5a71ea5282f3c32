"""Adamax."""

from __future__ import annotations

from typing import Any

from scratchnet.device import kernels_for
from scratchnet.optim.counting import CountingOptimizer, check_betas, read
from scratchnet.optim.optimizer import Params, check_settings, number, refuse, update


class Adamax(CountingOptimizer):
    """Adam with the largest gradient so far, decaying, in place of the root of the mean of squares.

    Equals torch.optim.Adamax. `foreach` is kept and changes nothing. Source: Kingma and Ba (2015), algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Any = 2e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_settings("Adamax", lr=(lr, "learning rate"), eps=(eps, "epsilon value"))
        check_betas(betas)
        check_settings("Adamax", weight_decay=(weight_decay, "weight_decay value"))
        refuse("Adamax", differentiable=differentiable, capturable=capturable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _update(self, param: Any, group: dict[str, Any]) -> None:
        state, step = self._counted(param, "exp_avg", "exp_inf")
        update(
            param,
            kernels_for(param.array).optim_adaptive.adamax_step,
            param.grad.array,
            state["exp_avg"].array,
            state["exp_inf"].array,
            step=step,
            beta1=float(number(group["betas"][0])),
            beta2=float(number(group["betas"][1])),
            maximize=bool(group["maximize"]),
            **read(group, "lr", "eps", "weight_decay"),
        )
