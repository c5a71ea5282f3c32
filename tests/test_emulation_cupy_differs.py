"""Where CuPy's functions give something else than NumPy's, so does the stand-in, and the engine still gives torch's."""

from typing import Any

import numpy as np
import pytest
from emulation import cupy
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet.kernels.cuda import division, driver, extremes

pytestmark = pytest.mark.emulated


@pytest.fixture(autouse=True)
def _stand_in() -> Any:
    before = driver.use(cupy)
    yield
    driver.use(before)


def up(values: Any, dtype: Any) -> Any:
    return cupy.asarray(np.asarray(values, dtype))


EDGES = [1.0, -1.0, 6.0, -6.0, 0.0, 6e4, -0.25, np.inf, -np.inf, np.nan]
DIVISORS = [0.1, -0.1, 3.0, np.inf, -np.inf, 0.0, 7e-3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cupy_rounds_before_the_floor(dtype: Any) -> None:
    one, tenth = up(1, dtype), dtype(0.1)
    assert cupy.floor_divide(one, tenth).get() == 10
    assert division.floor_divide(one, tenth).get() == 9
    assert cupy.remainder(one, tenth).get() < 1e-6
    assert division.remainder(one, tenth).get() > 0.09
    assert np.isnan(cupy.remainder(one, dtype(np.inf)).get())
    assert division.remainder(one, dtype(np.inf)).get() == 1


@needs_torch
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "fmod"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_divisions_are_torch_s(name: str, dtype: str) -> None:
    x, y = np.meshgrid(np.array(EDGES, dtype), np.array(DIVISORS, dtype))
    found = getattr(division, name)(cupy.asarray(x), cupy.asarray(y)).get()
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, getattr(torch, name)(torch.tensor(x), torch.tensor(y)).numpy())


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64])
def test_fmod_of_integers_is_exact(dtype: Any, rng: np.random.Generator) -> None:
    info = np.iinfo(dtype)
    x = rng.integers(info.min + 1, info.max, 200, dtype, endpoint=True)
    y = rng.integers(max(info.min, -100), 100, 200, dtype)
    y[y == 0] = 7
    np.testing.assert_array_equal(division.fmod(cupy.asarray(x), cupy.asarray(y)).get(), np.fmod(x, y))


def test_of_several_nan_cupy_names_any() -> None:
    x = np.array([[1, np.nan, 3, np.nan], [4, 2, 4, 2], [np.nan, np.nan, np.nan, np.nan]], np.float32)
    there = cupy.asarray(x)
    assert there.argmax(axis=1).get().tolist() == [3, 0, 3]
    for find in ("argmax", "argmin"):
        for axis, keepdims in ((None, False), (0, False), (1, True)):
            found = getattr(extremes, find)(there, axis, keepdims=keepdims).get()
            np.testing.assert_array_equal(found, getattr(np, find)(x, axis, keepdims=keepdims))
            assert sn.tensor(x, device="cuda").argmax(1).tolist() == [1, 0, 0]


def test_of_several_values_for_one_place_unpooling_keeps_the_last() -> None:
    values, places = sn.tensor([[[1.0, 2.0, 3.0]]], device="cuda"), sn.tensor([[[4, 0, 4]]], device="cuda")
    assert sn.nn.functional.max_unpool1d(values, places, 2).tolist() == [[[2.0, 0.0, 0.0, 0.0, 3.0, 0.0]]]


def test_shared_memory_is_looked_for_on_the_gpu() -> None:
    """CuPy sorts all addresses, which waits. Bounds that are apart don't ask for it."""
    x = up(np.zeros(8), np.float32)
    before = cupy.waits
    assert not cupy.may_share_memory(x[:4], x[4:])
    assert cupy.waits == before
    assert not cupy.shares_memory(x[::2], x[1::2])
    assert cupy.waits == before + 1


def test_older_streams_have_no_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    class Older(cupy.cuda.Stream):  # type: ignore[name-defined]
        def __init__(self, null: bool = False, non_blocking: bool = False, ptds: bool = False) -> None:
            super().__init__(null, non_blocking, ptds)

    monkeypatch.setattr(cupy.cuda, "Stream", Older)
    assert isinstance(sn.cuda.Stream(priority=-1).stream, Older)


def test_a_strided_view_has_no_base() -> None:
    x = up(np.zeros(8), np.float32)
    assert x[2:].base is x
    assert cupy.lib.stride_tricks.as_strided(x, (2, 2), (4, 4)).base is None


def test_unique_slices_are_found_on_the_host() -> None:
    x = sn.tensor([[True, False], [False, True], [True, False]], device="cuda")
    with pytest.raises(ValueError, match="differences"):
        cupy.unique(x.array, axis=0)
    found, counts = x.unique(dim=0, return_counts=True)
    assert str(found.device) == str(counts.device) == "cuda:0"
    assert (found.tolist(), counts.tolist()) == ([[False, True], [True, False]], [1, 2])
