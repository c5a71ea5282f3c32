"""Views by position: movedim, ravel, unflatten, select, diagonal, unfold, as_strided, tensor_split; hstack, vstack."""

from typing import Any

import numpy as np
from op_table import Bad, Row, bad, both, method, row

X = (2, 3, 4)
WHOLE = "int64 uint8 bool"


def _write(x: Any, view: Any) -> Any:
    """A copy of x, half of a view of it overwritten, and both read again."""
    z = x * 1
    seen = view(z)
    seen.mul_(3)
    return z * x, seen * 2


def _tripled(x: Any) -> Any:
    z = x * 1
    z.as_strided((2, 3), (5, 1)).mul_(3)
    return z


ROWS: list[Row] = [
    row(
        "stride: no elements",
        lambda T, F: [x.stride() for x in (T.zeros(2, 0, 3), T.zeros(0), T.zeros(0, 4), T.zeros(3, 0, 4)[1:])],
        order=0,
        covers=("Tensor.stride",),
    ),
    row("stride: a part", lambda T, F, x: [x[3:].stride(), x[:, :0].stride(), x[:, 4:].stride(1)], X, order=0, zero=()),
    both("movedim", [X], 0, 2, half=True, ints=WHOLE),
    both("movedim", [X], -1, 0),
    both("movedim", [X], (0, 1), (2, 0)),
    both("movedim", [X], [2, 0], [0, 1], label="movedim: lists"),
    both("movedim", [X], 1, 1),
    both("movedim", [()], 0, 0),
    row("movedim: in place", lambda T, F, x: _write(x, lambda z: z.movedim(0, 2)[1:]), X, zero=()),
    both("ravel", [X], half=True, ints=WHOLE),
    both("ravel", [(5,)]),
    both("ravel", [()]),
    row("ravel: of a transposed", lambda T, F, x: T.ravel(x.mT), X),
    both("unflatten", [X], 2, (2, 2), half=True),
    both("unflatten", [X], -1, (2, -1, 1)),
    both("unflatten", [X], 1, [3], label="unflatten: one"),
    both("unflatten", [(0, 4)], 0, (0, 3), zero=()),
    row("unflatten: strided", lambda T, F, x: x.mT.unflatten(1, (2, 2)), X),
    both("select", [X], 1, -1, half=True, ints=WHOLE),
    both("select", [X], -1, 0),
    both("select", [(3,)], 0, 2),
    row("select: in place", lambda T, F, x: _write(x, lambda z: z.select(1, 2)), X, zero=()),
    row("narrow: a 0-d tensor", lambda T, F, x: x.narrow(1, T.tensor(1), 2), X, zero=(0,)),
    both("diagonal", [(3, 4)], half=True, ints=WHOLE),
    both("diagonal", [(4, 3)], 1),
    both("diagonal", [(4, 3)], -2),
    both("diagonal", [X], 1, 0, 2),
    both("diagonal", [X], offset=-1, dim1=2, dim2=0),
    both("diagonal", [X], 0, -1, -2),
    both("diagonal", [(3, 4)], 4),
    both("diagonal", [(3, 4)], -9),
    row("diagonal: in place", lambda T, F, x: _write(x, lambda z: z.diagonal(1)), (4, 4), zero=()),
    method("unfold", [(7, 3)], 0, 3, 1, half=True, ints=WHOLE),
    method("unfold", [(7, 3)], 0, 3, 2),
    method("unfold", [(7, 3)], 0, 2, 3),
    method("unfold", [X], -1, 4, 1),
    method("unfold", [X], 1, 1, 5),
    method("unfold", [X], 1, 0, 1),
    method("unfold", [()], 0, 1, 1),
    row("unfold: twice", lambda T, F, x: x.unfold(2, 3, 1).unfold(3, 2, 2), (2, 2, 5, 6)),
    row("unfold: in place", lambda T, F, x: _write(x, lambda z: z.unfold(0, 2, 3)), (7, 3), zero=()),
    both("as_strided", [(3, 4)], (2, 2), (1, 2), half=True, ints=WHOLE, strided=False),
    both("as_strided", [(3, 4)], (3, 2), (2, 3), 1, strided=False),
    both("as_strided", [(3, 4)], (3, 3), (1, 1), strided=False, label="as_strided: overlapping"),
    both("as_strided", [(3, 4)], (2, 5), (0, 1), 3, strided=False, label="as_strided: stride 0"),
    both("as_strided", [(3, 4)], (0, 2), (1, 1), strided=False, label="as_strided: empty"),
    both("as_strided", [(3, 4)], (), (), 5, strided=False, label="as_strided: 0-d"),
    row("as_strided: of a view", lambda T, F, x: x[1:, ::2].as_strided((2, 3), (3, 1)), (3, 4), strided=False),
    row("as_strided: before a view", lambda T, F, x: x[1:].as_strided((2, 3), (4, 1), 1), (3, 4), strided=False),
    row("as_strided: of a transposed", lambda T, F, x: x.t().as_strided((3, 2), (2, 5)), (3, 4), strided=False),
    row(
        "as_strided: of an expanded",
        lambda T, F, x: x.expand(3, 4).as_strided((2, 3), (1, 1)) * x[0],
        (4,),
        strided=False,
        zero=(),
    ),
    row(
        "as_strided: transposed gradient",
        lambda T, F, x, y: (x * 1).as_strided((3, 4), (4, 1)).t() @ y,
        (3, 4),
        (3, 2),
        strided=False,
    ),
    row(
        "as_strided: in place",
        lambda T, F, x: _write(x, lambda z: z.as_strided((2, 3), (5, 1))),
        (3, 4),
        strided=False,
        zero=(),
    ),
    row(
        "as_strided: in place, gradient in another order",
        lambda T, F, x, y: _tripled(x).t() @ y,
        (3, 4),
        (3, 2),
        strided=False,
        zero=(),
    ),
    both("tensor_split", [(7, 3)], 3, half=True, ints=WHOLE),
    both("tensor_split", [(7, 3)], (1, 3)),
    both("tensor_split", [(3, 7)], [2, -2], dim=1),
    both("tensor_split", [(3, 7)], (5, 2, 9), -1),
    both("tensor_split", [(2, 3)], 4),
    row("tensor_split: a tensor", lambda T, F, x: T.tensor_split(x, T.tensor([1, 3])), (7, 3)),
    row("tensor_split: a 0-d tensor", lambda T, F, x: x.tensor_split(T.tensor(3), 1), (3, 7)),
    row("tensor_split: names", lambda T, F, x: (*x.tensor_split(sections=2), *x.tensor_split(indices=[1])), (3, 7)),
    row("hstack", lambda T, F, x, y: T.hstack([x, y]), (2, 3), (2, 4), half=True, ints=WHOLE),
    row("hstack: 1-d", lambda T, F, x, y: T.hstack((x, y)), (3,), (4,)),
    row("hstack: 0-d", lambda T, F, x, y: T.hstack((x, y)), (), (4,)),
    row("hstack: 3-d", lambda T, F, x, y: T.hstack((x, y)), X, (2, 1, 4)),
    row("vstack", lambda T, F, x, y: T.vstack([x, y]), (2, 3), (4, 3), half=True, ints=WHOLE),
    row("vstack: vectors", lambda T, F, x, y: T.vstack([x, y]), (3,), (2, 3)),
    row("vstack: 0-d", lambda T, F, x, y: T.vstack([x, y]), (), ()),
]

BAD: list[Bad] = [
    bad("movedim: counts", lambda T, F, x: x.movedim((0, 1), (0,)), X, match=r"movedim: source"),
    bad("movedim: twice", lambda T, F, x: x.movedim((0, 0), (0, 1)), X, match=r"movedim: source .*repeated"),
    bad("movedim: range", lambda T, F, x: x.movedim(3, 0), X, match=r"movedim: dim \(=3\)"),
    bad("unflatten: product", lambda T, F, x: x.unflatten(2, (3, 2)), X, match=r"unflatten: sizes \(=\[3, 2\]\)"),
    bad("unflatten: inferred", lambda T, F, x: x.unflatten(2, (3, -1)), X, match=r"unflatten: sizes"),
    bad("unflatten: two inferred", lambda T, F, x: x.unflatten(2, (-1, -1)), X, match="unflatten: sizes"),
    bad("unflatten: negative", lambda T, F, x: x.unflatten(2, (-2, -2)), X, match="unflatten: sizes"),
    bad("unflatten: empty", lambda T, F, x: x.unflatten(2, ()), X, match="unflatten: sizes"),
    bad("unflatten: a number", lambda T, F, x: x.unflatten(2, 4), X, match="unflatten: sizes"),
    bad("unflatten: dim", lambda T, F, x: x.unflatten(3, (1,)), X, match=r"unflatten: dim \(=3\)"),
    bad("select: index", lambda T, F, x: x.select(1, 3), X, match=r"select: index \(=3\)"),
    bad("select: dim", lambda T, F, x: x.select(3, 0), X, match=r"select: dim \(=3\)"),
    bad("select: 0-d", lambda T, F, x: x.select(0, 0), (), match="select: input"),
    bad("diagonal: same dims", lambda T, F, x: x.diagonal(0, 1, -2), X, match=r"diagonal: dim1 \(=1\)"),
    bad("diagonal: range", lambda T, F, x: x.diagonal(0, 0, 3), X, match=r"diagonal: dim \(=3\)"),
    bad("diagonal: 1-d", lambda T, F, x: x.diagonal(), (3,), match="diagonal: dim"),
    bad("unfold: size", lambda T, F, x: x.unfold(1, 4, 1), X, match=r"unfold: size \(=4\)"),
    bad("unfold: negative", lambda T, F, x: x.unfold(1, -1, 1), X, match=r"unfold: size \(=-1\)"),
    bad("unfold: step", lambda T, F, x: x.unfold(1, 2, 0), X, match=r"unfold: step \(=0\)"),
    bad("unfold: dim", lambda T, F, x: x.unfold(3, 1, 1), X, match=r"unfold: dim \(=3\)"),
    bad("unfold: 0-d", lambda T, F, x: x.unfold(0, 2, 1), (), match=r"unfold: size"),
    bad("as_strided: memory", lambda T, F, x: x.as_strided((9, 9), (9, 9)), X, match="as_strided: .*storage"),
    bad("as_strided: offset", lambda T, F, x: x.as_strided((2,), (1,), 23), X, match="as_strided: .*storage"),
    bad("as_strided: lengths", lambda T, F, x: x.as_strided((2, 2), (1,)), X, match="as_strided: stride"),
    bad("as_strided: stride", lambda T, F, x: x.as_strided((2,), (-1,)), X, match="as_strided: stride"),
    bad("as_strided: size", lambda T, F, x: x.as_strided((-2,), (1,)), X, match="as_strided: size"),
    bad("as_strided: negative offset", lambda T, F, x: x.as_strided((2,), (1,), -1), X, match="storage_offset"),
    bad("tensor_split: 0", lambda T, F, x: x.tensor_split(0), X, match=r"tensor_split: sections \(=0\)"),
    bad("tensor_split: 0-d", lambda T, F, x: x.tensor_split(2), (), match="tensor_split: input"),
    bad("tensor_split: dim", lambda T, F, x: x.tensor_split(2, 3), X, match=r"tensor_split: dim \(=3\)"),
    bad("tensor_split: float", lambda T, F, x: x.tensor_split(1.5), X, match="tensor_split: indices_or_sections"),
    bad("tensor_split: floats", lambda T, F, x: x.tensor_split(x[0, 0]), X, match="tensor_split: .*int64"),
    bad("tensor_split: matrix", lambda T, F, x: x.tensor_split(T.tensor([[1]])), X, match="tensor_split: .*2-D"),
    bad("hstack: nothing", lambda T, F: T.hstack([]), match="hstack"),
    bad("hstack: a tensor", lambda T, F, x: T.hstack(x), X, match="hstack"),
    bad("hstack: ranks", lambda T, F, x, y: T.hstack([x, y]), (2, 3), (3,), match="hstack"),
    bad("vstack: sizes", lambda T, F, x, y: T.vstack([x, y]), (2, 3), (4,), match="vstack"),
    bad("vstack: an array", lambda T, F: T.vstack(np.ones((2, 2))), match="vstack"),
]
