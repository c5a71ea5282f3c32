"""The random streams of the GPUs: a seed and an offset each, from which scratchnet.kernels.cuda.random makes numbers.

They are not torch's streams. The same seed gives the same numbers on every GPU, however they are computed.
"""

import struct
import threading
from importlib import import_module
from typing import Any

import numpy as np

from scratchnet.kernels.cuda import runtime
from scratchnet.random.generator import DEFAULT_SEED, Generator, state_bytes
from scratchnet.shapes import message

_STATE = struct.Struct("<QQ")  # of 16 bytes, as torch's: seed, offset
_STEP = 4  # torch's offsets are multiples of 4


class CudaGenerator(Generator):
    """torch.Generator(device="cuda"): a stream of random numbers for one GPU.

    Raises RuntimeError, or AssertionError without CuPy, where there is no such GPU.
    """

    def __init__(self, device: Any = "cuda") -> None:
        kind, _, number = str(device).partition(":")
        self.index = runtime.check("Generator", int(number) if number else None)
        self.device = import_module("scratchnet.device").device(kind, self.index)  # a layer above, there by now
        self.lock = threading.RLock()
        self.manual_seed(DEFAULT_SEED)

    def _restart(self) -> None:
        self._offset = 0

    def words32(self, n: int) -> np.ndarray:
        """Raises RuntimeError: what is drawn on the CPU, such as a loader's order, takes a generator of the CPU."""
        raise of_another_kind(self, "cpu")

    def take(self) -> tuple[int, int]:
        """The seed and an offset for one drawing of any size: every call gives another."""
        with self.lock:
            taken = self._seed, self._offset
            self._offset = (self._offset + _STEP) % (1 << 64)
        return taken

    def get_offset(self) -> int:
        """Where the stream stands."""
        return self._offset

    def set_offset(self, offset: int) -> None:
        """Go on from there. Raises RuntimeError unless it is a multiple of 4 from 0 on."""
        if offset < 0 or offset % _STEP:
            raise RuntimeError(f"set_offset: offset (={offset}) must be a multiple of 4")
        self._offset = offset

    def get_state(self) -> np.ndarray:
        """Seed and offset (16,) uint8, as torch's CUDA generator has them."""
        with self.lock:
            return np.frombuffer(_STATE.pack(self._seed, self._offset), np.uint8).copy()

    def set_state(self, state: np.ndarray) -> "CudaGenerator":
        """Goes on from what get_state returned. Raises TypeError unless the dtype is uint8, RuntimeError for a size."""
        seed, offset = _STATE.unpack(state_bytes(state, _STATE.size))
        with self.lock:
            self._seed = seed
            self.set_offset(offset)
        return self


def of_another_kind(generator: Generator, wanted: str) -> RuntimeError:
    """What to raise for a generator that isn't of the `wanted` type of device."""
    found = str(generator.device).partition(":")[0]
    rule = f"Expected a '{wanted}' device type for generator but found '{found}'"
    return RuntimeError(message("random", "generator", generator.device, rule, f"use Generator('{wanted}')"))


_generators: dict[int, CudaGenerator] = {}
_chosen: list[int] = []  # the seed for the generators that aren't made yet


def default_generator(index: int | None = None) -> CudaGenerator:
    """The generator that is drawn from on a GPU (None: the current one) where none is given."""
    if index is None:
        index = runtime.current()
    found = _generators.get(index)
    if found is None:
        found = CudaGenerator(f"cuda:{index}")
        if _chosen:
            found.manual_seed(_chosen[0])
        else:
            found.seed()
        _generators[index] = found
    return found


def seed_all(seed: int) -> None:
    """Seed the default generator of every GPU, those too that nothing has been drawn on yet. Asks for no GPU."""
    _chosen[:] = [seed]
    for generator in _generators.values():
        generator.manual_seed(seed)


def snapshot() -> tuple[list[int], dict[int, np.ndarray]]:
    """What `restore` goes back to: the seed for generators to be made, the states of the others."""
    return _chosen.copy(), {index: generator.get_state() for index, generator in _generators.items()}


def restore(before: tuple[list[int], dict[int, np.ndarray]]) -> None:
    """The default generators go on as they would have then."""
    _chosen[:], states = before
    for index, generator in _generators.items():
        if index in states:
            generator.set_state(states[index])
        elif _chosen:
            generator.manual_seed(_chosen[0])
