"""NAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.optim.counting import CountingOptimizer, check_betas, read, read_betas
from scratchnet.optim.optimizer import Group, Params, check_settings, number, refuse
from scratchnet.optim.updating import States


class NAdam(CountingOptimizer):
    """Adam with Nesterov's look ahead: part of the step goes by the gradient itself, on a momentum that grows.

    Equals torch.optim.NAdam. `decoupled_weight_decay` shrinks the parameter instead of adding to the gradient;
    `foreach` is kept and changes nothing. Source: Dozat (2016), algorithm 2.
    """

    _kernel: ClassVar[str] = "optim_adaptive.nadam_step"
    _added: ClassVar[dict[str, Any]] = {**CountingOptimizer._added, "decoupled_weight_decay": False}
    _counters: ClassVar[tuple[str, ...]] = ("step", "mu_product")

    def __init__(
        self,
        params: Params,
        lr: Any = 2e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_settings("NAdam", lr=(lr, "learning rate"), eps=(eps, "epsilon value"))
        check_betas(betas)
        check_settings(
            "NAdam",
            weight_decay=(weight_decay, "weight_decay value"),
            momentum_decay=(momentum_decay, "momentum_decay value"),
        )
        refuse("NAdam", capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = read(group, "lr", "eps", "weight_decay")
        flags = {"decoupled": bool(group["decoupled_weight_decay"]), "maximize": bool(group["maximize"])}
        return {**numbers, **read_betas(group), **flags}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        state, step = self._counted(param, "mu_product", "exp_avg", "exp_avg_sq")
        beta1, decay = float(number(group["betas"][0])), float(group["momentum_decay"])
        mu, mu_next = (beta1 * (1.0 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1))
        state["mu_product"] *= mu
        own = {"step": step, "mu": mu, "mu_next": mu_next, "mu_product": state["mu_product"].item()}
        return [state["exp_avg"], state["exp_avg_sq"]], own
