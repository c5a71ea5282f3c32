"""torch.Generator: the Mersenne Twister's 32-bit words, its state byte for byte torch's, uniform numbers of its bits.

Source: Matsumoto and Nishimura, Mersenne Twister (1998); torch's ATen/CPUGeneratorImpl.h.
"""

import math
import secrets
import struct
import threading
from typing import Any

import numpy as np

from scratchnet.shapes import message

DEFAULT_SEED = 67280421310721
_STATE_BYTES = 5056
_HEAD, _TAIL = struct.Struct("<QiiQ"), struct.Struct("<dddi4xf?3x")  # around the 624 words, each in 8 bytes


class Generator:
    """torch.Generator: one stream of random numbers with its seed and the second normal of the last pair drawn.

    A negative seed counts down from 2**64. The words depend on the seed's low 32 bits alone, as in torch.
    Generator("cuda") gives a CudaGenerator. Raises RuntimeError for other devices.
    """

    device: Any

    def __new__(cls, device: Any = "cpu") -> "Generator":
        if cls is Generator and str(device).partition(":")[0] == "cuda":
            from scratchnet.random.philox import CudaGenerator

            return super().__new__(CudaGenerator)
        return super().__new__(cls)

    def __init__(self, device: Any = "cpu") -> None:
        if str(device) != "cpu":
            rule = "has no random stream here"
            raise RuntimeError(message("Generator", "device", device, rule, "use device='cpu' or 'cuda'"))
        self.device = device
        self.lock = threading.RLock()
        self.manual_seed(DEFAULT_SEED)

    def manual_seed(self, seed: int) -> "Generator":
        """Starts the stream again. Raises RuntimeError unless `seed` is an int, ValueError outside [-2**63, 2**64)."""
        if isinstance(seed, bool) or not hasattr(seed, "__index__"):
            kind = type(seed).__name__
            raise RuntimeError(
                message("manual_seed", "seed", repr(seed), f"expected a long, but got {kind}", "pass an int")
            )
        seed = seed.__index__()
        if not -(1 << 63) <= seed < 1 << 64:
            raise ValueError(
                message("manual_seed", "seed", seed, "must be in [-2**63, 2**64): Overflow when unpacking long long")
            )
        with self.lock:
            self._seed = seed % (1 << 64)
            self._restart()
        return self

    def _restart(self) -> None:
        self._twister = np.random.RandomState(self._seed & 0xFFFFFFFF)
        self._second_normal: float | None = None

    def initial_seed(self) -> int:
        """The seed in use, from 0 to 2**64 - 1."""
        return self._seed

    def seed(self) -> int:
        """Seeds from the operating system's randomness (53 bits) and returns the seed."""
        seed = secrets.randbits(53)
        self.manual_seed(seed)
        return seed

    def words32(self, n: int) -> np.ndarray:
        """The next n words (n,) uint32."""
        return self._twister.randint(0, 1 << 32, n, np.uint32)  # a word a number: three times as fast as bytes()

    def words64(self, n: int) -> np.ndarray:
        """The next 2n words in pairs (n,) uint64: the first one drawn is the high half."""
        pairs = self.words32(2 * n).reshape(n, 2).astype(np.uint64)
        return (pairs[:, 0] << np.uint64(32)) | pairs[:, 1]

    def units32(self, n: int) -> np.ndarray:
        """n float32 numbers in [0, 1): 24 bits of a word."""
        return (self.words32(n) & np.uint32((1 << 24) - 1)).astype(np.float32) * np.float32(2.0**-24)

    def units64(self, n: int) -> np.ndarray:
        """n float64 numbers in [0, 1): 53 bits of two words."""
        return (self.words64(n) & np.uint64((1 << 53) - 1)).astype(np.float64) * 2.0**-53

    def pair_normals(self, n: int) -> np.ndarray:
        """n standard normals (n,) float64 by Box and Muller's pairs: the second of a pair waits for the next call."""
        waiting = [] if self._second_normal is None or n == 0 else [self._second_normal]
        pairs = (n - len(waiting) + 1) // 2
        u1, u2 = self.units64(2 * pairs).reshape(pairs, 2).T
        radius = np.sqrt(-2.0 * np.array(list(map(math.log1p, (-u2).tolist()))))  # the C library's, as torch's
        angle = (2.0 * math.pi * u1).tolist()
        drawn = np.empty((pairs, 2))
        drawn[:, 0] = radius * np.array(list(map(math.cos, angle)))
        drawn[:, 1] = radius * np.array(list(map(math.sin, angle)))
        values = np.concatenate([np.array(waiting), drawn.ravel()])
        if n:
            self._second_normal = float(values[n]) if len(values) > n else None
        return values[:n]

    def get_state(self) -> np.ndarray:
        """The whole state (5056,) uint8, byte for byte torch's."""
        with self.lock:
            words, position = _position(self._twister)
            second = self._second_normal
        # torch counts the words left; a stream not yet read has its place at 0
        fresh = position == 624 and np.array_equal(words, _position(np.random.RandomState(self._seed & 0xFFFFFFFF))[0])
        head = _HEAD.pack(self._seed, 625 - position, 1, 0 if fresh else position)
        tail = _TAIL.pack(0.0, second or 0.0, 0.0, second is not None, 0.0, False)
        return np.frombuffer(head + words.astype("<u8").tobytes() + tail, dtype=np.uint8).copy()

    def set_state(self, state: np.ndarray) -> "Generator":
        """Goes on from what get_state (ours or torch's) returned.

        Raises TypeError unless the dtype is uint8, RuntimeError for a broken state.
        """
        data = state_bytes(state, _STATE_BYTES)
        seed, left, seeded, place = _HEAD.unpack_from(data)
        words = np.frombuffer(data, dtype="<u8", count=624, offset=_HEAD.size)
        _, second, _, has_second, _, _ = _TAIL.unpack_from(data, _HEAD.size + words.nbytes)
        if not (seeded and 1 <= left <= 624 and place <= 624 and words.max() < 1 << 32):
            raise RuntimeError(message("set_state", "state", "bytes", "is no generator's state: Invalid mt19937 state"))
        with self.lock:
            self._seed, self._second_normal = seed, second if has_second else None
            self._twister.set_state(("MT19937", words.astype(np.uint32), 625 - left, 0, 0.0))
        return self

    def clone_state(self) -> "Generator":
        """A second generator that goes on from the same place."""
        return Generator(self.device).set_state(self.get_state())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.device, self.get_state())


def state_bytes(state: Any, size: int) -> bytes:
    """What an array or a tensor holds. Raises TypeError unless that is bytes, RuntimeError for another size."""
    array = getattr(state, "array", state)
    if getattr(array, "dtype", None) != np.uint8:
        rule = "must hold bytes: RNG state must be a uint8 tensor"
        raise TypeError(message("set_state", "state", type(array).__name__, rule))
    if array.size != size:
        raise RuntimeError(message("set_state", "state", f"{array.size} bytes", f"must have a size of {size} bytes"))
    return np.ascontiguousarray(array).tobytes()


def _position(twister: np.random.RandomState) -> tuple[np.ndarray, int]:
    """The 624 words of a twister and how many of them are read."""
    state = twister.get_state(legacy=False)["state"]
    return state["key"], state["pos"]


def _restore(device: Any, state: np.ndarray) -> Generator:
    return Generator(device).set_state(state)
