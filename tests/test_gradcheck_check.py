"""`check` itself: what it accepts, reports and refuses. Wrong gradients of all kinds: the mutants' tests."""

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet as sn
from scratchnet.gradcheck import GradcheckError, check
from scratchnet.nn import functional as F

RNG = np.random.default_rng(3)


def wanted(*shape):
    return sn.tensor(RNG.standard_normal(shape)).requires_grad_()


class HalfSquare(sn.autograd.Function):
    """x^2 with a backward that forgets the 2."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, gy):
        (x,) = ctx.saved_tensors
        return gy * x  # the 2 is missing


class Linear:
    """A NumPy layer as many books write it: parameters and their gradients are attributes."""

    def __init__(self, wrong=False):
        self.W, self.b, self.wrong = RNG.standard_normal((4, 3)), RNG.standard_normal(3), wrong

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, gy):
        self.dW = self.x.T @ gy
        self.db = gy[0] if self.wrong else gy.sum(0)
        return gy @ self.W.T


@pytest.mark.parametrize("mode", ["auto", "full", "directional"])
@pytest.mark.parametrize("method", ["central", "five_point", "complex"])
def test_right_gradients_pass(mode, method):
    report = check(
        lambda x, w, b: F.conv2d(x, w, b, stride=2, padding=1),
        (wanted(2, 3, 5, 5), wanted(4, 3, 3, 3), wanted(4)),
        mode=mode,
        method=method,
    )
    assert report, report
    assert [slot.name for slot in report.slots] == ["x", "w", "b"]
    assert report.worst < 1e-6
    assert all(held.ok for held in report.properties)
    report.raise_if_failed()


@pytest.mark.parametrize("mode", ["auto", "full", "directional"])
def test_wrong_gradient_is_reported_with_its_worst_entry(mode):
    report = check(HalfSquare, wanted(3, 4), mode=mode)
    (slot,) = report.slots
    assert not report
    assert not slot.ok
    assert slot.relative == pytest.approx(0.5, rel=1e-5)
    if mode != "directional":
        assert slot.checked == 144
        assert slot.bad == 12
        assert slot.output_index == slot.worst_index
        assert slot.error.shape == (3, 4)
        assert (slot.error > 0).all()
        assert slot.tolerance.total == pytest.approx(1e-6 * abs(slot.numeric), rel=1e-3)
    with pytest.raises(GradcheckError, match="analytic"):
        report.raise_if_failed()


def test_finding_names_the_line():
    report = check(HalfSquare, wanted(3, 4))
    assert any(found.pattern == "factor" for found in report.findings), report
    assert "the 2 is missing" in report.findings[0].source.text
    assert report.findings[0].source.file == __file__


def test_the_same_seed_gives_the_same_report():
    x = wanted(3, 4)
    first, again, other = (check(HalfSquare, x, mode="directional", seed=s) for s in (1, 1, 2))
    assert first.slots[0].analytic == again.slots[0].analytic != other.slots[0].analytic


def test_numpy_layer_and_its_parameters():
    report = check(Linear(), RNG.standard_normal((5, 4)))
    assert report, report
    assert [(slot.name, slot.kind) for slot in report.slots] == [
        ("x", "input"),
        ("W", "parameter"),
        ("b", "parameter"),
    ]
    wrong = check(Linear(wrong=True), RNG.standard_normal((5, 4)))
    assert [slot.ok for slot in wrong.slots] == [True, True, False]
    assert "gy[0]" in wrong.findings[0].source.text
    named = check(Linear(), RNG.standard_normal((5, 4)), params={"W": "dW"})
    assert [slot.name for slot in named.slots] == ["x", "W"]


def test_pairs_of_functions_in_three_forms():
    x, w = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 2))
    assert check((np.tanh, lambda gy, x: gy * (1 - np.tanh(x) ** 2)), x)
    assert check((lambda x, w: x @ w, lambda gy, x, w: (gy @ w.T, x.T @ gy)), (x, w))
    assert check((lambda x, w: (x @ w, (x, w)), lambda gy, cache: (gy @ cache[1].T, cache[0].T @ gy)), (x, w))
    assert not check((np.tanh, lambda gy, x: gy * (1 - x**2)), x)


def test_integer_arrays_are_left_alone():
    labels = np.array([2, 0, 1])

    def forward(x, labels):
        return x[np.arange(3), labels]

    def backward(gy, x, labels):
        gx = np.zeros_like(x)
        gx[np.arange(3), labels] = gy
        return gx, None

    assert check((forward, backward), (RNG.standard_normal((3, 3)), labels))


def test_module_in_both_modes_with_buffers_restored():
    net = sn.nn.Sequential(
        sn.nn.Conv2d(1, 3, 3),
        sn.nn.BatchNorm2d(3),
        sn.nn.ReLU(),
        sn.nn.Dropout(0.3),
        sn.nn.Flatten(),
        sn.nn.Linear(27, 2),
    ).double()
    net.eval()
    before = {key: value.numpy().copy() for key, value in net.state_dict().items()}
    report = check(net, sn.tensor(RNG.standard_normal((2, 1, 5, 5))))
    assert report, report
    assert len(report.slots) == 2 * (1 + 6)
    assert {slot.name.rpartition(" ")[2] for slot in report.slots} == {"(training)", "(evaluation)"}
    assert not net.training
    for key, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[key], err_msg=key)


def test_module_without_modes_is_checked_once():
    report = check(sn.nn.Linear(3, 2).double(), sn.tensor(RNG.standard_normal((4, 3))))
    assert report
    assert [slot.name for slot in report.slots] == ["input", "weight", "bias"]


def test_params_read_by_a_function():
    w = wanted(3, 2)
    before = w.numpy(force=True).copy()
    report = check(lambda x: x @ w, wanted(4, 3), {"w": w})
    assert report
    assert [slot.name for slot in report.slots] == ["x", "w"]
    np.testing.assert_array_equal(w.numpy(force=True), before)


def test_second_derivatives():
    def gradient(x, gy):
        y = F.softmax(x, dim=1)
        return sn.autograd.grad(y, x, gy, create_graph=True)

    assert check(gradient, (wanted(2, 3), wanted(2, 3)))


def test_several_outputs_and_one_that_is_not_used():
    report = check(lambda x, y: (x * 2, x.sum(), (y * 0).detach()), (wanted(3), wanted(2)))
    assert report, report


@pytest.mark.parametrize("method", ["central", "five_point", "complex"])
def test_kinks(method):
    x = sn.tensor(np.array([0.0, 1.0, -1.0, 2.0])).requires_grad_()
    told = check(F.relu, x, method=method, mode="full")
    assert told
    assert told.slots[0].kinks == 1
    moved = check(F.relu, x, kinks="skip", method=method, mode="full")
    assert moved
    assert "1 entries of input were moved off kinks" in moved.notes
    assert not check(F.relu, x, kinks="error")
    wrong = check(
        (lambda x: np.maximum(x, 0), lambda gy, x: gy * np.where(x >= 0, 1 + (x == 0), 0)), x.numpy(force=True)
    )
    assert not wrong, "2 is no slope of ReLU at 0: the kink is no excuse"


def test_ties_of_a_maximum():
    x = sn.tensor(np.array([[1.0, 3.0, 3.0, 2.0]])).requires_grad_()
    report = check(lambda x: x.max(1).values, x)
    assert report
    assert report.slots[0].kinks == 2


def test_larger_than_a_jacobian():
    """Single entries are compared where all of them would be too many."""
    scale = RNG.standard_normal((60, 100))
    almost = np.where(np.arange(100) < 50, 1.01, 1.0)
    x = RNG.standard_normal((60, 100))
    assert check((lambda x: x * scale, lambda gy, x: gy * scale), x)
    report = check((lambda x: x * scale, lambda gy, x: gy * scale * almost), x)
    assert not report
    assert report.slots[0].checked == 200
    assert 50 < report.slots[0].bad < 150


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0, 4)])
def test_empty_inputs(shape):
    assert check(lambda x: F.relu(x) * 2, wanted(*shape))
    assert check(lambda x: (x * 2).sum(), wanted(*shape), mode="full")


def test_wrong_shape_is_no_exception():
    report = check((lambda x: x.sum(0), lambda gy, x: gy), RNG.standard_normal((3, 2)))
    assert not report
    assert "shape (2,), not the input's (3, 2)" in str(report)


class Broken:
    """y = 3 x, with something wrong that one gradient alone doesn't show."""

    def __init__(self, fault):
        self.fault, self.calls, self.kept = fault, 0, None

    def forward(self, x):
        self.calls += 1
        return 3 * x

    def backward(self, gy):
        if self.fault == "twice":
            return 3 * gy * (1 + 1e-9 * self.calls)
        if self.fault == "zero":
            return 3 * gy + 1e-3
        if self.fault == "linear":
            return np.where(gy > -5, 3, 4) * gy
        if self.fault == "gy":
            gy *= 3
            return gy
        if self.fault == "dtype":
            return (3 * gy).astype(np.float32)
        if self.fault == "layout":
            return np.lib.stride_tricks.as_strided(3 * gy, gy.shape) if gy.flags.c_contiguous else 3 * gy[::-1]
        return 3 * gy


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("twice", "the same gradient when run twice"),
        ("zero", "and zero for zero"),
        ("gy", "stay unchanged: the upstream gradient changed"),
        ("dtype", "float32 for a float64 input"),
        ("layout", "non-contiguous upstream gradient"),
    ],
)
def test_properties(fault, said):
    assert check(Broken(None), RNG.standard_normal((4, 3)))
    report = check(Broken(fault), RNG.standard_normal((4, 3)))
    assert not report
    assert said in str(report), report


class FirstCall:
    """x^2 that keeps its first input for ever."""

    kept = None

    def forward(self, x):
        if self.kept is None:
            self.kept = x.copy()
        return x * x

    def backward(self, gy):
        return 2 * gy * self.kept


def test_what_is_kept_between_calls_shows_at_the_second_point():
    report = check(FirstCall(), RNG.standard_normal(5))
    assert not report
    assert any(held.name == "right at other values too" and not held.ok for held in report.properties)


@needs_torch
def test_torch_functions_and_modules():
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert check(torch.tanh, x)
    layer = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3)).double()
    report = check(layer, x)
    assert report
    assert len(report.slots) == 10

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.exp()

        @staticmethod
        def backward(ctx, gy):
            (x,) = ctx.saved_tensors
            return -gy * x.exp()

    report = check(Wrong, x)
    assert not report
    assert report.findings[0].pattern == "sign"
    assert "-gy * x.exp()" in report.findings[0].source.text


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: check(F.relu, sn.ones(2).requires_grad_()),
            ValueError,
            r"input \(=float32\) must be float64.*allow_float32",
        ),
        (lambda: check(F.relu, sn.ones(2).double()), ValueError, "nothing to differentiate.*requires_grad_"),
        (lambda: check(lambda x: 3.0, wanted(2)), TypeError, r"<lambda>'s result \(=float\) must be a tensor"),
        (lambda: check(lambda x: x.argmax(), wanted(2)), ValueError, "integers have no derivative"),
        (lambda: check(F.dropout, wanted(50)), ValueError, "must be the same each time"),
        (lambda: check(lambda x: x[x >= 1.0], sn.ones(1).double().requires_grad_()), ValueError, "must not change"),
        (lambda: check(F.relu, sn.ones(1).double().requires_grad_().expand(3)), RuntimeError, "stride 0.*contiguous"),
        (lambda: check(F.relu, sn.tensor([1.0, np.nan]).double().requires_grad_()), ValueError, r"input\[1\] \(=nan\)"),
        (
            lambda: check(sn.log, sn.tensor([0.0]).double().requires_grad_()),
            ValueError,
            r"output 0 at \(0,\) \(=-inf\)",
        ),
        (lambda: check(3, wanted(2)), TypeError, r"fn \(=int\) must be a function of tensors"),
        (lambda: check(F.relu, wanted(2), method="forward"), ValueError, "method.*central, five_point, complex"),
        (lambda: check(F.relu, wanted(2), mode="fast"), ValueError, "mode.*auto, full, directional"),
        (lambda: check(F.relu, wanted(2), kinks="no"), ValueError, "kinks.*detect, skip, error"),
        (lambda: check(Linear(), RNG.standard_normal((2, 4)), params={"V": "dV"}), ValueError, "'V'.*NumPy array"),
        (lambda: check((np.tanh, lambda gy: gy), np.ones(2), method="complex"), ValueError, "complex"),
        (lambda: check((np.add, lambda gy: (gy, gy, gy)), (np.ones(2), np.ones(2))), ValueError, "number of gradients"),
    ],
)
def test_refusals(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_float32_when_asked():
    x = sn.tensor(RNG.standard_normal((3, 4)).astype(np.float32)).requires_grad_()
    assert check(F.silu, x, allow_float32=True)
    assert not check(HalfSquare, x, allow_float32=True)
