"""Hooks on tensors: ordered functions of a gradient, each with a handle that takes it off again."""

import itertools
from collections.abc import Callable
from typing import Any

from scratchnet.autograd.modes import heard

Hook = Callable[..., Any]


class RemovableHandle:
    """torch.utils.hooks.RemovableHandle: `remove()` takes the hook off; as a context manager it does so at the end."""

    _ids = itertools.count()

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = next(self._ids)

    def remove(self) -> None:
        """Take the hook off. Calling it twice does nothing more."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> "RemovableHandle":
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def add(hooks: dict[int, Any], hook: Any) -> RemovableHandle:
    """Append `hook` to an ordered dict of hooks."""
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def run(hooks: dict[int, Hook], grad: Any) -> Any:
    """The gradient after every hook, in the order they were added; a hook that returns None leaves it as it is."""
    with heard():
        for hook in tuple(hooks.values()):
            changed = hook(grad)
            grad = grad if changed is None else changed
    return grad
