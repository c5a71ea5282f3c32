"""autograd.Function: torch's contract, each program on torch and on scratchnet."""

from typing import Any

import pytest
from parity import needs_torch
from programs import refuse, same_program

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")


def cube(T: Any) -> Any:
    class Cube(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, scale: float) -> Any:
            ctx.save_for_backward(x)
            ctx.scale = scale
            return scale * x**3

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            (x,) = ctx.saved_tensors
            return gy * ctx.scale * 3 * x**2, None

    return Cube


def leaf(T: Any, *values: float) -> Any:
    return T.tensor(values or (1.0, 2.0, 3.0), dtype=T.float64, requires_grad=True)


@same_program
def test_first_and_second_order(T: Any) -> Any:
    x = leaf(T)
    y = cube(T).apply(x, 2.0)
    (first,) = T.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = T.autograd.grad(first.sum(), x)
    return y, first, second, y.grad_fn.name()


@same_program
def test_setup_context_and_several_outputs(T: Any) -> Any:
    class Both(T.autograd.Function):
        @staticmethod
        def forward(x: Any, w: Any) -> Any:
            return x * w, x + w, x.argmax()

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs, output[0])
            ctx.mark_non_differentiable(output[2])

        @staticmethod
        def backward(ctx: Any, g_product: Any, g_sum: Any, g_index: Any) -> Any:
            x, w, product = ctx.saved_tensors
            assert product.shape == x.shape
            assert ctx.needs_input_grad == (True, True)
            return g_product * w + g_sum, g_product * x + g_sum

    x, w = leaf(T), leaf(T, 3.0, -1.0, 0.5)
    product, total, index = Both.apply(x, w)
    product.sum().backward()  # the gradient of `total` arrives as zeros
    return product, total, index, index.requires_grad, x.grad, w.grad


@same_program
def test_materialize_off_gives_none(T: Any) -> Any:
    seen = []

    class Pair(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, a: Any, b: Any) -> Any:
            seen.append((a is None, b is None))
            return b * 3

    x = leaf(T)
    Pair.apply(x)[1].sum().backward()
    return seen, x.grad


@same_program
def test_mark_dirty_writes_in_place(T: Any) -> Any:
    class Double(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            return gy * 2

    x = leaf(T)
    y = x * 1
    z = Double.apply(y)
    part = (x * 3)[1:]
    Double.apply(part)
    (z.sum() + (part**2).sum()).backward()
    return z is y, y, x.grad


@same_program
def test_input_returned_as_it_is(T: Any) -> Any:
    class Same(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            return gy * 5

    x = leaf(T)
    y = Same.apply(x)
    y.sum().backward()
    return y is x, x.grad


@same_program
def test_constants_record_nothing(T: Any) -> Any:
    y = cube(T).apply(T.ones(2, dtype=T.float64), 1.0)
    with T.no_grad():
        z = cube(T).apply(leaf(T), 1.0)
    return y.requires_grad, z.requires_grad, y.grad_fn is None


def returning(T: Any, result: Any) -> Any:
    class Wrong(T.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, gy: Any) -> Any:
            return result(T, gy)

    return Wrong.apply(leaf(T)).sum().backward()


@needs_torch
@pytest.mark.parametrize(
    ("result", "phrases"),
    [
        (lambda T, gy: T.ones(2, dtype=T.float64), ("WrongBackward", "invalid gradient at index 0", "[2]", "[3]")),
        (lambda T, gy: (gy, gy), ("incorrect number of gradients (expected 1, got 2)",)),
        (lambda T, gy: (), ("incorrect number of gradients (expected 1, got 0)",)),
        (lambda T, gy: "text", ("WrongBackward", "str")),
    ],
)
def test_wrong_backwards_are_named(result: Any, phrases: Any) -> None:
    refuse(lambda T: returning(T, result), *phrases)


@needs_torch
def test_second_derivative_of_once_differentiable_raises() -> None:
    def program(T: Any) -> None:
        class Square(T.autograd.Function):
            @staticmethod
            def forward(ctx: Any, x: Any) -> Any:
                ctx.save_for_backward(x)
                return x * x

            @staticmethod
            @T.autograd.function.once_differentiable
            def backward(ctx: Any, gy: Any) -> Any:
                return gy * 2 * ctx.saved_tensors[0]

        x = leaf(T)
        (first,) = T.autograd.grad(Square.apply(x), x, leaf(T), create_graph=True)
        first.sum().backward()

    refuse(program, "once_differentiable")


@needs_torch
def test_saved_input_changed_in_place_raises() -> None:
    def program(T: Any) -> None:
        x = leaf(T)
        y = x * 1
        z = cube(T).apply(y, 1.0)
        y.add_(1)
        z.sum().backward()

    refuse(program, "modified by an inplace operation")


def test_instances_are_refused() -> None:
    with pytest.raises(RuntimeError, match="use apply"):
        cube(sn)()
    with pytest.raises(TypeError, match="save_for_backward can only save"):
        sn.autograd.FunctionCtx().save_for_backward(1)  # type: ignore[arg-type]
