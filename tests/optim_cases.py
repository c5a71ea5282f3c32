"""Every optimizer kernel: how many states it has, and the settings that take all of its ways."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

_COUNTED = {"lr": 0.013, "eps": 1e-3, "weight_decay": 0.0, "maximize": False}
_MEANS = {**_COUNTED, "beta1": 0.9, "beta2": 0.99}
_MU = {"mu": 0.45, "mu_next": 0.46, "mu_product": 0.2}
_SGD = {"lr": 0.013, "momentum": 0.9, "dampening": 0.25, "weight_decay": 0.0, "nesterov": False, "maximize": False}
_SHRINKS = {"weight_decay": 0.1, "decoupled": True}
_DECAYS = {"weight_decay": 0.1, "decoupled": False, "maximize": True}


@dataclass
class Step:
    """One call of a kernel: `states` is a letter a state, "-" for one that is None."""

    stem: str
    name: str
    states: str
    settings: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stem}.{self.name}-{self.number}"

    def __post_init__(self) -> None:
        self.number = next(_numbers)

    def arrays(self, rng: np.random.Generator, dtype: Any, shapes: list[Any]) -> list[list[np.ndarray] | None]:
        """Parameters, gradients and states, the latter of positive numbers and not smaller than a mean's square."""
        normal = [[np.asarray(rng.standard_normal(s), dtype) for s in shapes] for _ in "pg"]
        states = [[np.asarray(rng.random(s) + (c == "s"), dtype) for s in shapes] for c in self.states]
        return [*normal, *(None if c == "-" else a for c, a in zip(self.states, states, strict=True))]

    def run(self, kernels: Any, lists: list[Any]) -> None:
        """Call it on a backend's kernels."""
        getattr(getattr(kernels, self.stem), self.name)(*lists, **self.settings)


_numbers = count()

# s: a mean of squares, m: a mean or a sum
STEPS = [
    Step("optim", "sgd_step", "-", {**_SGD, "momentum": 0.0, "first": False}),
    Step("optim", "sgd_step", "m", {**_SGD, "momentum": 0.0, "weight_decay": 0.1, "maximize": True, "first": False}),
    Step("optim", "sgd_step", "m", {**_SGD, "first": True}),
    Step("optim", "sgd_step", "m", {**_SGD, "weight_decay": 0.1, "first": False}),
    Step("optim", "sgd_step", "m", {**_SGD, "nesterov": True, "first": False}),
    Step("optim", "adam_step", "ms-", {**_MEANS, "step": 3, "decoupled": False, "amsgrad": False}),
    Step("optim", "adam_step", "mss", {**_MEANS, "step": 3, **_DECAYS, "amsgrad": True}),
    Step("optim", "adam_step", "mss", {**_MEANS, "beta1": 0.3, "step": 1, **_SHRINKS, "amsgrad": False}),
    Step("optim_adaptive", "adamax_step", "ms", {**_MEANS, "step": 2}),
    Step("optim_adaptive", "adamax_step", "mm", {**_MEANS, "beta1": 0.4, "weight_decay": 0.1, "step": 2}),
    Step("optim_adaptive", "nadam_step", "ms", {**_MEANS, **_MU, "step": 2, **_DECAYS}),
    Step("optim_adaptive", "nadam_step", "ms", {**_MEANS, **_MU, "step": 2, **_SHRINKS}),
    Step("optim_adaptive", "radam_step", "ms", {**_MEANS, "step": 2, **_SHRINKS}),
    Step("optim_adaptive", "radam_step", "ms", {**_MEANS, "step": 9, **_DECAYS}),
    Step("optim_adaptive", "rmsprop_step", "s--", {**_COUNTED, "alpha": 0.9, "momentum": 0.0}),
    Step("optim_adaptive", "rmsprop_step", "smm", {**_COUNTED, "alpha": 0.9, "weight_decay": 0.1, "momentum": 0.8}),
    Step("optim_adaptive", "rmsprop_step", "sm-", {**_COUNTED, "alpha": 0.9, "maximize": True, "momentum": 0.0}),
    Step("optim_adaptive", "adagrad_step", "s", {**_COUNTED, "step": 3, "lr_decay": 0.1}),
    Step("optim_adaptive", "adagrad_step", "s", {**_COUNTED, "weight_decay": 0.1, "step": 3, "lr_decay": 0.0}),
    Step("optim_adaptive", "adadelta_step", "sm", {**_COUNTED, "rho": 0.9}),
    Step("optim_adaptive", "adadelta_step", "sm", {**_COUNTED, "rho": 0.9, "weight_decay": 0.1, "maximize": True}),
]
