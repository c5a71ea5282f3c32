"""The generator that is drawn from where none is given, its seed and its state, and a thread's own in its place."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from scratchnet.random import philox
from scratchnet.random.generator import Generator
from scratchnet.shapes import message

_thread = threading.local()


def set_thread_generator(generator: Generator | None) -> None:
    """In this thread the default generator stands for `generator` from now on: a loader's workers have their own."""
    _thread.generator = generator


def _of_thread(name: str) -> Any:
    """A field of the thread's own generator, or of the one for all threads."""

    def read(self: "_DefaultGenerator") -> Any:
        return getattr(getattr(_thread, "generator", None) or self._shared, name)

    def write(self: "_DefaultGenerator", value: Any) -> None:
        setattr(getattr(_thread, "generator", None) or self._shared, name, value)

    return property(read, write)


class _DefaultGenerator(Generator):
    """The generator that is drawn from where none is given."""

    _seed, _twister, _second_normal = _of_thread("_seed"), _of_thread("_twister"), _of_thread("_second_normal")

    def __init__(self) -> None:
        self._shared = Generator()
        super().__init__()


default_generator: Generator = _DefaultGenerator()
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """torch.manual_seed: seeds the default generator, which it returns, and the GPUs'.

    Numbers and digits are made an int first. In a loader's worker it seeds the worker's own generator alone.
    """
    seeded = default_generator.manual_seed(int(seed))
    if getattr(_thread, "generator", None) is None:
        philox.seed_all(seeded.initial_seed())
    return seeded


def initial_seed() -> int:
    """The default generator's seed."""
    return default_generator.initial_seed()


def seed() -> int:
    """Seeds the default generator and the GPUs' from the operating system's randomness and returns the seed."""
    return manual_seed(secrets.randbits(53)).initial_seed()


def get_state() -> np.ndarray:
    """The default generator's state (5056,) uint8."""
    return default_generator.get_state()


def set_state(state: np.ndarray) -> None:
    """The default generator goes on from `state`. Raises as Generator.set_state does."""
    default_generator.set_state(state)


def get_rng_state() -> Any:
    """torch.get_rng_state: get_state as a Tensor (5056,) uint8, byte for byte torch's."""
    return import_module("scratchnet.autograd.core").Tensor._wrap(get_state())  # a layer above, there by the first call


def set_rng_state(new_state: Any) -> None:
    """torch.set_rng_state: go on from a state that get_rng_state (ours or torch's) returned.

    Raises TypeError unless it is a uint8 tensor, RuntimeError for another size or a broken state.
    """
    array = getattr(new_state, "array", None)
    if getattr(array, "dtype", None) != np.uint8:
        kind = type(new_state).__name__ if array is None else array.dtype
        raise TypeError(message("set_rng_state", "new_state", kind, "RNG state must be a uint8 tensor"))
    set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """torch.random.fork_rng: after the block the default generators go on as if nothing had been drawn in it.

    Those of all GPUs, whatever `devices` names; enabled=False does nothing.
    """
    if not enabled:
        yield
        return
    before, on_gpus = default_generator.get_state(), philox.snapshot()
    try:
        yield
    finally:
        default_generator.set_state(before)
        philox.restore(on_gpus)
