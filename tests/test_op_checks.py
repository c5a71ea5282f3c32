"""The harness itself: torch against torch passes every row, and a torch with a planted fault fails."""

import types
from collections.abc import Callable
from typing import Any

import op_checks
import pytest
from op_table import Bad, Row, both, fn, row, table
from parity import needs_torch, torch

pytestmark = needs_torch
ROWS, BAD = table()


class Faulty:
    """torch with some of its functions replaced. Methods of tensors stay torch's."""

    def __init__(self, functional: dict[str, Any] | None = None, **replaced: Any) -> None:
        self.__dict__.update(replaced)
        self.nn = types.SimpleNamespace(functional=_Overlay(torch.nn.functional, functional or {}))

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


class _Overlay:
    def __init__(self, under: Any, over: dict[str, Any]) -> None:
        self.__dict__.update(over)
        self._under = under

    def __getattr__(self, name: str) -> Any:
        return getattr(self._under, name)


def with_backward(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Any]:
    """A torch op with a backward of ours, differentiable again."""

    class Op(torch.autograd.Function):  # type: ignore[misc,name-defined]
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            ctx.save_for_backward(*xs)
            return forward(*xs)

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            return backward(gy, *ctx.saved_tensors)

    return Op.apply


MUL, RELU = both("mul", [(3, 3), (3, 3)], memory=False), fn("relu", [(3, 4)])
MM = both("mm", [(4, 30), (30, 5)], long_sum=True)
EXP = row("exp twice", lambda T, F, x: T.exp(x), (2, 3))
THREADED = row("sum", lambda T, F, x: T.sum(x), (100,))


def broken(kind: str) -> tuple[Callable[..., None], Row, Any]:
    """A check, a row and an engine with a fault that the check must find."""
    forward, gradients, second = op_checks.check_forward, op_checks.check_gradients, op_checks.check_second_order

    def in_place(x: Any, y: Any) -> Any:
        result = x * y
        x.detach().zero_()
        return result

    once = torch.autograd.function.once_differentiable

    class CutExp(torch.autograd.Function):  # type: ignore[misc,name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x.exp())
            return x.exp()

        @staticmethod
        @once
        def backward(ctx: Any, gy: Any) -> Any:
            return gy * ctx.saved_tensors[0]

    def half_exp(gy: Any, x: Any) -> Any:
        return gy * (x.detach() / 2).exp() * (x / 2).exp()

    def last_bit(x: Any) -> Any:
        return x.sum() * (1 + 1e-7 * (threads.count - 1))

    threads = types.SimpleNamespace(count=1)
    set_threads = {"set_num_threads": lambda n: setattr(threads, "count", n), "get_num_threads": lambda: 1}
    faults: dict[str, tuple[Callable[..., None], Row, Any]] = {
        "value": (forward, MUL, Faulty(mul=lambda x, y: x * y * 1.00001)),
        "dtype": (forward, MUL, Faulty(mul=lambda x, y: (x * y).double())),
        "shape": (forward, MUL, Faulty(mul=lambda x, y: (x * y)[None])),
        "count": (forward, MUL, Faulty(mul=lambda x, y: (x * y, x))),
        "in-place write": (forward, MUL, Faulty(mul=in_place)),
        "method differs": (forward, MUL, Faulty(mul=lambda x, y: x * y * (1 + 2e-7))),
        "copy for a view": (forward, both("t", [(2, 3)]), Faulty(t=lambda x: x.t().clone())),
        "sum of products": (forward, MM, Faulty(mm=lambda x, y: (x.half() @ y.half()).float())),
        "raises": (forward, MUL, Faulty(mul=lambda x, y: x @ y[:2])),
        "transposed gradient": (gradients, MUL, Faulty(mul=with_backward(torch.mul, lambda g, x, y: (g.T * y, g * x)))),
        "scaled gradient": (gradients, MUL, Faulty(mul=with_backward(torch.mul, lambda g, x, y: (g * y * 2, g * x)))),
        "missing gradient": (gradients, MUL, Faulty(mul=with_backward(torch.mul, lambda g, x, y: (None, g * x)))),
        "gradient detached": (gradients, MUL, Faulty(mul=lambda x, y: (x * y).detach())),
        "gradient of a sum of products": (
            gradients,
            MM,
            Faulty(mm=with_backward(torch.mm, lambda g, x, y: ((g.half() @ y.half().T).float(), x.T @ g))),
        ),
        "second derivative raises": (second, EXP, Faulty(exp=CutExp.apply)),
        "second derivative halved": (second, EXP, Faulty(exp=with_backward(torch.exp, half_exp))),
        "second derivative missing": (
            second,
            EXP,
            Faulty(exp=with_backward(torch.exp, lambda g, x: g * x.detach().exp())),
        ),
        "strides ignored": (
            op_checks.check_strided,
            RELU,
            Faulty({"relu": lambda x: torch.as_strided(x, x.shape, torch.empty(x.shape).stride()).relu()}),
        ),
        "zero size raises": (
            op_checks.check_zero_size,
            MUL.without(0),
            Faulty(mul=lambda x, y: x.max() * y),
        ),
        "thread count in the bits": (op_checks.check_threads, THREADED, Faulty(sum=last_bit, **set_threads)),
    }
    return faults[kind]


FAULTS = """value|dtype|shape|count|in-place write|method differs|copy for a view|sum of products|raises
transposed gradient|scaled gradient|missing gradient|gradient detached|gradient of a sum of products
second derivative raises|second derivative halved|second derivative missing|strides ignored
zero size raises|thread count in the bits""".replace("\n", "|").split("|")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str) -> None:
    check, faulty_row, engine = broken(fault)
    rest = ("float32",) if check in (op_checks.check_forward, op_checks.check_gradients) else ()
    with pytest.raises((AssertionError, RuntimeError)):
        check(faulty_row, *rest, engine)
    check(faulty_row, *rest, torch)  # and torch itself passes


def test_errors_are_told_apart() -> None:
    wrong = Bad("add", lambda T, F, x: T.add(x, "a"), MUL.inputs[:1], "")
    op_checks.check_bad(wrong, torch)
    with pytest.raises(AssertionError, match="torch raises"):
        op_checks.check_bad(wrong, Faulty(add=lambda x, y: 1 / 0))
    with pytest.raises(AssertionError, match="no exception"):
        op_checks.check_bad(wrong, Faulty(add=lambda x, y: x))
    with pytest.raises(AssertionError, match="torch takes this"):
        op_checks.check_bad(Bad("neg", lambda T, F, x: -x, MUL.inputs[:1], ""), torch)


def test_torch_passes_its_own_rows() -> None:
    """A sample through every check: no false alarms."""
    for found in ROWS[::25]:
        for dtype in found.dtypes:
            op_checks.check_forward(found, dtype, torch)
        if found.order:
            op_checks.check_gradients(found, "float64", torch)
        if found.order > 1:
            op_checks.check_second_order(found, torch)
        for empty in filter(None, map(found.without, found.zero)):
            op_checks.check_zero_size(empty, torch)
    for wrong in BAD:
        op_checks.check_bad(wrong, torch)
