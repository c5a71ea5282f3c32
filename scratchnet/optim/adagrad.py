"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.optim.counting import CountingOptimizer, counter, filled, read
from scratchnet.optim.optimizer import Group, Params, check_settings, refuse
from scratchnet.optim.updating import States


class Adagrad(CountingOptimizer):
    """Steps by the gradient over the root of the sum of all squares so far.

    Equals torch.optim.Adagrad: its state is there from the start. `lr_decay` shrinks the rate, lr / (1 + (t - 1) *
    lr_decay). `foreach` and `fused` are kept and change nothing. Source: Duchi et al. (2011), figure 1.
    """

    _kernel: ClassVar[str] = "optim_adaptive.adagrad_step"
    _added: ClassVar[dict[str, Any]] = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params: Params,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_settings(
            "Adagrad",
            lr=(lr, "learning rate"),
            lr_decay=(lr_decay, "lr_decay value"),
            weight_decay=(weight_decay, "weight_decay value"),
            initial_accumulator_value=(initial_accumulator_value, "initial_accumulator_value value"),
            eps=(eps, "epsilon value"),
        )
        refuse("Adagrad", differentiable=differentiable)
        if fused and foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self._start(param)

    def _start(self, param: Any) -> None:
        state = self.state[param]
        state["step"] = counter(0.0)
        state["sum"] = filled(param, float(self.defaults["initial_accumulator_value"]))

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = read(group, "lr", "lr_decay", "eps", "weight_decay")
        return {**numbers, "maximize": bool(group["maximize"])}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        if not self.state[param]:  # of a group added later
            self._start(param)
        state, step = self._counted(param)
        return [state["sum"]], {"step": step}
