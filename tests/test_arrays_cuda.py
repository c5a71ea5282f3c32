"""scratchnet.arrays with CuPy's arrays: the CPU's numbers, in arrays of CuPy, without waiting for the GPU."""

from typing import Any

import numpy as np
import pytest
from array_cases import CASES, Case
from parity import assert_same
from test_arrays import inputs_of, parts

import scratchnet as sn
from scratchnet import arrays
from scratchnet.kernels.cuda import driver

EVERY = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
TOLERANCE = {"float16": (2e-3, 2e-3), "float32": (1e-5, 1e-5), "float64": (1e-12, 1e-12)}


def up(inputs: list[Any]) -> list[Any]:
    return [driver.cupy().asarray(x) for x in inputs]


def down(result: Any) -> tuple[Any, ...]:
    return tuple(driver.cupy().asnumpy(part) for part in parts(result))


@EVERY
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_equals_the_cpu(case: Case, dtype: str, gpu: str, rng: np.random.Generator) -> None:
    inputs = inputs_of(case, rng, dtype)
    ours, theirs = case.ours(*up(inputs)), parts(case.ours(*inputs))
    assert all(isinstance(part, driver.cupy().ndarray) for part in parts(ours))
    for a, b in zip(down(ours), theirs, strict=True):
        assert a.dtype == b.dtype
        assert a.shape == b.shape
        relative, absolute = TOLERANCE[dtype]
        np.testing.assert_allclose(a, b, rtol=relative, atol=absolute * max(1.0, abs(b).max(initial=0.0)))


@EVERY
def test_strides_and_out(case: Case, gpu: str, rng: np.random.Generator) -> None:
    """Any strides give the same bits; `out` is filled, returned, and what lies between its elements stays."""
    given = up(inputs_of(case, rng, "float32"))
    expected = parts(case.ours(*given))
    cupy, first = driver.cupy(), expected[0]
    gaps = []
    for x in given:
        room = cupy.zeros(tuple(2 * n for n in x.shape), x.dtype)
        view = room[(slice(None, None, 2),) * x.ndim]
        view[...] = x
        gaps.append(view)
    outs = [cupy.full(first.shape, 7, first.dtype)]
    if first.ndim:
        room = cupy.full((*first.shape[:-1], 2 * first.shape[-1]), 7, first.dtype)
        outs.append(room[..., ::2])
    for out in outs:
        results = parts(case.ours(*gaps, out=out))
        assert results[0] is out
        for a, b in zip(results, expected, strict=True):
            np.testing.assert_array_equal(cupy.asnumpy(a), cupy.asnumpy(b))
    if first.ndim:
        assert (cupy.asnumpy(room[..., 1::2]) == 7).all()


@EVERY
def test_nothing_waits(case: Case, gpu: str, rng: np.random.Generator) -> None:
    if gpu != "emulated":
        pytest.skip("only the stand-in counts waits")
    given = up(inputs_of(case, rng, "float32"))
    before = driver.cupy().waits
    case.ours(*given)
    assert driver.cupy().waits == before


def test_libraries_are_not_mixed(gpu: str) -> None:
    x, w = np.ones((1, 2, 4, 4), "float32"), driver.cupy().ones((3, 2, 3, 3), "float32")
    with pytest.raises(TypeError, match=r"conv2d: weight .* must be a numpy.ndarray.* use cupy\.asnumpy\(weight\)"):
        arrays.conv2d(x, w)
    with pytest.raises(TypeError, match=r"out \(=a numpy.ndarray\) must be a .*cupy.ndarray"):
        arrays.conv2d(driver.cupy().asarray(x), w, out=np.empty((1, 3, 2, 2), "float32"))
    theirs = type("DeviceArray", (), {"__cuda_array_interface__": {}})()  # such as Numba's
    tensor = sn.ones(1, 2, 4, 4, device="cuda", requires_grad=True)
    with pytest.raises(TypeError, match=r"must be a cupy\.ndarray.* use cupy\.asarray\(input\)$"):
        arrays.conv2d(theirs, w)
    with pytest.raises(TypeError, match=r"must be a cupy\.ndarray.* use cupy\.asarray\(input\.detach\(\)\), or"):
        arrays.conv2d(tensor, w)
    with pytest.raises(TypeError, match=r"must be a numpy\.ndarray.* use weight\.detach\(\)\.cpu\(\)\.numpy\(\), or"):
        arrays.conv2d(x, tensor)


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "softmax"])
def test_tensors_give_the_same_bits(name: str, gpu: str, rng: np.random.Generator) -> None:
    case = next(case for case in CASES if case.name == name)
    given = inputs_of(case, rng, "float32")
    theirs = case.theirs(sn, *(sn.from_numpy(x).cuda() for x in given))
    for a, b in zip(down(case.ours(*up(given))), parts(theirs), strict=True):
        assert_same(a, b.cpu())


@pytest.mark.parametrize("algorithm", ["implicit", "im2col", "depthwise"])
def test_algorithms_by_name(algorithm: str, gpu: str, rng: np.random.Generator) -> None:
    x, w = rng.standard_normal((2, 4, 7, 6)), rng.standard_normal((8, 1, 3, 3))
    expected = arrays.conv2d(x, w, padding=1, groups=4)
    (y,) = down(arrays.conv2d(*up([x, w]), padding=1, groups=4, algorithm=algorithm))
    np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(NotImplementedError, match=r"algorithm \(='pointwise'\) can't do"):
        arrays.conv2d(*up([x, w]), padding=1, groups=4, algorithm="pointwise")
