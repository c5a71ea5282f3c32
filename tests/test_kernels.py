"""Every kernel of the table against torch, and the promises of the contract that all of them make."""

from typing import Any

import numpy as np
import pytest
from kernel_cases import CASES, Case
from parity import assert_same, assert_sum_of_products, needs_torch, to_torch

from scratchnet.kernels import threads
from scratchnet.kernels.cpu import jit

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def results(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def bits(value: Any) -> list[bytes]:
    return [array.tobytes() for array in results(value)]


def tensors(arrays: list[Any]) -> list[Any]:
    return [None if a is None else to_torch(a) for a in arrays]


def scattered(array: Any) -> Any:
    """The same values with other strides: reversed memory order, gaps and a negative stride."""
    if array is None or array.ndim == 0:
        return array
    room = np.zeros(tuple(2 * n for n in array.shape[::-1]), array.dtype)
    view = room[tuple(slice(None, None, -2) for _ in array.shape)].T
    view[...] = array
    return view


@needs_torch
@every_case
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [None, 0])
def test_equals_torch(case: Case, dtype: str, batch: int | None, rng: np.random.Generator) -> None:
    if batch == 0 and case.name in ("norm.batch_norm", "norm.batch_norm_grad"):
        pytest.skip("torch has no statistics of nothing")
    arrays = case.arrays(rng, dtype, batch)
    ours, theirs = results(case.ours(*arrays)), results(case.theirs(*tensors(arrays)))
    for a, b in zip(ours, theirs, strict=True):
        if case.products and dtype == "float32":
            wide = [None if x is None else x.astype(np.float64) for x in arrays]
            magnitude = case.theirs(*tensors([None if x is None else abs(x) for x in wide]))
            assert_sum_of_products(a, b, case.theirs(*tensors(wide)), magnitude, case.name, case.times)
        else:
            assert_same(a, b, case.name)


@every_case
def test_float16_is_computed_in_float32_and_rounded_once(case: Case, rng: np.random.Generator) -> None:
    arrays = case.arrays(rng, np.float16)
    wide = [a if a is None or a.dtype.kind == "i" else a.astype(np.float32) for a in arrays]
    for half, single in zip(results(case.ours(*arrays)), results(case.ours(*wide)), strict=True):
        assert half.dtype in (np.float16, np.float32, np.int64)
        np.testing.assert_array_equal(half, single.astype(half.dtype))
    assert results(case.ours(*arrays))[0].dtype == np.float16


@every_case
@pytest.mark.parametrize("batch", [None, 0])
def test_strides_and_read_only_memory_change_nothing(case: Case, batch: int | None, rng: np.random.Generator) -> None:
    arrays = case.arrays(rng, np.float32, batch)
    expected = bits(case.ours(*arrays))
    copies = [None if a is None else a.copy() for a in arrays]
    for a in arrays:
        if a is not None:
            a.flags.writeable = False
    assert bits(case.ours(*arrays)) == expected
    if not case.name.startswith("matmul"):  # BLAS sums in another order for other strides
        assert bits(case.ours(*map(scattered, arrays))) == expected
    for a, b in zip(arrays, copies, strict=True):
        if a is not None:
            np.testing.assert_array_equal(a, b)


@every_case
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_out_is_written_and_returned(case: Case, dtype: str, rng: np.random.Generator) -> None:
    arrays = case.arrays(rng, dtype)
    expected = results(case.ours(*arrays))[0]
    for out in (np.full_like(expected, 7), scattered(np.full_like(expected, 7))):
        written = results(case.ours(*arrays, out=out))[0]
        assert written is out
        np.testing.assert_array_equal(out, expected)


@every_case
def test_bits_do_not_depend_on_the_number_of_threads(
    case: Case, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    if threads.limit() < 2:
        pytest.skip("only one thread can be started")
    monkeypatch.setattr(jit, "SMALL", 0)  # in parallel however small
    arrays = case.arrays(rng, np.float32, batch=5)
    before = threads.count()
    try:
        threads.set_count(1)
        one = bits(case.ours(*arrays))
        threads.set_count(2)
        assert bits(case.ours(*arrays)) == one
    finally:
        threads.set_count(before)
