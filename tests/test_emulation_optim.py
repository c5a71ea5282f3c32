"""The optimizers' CUDA kernels, many parameters a launch, have the bits of the CPU's kernels in every thread order."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine
from optim_cases import STEPS, Step

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch, tensors

pytestmark = [pytest.mark.emulated, pytest.mark.sanitizer]

SHAPES = [(7, 5), (), (0, 3), (tensors.PART,), (3, tensors.PART), (1,)]
each_step = pytest.mark.parametrize("step", STEPS, ids=str)
each_dtype = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


@pytest.fixture(autouse=True, params=engine.CHECKS)
def order(request: pytest.FixtureRequest) -> Iterator[str]:
    before = driver.use(cupy)
    with engine.checked(request.param):
        yield request.param
    driver.use(before)


def up(lists: list[Any]) -> list[Any]:
    return [None if arrays is None else [cupy.asarray(array) for array in arrays] for arrays in lists]


def assert_equal_bits(ours: list[Any], theirs: list[Any]) -> None:
    for device, host in zip(ours, theirs, strict=True):
        for a, b in zip(device or [], host or [], strict=True):
            np.testing.assert_array_equal(a.get(), b)
            assert a.dtype == b.dtype


@each_step
@each_dtype
def test_equals_the_cpu(step: Step, dtype: str, rng: np.random.Generator) -> None:
    arrays = step.arrays(rng, dtype, SHAPES)
    before = [a.copy() for a in arrays[0] or []]
    device = up(arrays)
    launched = engine.launches
    step.run(cuda, device)
    assert engine.launches == launched + 1
    step.run(cpu, arrays)
    assert_equal_bits(device, arrays)
    assert not np.array_equal(before[0], (arrays[0] or [])[0])


@each_step
def test_positions_beyond_int(step: Step, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels that arrays of 2**30 elements and more take."""
    monkeypatch.setattr(launch, "INT_LIMIT", 0)
    arrays = step.arrays(rng, "float64", SHAPES)
    device = up(arrays)
    step.run(cuda, device)
    assert "long long" in engine.launched[-1]
    step.run(cpu, arrays)
    assert_equal_bits(device, arrays)


@each_step
def test_more_parameters_than_one_launch_takes(step: Step, rng: np.random.Generator) -> None:
    arrays = step.arrays(rng, "float32", [(2 + i % 5,) for i in range(2 * tensors.ROOM + 3)])
    device = up(arrays)
    launched = engine.launches
    step.run(cuda, device)
    assert engine.launches == launched + 3
    step.run(cpu, arrays)
    assert_equal_bits(device, arrays)


@each_step
def test_of_several_dtypes_and_strides(step: Step, rng: np.random.Generator) -> None:
    """Each dtype is a launch. What isn't C-contiguous is written where it lies; the memory between stays as it is."""
    arrays = [step.arrays(rng, dtype, [(4, 6)] * 2) for dtype in ("float32", "float64", "float16")]
    lists: list[Any] = [None if column[0] is None else list(chain(*column)) for column in zip(*arrays, strict=True)]
    gaps = [None if part is None else [cupy.asarray(np.repeat(a, 2, axis=-1)) for a in part] for part in lists]
    device = [None if part is None else [a[:, ::2] for a in part] for part in gaps]
    launched = engine.launches
    step.run(cuda, device)
    assert engine.launches == launched + 3
    untouched = [None if part is None else [a.copy() for a in part] for part in lists]
    step.run(cpu, lists)
    assert_equal_bits(device, lists)
    assert_equal_bits([None if part is None else [a[:, 1::2] for a in part] for part in gaps], untouched)


@each_step
@each_dtype
def test_nan_and_infinities(step: Step, dtype: str, rng: np.random.Generator) -> None:
    arrays = step.arrays(rng, dtype, [(600,)])
    for part in arrays:
        if part is not None:
            part[0] = np.where(rng.random(600) < 0.2, rng.choice([np.nan, np.inf, -np.inf, 0.0], 600), part[0])
            part[0] = part[0].astype(dtype)
    device = up(arrays)
    step.run(cuda, device)
    step.run(cpu, arrays)
    assert_equal_bits(device, arrays)


def test_nothing_is_launched_for_no_elements() -> None:
    launched = engine.launches
    for step in STEPS:
        step.run(cuda, up(step.arrays(np.random.default_rng(0), "float32", [(0,), (3, 0)])))
    assert engine.launches == launched


def test_the_parameters_of_a_launch_fit_into_4_kib() -> None:
    """A table and the settings of the kernel that has most of both: what every GPU and compiler takes."""
    assert tensors._layout(5).itemsize + 11 * 8 <= 4096


def test_a_table_of_another_layout_is_refused() -> None:
    """By value goes what has a struct's very size; CuPy would launch it all the same."""
    code = "struct Pair { double a; int b; };\n__global__ void f(Pair pair, double* y) { y[0] = pair.a * pair.b; }"
    kernel = cupy.RawModule(code=code, name_expressions=["f"]).get_function("f")
    fields, y = [("a", np.float64), ("b", np.int32)], cupy.empty(1, np.float64)
    kernel((1,), (1,), (np.array((2.5, 3), np.dtype(fields, align=True)), y))
    assert y.get() == [7.5]
    with pytest.raises(TypeError, match="argument 0 is bytes12, the parameter is bytes16"):
        kernel((1,), (1,), (np.array((2.5, 3), np.dtype(fields)), y))
    with pytest.raises(TypeError, match="unsupported type"):
        kernel((1,), (1,), (np.zeros(2, np.dtype(fields, align=True)), y))
