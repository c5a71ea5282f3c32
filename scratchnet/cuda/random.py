"""torch.cuda's random streams: Philox, a seed and an offset for each GPU. They are not torch's streams."""

import secrets
from collections.abc import Iterable
from typing import Any

from scratchnet.autograd.core import Tensor
from scratchnet.cuda.devices import device_count, device_index
from scratchnet.random import philox


def _generator(op: str, device: Any) -> philox.CudaGenerator:
    return philox.default_generator(device_index(op, device))


def manual_seed(seed: int) -> None:
    """torch.cuda.manual_seed: start the current GPU's stream again. Without a GPU it does nothing."""
    if device_count():
        _generator("manual_seed", None).manual_seed(int(seed))


def manual_seed_all(seed: int) -> None:
    """torch.cuda.manual_seed_all: start the streams of all GPUs again."""
    philox.seed_all(int(seed) % (1 << 64))


def seed() -> None:
    """torch.cuda.seed: start the current GPU's stream from the operating system's randomness."""
    manual_seed(secrets.randbits(53))


def seed_all() -> None:
    """torch.cuda.seed_all: start the streams of all GPUs from one random number."""
    manual_seed_all(secrets.randbits(53))


def initial_seed() -> int:
    """torch.cuda.initial_seed: the seed of the current GPU's stream."""
    return _generator("initial_seed", None).initial_seed()


def get_rng_state(device: Any = "cuda") -> Tensor:
    """torch.cuda.get_rng_state: (16,) uint8 on the CPU, seed and offset."""
    return Tensor._wrap(_generator("get_rng_state", device).get_state())


def get_rng_state_all() -> list[Tensor]:
    """torch.cuda.get_rng_state_all: the state of each GPU's stream."""
    return [get_rng_state(index) for index in range(device_count())]


def set_rng_state(new_state: Tensor, device: Any = "cuda") -> None:
    """torch.cuda.set_rng_state: go on from a state that get_rng_state returned.

    Raises TypeError unless it is a uint8 tensor, RuntimeError unless it has 16 bytes.
    """
    _generator("set_rng_state", device).set_state(new_state.cpu().array)


def set_rng_state_all(new_states: Iterable[Tensor]) -> None:
    """torch.cuda.set_rng_state_all: as set_rng_state, one state a GPU."""
    for index, state in enumerate(new_states):
        set_rng_state(state, index)
