"""The text of a tensor equals torch's repr with "torch." read as "scratchnet."."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, torch

from scratchnet import printing

INF, NAN = math.inf, math.nan
VALUES: dict[str, list[float]] = {
    "whole": [1, -2, 3, 0, 12, -100],
    "fractions": [1.5, -2.25, 0, 0.125, 99.99999, -0.0001],
    "small": [1e-5, 0.1, 2, -0.3, 0, 0],
    "wide": [1e-3, 1e3, 5, 1.1, -7, 2],
    "a thousand apart": [1, 1000, 999.5, 2, 3, 4],
    "just over a thousand apart": [1, 1000.5, 2, 3, 4, 5],
    "large whole": [1e8, 1, 2, 3, 4, 5],
    "larger whole": [123456789, 100000001, 2e8, 3e8, 1e9, 5e8],
    "sixteen digits": [1e16, 2e16, -3e16, 4e16, 5e16, 6e16],
    "infinities": [INF, -INF, NAN, 1, 2, 3],
    "infinities and fractions": [INF, -INF, NAN, 1.5, -2, 3],
    "infinities and sci": [INF, -INF, NAN, 1.5e-7, -2, 3],
    "nothing finite": [INF, -INF, NAN, NAN, INF, 0],
    "zeros": [0, 0, 0, -0.0, 0, 0],
    "minus zero": [-0.0, 1.5, 0.0, -0.25, 0, -1],
    "tiny": [1e-30, 3e-30, -2e-30, 4e-30, 0, 1e-30],
    "rounding up": [0.99995, 9.99995, 0.00005, 0.5, 0.25, 9.5],
    "huge": [1e30, -2e30, 3e30, 1e30, 0, 1e30],
    "negative": [-1, -2, -3, -4, -5, -60],
}
SHAPES: tuple[tuple[int, ...], ...] = (
    (), (1,), (6,), (40,), (2, 3), (3, 1), (2, 3, 2), (1, 2, 1, 3), (12, 12), (2, 30), (1, 1, 1, 1, 1), (1001,),
    (1000,), (33, 33), (7, 200), (6, 400), (11, 11, 11), (2, 2, 2, 300),
    (0,), (0, 3), (2, 0), (1, 0, 4),
)  # fmt: skip
DTYPES = ("float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool")


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    yield
    printing.set_printoptions(profile="default")
    if torch is not None:
        torch.set_printoptions(profile="default")


def filled(values: list[float], shape: tuple[int, ...], dtype: str) -> np.ndarray:
    array = np.resize(values, shape)
    if dtype[0] in "iu":
        array = np.nan_to_num(array, posinf=7, neginf=-8) % (128 if dtype in ("int8", "uint8") else 2**31)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(array).astype(dtype)


def assert_same_text(array: np.ndarray) -> None:
    theirs = repr(torch.from_numpy(array.copy())).replace("torch.", "scratchnet.")
    assert printing.tensor_repr(array) == theirs, f"{array.dtype} {array.shape}"


@needs_torch
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("values", VALUES)
def test_repr(values: str, dtype: str) -> None:
    for shape in SHAPES:
        assert_same_text(filled(VALUES[values], shape, dtype))


@needs_torch
def test_repr_of_random_magnitudes() -> None:
    draw = np.random.default_rng(0)
    for count in range(300):
        shape = tuple(draw.integers(1, 5, draw.integers(0, 4)))
        array = draw.normal(size=shape) * 10.0 ** draw.integers(-6, 9)
        if count % 3 == 0:
            array = array * 10.0 ** draw.integers(-3, 4, shape)
        if count % 4 == 0:
            array = np.round(array)
        assert_same_text(np.asarray(array, DTYPES[1 + count % 2]))
        assert_same_text(np.asarray(np.clip(array, -1e9, 1e9), "int64"))


OPTIONS: list[dict[str, Any]] = [
    {"precision": 2},
    {"precision": 0},
    {"precision": 8, "linewidth": 60},
    {"threshold": 5},
    {"threshold": 5, "edgeitems": 1},
    {"threshold": 5, "edgeitems": 0},
    {"linewidth": 20},
    {"linewidth": 5},
    {"linewidth": 200},
    {"profile": "short"},
    {"profile": "full"},
    {"profile": "short", "precision": 6},
    {"sci_mode": True},
    {"sci_mode": False},
]


@needs_torch
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options(options: dict[str, Any]) -> None:
    torch.set_printoptions(**options)
    printing.set_printoptions(**options)
    for values in VALUES.values():
        for shape in SHAPES[: -6 if options.get("profile") != "full" else -10]:
            assert_same_text(filled(values, shape, "float32"))
    for shape in SHAPES[-4:]:
        assert_same_text(filled([0], shape, "float64"))
    assert_same_text(filled(VALUES["whole"], (4, 5), "int32"))


@needs_torch
@pytest.mark.parametrize("shape", [(n,) for n in range(14)] + [(2, n) for n in range(9)] + [(0, 3), ()], ids=str)
def test_suffixes_wrap_as_torch_wraps_them(shape: tuple[int, ...]) -> None:
    for dtype in ("float16", "float32", "float64"):
        leaf = torch.from_numpy(filled(VALUES["fractions"], shape, dtype)).requires_grad_()
        assert printing.tensor_repr(leaf.detach().numpy(), requires_grad=True) == repr(leaf).replace(
            "torch.", "scratchnet."
        )
        result = leaf + 1
        ours = printing.tensor_repr(result.detach().numpy(), dtype, "AddBackward0", True)
        assert ours == repr(result).replace("torch.", "scratchnet.")


@needs_torch
def test_default_dtype() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        for dtype in DTYPES:
            for shape in ((2,), (0,), (0, 2)):
                array = filled([1, 2], shape, dtype)
                theirs = repr(torch.from_numpy(array)).replace("torch.", "scratchnet.")
                assert printing.tensor_repr(array, default_dtype="float64") == theirs
    finally:
        torch.set_default_dtype(torch.float32)


def test_without_torch() -> None:
    """Fixed texts, so that something holds where torch isn't installed."""
    assert printing.tensor_repr(np.float32([[1, 2.5]])) == "tensor([[1.0000, 2.5000]])"
    assert printing.tensor_repr(np.zeros((0, 3))) == "tensor([], size=(0, 3), dtype=scratchnet.float64)"
    assert printing.tensor_repr(np.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"


def test_printoptions_restores() -> None:
    before = printing.get_printoptions()
    with printing.printoptions(precision=1, sci_mode=True):
        assert printing.tensor_repr(np.float32([0.5])) == "tensor([5.0e-01])"
    assert printing.get_printoptions() == before


def test_unknown_profile() -> None:
    with pytest.raises(
        ValueError, match=r"set_printoptions: profile \(='long'\) must be one of 'default', 'short', 'full'"
    ):
        printing.set_printoptions(profile="long")
