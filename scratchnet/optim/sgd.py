"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.ops.creation import zeros
from scratchnet.optim.optimizer import Group, Params, check_settings, number, refuse
from scratchnet.optim.updating import KernelOptimizer, States


class SGD(KernelOptimizer):
    """param -= lr * v, v = momentum * v + (1 - dampening) * g (the first v is g), g = gradient + weight_decay * param.

    Equals torch.optim.SGD. `nesterov` steps by g + momentum * v; `maximize` climbs. `foreach` and `fused` only choose
    how torch computes the same: they are kept and change nothing. Source: Sutskever et al. (2013), Nesterov's form.
    """

    _kernel: ClassVar[str] = "optim.sgd_step"

    def __init__(
        self,
        params: Params,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_settings(
            "SGD",
            lr=(lr, "learning rate"),
            momentum=(momentum, "momentum value"),
            weight_decay=(weight_decay, "weight_decay value"),
        )
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        refuse("SGD", differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in (("nesterov", False), ("maximize", False), ("foreach", None), ("fused", None)):
                group.setdefault(name, value)

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = {name: number(group[name]) for name in ("lr", "momentum", "dampening", "weight_decay")}
        return {**numbers, "nesterov": bool(group["nesterov"]), "maximize": bool(group["maximize"])}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        if group["momentum"] == 0:
            return [None], {"first": False}
        state = self.state[param]
        first = state.get("momentum_buffer") is None
        if first:
            state["momentum_buffer"] = zeros(param.shape, dtype=param.dtype, device=param.device)
        return [state["momentum_buffer"]], {"first": first}
