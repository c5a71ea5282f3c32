"""Scattered writes on a GPU against loops, one after another, with the same bits in every order of the threads."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from emulation import cupy, engine

import scratchnet.kernels.cpu as cpu
import scratchnet.kernels.cuda as cuda
from scratchnet.kernels.cuda import driver, launch

pytestmark = pytest.mark.emulated
KINDS = ["float16", "float32", "float64", "bool", "uint8", "int8", "int16", "int32", "int64"]


@pytest.fixture(autouse=True, params=engine.ORDERS)
def order(request: pytest.FixtureRequest) -> Iterator[str]:
    before = driver.use(cupy)
    with engine.ordered(request.param):
        yield request.param
    driver.use(before)


def one_after_another(how: str, out: np.ndarray, places: np.ndarray, values: np.ndarray) -> np.ndarray:
    result = out.astype(np.float32 if out.dtype == np.float16 else out.dtype)
    for place, value in zip(places.tolist(), np.broadcast_to(values, (places.size, *out.shape[1:])), strict=True):
        old = result[place]
        result[place] = value if how == "put" else old + value if how == "add" else old * value
    return result.astype(out.dtype)


@pytest.mark.parametrize("how", ["add", "multiply", "put"])
@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize(("rows", "row", "count"), [(7, (), 300), (5, (3, 2), 41), (1, (4,), 9), (6, (2,), 0)])
def test_equals_a_loop(how: str, dtype: str, rows: int, row: Any, count: int, rng: np.random.Generator) -> None:
    drawn = rng.standard_normal if dtype.startswith("float") else lambda shape: rng.integers(0, 2, shape)
    out, values = drawn((rows, *row)).astype(dtype), drawn((count, *row)).astype(dtype)
    places = rng.integers(0, rows, count)
    expected = one_after_another(how, out, places, values)
    on_gpu = cupy.asarray(out)
    with np.errstate(over="ignore"):
        result = getattr(cuda.scatter, how)(on_gpu, cupy.asarray(places), cupy.asarray(values))
        on_cpu = getattr(cpu.scatter, how)(out.copy(), places, values)
    assert result is on_gpu
    np.testing.assert_array_equal(result.get(), expected)
    np.testing.assert_array_equal(on_cpu, expected)


def test_strides_broadcast_values_and_numbers(rng: np.random.Generator) -> None:
    places = np.array([4, 0, 4, 2])
    for value in (rng.random(3), rng.random((4, 1)), rng.random((4, 6))[:, ::-2]):
        wide = cupy.asarray(np.ones((3, 10)))
        out = wide.T[::2]  # (5, 3), rows apart
        cuda.scatter.add(out, cupy.asarray(places), cupy.asarray(value))
        np.testing.assert_array_equal(out.get(), one_after_another("add", np.ones((5, 3)), places, value))
        assert (wide.get()[:, 1::2] == 1).all()
    out = cupy.zeros(5, np.float32)
    np.testing.assert_array_equal(cuda.scatter.put(out, cupy.asarray(places), 3).get(), [3, 0, 3, 0, 3])


def test_places_outside_are_left_out() -> None:
    places = cupy.asarray(np.array([-1, 5, 1, 2**40, 1]))
    values = cupy.asarray(np.arange(1.0, 6.0))
    np.testing.assert_array_equal(cuda.scatter.add(cupy.zeros(5), places, values).get(), [0, 8, 0, 0, 0])
    np.testing.assert_array_equal(cuda.scatter.put(cupy.zeros(5), places, values).get(), [0, 5, 0, 0, 0])


def test_integers_wrap_round() -> None:
    places, largest = np.zeros(2, np.int64), np.iinfo(np.int64).max
    out = cuda.scatter.add(cupy.asarray(np.array([largest])), cupy.asarray(places), cupy.asarray(np.array([1, 2])))
    assert out.get().tolist() == [-largest + 1]


def test_positions_beyond_int(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "INT_LIMIT", 0)
    monkeypatch.setattr(launch, "MAX_BLOCKS", 1)
    out, values, places = rng.random((40, 3)), rng.random((500, 3)), rng.integers(0, 40, 500)
    result = cuda.scatter.add(cupy.asarray(out), cupy.asarray(places), cupy.asarray(values))
    np.testing.assert_array_equal(result.get(), one_after_another("add", out, places, values))
