"""The gradient checkers on tensors of a GPU: what they find is what they find on the CPU."""

from typing import Any

import numpy as np
import pytest

import scratchnet as sn
from scratchnet import nn
from scratchnet.gradcheck import GradcheckError, check

VALUES = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])


class Cube(sn.autograd.Function):
    """x^3."""

    factor = 3

    @classmethod
    def forward(cls, ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @classmethod
    def backward(cls, ctx: Any, gy: Any) -> Any:
        (x,) = ctx.saved_tensors
        return gy * cls.factor * x**2


class Wrong(Cube):
    """x^3 with a gradient a third too small."""

    factor = 2


def leaf(place: str = "cuda") -> Any:
    return sn.tensor(VALUES, device=place).requires_grad_()


@pytest.mark.parametrize("mode", ["directional", "full"])
def test_a_function(gpu: str, mode: str) -> None:
    assert check(Cube, leaf(), mode=mode).ok
    report = check(Wrong, leaf(), mode=mode)
    assert not report.ok
    there, here = (report.slots, check(Wrong, leaf("cpu"), mode=mode).slots)
    assert [(slot.name, slot.ok) for slot in there] == [(slot.name, slot.ok) for slot in here]


def test_a_module_with_all_that_is_its_own(gpu: str) -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(0.25), nn.Tanh()).double().cuda()
    before = {name: held.tolist() for name, held in module.state_dict().items()}
    report = check(module, leaf())
    assert report.ok, str(report)
    assert {name: held.tolist() for name, held in module.state_dict().items()} == before
    assert all(held.is_cuda for held in module.state_dict().values())


def test_a_module_made_on_the_default_device(gpu: str) -> None:
    with sn.device("cuda"):
        assert check(nn.Conv2d(1, 2, 2).double(), sn.randn(1, 1, 3, 3, dtype=sn.float64)).ok


def test_two_devices(gpu: str) -> None:
    assert check(lambda x, y: (x * x).cpu() * y, (leaf(), leaf("cpu"))).ok


def test_the_complex_step_is_the_cpu_s(gpu: str) -> None:
    with pytest.raises(
        ValueError, match=r"method .='complex'. is for the CPU, .*use \.cpu\(\), or method='five_point'"
    ):
        check(Cube, leaf(), method="complex")
    assert check(Cube, leaf(), method="five_point").ok


@pytest.mark.parametrize("fast", [False, True])
def test_torch_s_names(gpu: str, fast: bool) -> None:
    x = leaf()
    assert sn.autograd.gradcheck(Cube.apply, (x,), fast_mode=fast)
    assert x.tolist() == VALUES.tolist()
    assert sn.autograd.gradgradcheck(Cube.apply, (x,), fast_mode=fast, gen_non_contig_grad_outputs=True)
    with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        sn.autograd.gradcheck(Wrong.apply, (x,), fast_mode=fast)
    assert sn.autograd.gradcheck(lambda x: x.detach().cpu().sign(), (x,), fast_mode=fast)  # the derivative is zero
