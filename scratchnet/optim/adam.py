"""Adam and AdamW."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet import dtypes
from scratchnet.ops.creation import zeros
from scratchnet.ops.from_data import tensor
from scratchnet.optim.optimizer import Group, Params, check_settings, number, refuse
from scratchnet.optim.updating import KernelOptimizer, States, advanced
from scratchnet.tensor import Tensor


class Adam(KernelOptimizer):
    """Steps by the mean of the gradients over the root of the mean of their squares, both decaying averages.

    Equals torch.optim.Adam. `amsgrad` divides by the largest mean of squares so far; `decoupled_weight_decay` shrinks
    the parameter instead of adding to the gradient. `foreach` and `fused` are kept and change nothing.
    Source: Kingma and Ba (2015), algorithm 1; Reddi et al. (2018) for amsgrad.
    """

    _kernel: ClassVar[str] = "optim.adam_step"

    def __init__(
        self,
        params: Params,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_settings(type(self).__name__, lr=(lr, "learning rate"), eps=(eps, "epsilon value"))
        for i, beta in enumerate(betas):
            if not 0.0 <= float(beta) < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
        check_settings(type(self).__name__, weight_decay=(weight_decay, "weight_decay value"))
        refuse(type(self).__name__, capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": tuple(number(beta) for beta in betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name in ("amsgrad", "maximize", "capturable", "differentiable", "decoupled_weight_decay"):
                group.setdefault(name, False)
            for param in group["params"]:
                own = self.state.get(param)
                if own and not isinstance(own["step"], Tensor):  # saved as a plain number long ago
                    own["step"] = tensor(float(own["step"]), dtype=dtypes.float32, device="cpu")

    def _settings(self, group: Group) -> dict[str, Any]:
        return {
            "lr": number(group["lr"]),
            "beta1": number(group["betas"][0]),
            "beta2": number(group["betas"][1]),
            "eps": group["eps"],
            "weight_decay": number(group["weight_decay"]),
            "decoupled": bool(group["decoupled_weight_decay"]),
            "amsgrad": bool(group["amsgrad"]),
            "maximize": bool(group["maximize"]),
        }

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        state = self.state[param]
        if not state:
            state["step"] = tensor(0.0, dtype=dtypes.float32, device="cpu")
            for name in ("exp_avg", "exp_avg_sq", *(("max_exp_avg_sq",) if group["amsgrad"] else ())):
                state[name] = zeros(param.shape, dtype=param.dtype, device=param.device)
        largest = state["max_exp_avg_sq"] if group["amsgrad"] else None
        return [state["exp_avg"], state["exp_avg_sq"], largest], {"step": advanced(state["step"])}


class AdamW(Adam):
    """Adam with the weight decay applied to the parameter itself. Equals torch.optim.AdamW.

    Source: Loshchilov and Hutter (2019), algorithm 2.
    """

    def __init__(
        self,
        params: Params,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
