"""PyTorch's CPU random numbers: the Mersenne Twister, and what torch makes of its 32-bit words. Arrays, no Tensor.

The same seed gives the same bits as torch's AVX2 and AVX-512 builds. Where that ends: on Intel CPUs torch's MKL builds
draw dropout, `bernoulli_(p)` and `exponential_` (and with it `multinomial` without replacement, or of one sample) from
a stream of MKL's own, MCG31m1: those numbers differ there. On other CPUs they are equal.
Source: Matsumoto and Nishimura, Mersenne Twister (1998); torch's ATen/core/DistributionsHelper.h gives the rules.
"""

import math
import secrets
import struct
import threading
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from scratchnet.cephes import fma32, fma64, log32, sincos32
from scratchnet.shapes import message

Shape = int | Sequence[int]

_DEFAULT_SEED = 67280421310721
_STATE_BYTES = 5056
_HEAD, _TAIL = struct.Struct("<QiiQ"), struct.Struct("<dddi4xf?3x")  # around the 624 words, each in 8 bytes


class Generator:
    """torch.Generator: one stream of random numbers with its seed and the second normal of the last pair drawn.

    A negative seed counts down from 2**64. The words depend on the seed's low 32 bits alone, as in torch.
    Raises RuntimeError for a device other than the CPU.
    """

    def __init__(self, device: Any = "cpu") -> None:
        if str(device) != "cpu":
            raise RuntimeError(message("Generator", "device", device, "has no random stream here", "use device='cpu'"))
        self.device = device
        self.lock = threading.RLock()
        self.manual_seed(_DEFAULT_SEED)

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
            self._twister = np.random.RandomState(self._seed & 0xFFFFFFFF)
            self._second_normal: float | None = None
        return self

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
        # NumPy's bytes(0) would draw a word
        return np.frombuffer(self._twister.bytes(4 * n) if n > 0 else b"", dtype="<u4")

    def words64(self, n: int) -> np.ndarray:
        """The next 2n words in pairs (n,) uint64: the first one drawn is the high half."""
        pairs = self.words32(2 * n).reshape(n, 2).astype(np.uint64)
        return (pairs[:, 0] << np.uint64(32)) | pairs[:, 1]

    def pair_normal(self) -> float:
        """One standard normal by Box and Muller's pairs in float64: the second of a pair waits for the next call."""
        if self._second_normal is not None:
            value, self._second_normal = self._second_normal, None
            return value
        u1, u2 = _unit64(self, 2).tolist()
        radius, theta = math.sqrt(-2.0 * math.log1p(-u2)), 2.0 * math.pi * u1
        self._second_normal = radius * math.sin(theta)
        return radius * math.cos(theta)

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
        state = getattr(state, "array", state)  # a tensor's
        if getattr(state, "dtype", None) != np.uint8:
            raise TypeError(
                message("set_state", "state", type(state).__name__, "must hold bytes: RNG state must be a uint8 tensor")
            )
        if state.size != _STATE_BYTES:
            raise RuntimeError(
                message("set_state", "state", f"{state.size} bytes", f"must have a size of {_STATE_BYTES} bytes")
            )
        data = np.ascontiguousarray(state).tobytes()
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


def _position(twister: np.random.RandomState) -> tuple[np.ndarray, int]:
    """The 624 words of a twister and how many of them are read."""
    state = twister.get_state(legacy=False)["state"]
    return state["key"], state["pos"]


def _restore(device: Any, state: np.ndarray) -> Generator:
    return Generator(device).set_state(state)


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
    """torch.manual_seed: seeds the default generator and returns it. Numbers and digits are made an int first."""
    return default_generator.manual_seed(int(seed))


def initial_seed() -> int:
    """The default generator's seed."""
    return default_generator.initial_seed()


def seed() -> int:
    """Seeds the default generator from the operating system's randomness and returns the seed."""
    return default_generator.seed()


def get_state() -> np.ndarray:
    """The default generator's state (5056,) uint8."""
    return default_generator.get_state()


def set_state(state: np.ndarray) -> None:
    """Sets the default generator's state."""
    default_generator.set_state(state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """torch.random.fork_rng: after the block the default generator goes on as if nothing had been drawn in it.

    `devices` names other devices' streams, which don't exist here; enabled=False does nothing.
    """
    before = default_generator.get_state() if enabled else None
    try:
        yield
    finally:
        if before is not None:
            default_generator.set_state(before)


def _count(op: str, shape: Shape) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple and its number of elements. Raises RuntimeError for a negative size."""
    sizes = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(n) for n in shape)
    if any(n < 0 for n in sizes):
        rule = f"must not be negative: Trying to create tensor with negative dimension {min(sizes)}"
        raise RuntimeError(message(op, "size", list(sizes), rule))
    return sizes, math.prod(sizes)


def _floating(op: str, dtype: Any) -> np.dtype[Any]:
    kind: np.dtype[Any] = np.dtype(dtype)
    if kind not in (np.float16, np.float32, np.float64):
        raise NotImplementedError(
            message(op, "dtype", kind.name, "is not implemented", "use float16, float32 or float64")
        )
    return kind


def _unit32(generator: Generator, n: int) -> np.ndarray:
    """n float32 numbers in [0, 1): 24 bits of a word."""
    return (generator.words32(n) & np.uint32((1 << 24) - 1)).astype(np.float32) * np.float32(2.0**-24)


def _unit64(generator: Generator, n: int) -> np.ndarray:
    """n float64 numbers in [0, 1): 53 bits of two words."""
    return (generator.words64(n) & np.uint64((1 << 53) - 1)).astype(np.float64) * 2.0**-53


def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """torch.rand, Tensor.uniform_: numbers in [low, high). 24 random bits (float64: 53), multiply and add rounded once.

    float16 is the float32 number rounded. A number that rounds up to `high` becomes `low`.
    Raises RuntimeError where low > high or the range overflows, NotImplementedError for an integer dtype.
    """
    sizes, n = _count("uniform_", shape)
    kind, g = _floating("uniform_", dtype), generator or default_generator
    if not low <= high:
        raise RuntimeError(message("uniform_", "from", low, f"expects to return a [from, to) range, but to is {high}"))
    if high - low > float(np.finfo(kind).max):
        raise RuntimeError(message("uniform_", "to", high, f"is too far above from (={low}): to - from must be finite"))
    if kind == np.float64:
        values = _unit64(g, n)
        if (low, high) != (0.0, 1.0):
            values = fma64(values, high - low, low)
    else:
        values = _unit32(g, n)
        if (low, high) != (0.0, 1.0):
            start, stop = np.float32(low), np.float32(high)
            values = fma32(values, float(stop - start), float(start))
        values = values.astype(kind, copy=False)
    values[values == kind.type(high)] = kind.type(low)
    return values.reshape(sizes)


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    dtype: Any = np.float32,
    generator: Generator | None = None,
    blocks: bool = True,
) -> np.ndarray:
    """torch.randn, Tensor.normal_: from 16 numbers on blocks of 16 (8 radii, 8 angles), a ragged end redrawn whole.

    Fewer than 16, or blocks=False (torch's way with memory that isn't contiguous): pairs in float64, the second of a
    pair kept on the generator for its next call, whatever its dtype.
    Raises RuntimeError for std < 0, NotImplementedError for an integer dtype. Source: Box and Muller (1958).
    """
    sizes, n = _count("normal", shape)
    kind, g = _floating("normal", dtype), generator or default_generator
    if not std >= 0:
        raise RuntimeError(message("normal", "std", std, "must be at least 0: normal expects std >= 0.0"))
    with g.lock:
        if n < 16 or not blocks:
            pairs = np.array([g.pair_normal() for _ in range(n)], dtype=np.float64)
            values = fma64(pairs, std, mean) if (mean, std) != (0.0, 1.0) else pairs
        else:
            unit, transform = (_unit64, _block64) if kind == np.float64 else (_unit32, _block32)
            whole = n - n % 16
            # float16 draws the whole blocks alone, the others every number once before the end is drawn again
            values = unit(g, n if kind != np.float16 else whole)
            values[:whole] = transform(values[:whole], mean, std)
            if n % 16:
                values = np.concatenate([values[: n - 16], transform(unit(g, 16), mean, std)])
    return values.astype(kind, copy=False).reshape(sizes)


def _block32(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Box and Muller on float32 blocks of 16, a cacheful at a time."""
    out = np.empty((len(uniforms) // 16, 2, 8), np.float32)
    pairs = uniforms.reshape(out.shape)
    for start in range(0, len(out), 1024):
        part = slice(start, start + 1024)
        radius = np.sqrt(np.float32(-2) * log32(np.float32(1) - pairs[part, 0]))
        sine, cosine = sincos32(np.float32(2 * math.pi) * pairs[part, 1])
        out[part, 0], out[part, 1] = radius * cosine, radius * sine
    values = out.reshape(-1)
    return values if (mean, std) == (0.0, 1.0) else fma32(values, float(np.float32(std)), float(np.float32(mean)))


def _block64(uniforms: np.ndarray, mean: float, std: float) -> np.ndarray:
    """Box and Muller on float64 blocks of 16, by the C library's log, sine and cosine, as torch does."""
    pairs = uniforms.reshape(-1, 2, 8)
    logs = np.array(list(map(math.log, (1.0 - pairs[:, 0]).ravel().tolist())))
    angles = (2.0 * math.pi * pairs[:, 1]).ravel().tolist()
    radius = np.sqrt(-2.0 * logs)
    out = np.empty_like(pairs)
    out[:, 0] = (radius * np.array(list(map(math.cos, angles)))).reshape(-1, 8)
    out[:, 1] = (radius * np.array(list(map(math.sin, angles)))).reshape(-1, 8)
    values = out.reshape(-1)
    return values if (mean, std) == (0.0, 1.0) else fma64(values, std, mean)


def permutation(n: int, generator: Generator | None = None) -> np.ndarray:
    """torch.randperm: 0 .. n-1 shuffled (n,) int64, Fisher and Yates, a word a swap. Raises RuntimeError for n < 0."""
    if n < 0:
        raise RuntimeError(
            message("randperm", "n", n, "must be non-negative: Trying to create tensor with negative dimension")
        )
    g = generator or default_generator
    if n < (1 << 32) // 20:
        words: np.ndarray = g.words32(max(n - 1, 0))
    else:
        words = g.words64(n - 1)
    order = array("q", range(n))  # a list of a million ints is three times slower to shuffle
    swaps = words % np.arange(n, 1, -1, dtype=words.dtype) + np.arange(max(n - 1, 0), dtype=words.dtype)
    for i, j in enumerate(swaps.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, dtype=np.int64)


def integers(low: int, high: int, shape: Shape, generator: Generator | None = None) -> np.ndarray:
    """torch.randint: int64 numbers in [low, high), a word modulo the range; two words from a range of 2**28 on.

    Raises RuntimeError unless low < high.
    """
    sizes, n = _count("randint", shape)
    if not low < high:
        rule = f"must be less than high (={high}): random_ expects 'from' to be less than 'to'"
        raise RuntimeError(message("randint", "low", low, rule))
    g, span = generator or default_generator, high - low
    offset = (g.words32(n) % np.uint32(span)).astype(np.uint64) if span < 1 << 28 else g.words64(n) % np.uint64(span)
    return (offset + np.uint64(low % (1 << 64))).view(np.int64).reshape(sizes)  # wraps round as torch's addition does


_DIGITS = {np.dtype("float16"): 11, np.dtype("float32"): 24, np.dtype("float64"): 53}  # bits of the mantissa


def integers_within(
    op: str, low: int, high: int | None, shape: Shape, dtype: Any, generator: Generator | None = None
) -> np.ndarray:
    """torch's random_(low, high) and randint in a dtype: integers in [low, high), high=None: up to its largest.

    Floating-point dtypes: bounds that the dtype can't hold move inwards, and None means 2 ** (bits of the mantissa).
    Raises RuntimeError unless low < high and both low and high - 1 fit the dtype.
    """
    kind: np.dtype[Any] = np.dtype(dtype)
    digits = _DIGITS.get(kind)
    if high is not None and not low < high:
        rule = f"must be less than high (={high}): random_ expects 'from' to be less than 'to'"
        raise RuntimeError(message(op, "low", low, rule))
    if digits is not None:
        least, largest = -int(np.finfo(kind).max), int(np.finfo(kind).max)
        low = -_inwards(-low, kind, digits)
        high = (1 << digits) + 1 if high is None else _inwards(high, kind, digits)
    elif kind == np.bool_:
        least, largest = 0, 1
    else:
        least, largest = int(np.iinfo(kind).min), int(np.iinfo(kind).max)
    high = largest + 1 if high is None else high
    for name, value in (("low", low), ("high - 1", high - 1)):
        if not least <= value <= largest:
            what = "from is" if name == "low" else "to - 1 is"
            rule = f"must be in [{least}, {largest}]: {what} out of bounds for {kind.name}"
            raise RuntimeError(message(op, name, value, rule, "use a wider dtype"))
    if high - low == 1 << 64:
        sizes, n = _count(op, shape)
        return (generator or default_generator).words64(n).view(np.int64).reshape(sizes)
    return integers(low, high, shape, generator).astype(kind)


def _inwards(high: int, kind: "np.dtype[Any]", digits: int) -> int:
    """An upper bound as torch moves it down, where the number below it rounds up to it."""
    last = high - 1
    if abs(last) > float(np.finfo(kind).max) or (rounded := int(kind.type(last))) < high:
        return high
    return rounded - (1 << (abs(last).bit_length() - digits))


def full_range(shape: Shape, dtype: Any, generator: Generator | None = None) -> np.ndarray:
    """Tensor.random_(): integers from 0 to the dtype's largest; floating point: to 2 ** (bits of the mantissa)."""
    kind: np.dtype[Any] = np.dtype(dtype)
    sizes, n = _count("random_", shape)
    digits = _DIGITS.get(kind)
    last = 1 << digits if digits else 1 if kind == np.bool_ else int(np.iinfo(kind).max)
    g = generator or default_generator
    words = g.words64(n) % np.uint64(last + 1) if kind.itemsize == 8 else g.words32(n) % np.uint32(last + 1)
    return words.astype(kind).reshape(sizes)


def exponential(
    shape: Shape, lambd: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> np.ndarray:
    """Tensor.exponential_: -log1p(-u) / lambd of 53 random bits u, by the C library's log1p, rounded.

    Raises RuntimeError unless lambd > 0 and for an integer dtype. On Intel CPUs torch's MKL builds draw other numbers.
    """
    kind: np.dtype[Any] = np.dtype(dtype)
    sizes, n = _count("exponential_", shape)
    if kind.kind != "f":
        rule = "must be a floating point: Exponential distribution is a continuous probability distribution"
        raise RuntimeError(message("exponential_", "dtype", kind.name, rule, "use float32"))
    if not lambd > 0:
        rule = f"must be positive: exponential_ expects lambda > 0.0, but found lambda={lambd}"
        raise RuntimeError(message("exponential_", "lambd", lambd, rule))
    uniforms = _unit64(generator or default_generator, n)
    logs = np.array(list(map(math.log1p, (-uniforms).tolist())), dtype=np.float64)
    values = -1.0 / lambd * logs
    if kind == np.float16:
        values = values.astype(np.float32)  # torch rounds on the way, too
    return values.astype(kind).reshape(sizes)


def multinomial(
    weights: np.ndarray, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> np.ndarray:
    """torch.multinomial of checked weights (C,) or (N, C) -> (num_samples,) or (N, num_samples) int64.

    With replacement a search in the sums of the weights; else the largest of weights / exponential numbers. Which of
    two equal quotients comes first is not torch's choice: of a million float32 weights that is one draw in a hundred.
    """
    if not replacement or num_samples == 1:
        order = memory_order(weights)
        drawn = exponential([weights.shape[axis] for axis in order], 1.0, weights.dtype, generator)
        with np.errstate(all="ignore"):
            keys = weights / drawn.transpose(np.argsort(order))
        if num_samples == 1:
            return keys.argmax(-1, keepdims=True)
        return np.argsort(-keys, axis=-1, kind="stable")[..., :num_samples]
    wide: Any = np.float32 if weights.dtype == np.float16 else weights.dtype
    rows = weights.reshape(-1, weights.shape[-1]).astype(wide)
    sums = rows.cumsum(-1, dtype=wide)
    sums = (sums / sums[:, -1:]).astype(np.float64)
    sums[:, -1] = 1
    chances = _unit64(generator or default_generator, len(rows) * num_samples).reshape(len(rows), num_samples)
    found = [np.searchsorted(row, chance) for row, chance in zip(sums, chances, strict=True)]
    return np.array(found, dtype=np.int64).reshape(*weights.shape[:-1], num_samples)


def memory_order(array: np.ndarray) -> list[int]:
    """The axes from the widest stride to the narrowest: the order in which torch fills an array with numbers."""
    axes = list(range(array.ndim))
    if array.flags.c_contiguous or 0 in array.strides:
        return axes
    return sorted(axes, key=lambda axis: -array.strides[axis])


def random_seed64(generator: Generator | None = None) -> int:
    """torch.empty((), dtype=torch.int64).random_().item(): 63 random bits, the seed that samplers and loaders draw."""
    return int((generator or default_generator).words64(1)[0]) & ((1 << 63) - 1)


def bernoulli_keep(shape: Shape, p_keep: float, generator: Generator | None = None) -> np.ndarray:
    """The bool mask of dropout and of Tensor.bernoulli_(p): True with probability p_keep, 53 random bits each.

    Raises RuntimeError unless 0 <= p_keep <= 1.
    """
    sizes, n = _count("bernoulli_", shape)
    if not 0 <= p_keep <= 1:
        raise RuntimeError(message("bernoulli_", "p", p_keep, "must be in [0, 1]"))
    return (_unit64(generator or default_generator, n) < p_keep).reshape(sizes)


def bernoulli(p: np.ndarray, generator: Generator | None = None) -> np.ndarray:
    """torch.bernoulli: a bool array of p's shape, True where a uniform number (24 bits; float64 p: 53) is below p.

    Raises RuntimeError for a probability outside [0, 1], NotImplementedError for integers.
    """
    kind, g = _floating("bernoulli", p.dtype), generator or default_generator
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError(
            message("bernoulli", "p", "a number outside", "must be in [0, 1]: Expected p_in >= 0 && p_in <= 1")
        )
    unit = _unit64 if kind == np.float64 else _unit32
    return unit(g, p.size).reshape(p.shape) < p
