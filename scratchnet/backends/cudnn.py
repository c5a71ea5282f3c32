"""torch.backends.cudnn: there is no cuDNN here, its switches set what our own convolutions do, or nothing.

allow_tf32: convolutions of float32 on tensor cores, inputs rounded to TF32's ten bits; False, where torch has True.
enabled, benchmark, deterministic: taken and kept. The kernels are deterministic and choose by shape alone.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from scratchnet.backends.switches import Switch, Switchboard
from scratchnet.kernels.cuda import tf32

_kept = SimpleNamespace(enabled=True, benchmark=False, deterministic=False)
_NAMES = ("enabled", "benchmark", "deterministic", "allow_tf32")
benchmark_limit = 10


def is_available() -> bool:
    """torch.backends.cudnn.is_available: False."""
    return False


def version() -> None:
    """torch.backends.cudnn.version: None, as torch's where there is no cuDNN."""


def is_acceptable(tensor: Any) -> bool:
    """torch.backends.cudnn.is_acceptable: whether cuDNN would take a tensor: False."""
    return False


@contextmanager
def flags(
    enabled: bool = False, benchmark: bool = False, deterministic: bool = False, allow_tf32: bool = False
) -> Iterator[None]:
    """torch.backends.cudnn.flags: the switches inside the block. allow_tf32 is False unless given, not torch's True."""
    module = sys.modules[__name__]
    before = {name: getattr(module, name) for name in _NAMES}
    given = (enabled, benchmark, deterministic, allow_tf32)
    try:
        for name, value in zip(_NAMES, given, strict=True):
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


class _Cudnn(Switchboard):
    enabled = Switch(_kept, "enabled", "enabled_cudnn")
    benchmark = Switch(_kept, "benchmark", "benchmark_cudnn")
    deterministic = Switch(_kept, "deterministic", "deterministic_cudnn")
    allow_tf32 = Switch(tf32, "convolution", "allow_tf32_cublas")


sys.modules[__name__].__class__ = _Cudnn
