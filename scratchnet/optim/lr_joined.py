"""Schedulers made of schedulers: all at once, or one after the other."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from scratchnet.optim.lr_base import LRScheduler, group_values, set_value
from scratchnet.optim.lr_plateau import ReduceLROnPlateau


class _Joined(LRScheduler):
    """The state of both: each part's in a list."""

    _schedulers: Sequence[Any]

    def _check_parts(self, optimizer: Any, schedulers: Sequence[Any]) -> None:
        name = type(self).__name__
        for i, part in enumerate(schedulers):
            if not hasattr(part, "optimizer"):
                raise TypeError(f"{name} at index {i} should have `optimizer` as its attribute.")
            if isinstance(part, ReduceLROnPlateau):
                raise ValueError(
                    f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs to be "
                    f"specified when calling `step`, but got one at index {i} in the given schedulers sequence."
                )
            if part.optimizer is not optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                    f"{type(part).__name__} at index {i} has {part.optimizer}, which is different from "
                    f"{type(optimizer).__name__}."
                )

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; `_schedulers` holds the parts' state dicts."""
        state = {key: value for key, value in self.__dict__.items() if key not in ("optimizer", "_schedulers")}
        state["_schedulers"] = [part.state_dict() for part in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the attributes, and those of the parts."""
        self.__dict__.update({key: value for key, value in state_dict.items() if key != "_schedulers"})
        for part, saved in zip(self._schedulers, state_dict["_schedulers"], strict=False):
            part.load_state_dict(saved)


class ChainedScheduler(_Joined):
    """Steps all its schedulers, each upon what the one before has set. Equals torch's ChainedScheduler.

    Raises ValueError for an empty list, ReduceLROnPlateau, or parts of different optimizers.
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Any = None) -> None:
        if len(schedulers) < 1:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        optimizer = optimizer or schedulers[0].optimizer
        self._check_parts(optimizer, schedulers)
        self._schedulers = schedulers
        self.optimizer = optimizer
        self._last_lr = group_values(schedulers[-1].optimizer, "lr")

    def step(self) -> None:  # type: ignore[override]
        """Step every part."""
        for part in self._schedulers:
            part.step()
        self._last_lr = group_values(self._schedulers[-1].optimizer, "lr")


class SequentialLR(_Joined):
    """Its schedulers one after the other; each starts at epoch 0 of its own at its milestone.

    Equals torch.optim.lr_scheduler.SequentialLR. Raises ValueError for an empty list, ReduceLROnPlateau, parts of
    different optimizers, or where there isn't one milestone less than schedulers.
    """

    def __init__(self, optimizer: Any, schedulers: list[Any], milestones: list[int], last_epoch: int = -1) -> None:
        if len(schedulers) < 1:
            raise ValueError("SequentialLR expects at least one scheduler, but got no scheduler.")
        self._check_parts(optimizer, schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones to "
                f"be equal to {len(milestones)}"
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # every part has taken its first step when it was made: take that back, then start the first one
        for group in optimizer.param_groups:
            set_value(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back one epoch of every part, and of theirs."""
        current = self if sched is None else sched
        if hasattr(current, "_schedulers"):
            for part in current._schedulers:
                self.recursive_undo(part)
        elif hasattr(current, "last_epoch"):
            current.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override]
        """Step the part whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        part = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            part._update_lr(0)
        else:
            part.step()
        self._last_lr = part.get_last_lr()
