"""Adadelta."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.optim.counting import CountingOptimizer, read
from scratchnet.optim.optimizer import Group, Params, check_settings, number, refuse
from scratchnet.optim.updating import States


class Adadelta(CountingOptimizer):
    """Steps by the gradient times the root of the mean square of past steps over that of past gradients.

    Equals torch.optim.Adadelta; both means decay by `rho`. `foreach` is kept and changes nothing.
    Source: Zeiler (2012), algorithm 1.
    """

    _kernel: ClassVar[str] = "optim_adaptive.adadelta_step"

    def __init__(
        self,
        params: Params,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_settings("Adadelta", lr=(lr, "learning rate"))
        if not 0.0 <= number(rho) <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_settings("Adadelta", eps=(eps, "epsilon value"), weight_decay=(weight_decay, "weight_decay value"))
        refuse("Adadelta", capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = read(group, "lr", "rho", "eps", "weight_decay")
        return {**numbers, "maximize": bool(group["maximize"])}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        state, _ = self._counted(param, "square_avg", "acc_delta")
        return [state["square_avg"], state["acc_delta"]], {}
