"""Where a test computes: the CPU, a GPU, or the emulated device, on which g++ has compiled the CUDA kernels.

A test that takes the fixture `device` (conftest.py) makes its tensors there: it is the default device meanwhile.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from emulation import cupy as emulated_cupy
from emulation import engine as emulator
from parity import to_numpy

import scratchnet
from scratchnet.device import array_module
from scratchnet.kernels.cuda import driver

NAMES = ("cpu", "cuda", "emulated")


def wanted(config: pytest.Config) -> list[str]:
    """The devices of this run: --device's, else `-m emulated` takes that one, and any other run CPU and GPU."""
    if config.option.device:
        return [config.option.device]
    if config.option.markexpr == "emulated":
        return ["emulated"]
    return ["cpu", "cuda"] if scratchnet.cuda.is_available() else ["cpu"]


def gpus(config: pytest.Config) -> list[Any]:
    """For tests of the GPU code alone: the emulated devices, marked so, and real ones where there are some."""
    there = scratchnet.cuda.is_available()
    found = [pytest.param("emulated", marks=pytest.mark.emulated)]
    found += [pytest.param("cuda", marks=pytest.mark.cuda)] if there else []
    return [param for param in found if config.option.device in (None, *param.values)]


@contextmanager
def provided(name: str) -> Iterator[None]:
    """Inside, the GPUs are emulated ones, or CuPy's."""
    before = driver.use(emulated_cupy if name == "emulated" else None)
    try:
        yield
    finally:
        driver.use(before)


@contextmanager
def computing_on(name: str) -> Iterator[None]:
    """Inside, new tensors lie on the device."""
    if name == "cpu":
        yield
        return
    with provided(name):
        scratchnet.set_default_device("cuda")
        try:
            yield
        finally:
            scratchnet.set_default_device(None)


def two_gpus() -> None:
    """Skip the test where there is only one GPU."""
    if scratchnet.cuda.device_count() < 2:
        pytest.skip("this machine has one GPU")


def placed(engine: Any, array: np.ndarray) -> Any:
    """The array as a tensor with its strides on the engine's default device: on the CPU on the array's memory."""
    tensor = engine.from_numpy(array)
    if not off_cpu(engine) or array.flags.c_contiguous or array.base is None:
        return tensor.to(engine.get_default_device())
    whole = engine.from_numpy(array.base).to(engine.get_default_device())
    first = (array.__array_interface__["data"][0] - array.base.__array_interface__["data"][0]) // array.itemsize
    return whole.as_strided(tensor.shape, tensor.stride(), first)


def off_cpu(engine: Any) -> bool:
    """Whether the engine computes elsewhere than on the CPU."""
    return str(engine.get_default_device()) != "cpu"


def without_device(text: str) -> str:
    """A printed tensor, module or state as it reads on the CPU."""
    return text.replace(", device='cuda:0'", "")


def share_memory(a: Any, b: Any) -> bool:
    """Whether two tensors of one engine may overlap."""
    if isinstance(a, scratchnet.Tensor) and isinstance(b, scratchnet.Tensor):
        return bool(array_module(a.array).may_share_memory(a.array, b.array))
    return bool(np.may_share_memory(to_numpy(a), to_numpy(b)))


def in_every_order(run: Callable[[], Any], arrays_of: Callable[[Any], list[Any]], what: str) -> Any:
    """run()'s result. On the emulated device, if kernels were launched, again in other orders of their threads:
    `arrays_of` the results must have the same bits.

    In every order where some kernel had a barrier or an atomic operation. Threads without either run to their end one
    by one: there the reversed order swaps each two of them, so it shows what two of them do to one place.
    """
    launched, synchronized = emulator.launches, emulator.synchronized
    result = run()
    if emulator.launches == launched:
        return result
    first = _bits(arrays_of(result))
    orders = emulator.ORDERS if emulator.synchronized > synchronized else ("forward", "reversed")
    for order in [name for name in orders if name != emulator.order]:
        with emulator.ordered(order):
            assert _bits(arrays_of(run())) == first, f"{what}: other bits when threads run {order}"
    return result


def op_table_lines(stats: dict[str, list[Any]]) -> Iterator[str]:
    """How many cases of the op table passed on each device but the CPU, and what was skipped for which reason."""
    for name in NAMES[1:]:
        ours = re.compile(rf"test_ops\.py::\w+\[{name}[-\]]")
        outcomes = {
            outcome: [report for report in stats.get(outcome, []) if ours.search(report.nodeid)]
            for outcome in ("passed", "failed", "skipped")
        }
        if any(outcomes.values()):
            yield f"the op table on {name}: " + ", ".join(f"{len(found)} {what}" for what, found in outcomes.items())
            yield from sorted({f"  skipped: {report.longrepr[2]}" for report in outcomes["skipped"]})


def _bits(arrays: list[Any]) -> list[bytes | None]:
    return [None if array is None else to_numpy(array).tobytes() for array in arrays]
