"""Hooks of modules: the handle that removes one, the tables of hooks common to all modules, the backward hooks."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from scratchnet.autograd.hooks import RemovableHandle
from scratchnet.autograd.modes import heard, is_grad_enabled
from scratchnet.autograd.op import Op
from scratchnet.tensor import Tensor

Hook = Callable[..., Any]
HookTable = OrderedDict[int, Hook]
Marks = OrderedDict[int, bool]


class ModuleHandle(RemovableHandle):
    """What a `register_*` method of a module returns: `remove()` takes the hook out, and the marks that go with it."""

    def __init__(self, hooks: HookTable, marks: Sequence[dict[int, bool]] = ()) -> None:
        super().__init__(hooks)
        self._marks = tuple(marks)

    def remove(self) -> None:
        super().remove()
        for table in self._marks:
            table.pop(self.id, None)


def register(table: HookTable, hook: Hook, *, prepend: bool = False, flags: Sequence[Any] = ()) -> ModuleHandle:
    """Put `hook` into `table`; `flags` are pairs (table of marks, wanted): the mark is set where wanted."""
    handle = ModuleHandle(table, [marks for marks, _ in flags])
    table[handle.id] = hook
    for marks, wanted in flags:
        if wanted:
            marks[handle.id] = True
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


class GlobalHooks:
    """The hooks that run for every module, before a module's own."""

    def __init__(self) -> None:
        self.forward_pre: HookTable = OrderedDict()
        self.forward: HookTable = OrderedDict()
        self.forward_with_kwargs: Marks = OrderedDict()
        self.forward_always: Marks = OrderedDict()
        self.backward_pre: HookTable = OrderedDict()
        self.backward: HookTable = OrderedDict()
        self.parameter_registration: HookTable = OrderedDict()
        self.buffer_registration: HookTable = OrderedDict()
        self.module_registration: HookTable = OrderedDict()

    def around_calls(self) -> bool:
        """Whether any hook runs at calls (registration hooks don't)."""
        return bool(self.forward_pre or self.forward or self.backward_pre or self.backward)


everywhere = GlobalHooks()


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """`hook(module, args)` before every module's forward. Equals torch.nn.modules.module's function of that name."""
    return register(everywhere.forward_pre, hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """`hook(module, args, output)` after every module's forward; a value it returns replaces the output."""
    flags = [(everywhere.forward_with_kwargs, with_kwargs), (everywhere.forward_always, always_call)]
    return register(everywhere.forward, hook, flags=flags)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """`hook(module, grad_output)` before every module's backward."""
    return register(everywhere.backward_pre, hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """`hook(module, grad_input, grad_output)` after every module's backward."""
    return register(everywhere.backward, hook)


def register_module_parameter_registration_hook(hook: Hook) -> RemovableHandle:
    """`hook(module, name, parameter)` at every registration; a value it returns is registered instead."""
    return register(everywhere.parameter_registration, hook)


def register_module_buffer_registration_hook(hook: Hook) -> RemovableHandle:
    """`hook(module, name, buffer)` at every registration; a value it returns is registered instead."""
    return register(everywhere.buffer_registration, hook)


def register_module_module_registration_hook(hook: Hook) -> RemovableHandle:
    """`hook(module, name, submodule)` at every registration; a value it returns is registered instead."""
    return register(everywhere.module_registration, hook)


class BackwardHookFunction(Op):
    """The identity on several tensors; in backward `hook(gradients)` sees, and may replace, their gradients.

    Forward copies, so that a module which works in place can't touch what another node has saved.
    """

    @staticmethod
    def forward(ctx: Any, hook: Hook, *arrays: Any) -> tuple[Any, ...]:
        ctx.hook = hook
        ctx.mark_non_differentiable(*(i for i, needed in enumerate(ctx.needs[1:]) if not needed))
        return tuple(array.copy() for array in arrays)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        with heard():
            seen = ctx.hook(gradients)
        return (None, *(g if needed else None for g, needed in zip(seen, ctx.needs[1:], strict=True)))


class BackwardHooks:
    """One call of a module with backward hooks: marks its inputs and outputs and joins the two moments of backward.

    Equals torch.utils.hooks.BackwardHook: pre-hooks see the gradients of the outputs, then full hooks see those of
    the positional inputs beside them. Entries of arguments that are no tensors are None; of several outputs, one that
    no gradient has reached counts as zeros (in torch: None).
    """

    def __init__(self, module: Any, hooks: list[Hook], pre_hooks: list[Hook]) -> None:
        self.module, self.hooks, self.pre_hooks = module, hooks, pre_hooks
        self.inputs: list[int] | None = None  # positions of the tensors among the arguments; None: no gradient wanted
        self.input_count = 0
        self.grad_output: tuple[Any, ...] | None = None

    def mark_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.input_count = len(args)
        args, self.inputs = self._mark(args, self._inputs_done)
        return args

    def mark_outputs(self, result: Any) -> Any:
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors"
                f" but received {type(result)}",
                stacklevel=4,
            )
            return result
        outputs = result if isinstance(result, tuple) else (result,)
        positions = [i for i, output in enumerate(outputs) if isinstance(output, Tensor)]

        def hook(gradients: tuple[Any, ...]) -> tuple[Any, ...]:
            return self._outputs_done(gradients, positions, len(outputs))

        marked, _ = self._mark(outputs, hook)
        return marked if isinstance(result, tuple) else marked[0]

    @staticmethod
    def _mark(values: tuple[Any, ...], hook: Hook) -> tuple[tuple[Any, ...], list[int] | None]:
        positions = [i for i, value in enumerate(values) if isinstance(value, Tensor)]
        if not (is_grad_enabled() and any(values[i].requires_grad for i in positions)):
            return values, None
        tensors = BackwardHookFunction.apply(hook, *(values[i] for i in positions))
        tensors = tensors if isinstance(tensors, tuple) else (tensors,)
        marked = list(values)
        for position, tensor in zip(positions, tensors, strict=True):
            marked[position] = tensor
        rebuilt = type(values)(*marked) if hasattr(values, "_fields") else tuple(marked)
        return rebuilt, positions

    def _outputs_done(self, gradients: tuple[Any, ...], positions: list[int], count: int) -> tuple[Any, ...]:
        grad_output = _spread(gradients, positions, count)
        for pre_hook in self.pre_hooks:
            changed = pre_hook(self.module, grad_output)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != count:
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(changed)}, but expected {count}"
                )
            grad_output = changed
        if self.inputs is None:  # no input wants a gradient: the full hooks run now, with nothing to change
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients.",
                stacklevel=2,
            )
            for hook in self.hooks:
                result = hook(self.module, (None,) * self.input_count, grad_output)
                if result is not None and any(g is not None for g in result):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or "
                        "None for all gradients."
                    )
        else:
            self.grad_output = grad_output
        return tuple(grad_output[i] for i in positions)

    def _inputs_done(self, gradients: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.grad_output is None or self.inputs is None:  # a gradient that came round the module's output
            return gradients
        grad_input = _spread(gradients, self.inputs, self.input_count)
        for hook in self.hooks:
            changed = hook(self.module, grad_input, self.grad_output)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != self.input_count:
                raise RuntimeError(
                    "Backward hook returned an invalid number of grad_input, "
                    f"got {len(changed)}, but expected {self.input_count}"
                )
            grad_input = changed
        self.grad_output = None
        return tuple(grad_input[i] for i in self.inputs)


def _spread(values: Sequence[Any], positions: Sequence[int], count: int) -> tuple[Any, ...]:
    spread: list[Any] = [None] * count
    for position, value in zip(positions, values, strict=True):
        spread[position] = value
    return tuple(spread)
