"""The step that the optimizers share: parameters collected, and updated by one call of a kernel for many."""

from __future__ import annotations

from typing import Any, ClassVar

from scratchnet.autograd.devices import APART
from scratchnet.autograd.modes import no_grad
from scratchnet.device import device, device_of, kernels_for, on
from scratchnet.optim.optimizer import Closure, Group, Optimizer, run_closure
from scratchnet.tensor import Tensor

States = list[Tensor | None]


class KernelOptimizer(Optimizer):
    """Base of the optimizers that have a kernel, which takes lists: parameters, gradients and each of the states.

    A subclass names the kernel, "<stem>.<name>", and gives the settings of a group, and of each parameter its states
    and the settings that are its own, such as the number of its step. Nothing here waits for a GPU.
    """

    _kernel: ClassVar[str]

    def _settings(self, group: Group) -> dict[str, Any]:
        raise NotImplementedError

    def _prepare(self, param: Any, group: Group) -> tuple[States, dict[str, Any]]:
        raise NotImplementedError

    @no_grad()
    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient. Returns the closure's loss."""
        loss = run_closure(closure)
        for group in self.param_groups:
            self._step_group(group)
        return loss

    def _step_group(self, group: Group) -> None:
        settings = self._settings(group)
        batches: dict[tuple[Any, ...], list[list[Any]]] = {}
        times: dict[int, int] = {}  # a parameter that is listed twice is updated twice, one after the other
        for param in group["params"]:
            grad = param.grad
            if grad is not None:
                states, own = self._prepare(param, group)
                times[id(param)] = time = times.get(id(param), 0) + 1
                place = device_of(param.array)
                members = [param, grad, *states]
                for held in members:
                    if held is not None and device_of(held.array) is not place:
                        raise apart(type(self).__name__, place, held)
                batches.setdefault((time, place.index, *own.items()), []).append(members)
        for (_, _, *own_items), batch in batches.items():
            self._update(device_of(batch[0][0].array), batch, {**settings, **dict(own_items)})

    def _update(self, place: device, members: list[list[Any]], settings: dict[str, Any]) -> None:
        """Run the kernel on parameters of one device, in place, and count the writes."""
        lists = [_arrays(column) for column in zip(*members, strict=True)]
        stem, name = self._kernel.split(".")
        with on(place):
            getattr(getattr(kernels_for(members[0][0].array), stem), name)(*lists, **settings)
        for param, *_ in members:
            param._counter.value += 1


def _arrays(column: tuple[Any, ...]) -> list[Any] | None:
    return None if column[0] is None else [tensor.array for tensor in column]


def apart(op: str, place: device, held: Tensor) -> RuntimeError:
    """What to raise for what isn't on `place`: a parameter was moved without its gradient or the optimizer's state."""
    mend = "make the optimizer after model.to(device), or move its state by load_state_dict(state_dict())"
    return RuntimeError(f"{op}: parameter, gradient and state lie apart: {APART.format(place, held.device)} {mend}")


def advanced(counter: Tensor) -> int:
    """The number of this step: the counter of a state, which lies on the CPU, one further."""
    counter.array[...] += 1
    counter._counter.value += 1
    return int(counter.array)
