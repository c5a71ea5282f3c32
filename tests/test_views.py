"""Views share memory, and writes in place go through them: values, histories and refusals as torch's."""

from typing import Any

import numpy as np
import pytest
from parity import assert_same, needs_torch, torch
from programs import refuse, same_program

import scratchnet as sn

pytestmark = pytest.mark.usefixtures("device")


def start(T: Any, *shape: int, grad: bool = True) -> Any:
    """A non-leaf of the shape, made from a leaf that comes back with it."""
    values = np.linspace(-1.0, 2.0, int(np.prod(shape))).reshape(shape)
    x = T.tensor(values, requires_grad=grad)
    return x, x * 1.5


@same_program
def test_write_to_a_view_rewrites_base_and_siblings(T: Any) -> Any:
    x, y = start(T, 4)
    first, last = y[:3], y[1:]
    first.mul_(3.0)
    (y * y).sum().backward(retain_graph=True)
    grad = x.grad.clone()
    (last**2).sum().backward()
    return y, first, last, grad, x.grad


@same_program
def test_write_to_the_base_reaches_views(T: Any) -> Any:
    x, y = start(T, 2, 3)
    view = y.t()[1]
    y.add_(x).mul_(2.0)
    (view * view).sum().backward()
    return view, x.grad


@same_program
def test_view_of_view_of_view(T: Any) -> Any:
    x, y = start(T, 4, 6)
    deep = y.view(2, 2, 6).permute(2, 0, 1)[1:4].unsqueeze(0).squeeze(0).narrow(0, 1, 2)
    deep.mul_(x[0, 0]).add_(1.0)
    y.view(-1)[3:5].zero_()
    (y**2).sum().backward()
    return y, deep, x.grad


@same_program
def test_constant_base_becomes_part_of_the_tape(T: Any) -> Any:
    x, _ = start(T, 3)
    base = T.zeros(2, 3, dtype=T.float64)
    other = base[:, 1]
    base[0] = x * 2
    base[1, :2] = x[1:] ** 2
    (base * base).sum().backward(retain_graph=True)
    return base.requires_grad, other.requires_grad, base.is_leaf, x.grad


@same_program
def test_second_order_through_writes(T: Any) -> Any:
    x, y = start(T, 3)
    y[1:].mul_(x[:1])
    (first,) = T.autograd.grad((y**3).sum(), x, create_graph=True)
    (second,) = T.autograd.grad((first * first).sum(), x)
    return first, second


@same_program
def test_in_place_saves_the_old_value(T: Any) -> Any:
    x, y = start(T, 3)
    w = T.ones(3, dtype=T.float64, requires_grad=True)
    y.mul_(w)
    y.pow_(2)
    y.div_(w + 1)
    y.clamp_(-1.0, 3.0)
    y.sum().backward()
    return y, x.grad, w.grad


@same_program
def test_augmented_assignment_is_in_place(T: Any) -> Any:
    x, y = start(T, 3)
    alias = y
    y += 1
    y -= x
    y *= 2
    y /= 3
    y **= 2
    y.sum().backward()
    return alias is y, y, x.grad


@same_program
def test_setitem_of_every_kind(T: Any) -> Any:
    x, y = start(T, 4, 5)
    y[0] = 7.0
    y[1, ::2] = x[0, :3]
    y[T.tensor([2, 3]), T.tensor([0, 4])] = x[1, 1:3] * 2
    y[y > 5] = 0.5
    y[..., 3] = x[:, 0]
    y[2, 2] = x[0, 1]
    y[[0, 1], 1:2] = T.tensor([[1.0], [2.0]], dtype=T.float64)
    (y * y).sum().backward()
    return y, x.grad


@same_program
def test_getitem_of_every_kind(T: Any) -> Any:
    x, y = start(T, 3, 4, 5)
    picked = [
        y[1],
        y[-1, 2],
        y[..., 0],
        y[None, :, 1:3],
        y[:, [0, 2, 2]],
        y[0, :, [1, 3]],
        y[[0, 1], :, [1, 3]],
        y[T.tensor([[0, 1], [2, 2]])],
        y[y[:, :, 0] > 0],
        y[y > 1],
        y[1, T.tensor([True, False, True, False])],
        y[:, 1, None, ::2],
        y[T.tensor(1)],
        y[1:1],
        y[[]],
        y[True],
        y[0, 1, 2],
    ]
    sum((p**2).sum() for p in picked).backward()
    return picked, x.grad


@same_program
def test_fill_zero_copy(T: Any) -> Any:
    x, y = start(T, 2, 3)
    value = T.tensor(2.5, dtype=T.float64, requires_grad=True)
    y[0].fill_(value)
    y[:, 1].zero_()
    y[1].copy_(x[0].float())
    (y**2).sum().backward()
    return y, x.grad, value.grad


@same_program
def test_data_and_no_grad_writes_leave_no_trace(T: Any) -> Any:
    x, _ = start(T, 3)
    x.data -= 0.5
    x.data[0] = 9.0
    with T.no_grad():
        x.mul_(2.0)
        x[1] = 5.0
    (x**2).sum().backward()
    return x, x.grad, x.is_leaf


@same_program
def test_neighbours_in_the_same_memory_are_no_overlap(T: Any) -> Any:
    z = T.arange(9.0).view(3, 3)
    z[0].add_(z[1])
    z[:, 0].add_(z[:, 1])
    z.mul_(z)
    z[1] += z[1]
    return z


@same_program
def test_split_and_unbind_share_memory(T: Any) -> Any:
    x, y = start(T, 6)
    parts = y.split([1, 2, 3])
    rows = y.view(2, 3).unbind(0)
    (parts[1].sum() + (rows[1] ** 2).sum()).backward()
    constant = T.arange(6)
    views = [*constant.split(4), *constant.view(2, 3).unbind(1)]
    constant.mul_(2)
    return parts, rows, x.grad, views


@same_program
def test_shared_memory(T: Any) -> Any:
    x = T.zeros(2, 3)
    views = [
        x[0],
        x.view(6),
        x.t(),
        x.permute(1, 0),
        x.unsqueeze(0),
        x[:, :1].squeeze(1),
        x.flatten(),
        x.narrow(1, 0, 1),
    ]
    views += [x.detach(), x.reshape(3, 2), x[:, :1].expand(2, 4), *x.chunk(2)]
    x.fill_(3.0)
    return views, x.t().reshape(6).fill_(1.0), x


@needs_torch
@pytest.mark.parametrize(
    ("program", "phrase"),
    [
        (lambda T: start(T, 3)[0].add_(1), "a leaf Variable that requires grad"),
        (lambda T: start(T, 3)[0][1:].add_(1), "a view of a leaf Variable that requires grad"),
        (lambda T: start(T, 3)[0].__setitem__(0, 1.0), "leaf Variable that requires grad"),
        (lambda T: start(T, 4)[1].split(2)[0].mul_(2), "returns multiple views"),
        (lambda T: start(T, 1)[1].expand(3).add_(1), "more than one element of the written-to tensor"),
        (lambda T: (lambda z: z.add_(z[1]))(T.zeros(3, 3)), "refer to a single memory location"),
        (lambda T: (lambda z: z.mul_(z.t()))(T.zeros(3, 3)), "refer to a single memory location"),
        (lambda T: (lambda z: z[:2].copy_(z[1:]))(T.zeros(3, 3)), "refer to a single memory location"),
        (lambda T: T.zeros(3).add_(T.ones(2, 3)), "doesn't match the broadcast shape"),
        (lambda T: T.zeros(3, dtype=T.int32).add_(1.5), "can't be cast to the desired output type"),
        (lambda T: T.zeros(2, 3).t().view(6), "Use .reshape(...) instead"),
        (lambda T: T.zeros(2, 3).view(4), "is invalid for input of size 6"),
        (lambda T: T.zeros(3)[3], "out of bounds for dimension 0 with size 3"),
        (lambda T: T.zeros(3)[T.tensor([0, 5])].tolist(), "out of bounds for dimension 0 with size 3"),
        (lambda T: T.zeros(3)[::-1], "greater than zero"),
        (lambda T: T.zeros(3)[0, 0], "too many indices"),
        (lambda T: T.zeros(3)[1.5], "valid indices"),
        (lambda T: T.zeros(3)[T.tensor([True])], "mask"),
        (lambda T: T.zeros(3).__setitem__(slice(2), T.ones(3)), "shape"),
        (lambda T: T.zeros(3).copy_(T.ones(2)), "copy_"),
        (lambda T: T.zeros(3).fill_(T.ones(2)), "fill_"),
        (lambda T: len(T.tensor(1.0)), "len() of a 0-d tensor"),
        (lambda T: list(T.tensor(1.0)), "iteration over a 0-d tensor"),
        (lambda T: bool(T.zeros(2)), "is ambiguous"),
        (lambda T: T.zeros(2).item(), "cannot be converted to Scalar"),
    ],
)
def test_refusals(program: Any, phrase: str) -> None:
    refuse(program, phrase)


@needs_torch
def test_no_grad_view_is_refused() -> None:
    def program(T: Any) -> None:
        _, y = start(T, 3)
        with T.no_grad():
            view = y[1:]
        view.add_(1)

    refuse(program, "A view was created in no_grad mode")


@needs_torch
@pytest.mark.parametrize("change", ["y.add_(1)", "y[0] = 1.0", "y.view(3)[1:].zero_()", "y.detach().add_(1)"])
def test_changed_saved_value_raises(change: str) -> None:
    def program(T: Any) -> None:
        _, y = start(T, 3)
        z = y * y
        exec(change, {"y": y})
        z.sum().backward()

    refuse(program, "modified by an inplace operation", "is at version 1; expected version 0")


@needs_torch
@pytest.mark.parametrize("seed", range(25))
def test_random_programs_of_views_and_writes(seed: int) -> None:
    """Twelve random views, writes and reads in a row: values and gradients as torch's, to second order."""

    def run(T: Any) -> list[Any]:
        rng = np.random.default_rng(seed)
        x = T.tensor(rng.standard_normal((4, 6)), requires_grad=True)
        w = T.tensor(rng.standard_normal(6), requires_grad=True)
        base = x * 2.0
        pool = [base]
        for _ in range(12):
            source = pool[rng.integers(len(pool))]
            kind = rng.integers(8)
            if kind == 0 and source.ndim:
                pool.append(source[rng.integers(source.shape[0])])
            elif kind == 1 and source.ndim:
                low = int(rng.integers(source.shape[0]))
                pool.append(source[low : low + 2])
            elif kind == 2:
                pool.append(source.permute(*reversed(range(source.ndim))))
            elif kind == 3:
                pool.append(source.unsqueeze(int(rng.integers(source.ndim + 1))))
            elif kind == 4:
                source.mul_(float(rng.uniform(0.5, 1.5)))
            elif kind == 5:
                source.add_(w[int(rng.integers(6))])
            elif kind == 6:
                source.neg_()
            else:
                source.copy_(w[int(rng.integers(6))] ** 2)
        pool[-1].exp_()
        total = sum((view**2).sum() for view in pool)
        first = T.autograd.grad(total, [x, w], create_graph=True, allow_unused=True)
        some = [g for g in first if g is not None]
        second = T.autograd.grad(sum((g * g).sum() for g in some), [x, w], allow_unused=True)
        return [*pool, *some, *(g for g in second if g is not None)]

    ours, theirs = run(sn), run(torch)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert_same(a, b)
