"""The catalogue names every differentiable op, its samples are what they say, and the table of all ops is right."""

import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pytest
from op_table import table
from test_op_coverage import covered, public_ops

import scratchnet
from scratchnet.autograd import Function
from scratchnet.autograd.op import Op, OpNode
from scratchnet.gradcheck import check
from scratchnet.gradcheck.catalogue import Sample, catalogue, samples
from scratchnet.gradcheck.catalogue.sample import function_named, op, positive, within
from scratchnet.gradcheck.command import engine_table

# Rows that have gradients call these too, but no gradient runs through them, or one that isn't their derivative.
NO_DERIVATIVE = {
    "tensor arange empty full full_like ones_like zeros zeros_like": "new tensors",
    "nonzero int long shape dtype": "integers and facts",
    "half float": "a result too coarse for differences",
    "normal": "torch gives the means and deviations no gradient",
}
EXEMPT = {name for names in NO_DERIVATIVE for name in names.split()}
SPECIAL = {
    "getitem": scratchnet.Tensor.__getitem__,
    "setitem": scratchnet.Tensor.__setitem__,
    "T": scratchnet.Tensor.T.fget,
    "mT": scratchnet.Tensor.mT.fget,
    "linalg.norm": scratchnet.linalg.norm,
    "vector_norm": scratchnet.linalg.vector_norm,
    "matrix_norm": scratchnet.linalg.matrix_norm,
    "conv2d_input": scratchnet.nn.grad.conv2d_input,
    "conv2d_weight": scratchnet.nn.grad.conv2d_weight,
}


@cache
def needed() -> dict[str, int]:
    """The differentiable public names, by the rows of the op table, each with its function's identity."""
    ops = public_ops()
    seen = covered([row for row in table()[0] if row.order])
    reached = {ops[name] for name in seen if name in ops}
    return {name: function for name, function in ops.items() if name in seen or function in reached}


def missing(known: set[str]) -> list[str]:
    """Those of `needed` that have no sample under any of their names."""
    sampled = {function for name, function in public_ops().items() if name.split(".")[1] in known}
    return sorted(n for n, f in needed().items() if n.split(".")[1] not in known | EXEMPT and f not in sampled)


def test_every_differentiable_public_name_has_a_sample() -> None:
    names = {sample.op for sample in catalogue()}
    assert not missing(names)
    assert not names & EXEMPT
    assert len(names) > 300


def test_a_name_without_a_sample_is_found() -> None:
    found = missing({sample.op for sample in catalogue()} - {"conv2d", "t", "softplus", "add_"})
    assert found == ["F.conv2d", "F.softplus", "T.conv2d", "T.t", "Tensor.add_", "Tensor.t"]


def called(sample: Sample) -> set[Any]:
    """The code of every Python function that a sample's call runs."""
    seen: set[Any] = set()
    inputs = sample.tensors()
    sys.setprofile(lambda frame, event, arg: seen.add(frame.f_code) if event == "call" else None)
    try:
        sample.fn(*inputs)
    finally:
        sys.setprofile(None)
    return seen


@pytest.mark.parametrize("name", sorted({sample.op for sample in catalogue()}))
def test_each_sample_calls_its_op(name: str) -> None:
    owners = (scratchnet.nn.functional, scratchnet, scratchnet.Tensor)
    functions = [SPECIAL[name]] if name in SPECIAL else [getattr(owner, name, None) for owner in owners]
    codes = {function.__code__ for function in functions if hasattr(function, "__code__")}
    for sample in samples([name]):
        assert codes & called(sample), f"{sample} doesn't call {name}"


def test_samples_have_names_of_their_own() -> None:
    twice = [name for name, number in Counter(map(str, catalogue())).items() if number > 1]
    assert not twice


def test_the_same_inputs_each_time_apart_from_each_other() -> None:
    for sample in catalogue():
        arrays, again = sample.arrays(), sample.arrays()
        assert all(np.array_equal(a, b) for a, b in zip(arrays, again, strict=True))
        drawn = [(r, a) for r, a in zip(sample.inputs, arrays, strict=True) if r.kind == "real" and r.values is None]
        for recipe, array in drawn:
            assert array.dtype == np.float64
            assert array.shape == recipe.shape
            assert np.all((array >= recipe.low) & (array < recipe.high))
            alike = np.sort(
                np.concatenate([a.ravel() for r, a in drawn if (r.low, r.high) == (recipe.low, recipe.high)])
            )
            assert np.all(np.diff(alike) > 0.2 * (recipe.high - recipe.low) / (len(alike) + 3 * len(recipe.kinks)))
            for kink in recipe.kinks:
                assert np.all(np.abs(array - kink) > 1e-3), f"{sample}: a number beside the kink {kink}"


def test_samples_are_small() -> None:
    for sample in catalogue():
        inputs = sample.tensors()
        outputs = list(engine_table.differentiable(sample.fn(*inputs)))
        assert outputs, f"{sample}: nothing to differentiate"
        assert sum(y.numel() for y in outputs) <= 80, sample
        assert sum(x.numel() for x in inputs if x.requires_grad) <= 100, sample


def test_what_has_no_second_order_says_why() -> None:
    first = [sample for sample in catalogue() if sample.orders < 2]
    assert all(sample.why for sample in first)
    assert {sample.op.rstrip("_") for sample in first} <= set(
        "sign floor ceil round trunc fix div bernoulli zero".split()
    )


def test_twins_write_over_their_argument() -> None:
    twins = [sample for sample in catalogue() if sample.op.endswith("_") and isinstance(sample.fn, partial)]
    assert len(twins) > 40
    for sample in twins:
        inputs = [x.detach() for x in sample.tensors()]
        plain = function_named(sample.op[:-1])(*inputs, *sample.fn.args[1], **sample.fn.args[2])
        assert scratchnet.equal(sample.fn(*inputs), plain), sample


def test_random_samples_leave_the_random_stream_alone() -> None:
    state = scratchnet.get_rng_state().numpy().copy()
    for sample in samples(["dropout", "rrelu", "alpha_dropout"]):
        inputs = sample.tensors()
        assert scratchnet.equal(sample.fn(*inputs), sample.fn(*inputs)), sample
    assert np.array_equal(scratchnet.get_rng_state().numpy(), state)


def test_an_unknown_op() -> None:
    with pytest.raises(ValueError, match="no op is called 'conv2'; near it: conv2d"):
        samples(["conv2"])
    with pytest.raises(AttributeError, match="no public function has the name 'conv2'"):
        function_named("conv2")


NAMES = sorted({sample.op for sample in catalogue()})


@pytest.mark.parametrize("first", sorted({name[0] for name in NAMES}))
def test_every_op_passes(first: str) -> None:
    """Along random directions, to second order where the op claims it; the command compares whole Jacobians."""
    rows = engine_table.run([name for name in NAMES if name[0] == first], mode="directional")
    assert all(row.ok for row in rows), engine_table.format_table(rows)
    assert all(row.order == max(sample.orders for sample in samples([row.op])) for row in rows)
    assert all(row.worst < 1e-5 for row in rows), engine_table.format_table(rows)


@pytest.mark.parametrize("name", ["conv2d", "max_pool2d", "batch_norm", "cross_entropy", "sort", "index_put"])
def test_whole_jacobians_without_a_kink(name: str) -> None:
    for sample in samples([name]):
        for order in (1, 2):
            report = engine_table.check_sample(sample, order)
            assert report, report
            assert not any(slot.kinks for slot in report.slots), report


def test_the_complex_step_shows_first_derivatives_to_twelve_digits() -> None:
    rows = engine_table.run(orders=(1,), mode="directional", method="complex")
    assert all(row.ok for row in rows), engine_table.format_table(rows)
    assert max(row.worst for row in rows) < 1e-12
    left = [row for row in rows if row.order == 0]
    assert [row.op for row in left] == ["bernoulli"]
    assert "needs an analytic operation" in left[0].detail
    assert "1 to none: no analytic definition" in engine_table.format_table(left)
    (both,) = engine_table.run(["sin"], method="complex")
    assert both.order == 1
    assert "nothing is recorded" in both.detail


class Right(Function):
    """x ** 3."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, gy: Any) -> Any:
        return 3 * ctx.saved_tensors[0] ** 2 * gy


class WrongSign(Right):
    @staticmethod
    def backward(ctx: Any, gy: Any) -> Any:
        return -3 * ctx.saved_tensors[0] ** 2 * gy


class WrongSecond(Right):
    """Its gradient is right, that gradient's history is not."""

    @staticmethod
    def backward(ctx: Any, gy: Any) -> Any:
        return 3 * ctx.saved_tensors[0].detach() ** 2 * gy


class Raises(Right):
    @staticmethod
    def backward(ctx: Any, gy: Any) -> Any:
        raise KeyError("lost")


def row_of(function: Any, orders: tuple[int, ...] = (1, 2)) -> engine_table.Row:
    return engine_table.check_op("cube", [Sample("cube", function.apply, op("mul", (2, 3)).inputs, "2 x 3")], orders)


def test_the_table_finds_a_wrong_op() -> None:
    good = row_of(Right)
    assert good.ok
    assert (good.order, good.cases, good.detail) == (2, 1, "")
    assert 0 <= good.worst < 1e-6
    for function, text in ((WrongSign, "cube: 2 x 3, order 1"), (Raises, "order 1: KeyError: 'lost'")):
        row = row_of(function)
        assert not row.ok
        assert text in row.detail
    row = row_of(WrongSecond)
    assert not row.ok
    assert "order 1" not in row.detail
    assert "cube: 2 x 3, order 2" in row.detail
    assert row_of(WrongSecond, (1,)).ok


def test_the_table_as_text() -> None:
    done: list[engine_table.Row] = []
    rows = engine_table.run(["sin", "floor"], on_done=done.append)
    assert done == rows
    assert engine_table.count(["sin", "floor"]) == len(rows) == 2
    assert [(row.op, row.order, row.ok) for row in rows] == [("floor", 1, True), ("sin", 2, True)]
    assert rows[0].detail.startswith("no order 2: its derivative is 0")
    text = engine_table.format_table(rows)
    assert text.splitlines()[0].split() == ["op", "cases", "worst", "error", "order", "time"]
    assert "2 ops, 3 cases" in text
    assert "all right; 1 to first order alone" in text
    text = engine_table.format_table([row_of(WrongSign)])
    assert "WRONG" in text
    assert "1 wrong" in text
    assert "order 1" in text


def test_one_order_and_others() -> None:
    assert [row.order for row in engine_table.run(["sin"], (1,))] == [1]
    assert [row.order for row in engine_table.run(["sin"], (2,))] == [2]
    for orders in ((), (0,), (1, 3)):
        with pytest.raises(ValueError, match="orders .*must be 1, 2 or both"):
            engine_table.run(["sin"], orders)


def test_recipes() -> None:
    sample = op("prelu", within((2, 6), -1, 1, -0.5, 0.0, 0.5), positive((6,)))
    x, w = sample.arrays()
    assert x.min() >= -1
    assert w.min() >= 0.4
    assert sample.case == "2 x 6, 6"
    assert str(op("add", (), ())) == "add: scalar, scalar"


# Ops whose backward no sample of ours reaches, and why.
UNREACHED = {
    "Bincount FloorDivide ScatterReduce Unique UniqueDim": "their backward raises, as torch's does",
    "NormalOfMean NormalOfStd NormalOfBoth": "a gradient of zeros by definition",
    "ToCopy ToDevice": "another precision or device",
    "TakeAlongDim": "third order",
    "BackwardHookFunction": "a Module's hooks",
    "ConvolutionToRectify Rectified": "within a Sequential, see test_sequential_joined.py; they inherit their backward",
}


# Their gradient is 0: a thousandth more of it is 0 too.
FLAT = "DivRounded Sign Floor Ceil Round RoundDecimals Trunc Bernoulli".split()


def subclasses(base: type) -> Iterator[type]:
    for found in base.__subclasses__():
        yield found
        yield from subclasses(found)


def derivatives(sample: Sample) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """The functions checked for a sample, first order first, each with its inputs."""
    inputs = sample.tensors()
    yield sample.fn, inputs
    if sample.orders > 1:
        yield engine_table.derivative(sample, inputs)


def test_a_backward_off_by_a_thousandth_is_found_whichever_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every op class with a backward, one after the other; those too that are gradients of others."""
    run = OpNode.run
    reached: dict[type, list[Sample]] = {}
    wrong: type | None = None
    current = catalogue()[0]

    def altered(self: OpNode, grads: Any) -> Any:
        samples = reached.setdefault(self.op, [])
        if current not in samples:
            samples.append(current)
        found = run(self, grads)
        return tuple(g if g is None else g * 1.001 for g in found) if self.op is wrong else found

    monkeypatch.setattr(OpNode, "run", altered)
    for current in catalogue():
        fn, inputs = list(derivatives(current))[-1]
        outputs = list(engine_table.differentiable(fn(*inputs)))
        ones = [scratchnet.ones_like(y) for y in outputs]
        scratchnet.autograd.grad(outputs, [x for x in inputs if x.requires_grad], ones, allow_unused=True)

    def caught(candidate: type, sample: Sample) -> bool:
        nonlocal wrong
        for fn, inputs in derivatives(sample):  # made before the op is wrong, checked after
            wrong = candidate
            try:
                if not check(fn, inputs, mode="directional", diagnose=False):
                    return True
            finally:
                wrong = None
        return False

    missed = [
        candidate.__name__
        for candidate, samples in list(reached.items())
        if not any(caught(candidate, sample) for sample in list(samples))
    ]
    assert sorted(missed) == sorted(FLAT)
    ours = {found for found in subclasses(Op) if found.__module__.startswith("scratchnet.")}
    bases = {base for found in ours for base in found.__mro__[1:]}
    exempt = {name for names in UNREACHED for name in names.split()}
    assert sorted(found.__name__ for found in ours - set(reached) - bases if found.__name__ not in exempt) == []
    assert exempt <= {found.__name__ for found in ours}
