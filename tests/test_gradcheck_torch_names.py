"""scratchnet.autograd.gradcheck beside torch's: the same programs, the same result or the same type of exception."""

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from parity import needs_torch, torch

import scratchnet
from scratchnet.gradcheck import GradcheckError

Program = Callable[..., Any]
VALUES = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])


def leaf(T: Any, values: Any = VALUES, dtype: str = "float64") -> Any:
    return T.tensor(np.asarray(values).tolist(), dtype=getattr(T, dtype), requires_grad=True)


def function(T: Any, forward: Program, backward: Program, **attributes: Any) -> Any:
    """An autograd.Function of the engine T: `forward(T, ctx, *xs)` and `backward(T, ctx, *gys)`."""
    body = {
        "forward": staticmethod(lambda ctx, *xs: forward(T, ctx, *xs)),
        "backward": staticmethod(lambda ctx, *gys: backward(T, ctx, *gys)),
    }
    return type("Own", (T.autograd.Function,), body).apply


def cube(T: Any, ctx: Any, x: Any) -> Any:
    ctx.save_for_backward(x)
    return x**3


def right(T: Any, ctx: Any, gy: Any) -> Any:
    return 3 * ctx.saved_tensors[0] ** 2 * gy


def with_backward(backward: Program, forward: Program = cube) -> Program:
    """gradcheck of a Function with this backward."""
    return lambda T, check, **kw: check(function(T, forward, backward), leaf(T), **kw)


def of(f: Program, *values: Any, dtype: str = "float64") -> Program:
    """gradcheck of f(T, *tensors)."""
    given = values or (VALUES,)
    return lambda T, check, **kw: check(lambda *xs: f(T, *xs), tuple(leaf(T, v, dtype) for v in given), **kw)


def pair(T: Any, ctx: Any, x: Any) -> Any:
    ctx.save_for_backward(x)
    ctx.set_materialize_grads(False)
    return x * 2, x * 3


def careless(T: Any, ctx: Any, ga: Any, gb: Any) -> Any:
    if ga is None or gb is None:
        raise RuntimeError("a gradient is missing")
    return 2 * ga + 3 * gb


def careful(T: Any, ctx: Any, ga: Any, gb: Any) -> Any:
    parts = [k * g for k, g in ((2, ga), (3, gb)) if g is not None]
    return sum(parts) if parts else None


def adding_when_missing(T: Any, ctx: Any, ga: Any, gb: Any) -> Any:
    found = careful(T, ctx, ga, gb)
    return T.ones_like(ctx.saved_tensors[0]) if ga is None or gb is None else found


def unsteady() -> Program:
    """A backward that gives another value at each call."""
    calls = iter(range(10**6))
    return lambda T, ctx, gy: right(T, ctx, gy) * (1 + 1e-7 * next(calls))


def grows(T: Any, x: Any) -> Any:
    """An output whose size depends on the values."""
    return x[x > 0.3]


def held(T: Any, x: Any) -> Any:
    """An output that depends on x behind the tape's back."""
    return x.detach() * 2


def in_place(T: Any, x: Any) -> Any:
    y = x * 1
    y.mul_(x).add_(1)
    return y


def marked(T: Any, ctx: Any, x: Any) -> Any:
    """The second output is marked as one without a gradient."""
    second = x.floor()
    ctx.mark_non_differentiable(second)
    return x * 2, second


def stride_zero(T: Any, check: Program, **kw: Any) -> Any:
    return check(lambda x: x * 2, leaf(T, [[1.0], [2.0]]).detach().expand(2, 3).requires_grad_(), **kw)


def nothing(T: Any, check: Program, **kw: Any) -> Any:
    return check(lambda x: x * 2, leaf(T).detach(), **kw)


def mixed(T: Any, check: Program, **kw: Any) -> Any:
    """Beside the tensor: a constant tensor, an int, None."""
    return check(lambda x, c, n, _: (x * c) ** n, (leaf(T), leaf(T).detach(), 2, None), **kw)


def captured(T: Any, check: Program, **kw: Any) -> Any:
    """A function that reads its input behind its argument's back."""
    x = leaf(T)
    return check(lambda _: x.exp(), x, **kw)


def strided(T: Any, check: Program, **kw: Any) -> Any:
    return check(lambda x: x.sin(), leaf(T).detach().t().requires_grad_(), **kw)


def a_list(T: Any, check: Program, **kw: Any) -> Any:
    return check(lambda x, y: [x * y, x + y], [leaf(T), leaf(T, VALUES + 1)], **kw)


CASES: dict[str, Program] = {
    "right": with_backward(right),
    "exp": of(lambda T, x: x.exp()),
    "matmul": of(lambda T, x, y: x @ y, VALUES, VALUES.T),
    "conv2d": of(lambda T, x, w: T.nn.functional.conv2d(x, w), VALUES.reshape(1, 1, 2, 3), [[[[0.5, -1.0]]]]),
    "scalar": of(lambda T, x: x.sin(), 0.5),
    "no elements": of(lambda T, x: x.sin(), np.zeros((0, 3))),
    "no elements in the output": of(lambda T, x: x[:0]),
    "wrong sign": with_backward(lambda T, ctx, gy: -right(T, ctx, gy)),
    "wrong factor": with_backward(lambda T, ctx, gy: right(T, ctx, gy) / 3),
    "slightly wrong": with_backward(lambda T, ctx, gy: right(T, ctx, gy) * 1.01),
    "wrong within the tolerance": with_backward(lambda T, ctx, gy: right(T, ctx, gy) * 1.0001),
    "transposed": with_backward(lambda T, ctx, gy: gy.t().reshape(gy.shape), lambda T, ctx, x: x * 1),
    "upstream ignored": with_backward(lambda T, ctx, gy: 3 * ctx.saved_tensors[0] ** 2),
    "a constant added": with_backward(lambda T, ctx, gy: right(T, ctx, gy) + 1e-9),
    "no gradient": with_backward(lambda T, ctx, gy: None),
    "wrong shape": with_backward(lambda T, ctx, gy: right(T, ctx, gy).t()),
    "wrong dtype": with_backward(lambda T, ctx, gy: right(T, ctx, gy).float()),
    "unsteady": with_backward(unsteady()),
    "raises": with_backward(lambda T, ctx, gy: {}["missing"]),
    "forward raises": of(lambda T, x: x.reshape(5)),
    "float32": of(lambda T, x: x.exp(), VALUES * 50, dtype="float32"),
    "float32, linear": of(lambda T, x: x - 1, [0.0, 0.0], dtype="float32"),
    "nothing requires grad": nothing,
    "stride 0": stride_zero,
    "several outputs": of(lambda T, x, y: (x * y, y.sin()), VALUES, VALUES + 0.5),
    "several outputs, one of them wrong": of(lambda T, x: (x.sin(), function(T, cube, unsteady())(x))),
    "integers after": of(lambda T, x: (x * 2, x.argmax(1))),
    "integers alone": of(lambda T, x: x.argmax(1)),
    "no differentiable output": of(lambda T, x: T.ones(3, dtype=T.float64)),
    "detached": of(held),
    "detached beside": of(lambda T, x: (x * 2, held(T, x))),
    "marked non-differentiable": of(lambda T, x: function(T, marked, lambda T, ctx, g, _: g * 2)(x)),
    "in place": of(in_place),
    "size depends on values": of(grows, [0.1, 0.3, 0.5]),
    "not used": of(lambda T, x, y: x * 2, VALUES, VALUES),
    "no tensor": of(lambda T, x: 3.0),
    "None": of(lambda T, x: None),
    "mixed arguments": mixed,
    "captured": captured,
    "strided": strided,
    "lists": a_list,
    "kink": of(lambda T, x: T.relu(x), [0.0, 1.0]),
    "missing gradients handled": of(lambda T, x: function(T, pair, careful)(x)),
    "missing gradients refused": of(lambda T, x: function(T, pair, careless)(x)),
    "missing gradients invented": of(lambda T, x: function(T, pair, adding_when_missing)(x)),
    "missing gradients behind an op": of(lambda T, x: tuple(y.sin() for y in function(T, pair, careless)(x * 2))),
    "random forward": of(lambda T, x: x * T.rand(2, 3, dtype=T.float64)),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "": {},
    "fast": {"fast_mode": True},
    "no exception": {"raise_exception": False},
    "undefined unchecked": {"check_undefined_grad": False},
    "tolerant": {"rtol": 0.1, "nondet_tol": 1e-3},
    "dtypes": {"check_grad_dtypes": True, "masked": True},
}


def outcome(T: Any, program: Program, check: str, options: dict[str, Any]) -> tuple[Any, str, set[type]]:
    """(result or exception type's name, text, the categories of the warnings)."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        T.manual_seed(0)
        try:
            result: Any = program(T, getattr(T.autograd, check), **options)
            text = ""
        except Exception as error:
            result, text = type(error).__name__, str(error)
    return result, text, {warning.category for warning in caught}


def essentials(text: str) -> str:
    """The beginning of a GradcheckError's text, up to the numbers."""
    return text.split("numerical:")[0].split("(")[0].split(". ")[0].split(": ")[0][:60].strip(".,: ")


@needs_torch
@pytest.mark.parametrize("options", OPTIONS, ids=lambda name: name or "default")
@pytest.mark.parametrize("case", CASES)
def test_gradcheck_says_what_torch_says(case: str, options: str) -> None:
    theirs = outcome(torch, CASES[case], "gradcheck", OPTIONS[options])
    ours = outcome(scratchnet, CASES[case], "gradcheck", OPTIONS[options])
    assert ours[0] == theirs[0], f"{ours[:2]}, torch: {theirs[:2]}"
    assert ours[2] == theirs[2], "warnings"
    if theirs[0] == "GradcheckError":
        assert essentials(theirs[1]) in ours[1], ours[1]


# torch's gradgradcheck then calls the function without its inputs.
TORCHS_FAULT = ("integers alone", "no differentiable output", "detached")


@needs_torch
@pytest.mark.parametrize("options", ["", "fast", "no exception"], ids=lambda name: name or "default")
@pytest.mark.parametrize("case", [case for case in CASES if case not in TORCHS_FAULT])
def test_gradgradcheck_says_what_torch_says(case: str, options: str) -> None:
    theirs = outcome(torch, CASES[case], "gradgradcheck", OPTIONS[options])
    ours = outcome(scratchnet, CASES[case], "gradgradcheck", OPTIONS[options])
    assert ours[0] == theirs[0], f"{ours[:2]}, torch: {theirs[:2]}"


@pytest.mark.parametrize("case", TORCHS_FAULT)
def test_gradgradcheck_of_nothing(case: str) -> None:
    assert outcome(scratchnet, CASES[case], "gradgradcheck", {})[0] is True


@needs_torch
@pytest.mark.parametrize("name", ["gradcheck", "gradgradcheck"])
def test_the_signature_is_torchs(name: str) -> None:
    ours, theirs = (inspect.signature(getattr(T.autograd, name)).parameters for T in (scratchnet, torch))
    assert list(ours) == list(theirs)
    assert all(ours[key].default == theirs[key].default and ours[key].kind == theirs[key].kind for key in theirs)


@needs_torch
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("gradcheck", {"check_backward_ad": False}),
        ("gradcheck", {"check_backward_ad": False, "check_forward_ad": True, "check_batched_grad": True}),
        ("gradcheck", {"check_batched_forward_grad": True}),
        ("gradgradcheck", {"check_rev_over_rev": False}),
        ("gradgradcheck", {"check_rev_over_rev": False, "check_fwd_over_rev": True}),
        (
            "gradgradcheck",
            {
                "check_rev_over_rev": False,
                "check_fwd_over_rev": True,
                "check_batched_grad": True,
                "check_undefined_grad": False,
            },
        ),
    ],
)
def test_options_that_contradict_each_other(name: str, options: dict[str, Any]) -> None:
    texts = []
    for T in (scratchnet, torch):
        with pytest.raises(AssertionError) as raised:
            getattr(T.autograd, name)(lambda x: x * 2, leaf(T), **options)
        texts.append(str(raised.value))
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("name", "option", "what"),
    [
        ("gradcheck", "check_forward_ad", "forward-mode"),
        ("gradcheck", "check_batched_grad", "batched"),
        ("gradgradcheck", "check_fwd_over_rev", "forward-mode"),
        ("gradgradcheck", "check_batched_grad", "batched"),
    ],
)
def test_what_the_engine_has_not(name: str, option: str, what: str) -> None:
    with pytest.raises(NotImplementedError, match=f"{name}: {option} .*{what} derivatives aren't in this engine"):
        getattr(scratchnet.autograd, name)(lambda x: x * 2, leaf(scratchnet), **{option: True})


@pytest.mark.parametrize("fast_mode", [False, True])
def test_nothing_is_left_changed(fast_mode: bool) -> None:
    x = leaf(scratchnet)
    state = scratchnet.get_rng_state().numpy().copy()
    assert scratchnet.autograd.gradgradcheck(lambda x: x.sin(), x, fast_mode=fast_mode)
    assert np.array_equal(x.detach().numpy(), VALUES)
    assert x.grad is None
    assert np.array_equal(scratchnet.get_rng_state().numpy(), state)


def test_an_input_is_restored_when_the_function_raises() -> None:
    x = leaf(scratchnet, [0.5])

    def raises_below(x: Any) -> Any:
        if x.item() < 0.5:
            raise KeyError("below")
        return x * 2

    with pytest.raises(KeyError):
        scratchnet.autograd.gradcheck(raises_below, x)
    assert x.item() == 0.5


@pytest.mark.parametrize("spread", [False, True])
def test_upstream_gradients_drawn_for_gradgradcheck(spread: bool) -> None:
    seen: list[bool] = []

    def backward(T: Any, ctx: Any, gy: Any) -> Any:
        seen.append(gy.is_contiguous())
        return right(T, ctx, gy)

    assert scratchnet.autograd.gradgradcheck(
        function(scratchnet, cube, backward), leaf(scratchnet), gen_non_contig_grad_outputs=spread
    )
    assert seen[0] is not spread


def test_upstream_gradients_given() -> None:
    x, gy = leaf(scratchnet), leaf(scratchnet, VALUES + 1)
    assert scratchnet.autograd.gradgradcheck(lambda x: x**3, x, gy)
    assert scratchnet.autograd.gradgradcheck(lambda x: x**3, x, (gy.detach(),))


def test_the_error_shows_both_jacobians() -> None:
    twice = function(scratchnet, lambda T, ctx, x: x * 2, lambda T, ctx, gy: gy * 5)
    for options in ({}, {"fast_mode": True}):
        with pytest.raises(GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0") as raised:
            scratchnet.autograd.gradcheck(twice, leaf(scratchnet, [1.0, 2.0]), **options)
        assert "5." in str(raised.value)
        assert "2." in str(raised.value)
    assert issubclass(GradcheckError, RuntimeError)


def test_integers_and_bools_may_stand_anywhere() -> None:
    assert scratchnet.autograd.gradcheck(lambda x: (x > 0, x.argmax(1), x * 2, x > 1), leaf(scratchnet))


def test_no_other_name_is_found_above() -> None:
    with pytest.raises(AttributeError, match="no attribute 'gradchek'"):
        _ = scratchnet.autograd.gradchek
