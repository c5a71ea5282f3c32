"""Samples of the ops that write over their first argument: made of the samples of their twins that don't."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import scratchnet as sn
from scratchnet.autograd.core import Tensor
from scratchnet.gradcheck.catalogue.sample import Sample, case, coins, function_named, seeded, values

ZERO = "the result is 0, whatever the input"
ROWS = values([2, 0])


def over_copy(name: str, args: tuple[Any, ...], kwargs: dict[str, Any], x: Any, *rest: Any) -> Any:
    """The op `name` written over a copy of x."""
    return function_named(name)(x.clone(), *rest, *args, **kwargs)


def dropped(name: str) -> Sample:
    """A dropout written over a copy of its input."""
    return case(name, "training", seeded(lambda x: getattr(sn, name)(x.clone(), 0.4, True)), (2, 4, 2))


BY_HAND: list[Sample] = [
    case("copy_", "broadcast", lambda x, y: x.clone().copy_(y), (2, 3), (3,)),
    case("fill_", "a tensor", lambda x, y: x.clone().fill_(y), (2, 3), ()),
    case("zero_", "", lambda x: x.clone().zero_(), (2, 3), orders=1, why=ZERO),
    case("index_add_", "rows", lambda x, i, s: x.clone().index_add_(0, i, s), (3, 4), ROWS, (2, 4)),
    case("index_fill_", "a tensor", lambda x, i, v: x.clone().index_fill_(0, i, v), (3, 4), ROWS, ()),
    case("index_put_", "rows", lambda x, i, v: x.clone().index_put_((i,), v), (3, 4), ROWS, (2, 4)),
    case("scatter_", "rows", lambda x, i, s: x.clone().scatter_(0, i, s), (3, 2), values([[2, 0]]), (1, 2)),
    case("scatter_add_", "rows", lambda x, i, s: x.clone().scatter_add_(0, i, s), (3, 2), values([[2, 0]]), (1, 2)),
    case("masked_fill_", "a tensor", lambda x, m, v: x.clone().masked_fill_(m, v), (2, 3), coins((2, 3)), ()),
    *[dropped(name) for name in ("dropout_", "alpha_dropout_", "feature_dropout_", "feature_alpha_dropout_")],
    case("mul_", "a transposed copy", lambda x, y: x.clone().t().mul_(y), (2, 3), (3, 2)),
    case("mul_", "a view by place", lambda x, y: placed(x, y), (2, 3), (2,)),
    case("add_", "a view of a copy", lambda x, y: viewed(x.clone(), y), (3, 2), (2,)),
]


def viewed(x: Any, y: Any) -> Any:
    """x after one of its rows was added to and another one multiplied in place."""
    x[0].add_(y)
    x[1:].mul_(y)
    return x


def placed(x: Any, y: Any) -> Any:
    """A column-major copy of x after some of its elements, found by their place in memory, were multiplied."""
    copy = x.contiguous().t().clone()
    copy.as_strided((2,), (2,), 1).mul_(y)
    return copy


def names() -> list[str]:
    """Every public name that ends in one underscore: of Tensor's methods, of nn.functional and of torch itself."""
    found = {name for owner in (Tensor, sn.nn.functional, sn) for name in dir(owner)}
    return sorted(name for name in found if name.endswith("_") and not name.endswith("__"))


def twins(samples: Iterable[Sample]) -> list[Sample]:
    """Those written by hand, and one sample for each other name whose function without underscore has samples."""
    first: dict[int, Sample] = {}
    for sample in samples:
        if isinstance(sample.fn, partial):
            first.setdefault(id(function_named(sample.op)), sample)
    by_hand = {sample.op for sample in BY_HAND if sample.op not in ("add_", "mul_")}
    made = []
    for name in names():
        try:
            sample = first[id(function_named(name[:-1]))]
        except (AttributeError, KeyError):
            continue
        if name not in by_hand:
            _, args, kwargs = sample.fn.args  # type: ignore[attr-defined]
            fn = partial(over_copy, name, args, kwargs)
            made.append(Sample(name, fn, sample.inputs, sample.case, sample.orders, sample.why))
    return [*made, *BY_HAND]
