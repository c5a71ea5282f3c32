"""Schedulers that run up and down between two rates, the momentum against them: CyclicLR and OneCycleLR."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from scratchnet.optim.lr_base import LRScheduler, Rate, check_optimizer, per_group, saved_function, set_value


class _WithMomentum(LRScheduler):
    """Writes momentum, or the first beta, into the groups."""

    cycle_momentum: bool
    use_beta1: bool

    def _read_momenta(self, optimizer: Any, cycle_momentum: bool, base: Any, largest: Any) -> list[tuple[Any, Any]]:
        """(lowest, highest) momentum of each group; nothing without `cycle_momentum`."""
        self.cycle_momentum = cycle_momentum
        if not cycle_momentum:
            return []
        if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
            raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        self.use_beta1 = "betas" in optimizer.defaults
        lows = per_group("base_momentum", optimizer, base)
        return list(zip(lows, per_group("max_momentum", optimizer, largest), strict=True))

    def _start_momenta(self, momenta: list[tuple[Any, Any]]) -> None:
        for (low, high), group in zip(momenta, self.optimizer.param_groups, strict=False):
            self._set_momentum(group, high)
            group["max_momentum"] = high
            group["base_momentum"] = low

    def _set_momentum(self, group: dict[str, Any], value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_WithMomentum):
    """From base_lr up to max_lr in step_size_up steps and down in step_size_down, over and over; a step a batch.

    Equals torch.optim.lr_scheduler.CyclicLR. `mode` "triangular2" halves each cycle's height, "exp_range" scales by
    gamma ** steps; `scale_fn` of cycles or steps (`scale_mode`) takes their place. The momentum runs the other way.
    Raises ValueError for an unknown mode or an optimizer without momentum. Source: Smith (2017), section 3.
    """

    def __init__(
        self,
        optimizer: Any,
        base_lr: Any,
        max_lr: Any,
        step_size_up: float = 2000,
        step_size_down: float | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = per_group("base_lr", optimizer, base_lr)
        max_lrs = per_group("max_lr", optimizer, max_lr)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        momenta = self._read_momenta(optimizer, cycle_momentum, base_momentum, max_momentum)
        if last_epoch == -1:
            for rate, group in zip(base_lrs, optimizer.param_groups, strict=True):
                set_value(group, "lr", rate)
        self.max_lrs = max_lrs
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        self._init_scale_fn()
        if cycle_momentum:
            self.base_momentums = [low for low, _ in momenta]
            self.max_momentums = [high for _, high in momenta]
        if last_epoch == -1:
            self._start_momenta(momenta)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _init_scale_fn(self) -> None:
        if self._scale_fn_custom is not None:
            return
        functions: dict[str, Callable[[float], float]]
        functions = {"triangular": _flat, "triangular2": _halving, "exp_range": partial(_power, self.gamma)}
        self._scale_fn_ref = functions[self.mode]
        self.scale_mode = "iterations" if self.mode == "exp_range" else "cycle"

    def scale_fn(self, x: float) -> float:
        """The height of a cycle: of its number, or of the number of steps."""
        return self._scale_fn_ref(x) if self._scale_fn_custom is None else self._scale_fn_custom(x)

    def get_lr(self) -> list[Rate]:
        """The rates for `last_epoch`; sets the momentum of the groups too."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        counted = cycle if self.scale_mode == "cycle" else self.last_epoch
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        rates = [base + (largest - base) * height * self.scale_fn(counted) for base, largest in pairs]
        if self.cycle_momentum:
            momenta = zip(self.base_momentums, self.max_momentums, self.optimizer.param_groups, strict=True)
            for low, high, group in momenta:
                self._set_momentum(group, high - (high - low) * height * self.scale_fn(counted))
        return rates

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer and plain functions."""
        state = super().state_dict()
        state.pop("_scale_fn_ref", None)
        custom = state.pop("_scale_fn_custom")
        state["_scale_fn_custom"] = None if custom is None else saved_function(custom)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the attributes, and those of a scale_fn that is an object."""
        custom = state_dict["_scale_fn_custom"]
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        if custom is not None:
            self._scale_fn_custom.__dict__.update(custom)
        self._init_scale_fn()


class OneCycleLR(_WithMomentum):
    """From max_lr / div_factor up to max_lr and down to a final_div_factor-th of the start; a step a batch.

    Equals torch.optim.lr_scheduler.OneCycleLR. The rise takes `pct_start` of the steps; `three_phase` comes down to
    the start before it goes below. The momentum runs the other way. Raises ValueError for settings out of range, and
    on a step past total_steps. Source: Smith and Topin (2018).
    """

    def __init__(
        self,
        optimizer: Any,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        max_lrs = per_group("max_lr", optimizer, max_lr)
        momenta = self._read_momenta(optimizer, cycle_momentum, base_momentum, max_momentum)
        if last_epoch == -1:
            for largest, group in zip(max_lrs, optimizer.param_groups, strict=True):
                group["initial_lr"] = largest / div_factor
                group["max_lr"] = largest
                group["min_lr"] = group["initial_lr"] / final_div_factor
            self._start_momenta(momenta)
        super().__init__(optimizer, last_epoch)

    def _anneal(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)

    def get_lr(self) -> list[Rate]:
        """The rates for `last_epoch`; sets the momentum of the groups too. Raises ValueError past total_steps."""
        self._warn_outside_step()
        count, phases = self.last_epoch, self._schedule_phases
        if count > self.total_steps:
            raise ValueError(f"Tried to step {count} times. The specified number of total steps is {self.total_steps}")
        current = next((i for i, phase in enumerate(phases) if count <= phase["end_step"]), len(phases) - 1)
        phase = phases[current]
        start = phases[current - 1]["end_step"] if current else 0.0
        part = (count - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._anneal(group[phase["start_lr"]], group[phase["end_lr"]], part))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._anneal(*ends, part))
        return rates


def _flat(x: float) -> float:
    return 1.0


def _halving(x: float) -> float:
    return 1 / 2.0 ** (x - 1)


def _power(gamma: float, x: float) -> float:
    return float(gamma**x)


def _total_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: Any) -> int:
    if value <= 0 or not isinstance(value, int):
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """Where each phase ends, and between which settings of the group it runs."""
    top = float(pct_start * total_steps) - 1
    rows = [(top, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
    if three_phase:
        middle = float(2 * pct_start * total_steps) - 2
        rows.append((middle, "max_lr", "initial_lr", "base_momentum", "max_momentum"))
        rows.append((total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"))
    else:
        rows.append((total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"))
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return [dict(zip(names, row, strict=True)) for row in rows]
