"""Choosing how a convolution is computed, and that its gradients are computed the same way."""

import threading
from typing import Any

import numpy as np
import pytest

import scratchnet as sn
from scratchnet.device import kernels_for
from scratchnet.nn import functional as F

NAMES = kernels_for(None).conv.algorithms()
GENERAL = ("fft", "im2col", "naive", "tiled")  # which do every case


def tensors(dtype: Any = sn.float64) -> tuple[sn.Tensor, sn.Tensor, sn.Tensor]:
    sn.manual_seed(0)
    return tuple(sn.randn(*s, dtype=dtype, requires_grad=True) for s in ((2, 3, 6, 5), (4, 3, 3, 3), (4,)))  # type: ignore[return-value]


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the algorithms that run, one per kernel call."""
    conv = kernels_for(None).conv
    found: list[str] = []
    real = conv.algorithm

    def spy(name: str) -> Any:
        found.append(name)
        return real(name)

    monkeypatch.setattr(conv, "algorithm", spy)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_argument_and_block_agree(name: str) -> None:
    x, w, b = tensors()
    y = F.conv2d(x, w, b, padding=1, algorithm=name)
    with sn.conv_algorithm(name):
        again = F.conv2d(x, w, b, padding=1)
    assert np.array_equal(y.detach().numpy(), again.detach().numpy())


@pytest.mark.parametrize("name", NAMES)
def test_gradients_run_by_the_same_algorithm_after_the_block(name: str, used: list[str]) -> None:
    x, w, b = tensors()
    with sn.conv_algorithm(name):
        y = F.conv2d(x, w, b)
    used.clear()
    y.sum().backward()
    assert used == [name, name]


def test_argument_wins_over_the_block(used: list[str]) -> None:
    x, w, _ = tensors()
    with sn.conv_algorithm("im2col"):
        F.conv2d(x.detach(), w.detach(), algorithm="naive")
    assert used[-1] == "naive"


def test_block_ends_after_an_error() -> None:
    with pytest.raises(KeyError), sn.conv_algorithm("naive"):
        raise KeyError
    _, w, _ = tensors()
    with pytest.raises(ValueError, match=r"algorithm \(='fastest'\) must be one of auto, .*use algorithm='auto'"):
        F.conv2d(sn.zeros(1, 3, 6, 5, dtype=sn.float64), w, algorithm="fastest")


def test_unknown_name_raises_before_the_block() -> None:
    with pytest.raises(ValueError, match=r"name \(='fastest'\) must be one of auto"), sn.conv_algorithm("fastest"):
        pytest.fail("the block ran")


def test_a_name_of_another_device_raises_at_the_call() -> None:
    x, w, _ = tensors()
    with (
        sn.conv_algorithm("implicit"),
        pytest.raises(ValueError, match=r"algorithm \(='implicit'\) must be one of auto"),
    ):
        F.conv2d(x, w)


def test_named_algorithm_that_cannot_do_the_case_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w, _ = tensors()
    monkeypatch.setattr(kernels_for(None).conv.algorithm("naive"), "supports", lambda *case: False)
    with pytest.raises(
        NotImplementedError, match=r"algorithm \(='naive'\) can't do input \[2, 3, 6, 5\].*use one of auto, fft, im2col"
    ):
        F.conv2d(x, w, algorithm="naive")


def test_other_threads_keep_their_own(used: list[str]) -> None:
    x, w, _ = (t.detach() for t in tensors())
    with sn.conv_algorithm("naive"):
        worker = threading.Thread(target=F.conv2d, args=(x, w))
        worker.start()
        worker.join()
        assert "naive" not in used
        F.conv2d(x, w)
    assert used[-1] == "naive"


@pytest.mark.parametrize("name", ["auto", *NAMES])
@pytest.mark.parametrize("dtype", [sn.float32, sn.float64])
def test_unrecorded_gradients_are_the_recorded_ones(name: str, dtype: sn.dtype) -> None:
    def gradients(recorded: bool, wanted: list[int]) -> list[Any]:
        inputs = tensors(dtype)
        y = F.conv2d(*inputs, padding=1, algorithm=name)
        gy = sn.arange(y.numel()).to(dtype).reshape(y.shape).sin()
        found = sn.autograd.grad(y, [inputs[i] for i in wanted], gy, create_graph=recorded)
        return [gradient.detach().numpy() for gradient in found]

    for wanted in ([0, 1, 2], [1, 2], [0, 2], [0], [1], [2]):
        for a, b in zip(gradients(False, wanted), gradients(True, wanted), strict=True):
            np.testing.assert_array_equal(a, b)


def test_first_layer_has_no_input_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    conv = kernels_for(None).conv
    for name in NAMES:
        monkeypatch.setattr(conv.algorithm(name), "grad_input", None)
    x, w, b = tensors()
    F.conv2d(x.detach(), w, b).sum().backward()
    assert w.grad is not None


@pytest.mark.parametrize("name", GENERAL)
@pytest.mark.parametrize("axes", [1, 3])
def test_rows_and_volumes_go_by_the_named_algorithm(name: str, axes: int, used: list[str]) -> None:
    sn.manual_seed(0)
    sizes, kernel = {1: ((2, 4, 7), (6, 2, 3)), 3: ((2, 4, 4, 5, 3), (6, 2, 2, 3, 2))}[axes]
    x, w = (sn.randn(*shape, dtype=sn.float64, requires_grad=True) for shape in (sizes, kernel))
    convolve = getattr(F, f"conv{axes}d")
    plain = convolve(x, w, padding=1, stride=2, groups=2)
    y = convolve(x, w, padding=1, stride=2, groups=2, algorithm=name)
    del used[:]  # the choice itself asks every algorithm
    y.sum().backward()
    assert set(used) == {name}
    np.testing.assert_allclose(y.detach().numpy(), plain.detach().numpy())
