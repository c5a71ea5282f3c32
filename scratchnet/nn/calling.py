"""Calling a module: the hooks around forward and backward, and the methods that register them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from scratchnet.autograd.hooks import RemovableHandle
from scratchnet.nn.hooks import BackwardHooks, Hook, HookTable, Marks, everywhere, register

HOOK_TABLES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


class Hooked:
    """The part of Module that has to do with hooks. Their tables are made by Module's `__init__`."""

    _forward_hooks: HookTable
    _forward_hooks_with_kwargs: Marks
    _forward_hooks_always_called: Marks
    _forward_pre_hooks: HookTable
    _forward_pre_hooks_with_kwargs: Marks
    _backward_hooks: HookTable
    _backward_pre_hooks: HookTable
    _state_dict_hooks: HookTable
    _state_dict_pre_hooks: HookTable
    _load_state_dict_pre_hooks: HookTable
    _load_state_dict_post_hooks: HookTable

    forward: Callable[..., Any]

    def register_forward_pre_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """`hook(module, args)` runs before forward; what it returns replaces the arguments (a tuple, or one value).

        `with_kwargs`: `hook(module, args, kwargs)` returns None or (args, kwargs).
        """
        flags = [(self._forward_pre_hooks_with_kwargs, with_kwargs)]
        return register(self._forward_pre_hooks, hook, prepend=prepend, flags=flags)

    def register_forward_hook(
        self, hook: Hook, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """`hook(module, args, output)` runs after forward; what it returns replaces the output.

        `with_kwargs`: `hook(module, args, kwargs, output)`. `always_call`: also where forward raised.
        """
        flags = [(self._forward_hooks_with_kwargs, with_kwargs), (self._forward_hooks_always_called, always_call)]
        return register(self._forward_hooks, hook, prepend=prepend, flags=flags)

    def register_full_backward_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """`hook(module, grad_output)` runs before the module's backward; what it returns replaces grad_output."""
        return register(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """`hook(module, grad_input, grad_output)` runs after the module's backward.

        What it returns replaces grad_input. Where no input wants a gradient it runs with grad_input all None.
        """
        return register(self._backward_hooks, hook, prepend=prepend)

    def register_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """`hook(module, prefix, keep_vars)` runs before the state is collected."""
        return register(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """`hook(module, state_dict, prefix, local_metadata)` may change the collected state in place."""
        return register(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Hook) -> RemovableHandle:
        """`hook(module, state_dict, prefix, local_metadata, strict, missing, unexpected, errors)` before loading."""
        return register(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Hook) -> RemovableHandle:
        """`hook(module, incompatible_keys)` after loading; it may change the two lists in place."""
        return register(self._load_state_dict_post_hooks, hook)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if (
            self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        ) or everywhere.around_calls():
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _is_exactly(self, kind: type[Hooked]) -> bool:
        """Whether a call of the module is that class's forward and nothing else."""
        hooks = self._forward_hooks or self._forward_pre_hooks or self._backward_hooks or self._backward_pre_hooks
        return type(self) is kind and not hooks and not everywhere.around_calls() and "forward" not in self.__dict__

    def _joined(self, after: Hooked) -> Callable[[Any], Any] | None:
        """One function for this module and the one after it, where both together take one pass over memory."""
        return None

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        done: set[int] = set()
        result: Any = None
        try:
            args, kwargs = self._run_forward_pre_hooks(args, kwargs)
            hooks = [*everywhere.backward.values(), *self._backward_hooks.values()]
            pre_hooks = [*everywhere.backward_pre.values(), *self._backward_pre_hooks.values()]
            marks = BackwardHooks(self, hooks, pre_hooks) if hooks or pre_hooks else None
            if marks is not None:
                args = marks.mark_inputs(args)
            result = self.forward(*args, **kwargs)
            for number, hook in (*everywhere.forward.items(), *self._forward_hooks.items()):
                done.add(number)
                changed = self._run_forward_hook(number, hook, args, kwargs, result)
                result = result if changed is None else changed
            return result if marks is None else marks.mark_outputs(result)
        except Exception:
            self._run_always_called(done, args, kwargs, result)
            raise

    def _run_forward_pre_hooks(self, args: Any, kwargs: Any) -> tuple[Any, Any]:
        for number, hook in (*everywhere.forward_pre.items(), *self._forward_pre_hooks.items()):
            if number in self._forward_pre_hooks_with_kwargs:
                changed = hook(self, args, kwargs)
                if changed is None:
                    continue
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                    )
                args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs

    def _run_forward_hook(self, number: int, hook: Hook, args: Any, kwargs: Any, result: Any) -> Any:
        if number in self._forward_hooks_with_kwargs or number in everywhere.forward_with_kwargs:
            return hook(self, args, kwargs, result)
        return hook(self, args, result)

    def _run_always_called(self, done: set[int], args: Any, kwargs: Any, result: Any) -> None:
        always = {**everywhere.forward_always, **self._forward_hooks_always_called}
        for number, hook in (*everywhere.forward.items(), *self._forward_hooks.items()):
            if number not in always or number in done:
                continue
            try:
                changed = self._run_forward_hook(number, hook, args, kwargs, result)
                result = result if changed is None else changed
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=4,
                )
