"""Elements picked, written and added by tensors of indices; one_hot."""

from collections.abc import Callable
from typing import Any

from op_table import Bad, Row, bad, const, fn, ints, mask, row, vals

X = (4, 3, 5)
WHOLE = "int64 uint8 bool"
I3 = ints((3,), 0, 4)  # entries of dimension 0, some of them twice
PLANE = ints((4, 3, 2), 0, 5)

REDUCED: list[Row] = [
    row(
        f"scatter: reduce {name}",
        lambda T, F, x, i, s, name=name: x.scatter(0, i, s, reduce=name),
        (4, 3),
        ints((2, 3), 0, 4),
        (2, 3),
        order=0,
        zero=(),
    )
    for name in ("add", "multiply")
]


def _in_place(x: Any, method: Callable[[Any], Any]) -> Any:
    """The method on a copy of x, which it returns."""
    y = x * 1
    z = method(y)
    return z * x, y, z is y


def _through(x: Any, index: Any) -> Any:
    y = x * 1
    y[1:].index_fill_(1, index, 0.5)
    return y * x


ROWS: list[Row] = [
    row("index_fill_: an element of its own", lambda T, F, x: (x * 1).index_fill_(0, T.tensor([1]), x[0, 0]), (3, 4)),
    row(
        "scatter_: from the row beside",
        lambda T, F, x: _in_place(x, lambda y: y[:1].scatter_(0, T.zeros(1, 4).long(), y[1:2])),
        (3, 4),
        order=0,
        zero=(),
    ),
    row("index_select", lambda T, F, x, i: T.index_select(x, 0, i), X, I3, half=True, ints=WHOLE, zero=(-1,)),
    row("index_select: method", lambda T, F, x, i: x.index_select(-1, i), X, I3, zero=(0,)),
    row("index_select: int32", lambda T, F, x, i: x.index_select(1, i.int()), X, ints((4,), 0, 3), zero=(0,)),
    row("index_select: a 0-d index", lambda T, F, x, i: x.index_select(1, i), X, ints((), 0, 3), zero=(0,)),
    row("index_select: 0-d", lambda T, F, x: x.index_select(0, T.tensor([0])), ()),
    row("index_select: nothing", lambda T, F, x: x.index_select(1, T.tensor([], dtype=T.int64)), X),
    row("index_select: layout", lambda T, F, x: x.index_select(2, T.tensor([1, 0])).view(-1), X, strided=False),
    row("x[:, index]: layout", lambda T, F, x: x[:, T.tensor([1, 0])].view(-1), X, strided=False),
    row("x[:, :, [[0, -1]]]: layout", lambda T, F, x: x[:, :, [[0, -1]]].stride(), X, order=0, strided=False, zero=()),
    row("x[..., mask]: layout", lambda T, F, x, m: x[..., m].stride(), X, mask((5,)), order=0, strided=False, zero=()),
    row("gather", lambda T, F, x, i: T.gather(x, 2, i), X, PLANE, half=True, ints=WHOLE, zero=(0,)),
    row("gather: method", lambda T, F, x, i: x.gather(0, i), X, ints((6, 2, 3), 0, 4), zero=(-1,)),
    row("gather: int32", lambda T, F, x, i: x.gather(1, i.int()), X, ints((4, 7, 1), 0, 3), zero=()),
    row("gather: 0-d", lambda T, F, x: (x.gather(0, T.tensor(0)), x.gather(0, T.tensor([0, 0]))), ()),
    row("gather: 0-d index", lambda T, F, x: x.gather(0, T.tensor(2)), (3,), zero=()),
    row("gather: nothing", lambda T, F, x: (x.gather(0, T.zeros(0).long()), x.gather(1, T.zeros(0, 9).long())), (2, 3)),
    row("take_along_dim", lambda T, F, x, i: T.take_along_dim(x, i, 2), X, PLANE, zero=(0,)),
    row("take_along_dim: broadcast", lambda T, F, x, i: x.take_along_dim(i, 0), X, ints((2, 1, 5), 0, 4), zero=()),
    row("take_along_dim: wider", lambda T, F, x, i: x.take_along_dim(i, 1), (1, 3, 5), ints((4, 2, 1), -3, 3), zero=()),
    row(
        "take_along_dim: flat",
        lambda T, F, x, i: T.take_along_dim(x, i),
        X,
        ints((3, 2), 0, 60),
        strided=False,
        zero=(),
    ),
    row(
        "take_along_dim: argsort",
        lambda T, F, x, i: T.take_along_dim(x, i, dim=-1),
        (3, 4),
        ints((3, 4), 0, 4),
        zero=(),
    ),
    row("masked_select", lambda T, F, x, m: T.masked_select(x, m), X, mask(X), half=True, ints=WHOLE),
    row("masked_select: broadcast mask", lambda T, F, x, m: x.masked_select(m), X, mask((3, 1)), zero=(0,)),
    row("masked_select: broadcast", lambda T, F, x, m: x.masked_select(m), (3, 1), mask((2, 3, 4)), zero=()),
    row("masked_select: 0-d", lambda T, F, x: x.masked_select(T.tensor(True)), ()),
    row("index_add", lambda T, F, x, i, s: T.index_add(x, 0, i, s), X, I3, (3, 3, 5), ints=WHOLE, zero=(-1,)),
    row("index_add: method", lambda T, F, x, i, s: x.index_add(-1, i, s, alpha=-2.5), X, I3, (4, 3, 3), zero=()),
    row(
        "index_add: int32", lambda T, F, x, i, s: x.index_add(1, i.int(), s), X, ints((2,), 0, 3), (4, 2, 5), zero=(0,)
    ),
    row("index_add: 0-d", lambda T, F, x, s: x.index_add(0, T.tensor(0), s), (), ()),
    row(
        "index_add: vector", lambda T, F, x, i, s: x.index_add(0, i, s, alpha=2), (4,), ints((9,), 0, 4), (9,), zero=()
    ),
    row("index_fill", lambda T, F, x, i: T.index_fill(x, 0, i, 1), X, I3, half=True, ints=WHOLE, zero=(-1,)),
    row("index_fill: method", lambda T, F, x, i: x.index_fill(1, i, -2.5), X, ints((2,), -3, 3), zero=(0,)),
    row("index_fill: tensor", lambda T, F, x, i, v: x.index_fill(-1, i, v), X, I3, (), zero=(0,)),
    row("index_fill: 0-d", lambda T, F, x: x.index_fill(0, T.tensor(0), 2.0), ()),
    row(
        "index_put",
        lambda T, F, x, v: T.index_put(x, (T.tensor([0, 2]),), v),
        X,
        (2, 3, 5),
        half=True,
        ints=WHOLE,
        zero=(),
    ),
    row("index_put: broadcast", lambda T, F, x, v: x.index_put((T.tensor([0, -1]),), v), X, (5,), zero=()),
    row("index_put: a pair", lambda T, F, x, v: x.index_put([T.tensor([0, 2]), T.tensor([1])], v), X, (2, 5), zero=()),
    row("index_put: mask", lambda T, F, x, m, v: x.index_put((m,), v), X, mask(X), ()),
    row("index_put: 0-d index", lambda T, F, x, v: x.index_put((T.tensor(1), T.tensor([0, 2])), v), X, (2, 1), zero=()),
    row(
        "index_put: accumulate",
        lambda T, F, x, i, j, v: x.index_put((i, j), v, accumulate=True),
        X,
        ints((6,), 0, 4),
        ints((6,), 0, 3),
        (6, 5),
        ints="int64",
        zero=(),
    ),
    row("index_put: accumulate one", lambda T, F, x, i, v: x.index_put((i,), v, True), X, I3, (), zero=()),
    row(
        "scatter",
        lambda T, F, x, s: T.scatter(x, 0, T.tensor([[0, 1, 2], [2, 0, 1]]), s),
        (4, 3),
        (2, 3),
        half=True,
        ints=WHOLE,
        zero=(),
    ),
    row(
        "scatter: method", lambda T, F, x, s: x.scatter(1, T.tensor([[4], [0]]), src=s), (3, 5), const((2, 4)), zero=()
    ),
    row("scatter: number", lambda T, F, x, i: x.scatter(2, i, 2.5), X, PLANE, zero=(0,)),
    row("scatter: value", lambda T, F, x, i: T.scatter(x, 0, i.int(), value=1), X, ints((9, 3, 2), 0, 4), zero=()),
    row("scatter: 0-d", lambda T, F, x, s: x.scatter(0, T.tensor(0), s), (), ()),
    row("scatter: nothing", lambda T, F, x, s: x.scatter(0, T.zeros(0).long(), s), (4, 3), const((2, 3))),
    *REDUCED,
    row(
        "scatter_add",
        lambda T, F, x, i, s: T.scatter_add(x, 2, i, s),
        X,
        PLANE,
        (4, 3, 2),
        ints="int64 uint8",
        zero=(0,),
    ),
    row(
        "scatter_add: method",
        lambda T, F, x, i, s: x.scatter_add(0, i, s),
        X,
        ints((7, 2, 3), 0, 4),
        const((8, 3, 3)),
        zero=(),
    ),
    row("scatter_add: vector", lambda T, F, x, i, s: x.scatter_add(0, i, s), (4,), ints((30,), 0, 4), (30,), zero=()),
    fn("one_hot", [ints((2, 3), 0, 5)], order=0, zero=()),
    fn("one_hot", [ints((2, 3), 0, 5)], 7, order=0),
    fn("one_hot", [vals(2, kind="own")], num_classes=4, order=0),
    row("index_add_", lambda T, F, x, i, s: _in_place(x, lambda y: y.index_add_(0, i, s)), X, I3, (3, 3, 5), zero=()),
    row(
        "index_fill_", lambda T, F, x, i: _in_place(x, lambda y: y.index_fill_(1, i, 3.0)), X, ints((2,), 0, 3), zero=()
    ),
    row("index_put_", lambda T, F, x, i, v: _in_place(x, lambda y: y.index_put_((i,), v, True)), X, I3, (5,), zero=()),
    row("scatter_", lambda T, F, x, i: _in_place(x, lambda y: y.scatter_(2, i, 2.0)), X, PLANE, zero=()),
    row(
        "scatter_: src",
        lambda T, F, x, s: _in_place(x, lambda y: y.scatter_(0, T.tensor([[3, 1]]), s)),
        (4, 3),
        (1, 2),
        zero=(),
    ),
    row(
        "scatter_add_",
        lambda T, F, x, i, s: _in_place(x, lambda y: y.scatter_add_(2, i, s)),
        X,
        PLANE,
        (4, 3, 2),
        zero=(),
    ),
    row("index_fill_: a view", lambda T, F, x, i: _through(x, i), X, ints((2,), 0, 3), zero=()),
]

IJ = ints((2, 2), 0, 3)
BAD: list[Bad] = [
    bad("index_select: empty", lambda T, F, x, i: x.index_select(1, i), (3, 0), I3, match="index_select: input"),
    bad("index_select: range of rows", lambda T, F, x, i: x.index_select(0, i + 4), X, I3, match="index_select: index"),
    bad(
        "index_select: range",
        lambda T, F, x: x.index_select(1, T.tensor([0, 3])),
        X,
        match=r"index_select: index \(=3\)",
    ),
    bad("index_select: negative", lambda T, F, x: x.index_select(1, T.tensor([-1])), X, match=r"index \(=-1\)"),
    bad("index_select: rank", lambda T, F, x, i: x.index_select(1, i), X, IJ, match="index_select: index"),
    bad("index_select: float", lambda T, F, x: x.index_select(0, x), (3,), match=r"index_select: index\.dtype"),
    bad("index_select: int16", lambda T, F, x, i: x.index_select(0, i.short()), X, I3, match="index_select"),
    bad("index_select: dim", lambda T, F, x, i: x.index_select(3, i), X, I3, match=r"index_select: dim \(=3\)"),
    bad("index_select: list", lambda T, F, x: x.index_select(0, [0]), X, match="index_select: index"),
    bad("index_select: 0-d", lambda T, F, x: x.index_select(0, T.tensor([0, 0])), (), match="index_select: index"),
    bad(
        "gather: range",
        lambda T, F, x, i: x.gather(0, i + 4),
        (3, 4),
        IJ,
        match=r"gather: index .*dimension 0 with size 3",
    ),
    bad("gather: negative", lambda T, F, x, i: x.gather(0, -i - 1), (3, 4), IJ, match="gather: index"),
    bad("gather: rank", lambda T, F, x, i: x.gather(0, i), X, IJ, match="gather: index"),
    bad("gather: size", lambda T, F, x, i: x.gather(1, i), (1, 3), IJ, match="gather: index"),
    bad("gather: float", lambda T, F, x: x.gather(0, x), (3,), match=r"gather: index\.dtype"),
    bad("gather: dim", lambda T, F, x, i: x.gather(2, i), (3, 4), IJ, match=r"gather: dim \(=2\)"),
    bad("take_along_dim: rank", lambda T, F, x, i: x.take_along_dim(i, 0), X, IJ, match="take_along_dim: indices"),
    bad("take_along_dim: sizes", lambda T, F, x, i: x.take_along_dim(i, 0), (3, 4), IJ, match="take_along_dim"),
    bad("take_along_dim: dtype", lambda T, F, x, i: x.take_along_dim(i.int(), 0), (3, 2), IJ, match="take_along_dim"),
    bad("take_along_dim: flat", lambda T, F, x, i: x.take_along_dim(i + 9), (3, 2), IJ, match="index"),
    bad("masked_select: dtype", lambda T, F, x: x.masked_select(x), X, match=r"masked_select: mask\.dtype"),
    bad("masked_select: shape", lambda T, F, x, m: x.masked_select(m), X, mask((4,)), match="masked_select: shapes"),
    bad("masked_select: list", lambda T, F, x: x.masked_select([True]), (1,), match="masked_select: mask"),
    bad("index_add: count", lambda T, F, x, i: x.index_add(0, i, x), X, I3, match="index_add: source"),
    bad("index_add: shape", lambda T, F, x, i, s: x.index_add(0, i, s), X, I3, (3, 3, 4), match="index_add: source"),
    bad("index_add: rank", lambda T, F, x, i, s: x.index_add(0, i, s), X, I3, (3,), match="index_add: source"),
    bad(
        "index_add: dtype", lambda T, F, x, i, s: x.index_add(0, i, s.double()), X, I3, (3, 3, 5), match="source.dtype"
    ),
    bad("index_add: range", lambda T, F, x, i, s: x.index_add(0, i + 4, s), X, I3, (3, 3, 5), match="index_add: index"),
    bad(
        "index_add: range within",
        lambda T, F, x, i: x.index_add(1, i + 4, x[:, [0, 0, 0]]),
        X,
        I3,
        match="index_add: index",
    ),
    bad("take_along_dim: 0-d", lambda T, F, x: x.take_along_dim(T.tensor(0), 0), (), match="take_along_dim: dim"),
    bad("index_add: vector", lambda T, F, x, i, s: x.index_add(0, i - 9, s), (4,), I3, (3,), match="index_add: index"),
    bad("index_add: float", lambda T, F, x: x.index_add(0, x, x), (3,), match=r"index_add: index\.dtype"),
    bad("index_fill: range", lambda T, F, x, i: x.index_fill(1, i + 3, 1), X, I3, match="index_fill: index"),
    bad("index_fill: int32", lambda T, F, x, i: x.index_fill(0, i.int(), 1), X, I3, match=r"index_fill: index\.dtype"),
    bad("index_fill: rank", lambda T, F, x, i: x.index_fill(0, i, 1), X, IJ, match="index_fill: index"),
    bad("index_fill: value", lambda T, F, x, i: x.index_fill(0, i, x), X, I3, match="index_fill: value"),
    bad("index_fill: a text", lambda T, F, x, i: x.index_fill(0, i, "a"), X, I3, match="index_fill: value"),
    bad("index_put: range", lambda T, F, x, i, v: x.index_put((i + 4,), v), X, I3, (), match="index_put: index"),
    bad("index_put: many", lambda T, F, x, i, v: x.index_put((i,) * 4, v), X, I3, (), match="index_put: indices"),
    bad("index_put: shape", lambda T, F, x, i, v: x.index_put((i,), v), X, I3, (2,), match="index_put: values"),
    bad("index_put: dtype", lambda T, F, x, i, v: x.index_put((i,), v.double()), X, I3, (), match=r"values\.dtype"),
    bad("index_put: a tensor", lambda T, F, x, i, v: x.index_put(i, v), X, I3, (), match="index_put: indices"),
    bad("index_put: an int", lambda T, F, x, v: x.index_put((1,), v), X, (), match=r"index_put: indices\[0\]"),
    bad("index_put: a number", lambda T, F, x, i: x.index_put((i,), 1.0), X, I3, match="index_put: values"),
    bad(
        "index_put: floats", lambda T, F, x, v: x.index_put((x,), v), (3,), (), match=r"index_put: indices\[0\]\.dtype"
    ),
    bad("index_put: mask", lambda T, F, x, m, v: x.index_put((m,), v), X, mask((3,)), (), match=r"indices\[0\]"),
    bad("index_put_: leaf", lambda T, F, x, i, v: x.index_put_((i,), v), X, I3, (), match="leaf"),
    bad("scatter: range", lambda T, F, x, i: x.scatter(0, i + 4, x), (3, 4), IJ, match="scatter: index"),
    bad("scatter: rank", lambda T, F, x, i: x.scatter(0, i, x), X, IJ, match="scatter: index"),
    bad("scatter: src", lambda T, F, x, i, s: x.scatter(0, i, s), (3, 4), IJ, (1, 2), match="scatter: index"),
    bad("scatter: size", lambda T, F, x, i: x.scatter(0, i, 1.0), (3, 1), IJ, match="scatter: index"),
    bad("scatter: dtype", lambda T, F, x, i: x.scatter(0, i, x.double()), (3, 4), IJ, match=r"scatter: src\.dtype"),
    bad("scatter: src rank", lambda T, F, x, i: x.scatter(0, i, T.tensor(2.0)), (3, 4), IJ, match="scatter: index"),
    bad("scatter: nothing", lambda T, F, x, i: x.scatter(0, i), (3, 4), IJ, match="scatter: src"),
    bad("scatter: reduce", lambda T, F, x, i: x.scatter(0, i, x, reduce="x"), (3, 4), IJ, match="scatter: reduce"),
    bad("scatter: float", lambda T, F, x: x.scatter(0, x, x), (3,), match=r"scatter: index\.dtype"),
    bad("scatter_add: range", lambda T, F, x, i: x.scatter_add(0, i - 9, x), (3, 4), IJ, match="scatter_add: index"),
    bad("scatter_add: number", lambda T, F, x, i: x.scatter_add(0, i, 1.0), (3, 4), IJ, match="scatter_add: src"),
    bad("scatter_add: dtype", lambda T, F, x, i: x.scatter_add(0, i, x.double()), (3, 4), IJ, match="scatter_add"),
    bad(
        "scatter_add: size",
        lambda T, F, x, i, s: x.scatter_add(0, i, s),
        (3, 4),
        IJ,
        (1, 2),
        match="scatter_add: index",
    ),
    bad(
        "scatter: no derivative of reduce",
        lambda T, F, x, i: x.scatter(0, i, x, reduce="add").sum().backward(),
        (3, 4),
        IJ,
        match="scatter: derivative",
    ),
    bad("one_hot: small", lambda T, F, i: F.one_hot(i + 5, 3), IJ, match="one_hot: input"),
    bad("one_hot: negative", lambda T, F, i: F.one_hot(i - 9), IJ, match="one_hot: input"),
    bad("one_hot: float", lambda T, F, x: F.one_hot(x), (3,), match=r"one_hot: input\.dtype"),
    bad("one_hot: int32", lambda T, F, i: F.one_hot(i.int()), IJ, match=r"one_hot: input\.dtype"),
    bad("one_hot: empty", lambda T, F: F.one_hot(T.zeros(0).long()), match="one_hot: num_classes"),
    # the tensor itself, all of it or a part, can't be what is written to it
    *[
        bad(f"{label}: itself", f, const((3, 4)), ints((3, 4), 0, 3), match="refer to a single memory location")
        for label, f in (
            ("scatter_", lambda T, F, x, i: x.scatter_(0, i, x)),
            ("scatter_ src", lambda T, F, x, i: x.scatter_(0, i, src=x)),
            ("scatter_ part", lambda T, F, x, i: x.scatter_(0, i[:2], x[1:])),
            ("scatter_ index", lambda T, F, x, i: i.scatter_(0, i, 1)),
            ("scatter_add_", lambda T, F, x, i: x.scatter_add_(0, i, x)),
            ("index_add_", lambda T, F, x, i: x.index_add_(0, i[:, 0], x)),
            ("index_put_", lambda T, F, x, i: x.index_put_((i[:, 0],), x)),
            ("index_put_ index", lambda T, F, x, i: i[0].index_put_((i[0],), T.zeros_like(i[0]))),
            ("index_fill_ index", lambda T, F, x, i: i[0].index_fill_(0, i[0], 1)),
        )
    ],
]
