"""Adamax."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.optim.counting import CountingOptimizer, check_betas, read, read_betas
from scratchnet.optim.optimizer import Group, Params, check_settings, refuse
from scratchnet.optim.updating import States


class Adamax(CountingOptimizer):
    """Adam with the largest gradient so far, decaying, in place of the root of the mean of squares.

    Equals torch.optim.Adamax. `foreach` is kept and changes nothing. Source: Kingma and Ba (2015), algorithm 2.
    """

    _kernel: ClassVar[str] = "optim_adaptive.adamax_step"

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

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = read(group, "lr", "eps", "weight_decay")
        return {**numbers, **read_betas(group), "maximize": bool(group["maximize"])}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        state, step = self._counted(param, "exp_avg", "exp_inf")
        return [state["exp_avg"], state["exp_inf"]], {"step": step}
