"""What the optimizers that count their steps share: the state's `step`, and checkpoints of older releases."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet import dtypes
from scratchnet.ops.creation import full
from scratchnet.ops.from_data import tensor
from scratchnet.optim.optimizer import number
from scratchnet.optim.updating import KernelOptimizer, advanced
from scratchnet.tensor import Tensor


class CountingOptimizer(KernelOptimizer):
    """Base of Adamax, NAdam, RAdam, RMSprop, Adagrad, Adadelta: each parameter's state counts its steps.

    Settings that a checkpoint from an older release lacks are filled in from `_added`.
    """

    _added: ClassVar[dict[str, Any]] = {
        "foreach": None,
        "maximize": False,
        "differentiable": False,
        "capturable": False,
    }
    _counters: ClassVar[tuple[str, ...]] = ("step",)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self._added.items():
                group.setdefault(name, value)
            for param in group["params"]:
                own = self.state.get(param)
                for name in self._counters:
                    if own and not isinstance(own[name], Tensor):  # saved as a plain number long ago
                        own[name] = counter(own[name])

    def _counted(self, param: Any, *names: str) -> tuple[dict[str, Any], int]:
        """The parameter's state, made of zeros at the first step, and the number of this step."""
        state = self.state[param]
        if not state:
            state["step"] = counter(0.0)
            for name in names:
                state[name] = counter(1.0) if name in self._counters else filled(param, 0.0)
        return state, advanced(state["step"])


def counter(value: float) -> Tensor:
    """A number kept in the state: a 0-d tensor on the CPU, float32 or the default dtype where that is float64."""
    wide = dtypes.get_default_dtype() is dtypes.float64
    return tensor(float(value), dtype=dtypes.float64 if wide else dtypes.float32, device="cpu")


def filled(param: Tensor, value: float) -> Tensor:
    """A tensor like `param`, the same number everywhere."""
    return full(param.shape, value, dtype=param.dtype, device=param.device)


def read(group: dict[str, Any], *names: str) -> dict[str, float]:
    """Settings of a group as plain floats."""
    return {name: float(number(group[name])) for name in names}


def read_betas(group: dict[str, Any]) -> dict[str, float]:
    """A group's betas as plain floats, beta1 and beta2."""
    return {f"beta{i}": float(number(beta)) for i, beta in enumerate(group["betas"], 1)}


def check_betas(betas: tuple[Any, Any]) -> None:
    """Raise torch's ValueError for a beta outside [0, 1)."""
    for i, beta in enumerate(betas):
        if not 0.0 <= float(beta) < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
