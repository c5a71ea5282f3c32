"""Switches that only take the values that they can have."""

from types import ModuleType
from typing import Any


def truth(name: str, value: Any) -> bool:
    """`value`, which must be True or False. Raises torch's RuntimeError."""
    if not isinstance(value, bool):
        raise RuntimeError(f"set_{name} expects a bool, but got {type(value).__name__}")
    return value


class Switch:
    """An attribute that is True or False, kept as `attribute` of `holder`. `name` is what torch's error calls it."""

    def __init__(self, holder: Any, attribute: str, name: str) -> None:
        self._holder, self._attribute, self._name = holder, attribute, name

    def __get__(self, owner: Any, kind: Any = None) -> bool:
        return bool(getattr(self._holder, self._attribute))

    def __set__(self, owner: Any, value: Any) -> None:
        setattr(self._holder, self._attribute, truth(self._name, value))


class Switchboard(ModuleType):
    """A module whose switches are checked when they are set: a module's class may be one with properties."""
