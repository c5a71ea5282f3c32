"""PyTorch's CPU random numbers: the Mersenne Twister, and what torch makes of its 32-bit words. Arrays, no Tensor.

The same seed gives the same bits as torch, on CPUs of every vendor; of normal numbers where torch has AVX2 or AVX-512.
(Torch up to 2.6 drew dropout and exponential numbers from a stream of MKL's on Intel CPUs; newer releases don't.)

`generator` holds the words and the state, `default` the generator for all; `continuous`, `normals`, `discrete` and
`chances` hold the rules. Source: torch's ATen/core/DistributionsHelper.h and native/cpu/DistributionTemplates.h.
GPUs draw from streams of their own, which aren't torch's: `philox` holds them, `cuda` the functions.
"""

import sys
from types import ModuleType
from typing import Any

from scratchnet.random import cuda, philox
from scratchnet.random.chances import bernoulli, bernoulli_keep, dropout, multinomial
from scratchnet.random.checks import memory_order
from scratchnet.random.continuous import exponential, uniform, uniform_where
from scratchnet.random.default import (
    default_generator,
    fork_rng,
    get_rng_state,
    get_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
    set_state,
    set_thread_generator,
)
from scratchnet.random.discrete import full_range, integers, integers_within, permutation, random_seed64
from scratchnet.random.generator import Generator
from scratchnet.random.normals import normal

__all__ = [
    "Generator",
    "bernoulli",
    "bernoulli_keep",
    "default_generator",
    "dropout",
    "exponential",
    "fork_rng",
    "full_range",
    "get_rng_state",
    "get_state",
    "initial_seed",
    "integers",
    "integers_within",
    "manual_seed",
    "memory_order",
    "multinomial",
    "normal",
    "permutation",
    "random_seed64",
    "seed",
    "set_rng_state",
    "set_state",
    "set_thread_generator",
    "stream_of",
    "uniform",
    "uniform_where",
]


def stream_of(place: Any, generator: Generator | None = None) -> ModuleType:
    """The module whose functions draw arrays on a device: this one, or for GPUs `cuda`.

    Raises RuntimeError for a generator of another kind of device.
    """
    on_gpu = place.type == "cuda"
    if generator is not None and isinstance(generator, philox.CudaGenerator) != on_gpu:
        raise philox.of_another_kind(generator, place.type)
    return cuda if on_gpu else sys.modules[__name__]
