"""RAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.optim.counting import CountingOptimizer, check_betas, read, read_betas
from scratchnet.optim.optimizer import Group, Params, check_settings, refuse
from scratchnet.optim.updating import States


class RAdam(CountingOptimizer):
    """Adam whose step is rectified for the variance that its mean of squares has while it is short.

    Equals torch.optim.RAdam. In the first steps, without a usable variance, it steps by the mean of gradients alone.
    `decoupled_weight_decay` shrinks the parameter; `foreach` is kept and changes nothing.
    Source: Liu et al. (2020), algorithm 2.
    """

    _kernel: ClassVar[str] = "optim_adaptive.radam_step"
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

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = read(group, "lr", "eps", "weight_decay")
        flags = {"decoupled": bool(group["decoupled_weight_decay"]), "maximize": bool(group["maximize"])}
        return {**numbers, **read_betas(group), **flags}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        state, step = self._counted(param, "exp_avg", "exp_avg_sq")
        return [state["exp_avg"], state["exp_avg_sq"]], {"step": step}
