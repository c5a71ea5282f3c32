"""Where an array lives: device objects, the array module of an array, and the kernels for it."""

from types import ModuleType
from typing import Any

import numpy as np

from scratchnet.dtypes import stepping
from scratchnet.shapes import message


class device:
    """torch.device: `device("cpu")`. Only the CPU has a backend so far: any other name raises RuntimeError."""

    type: str
    index: int | None

    def __init__(self, type: "str | device", index: int | None = None) -> None:
        if isinstance(type, device):
            index = type.index
            type = type.type
        name, _, number = str(type).partition(":")
        if name not in ("cpu", "cuda") or (number and not number.isdigit()):
            raise RuntimeError(
                message("device", "type", repr(type), "must be 'cpu' or 'cuda', with an optional ':index'")
            )
        self.type = name
        self.index = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        return (
            f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"
        )

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


CPU = device("cpu")


def check_available(op: str, place: "str | device | None") -> device:
    """The device object for `place` (None: the CPU). Raises RuntimeError where it has no backend."""
    found = CPU if place is None else device(place)
    if found.type != "cpu":
        raise RuntimeError(message(op, "device", str(found), "has no backend in this version", "use device='cpu'"))
    return found


def device_of(array: Any) -> device:
    """The device that holds `array`."""
    return CPU


def array_module(array: Any) -> Any:
    """The module whose functions take `array`: NumPy."""
    return np


def kernels_for(array: Any) -> ModuleType:
    """The kernels for `array`: the package scratchnet.kernels.cpu, imported at the first call.

    Inside autograd.complex_step it is scratchnet.kernels.plain, which takes complex arrays.
    """
    global _cpu_kernels
    if stepping.active:
        import scratchnet.kernels.plain as plain_kernels

        return plain_kernels
    if _cpu_kernels is None:
        import scratchnet.kernels.cpu as cpu_kernels

        _cpu_kernels = cpu_kernels
    return _cpu_kernels


_cpu_kernels: ModuleType | None = None
