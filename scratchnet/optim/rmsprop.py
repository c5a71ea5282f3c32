"""RMSprop."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.optim.counting import CountingOptimizer, read
from scratchnet.optim.optimizer import Group, Params, check_settings, refuse
from scratchnet.optim.updating import States


class RMSprop(CountingOptimizer):
    """Steps by the gradient over the root of a decaying mean of its squares.

    Equals torch.optim.RMSprop. `centered` takes the squared mean of gradients off the mean of squares first;
    `momentum` adds up the steps. `foreach` is kept and changes nothing.
    Source: Tieleman and Hinton (2012), lecture 6.5; Graves (2013), section 5, for `centered`.
    """

    _kernel: ClassVar[str] = "optim_adaptive.rmsprop_step"
    _added: ClassVar[dict[str, Any]] = {"momentum": 0, "centered": False, **CountingOptimizer._added}

    def __init__(
        self,
        params: Params,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_settings(
            "RMSprop",
            lr=(lr, "learning rate"),
            eps=(eps, "epsilon value"),
            momentum=(momentum, "momentum value"),
            weight_decay=(weight_decay, "weight_decay value"),
            alpha=(alpha, "alpha value"),
        )
        refuse("RMSprop", capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _settings(self, group: Group) -> dict[str, Any]:
        numbers = read(group, "lr", "alpha", "eps", "weight_decay", "momentum")
        return {**numbers, "maximize": bool(group["maximize"])}

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        moves, centered = group["momentum"] > 0, bool(group["centered"])
        names = ["square_avg", *(["momentum_buffer"] if moves else []), *(["grad_avg"] if centered else [])]
        state, _ = self._counted(param, *names)
        average = state["grad_avg"] if centered else None
        return [state["square_avg"], average, state["momentum_buffer"] if moves else None], {}
