"""Random numbers made on the current GPU: the functions of scratchnet.random by the same names, on streams of its own.

They give CuPy arrays and never wait. `generator` is a CudaGenerator (None: the current GPU's). What is drawn depends on
the generator's state and the shape alone.
"""

from typing import Any

import numpy as np

from scratchnet.random.checks import (
    Shape,
    bad_chance,
    check_chance,
    check_count,
    check_deviation,
    check_exponential,
    check_order,
    check_range,
    element_count,
    floating_dtype,
)
from scratchnet.random.discrete import bounds_within, largest_drawn
from scratchnet.random.generator import Generator
from scratchnet.random.philox import CudaGenerator, default_generator
from scratchnet.shapes import message

Array = Any  # cupy.ndarray


def _kernels() -> Any:
    import scratchnet.kernels.cuda as kernels

    return kernels


def _taken(generator: Generator | None) -> tuple[int, int]:
    """The seed and offset for one drawing."""
    if generator is None:
        return default_generator().take()
    if not isinstance(generator, CudaGenerator):
        rule = f"must be a generator for cuda: Expected a 'cuda' device type for generator but found {generator.device}"
        raise RuntimeError(message("random", "generator", generator.device, rule, "use Generator(device='cuda')"))
    return generator.take()


def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None
) -> Array:
    """Numbers in [low, high), of 24 random bits (float64: 53). Raises as scratchnet.random.uniform does."""
    (sizes, _), kind = element_count("uniform_", shape), floating_dtype("uniform_", dtype)
    check_range(low, high, kind)
    return _kernels().random.uniform(sizes, low, high, kind, _taken(generator))


def uniform_where(where: Array, low: float, high: float, dtype: Any) -> Array:
    """Numbers in [low, high) where the mask holds, else 1: a draw for every element."""
    import scratchnet.kernels.cuda.driver as driver

    return driver.cupy().where(where, uniform(where.shape, low, high, dtype), np.dtype(dtype).type(1))


def normal(
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    dtype: Any = np.float32,
    generator: Generator | None = None,
    blocks: bool = True,
) -> Array:
    """Normal numbers; `blocks` means something on the CPU alone. Raises as scratchnet.random.normal does."""
    (sizes, _), kind = element_count("normal", shape), floating_dtype("normal", dtype)
    check_deviation(std)
    return _kernels().random.normal(sizes, mean, std, kind, _taken(generator))


def exponential(shape: Shape, lambd: float = 1.0, dtype: Any = np.float32, generator: Generator | None = None) -> Array:
    """Exponential numbers, computed in float64. Raises as scratchnet.random.exponential does."""
    (sizes, _), kind = element_count("exponential_", shape), np.dtype(dtype)
    check_exponential(lambd, kind)
    return _kernels().random.exponential(sizes, lambd, kind, _taken(generator))


def integers(low: int, high: int, shape: Shape, generator: Generator | None = None) -> Array:
    """int64 numbers in [low, high). Raises RuntimeError unless low < high."""
    sizes, _ = element_count("randint", shape)
    check_order("randint", low, high)
    return _kernels().random.integers(low, high, sizes, _taken(generator))


def integers_within(
    op: str, low: int, high: int | None, shape: Shape, dtype: Any, generator: Generator | None = None
) -> Array:
    """Integers in [low, high) in a dtype, as scratchnet.random.integers_within bounds them."""
    sizes, _ = element_count(op, shape)
    low, high = bounds_within(op, low, high, np.dtype(dtype))
    return _kernels().random.integers(low, high, sizes, _taken(generator)).astype(dtype)


def full_range(shape: Shape, dtype: Any, generator: Generator | None = None) -> Array:
    """Integers from 0 to the dtype's largest; floating point: to 2 ** (bits of the mantissa)."""
    sizes, _ = element_count("random_", shape)
    drawn = _kernels().random.integers(0, largest_drawn(np.dtype(dtype)) + 1, sizes, _taken(generator))
    return drawn.astype(dtype)


def permutation(n: int, generator: Generator | None = None) -> Array:
    """0 .. n-1 shuffled (n,) int64. Raises RuntimeError for n < 0."""
    check_count(n)
    return _kernels().random.permutation(n, _taken(generator))


def bernoulli(p: Array, generator: Generator | None = None) -> Array:
    """A bool array of p's shape, True with the chance at its place.

    Raises NotImplementedError for integers; for a chance outside [0, 1] RuntimeError, at the next wait for the GPU.
    """
    floating_dtype("bernoulli", p.dtype)
    fine = (p >= 0) & (p <= 1)
    _kernels().indices.check(fine.astype(np.int32), 1, 2, bad_chance)
    return _kernels().random.bernoulli(p, _taken(generator))


def bernoulli_keep(shape: Shape, p_keep: float, generator: Generator | None = None) -> Array:
    """A bool array, True with probability p_keep in steps of 2 ** -32. Raises RuntimeError unless 0 <= p_keep <= 1."""
    sizes, _ = element_count("bernoulli_", shape)
    check_chance(p_keep)
    return _kernels().random.keep(sizes, p_keep, _taken(generator))


def dropout(x: Array, chance: float, scale: float) -> tuple[Array, Array]:
    """x * scale where kept, with that chance, else x * 0; and where: in one pass."""
    return _kernels().dropout.dropout(x, chance, scale, _taken(None))


def multinomial(
    weights: Array, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> Array:
    """torch.multinomial of checked weights (C,) or (N, C) -> (num_samples,) or (N, num_samples) int64."""
    return _kernels().random.multinomial(weights, num_samples, replacement, _taken(generator))
