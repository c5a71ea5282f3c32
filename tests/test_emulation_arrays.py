"""The stand-in's arrays are as strict as CuPy's, or stricter: what it refuses, spoils, counts and keeps apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from emulation import cupy, cupy_functions

pytestmark = pytest.mark.emulated


def up(values: Any, dtype: Any = np.float32) -> Any:
    return cupy.asarray(np.asarray(values, dtype))


def x() -> Any:
    return up(np.arange(6).reshape(2, 3))


MIXED: list[Callable[[], Any]] = [
    lambda: x() + np.ones(3),
    lambda: np.ones(3) + x(),
    lambda: x() == np.ones(3),
    lambda: x()[np.array([1])],
    lambda: x()[[1]],
    lambda: x().__setitem__(0, np.ones(3)),
    lambda: x().__iadd__(np.ones(3)),
    lambda: cupy.where(x() > 1, x(), np.zeros(3)),
    lambda: cupy.concatenate([x(), np.ones((2, 3))]),
    lambda: cupy.add(x(), [1, 2, 3]),
    lambda: np.sum(x()),
    lambda: np.exp(x()),
    lambda: np.asarray(x()),
    lambda: cupy.ascontiguousarray(np.ones(3)),
]


@pytest.mark.parametrize("number", range(len(MIXED)))
def test_nothing_of_the_host_mixes_in(number: int) -> None:
    with pytest.raises(TypeError):
        MIXED[number]()


UNKNOWN: list[Callable[[], Any]] = [
    lambda: cupy.sum(x(), where=x() > 1),
    lambda: x().max(initial=0),
    lambda: cupy.add(x(), x(), where=x() > 1),
    lambda: cupy.take(x(), up([0], int), mode="clip"),
    lambda: cupy.full((2,), 1, device="cpu"),
]


@pytest.mark.parametrize("number", range(len(UNKNOWN)))
def test_numpy_s_own_options_are_unknown(number: int) -> None:
    with pytest.raises(TypeError):
        UNKNOWN[number]()


@pytest.mark.parametrize("name", ["at", "reduce", "accumulate"])
def test_ufuncs_have_no_methods(name: str) -> None:
    """CuPy's `at` adds in any order."""
    assert not hasattr(cupy.add, name)


@pytest.mark.parametrize("name", ["errstate", "vecdot", "add_at"])
def test_what_cupy_lacks_is_missing(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(cupy, name)


def test_numbers_stay_on_the_device() -> None:
    for value in (x().sum(), x()[1, 2], x().argmax(), x()[0, 0] * 2, cupy.count_nonzero(x()), -x()[0, 0]):
        assert isinstance(value, cupy.ndarray)
        assert value.shape == ()


def test_numbers_of_python_and_numpy_keep_the_dtype() -> None:
    assert (2 * x()).dtype == (x() / 2.5).dtype == (np.float32(2) - x()).dtype == np.float32
    assert (np.float64(2) * x()).dtype == (x() + up(1.0, np.float64)).dtype == np.float64


def test_new_memory_holds_nothing_useful() -> None:
    assert np.isnan(cupy.empty((2, 3), np.float16).get()).all()
    assert np.isnan(cupy.empty_like(x().T).get()).all()
    assert (cupy.empty(3, np.int32).get() == np.int32(-858993460)).all()


def test_positions_out_of_range_wrap() -> None:
    places = up([0, 7, -1], np.int64)
    np.testing.assert_array_equal(cupy.take(up([1, 2, 3]), places).get(), [1, 2, 3])
    np.testing.assert_array_equal(x()[:, places].get(), [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(
        cupy.take_along_axis(x(), up([[3], [4]], np.int64), 1).get(),
        [[0], [4]],
    )
    with pytest.raises(IndexError):
        x()[2]


def test_what_several_values_were_written_to_is_spoilt() -> None:
    places = up([0, 1, 0], np.int64)
    y, z = cupy.zeros(3, np.float32), cupy.zeros(3, np.int8)
    y[places], z[places] = up([1, 2, 3]), up([1, 2, 3], np.int8)
    np.testing.assert_array_equal(y.get(), [np.nan, 2, 0])
    np.testing.assert_array_equal(z.get(), [-52, 2, 0])
    y[places], z[places] = 5, up([4, 2, 4], np.int8)
    np.testing.assert_array_equal(y.get(), [5, 5, 0])
    np.testing.assert_array_equal(z.get(), [4, 2, 0])


WAITING: list[Callable[[], Any]] = [
    lambda: x().get(),
    lambda: x().tolist(),
    lambda: x()[0, 0].item(),
    lambda: bool(x()[0, 0]),
    lambda: int(x()[0, 0]),
    lambda: float(x()[0, 0]),
    lambda: cupy.asnumpy(x()),
    lambda: x()[x() > 1],
    lambda: x().__setitem__(x() > 1, up([1, 2, 3, 4])),
    lambda: x().nonzero(),
    lambda: cupy.where(x()),
    lambda: cupy.unique(x()),
    lambda: cupy.bincount(up([1, 2], np.int64)),
    lambda: cupy.cuda.get_current_stream().synchronize(),
    lambda: cupy.cuda.Device().synchronize(),
    lambda: x().set(np.zeros((2, 3), np.float32)),
]


@pytest.mark.parametrize("number", range(len(WAITING)))
def test_what_waits_is_counted(number: int) -> None:
    before = cupy.waits
    WAITING[number]()
    assert cupy.waits == before + 1


def test_what_goes_on_is_not_counted() -> None:
    before = cupy.waits
    y = cupy.where(x() > 1, x(), 0.0).sum(axis=0) + up([1, 2, 3])
    y[y > 2] = 0
    cupy.take(y, up([1], np.int64)).astype(np.float64).argsort().copy()
    assert cupy.waits == before


def test_devices_do_not_mix() -> None:
    here = x()
    with cupy.cuda.Device(1):
        there = x()
        assert (there.device.id, here.device.id) == (1, 0)
        for use in (lambda: here + 1, lambda: here + there, lambda: there.__setitem__(0, here[0]), lambda: here.sum()):
            with pytest.raises(ValueError, match="Array device must be same as the current device"):
                use()
        assert here.copy().device.id == 1
    np.testing.assert_array_equal(there.get(), here.get())


def test_views_share_memory_and_results_do_not() -> None:
    y = x()
    for view in (
        y[0],
        y.T,
        y.reshape(3, 2),
        y.ravel(),
        cupy.broadcast_to(y, (4, 2, 3)),
        cupy.flip(y),
        y[None],
        y.view(),
    ):
        assert cupy.shares_memory(view, y)
        assert view.base is y
    for result in (y + 0, y.copy(), y.astype(np.float32), y.T.reshape(-1), y[up([0, 1], np.int64)], y.sum(axis=())):
        assert not cupy.may_share_memory(result, y)
        assert result.base is None


def test_order_in_memory() -> None:
    y = up(np.arange(24).reshape(2, 3, 4)).transpose(2, 0, 1)
    assert y.strides == y.astype(np.float32).strides == cupy.empty_like(y).strides == y.copy("K").strides
    assert (y + 1).flags.c_contiguous
    assert y.copy().flags.c_contiguous
    assert cupy.zeros((2, 3), order="F").flags.f_contiguous


def test_strides_may_not_leave_the_memory() -> None:
    y = x()
    inside = cupy.lib.stride_tricks.as_strided(y, (2, 2), (4, 8))
    np.testing.assert_array_equal(inside.get(), [[0, 2], [1, 3]])
    with pytest.raises(ValueError, match="leaves the array's memory"):
        cupy.lib.stride_tricks.as_strided(y, (2, 4), (12, 4))
    before = cupy.ndarray((2,), np.float32, memptr=y[1].data + -4, strides=(8,))
    np.testing.assert_array_equal(before.get(), [2, 4])
    with pytest.raises(ValueError, match="leaves the array's memory"):
        cupy.ndarray((1,), np.float32, memptr=y.data + -4)


@pytest.mark.parametrize("name", cupy_functions.UFUNCS.split())
def test_a_ufunc_computes_what_numpy_s_does(name: str, rng: np.random.Generator) -> None:
    ours, numpy_s = getattr(cupy, name), getattr(np, name)
    whole = name.startswith("bitwise") or name.endswith("shift") or name == "invert"
    kinds = [np.int32 if whole or (name, i) == ("ldexp", 1) else np.float64 for i in range(ours.nin)]
    arrays = [rng.uniform(0.1, 0.9, (2, 3)).astype(kind) + kind(1 if whole else 0) for kind in kinds]
    with np.errstate(all="ignore"):
        expected = numpy_s(*arrays)
    found = ours(*map(cupy.asarray, arrays))
    for a, b in zip(*((found, expected) if ours.nout > 1 else ([found], [expected])), strict=True):
        np.testing.assert_array_equal(a.get(), b)
